#!/usr/bin/python
# Copyright (c) autotrade.deployment engineers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Makes what other hosts need in order to join."""

from __future__ import annotations

DOCUMENTATION = r"""
module: cluster_invitation
short_description: Make a token and upload the certificates with which other hosts join the cluster
version_added: 0.2.0
description:
  - Runs on any healthy member of the control plane. Each call makes a new token, so call it only when somebody is to join.
  - The answer is secret; set C(no_log) on the task.
author:
  - autotrade.deployment engineers (@autotrade)
options:
  ttl:
    description: How long the token is valid, as kubeadm writes durations. The uploaded certificates end after two hours.
    type: str
    default: 30m
  timeout:
    description: Seconds that kubeadm may take.
    type: int
    default: 120
attributes:
  check_mode:
    description: Makes nothing and returns no token.
    support: full
  diff_mode:
    description: What it makes is secret.
    support: none
requirements:
  - kubeadm
"""

EXAMPLES = r"""
- name: Invite
  autotrade.deployment.cluster_invitation:
  no_log: true
  register: invitation
"""

RETURN = r"""
token:
  description: The bootstrap token.
  returned: not in check mode
  type: str
  sample: abcdef.0123456789abcdef
ca_hash:
  description: The hash of the cluster CA's public key, by which joining hosts know the cluster.
  returned: not in check mode
  type: str
  sample: sha256:2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae
certificate_key:
  description: Opens the uploaded certificates; for hosts of the control plane.
  returned: not in check mode
  type: str
  sample: e6a2eb8581237ab72a4f494f30285ec12a9694d750b9785706a83bfcbbbd2204
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.autotrade.deployment.plugins.module_utils.core.membership import MembershipError
from ansible_collections.autotrade.deployment.plugins.module_utils.edge.membership import invite

ARGUMENTS = {
    "ttl": {"type": "str", "default": "30m"},
    "timeout": {"type": "int", "default": 120},
}


def main() -> None:
    """Run the module."""
    module = AnsibleModule(argument_spec=ARGUMENTS, supports_check_mode=True)
    try:
        result = invite(module.params) if not module.check_mode else {"changed": True}
    except MembershipError as error:
        module.fail_json(msg=str(error))
    module.exit_json(**result)


if __name__ == "__main__":
    main()
