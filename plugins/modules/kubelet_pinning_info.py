#!/usr/bin/python
# Copyright (c) autotrade.deployment engineers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Judges whether a host's kubelet can keep processors for single containers."""

from __future__ import annotations

DOCUMENTATION = r"""
module: kubelet_pinning_info
short_description: Judge CPU manager and Topology Manager settings for a host, before its kubelet is given them
version_added: 0.2.0
description:
  - A kubelet does not start with settings that its host cannot have, nor with others than those it remembers. Both are told here.
  - Changes nothing.
author:
  - autotrade.deployment engineers (@autotrade)
options:
  cpu_manager_policy:
    description: What containers of class Guaranteed with whole processors get.
    type: str
    choices: [none, static]
    default: none
  topology_manager_policy:
    description: How strictly processors and devices of one container have to be near to each other.
    type: str
    choices: [none, best-effort, restricted, single-numa-node]
    default: none
  topology_manager_scope:
    description: What is kept together.
    type: str
    choices: [container, pod]
    default: container
  reserved_cpus:
    description: Processors for the system, such as C(0-3); the static policy needs some.
    type: str
    default: ""
attributes:
  check_mode:
    description: Changes nothing in any mode.
    support: full
  diff_mode:
    description: There is nothing to compare.
    support: none
"""

EXAMPLES = r"""
- name: Judge pinned processors
  autotrade.deployment.kubelet_pinning_info:
    cpu_manager_policy: static
    topology_manager_policy: best-effort
    reserved_cpus: 0-3
"""

RETURN = r"""
config:
  description: Fields of KubeletConfiguration.
  returned: always
  type: dict
  sample: {"cpuManagerPolicy": "static", "reservedSystemCPUs": "0-3"}
forget:
  description: Files that have to go while the kubelet stands still, on a node that is drained.
  returned: always
  type: list
  elements: str
findings:
  description: What this host cannot have.
  returned: always
  type: list
  elements: dict
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.autotrade.deployment.plugins.module_utils.edge.kubelet_pinning import run
from ansible_collections.autotrade.deployment.plugins.module_utils.edge.results import finish

ARGUMENTS = {
    "cpu_manager_policy": {"type": "str", "choices": ["none", "static"], "default": "none"},
    "topology_manager_policy": {
        "type": "str",
        "choices": ["none", "best-effort", "restricted", "single-numa-node"],
        "default": "none",
    },
    "topology_manager_scope": {"type": "str", "choices": ["container", "pod"], "default": "container"},
    "reserved_cpus": {"type": "str", "default": ""},
}


def main() -> None:
    """Run the module."""
    module = AnsibleModule(argument_spec=ARGUMENTS, supports_check_mode=True)
    finish(module, run(module.params))


if __name__ == "__main__":
    main()
