#!/usr/bin/python
# Copyright (c) autotrade.deployment engineers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Starts a cluster on a host, or lets a host join one."""

from __future__ import annotations

DOCUMENTATION = r"""
module: cluster_member
short_description: Start a Kubernetes cluster on this host, or let it join one, by kubeadm
version_added: 0.2.0
description:
  - Does nothing on a member. Whether the host is one is judged by what lies on it, with a note that this module writes before and
    after; a run that was cut in between goes on where it was, and nothing is ever reset.
  - A host with files of a cluster and without that note, or with that of another cluster, is refused.
author:
  - autotrade.deployment engineers (@autotrade)
options:
  cluster:
    description: Name of the cluster.
    type: str
    required: true
  action:
    description: V(init) starts the cluster, V(join) joins it.
    type: str
    choices: [init, join]
    required: true
  config:
    description: The configuration for kubeadm, YAML; it holds the token of a join, so it is shown nowhere.
    type: str
    required: true
  waived_checks:
    description: Checks of kubeadm's own preflight to switch off, by name.
    type: list
    elements: str
    default: []
  timeout:
    description: Seconds that kubeadm may take.
    type: int
    default: 600
attributes:
  check_mode:
    description: Predicts whether the host would be brought in.
    support: full
  diff_mode:
    description: Shows the host's standing before and after.
    support: full
requirements:
  - kubeadm
"""

EXAMPLES = r"""
- name: Join the cluster
  autotrade.deployment.cluster_member:
    cluster: trading
    action: join
    config: "{{ lookup('ansible.builtin.template', 'join.yaml.j2') }}"
"""

RETURN = r"""
standing:
  description: What the host is to the cluster now, or would be.
  returned: success
  type: str
  sample: member
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.autotrade.deployment.plugins.module_utils.core.membership import MembershipError
from ansible_collections.autotrade.deployment.plugins.module_utils.edge.membership import bring_in

ARGUMENTS = {
    "cluster": {"type": "str", "required": True},
    "action": {"type": "str", "required": True, "choices": ["init", "join"]},
    "config": {"type": "str", "required": True, "no_log": True},
    "waived_checks": {"type": "list", "elements": "str", "default": []},
    "timeout": {"type": "int", "default": 600},
}


def main() -> None:
    """Run the module."""
    module = AnsibleModule(argument_spec=ARGUMENTS, supports_check_mode=True)
    try:
        result = bring_in(module.params, module.check_mode)
    except MembershipError as error:
        module.fail_json(msg=str(error))
    module.exit_json(**result)


if __name__ == "__main__":
    main()
