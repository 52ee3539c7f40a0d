#!/usr/bin/python
# Copyright (c) autotrade.deployment engineers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What roles ask of a host before they decide."""

from __future__ import annotations

DOCUMENTATION = r"""
module: host_facts
short_description: What roles ask of a host before they decide, in one look
version_added: 0.2.0
description:
  - Looks at membership, kubelet, architecture, names and the default route at once; changes nothing.
author:
  - autotrade.deployment engineers (@autotrade)
options:
  cluster:
    description: Name of the cluster.
    type: str
    required: true
attributes:
  check_mode:
    description: Changes nothing in any mode.
    support: full
  diff_mode:
    description: Nothing differs.
    support: none
  facts:
    description: Sets some of what M(ansible.builtin.setup) does, by its names; see RV(ansible_facts).
    support: full
"""

EXAMPLES = r"""
- name: Look at the host
  autotrade.deployment.host_facts:
    cluster: trading
  register: cluster_membership_look
"""

RETURN = r"""
ansible_facts:
  description: Facts by the names and with the values of M(ansible.builtin.setup).
  returned: success
  type: dict
  contains:
    architecture:
      description: The machine's architecture.
      type: str
      returned: success
      sample: aarch64
    nodename:
      description: The host name that the kernel has.
      type: str
      returned: success
      sample: gpu-1
    kernel:
      description: The kernel's release.
      type: str
      returned: success
      sample: 6.8.0-1028-nvidia-64k
    default_ipv4:
      description: Its C(interface) alone, that of the route to everywhere.
      type: dict
      returned: where there is one
      sample: {"interface": "eno1"}
standing:
  description: As in M(autotrade.deployment.cluster_member_info).
  returned: success
  type: str
  sample: member
refusal:
  description: As in M(autotrade.deployment.cluster_member_info).
  returned: success
  type: str
  sample: ""
kubelet_version:
  description: The version of /usr/local/bin/kubelet; empty where there is none, or none that starts.
  returned: success
  type: str
  sample: v1.36.3
cpu_manager_policy:
  description: The policy that the kubelet remembers; empty before its first start.
  returned: success
  type: str
  sample: static
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.autotrade.deployment.plugins.module_utils.core.membership import MembershipError
from ansible_collections.autotrade.deployment.plugins.module_utils.edge.host_facts import run


def main() -> None:
    """Run the module."""
    module = AnsibleModule(argument_spec={"cluster": {"type": "str", "required": True}}, supports_check_mode=True)
    try:
        result = run(module.params)
    except MembershipError as error:
        module.fail_json(msg=str(error))
    module.exit_json(**result)


if __name__ == "__main__":
    main()
