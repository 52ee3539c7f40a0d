#!/usr/bin/python
# Copyright (c) autotrade.deployment engineers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a host is to the cluster."""

from __future__ import annotations

DOCUMENTATION = r"""
module: cluster_member_info
short_description: What this host is to the cluster, and whether its API server is ready
version_added: 0.2.0
description:
  - Looks at what lies on the host and asks its own API server; changes nothing.
author:
  - autotrade.deployment engineers (@autotrade)
options:
  cluster:
    description: Name of the cluster.
    type: str
    required: true
  port:
    description: Port of the API server on this host.
    type: int
    default: 6443
  wait_timeout:
    description: Seconds that the API server of a member may take to be ready; while another one joins etcd it is not, at times.
    type: int
    default: 0
attributes:
  check_mode:
    description: Changes nothing in any mode.
    support: full
  diff_mode:
    description: Nothing differs.
    support: none
"""

EXAMPLES = r"""
- name: Look at the host
  autotrade.deployment.cluster_member_info:
    cluster: trading
"""

RETURN = r"""
standing:
  description:
    - V(absent), V(member), V(begun) where an earlier run was cut, or V(stranger) where another cluster's files lie.
  returned: success
  type: str
  sample: member
refusal:
  description: Why a V(stranger) is left alone, and the way out; empty for every other host.
  returned: success
  type: str
  sample: ""
ready:
  description: Whether the API server of this host answers that it is ready.
  returned: success
  type: bool
  sample: true
reason:
  description: Why it is not.
  returned: success
  type: str
  sample: "/readyz answered 500"
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.autotrade.deployment.plugins.module_utils.core.membership import MembershipError
from ansible_collections.autotrade.deployment.plugins.module_utils.edge.membership import info

ARGUMENTS = {
    "cluster": {"type": "str", "required": True},
    "port": {"type": "int", "default": 6443},
    "wait_timeout": {"type": "int", "default": 0},
}


def main() -> None:
    """Run the module."""
    module = AnsibleModule(argument_spec=ARGUMENTS, supports_check_mode=True)
    try:
        result = info(module.params)
    except MembershipError as error:
        module.fail_json(msg=str(error))
    module.exit_json(**result)


if __name__ == "__main__":
    main()
