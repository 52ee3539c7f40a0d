#!/usr/bin/python
# Copyright (c) autotrade.deployment engineers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Advertises extended resources of a node."""

from __future__ import annotations

DOCUMENTATION = r"""
module: node_resources
short_description: Advertise extended resources of a node that has no device plugin for them
version_added: 0.2.0
author: The autotrade.deployment engineers (@autotrade)
description:
  - Writes the node's capacity, which the kubelet keeps. The scheduler then counts the resource; no device is behind it.
  - For the lab, where a GPU is a number. Where there are real devices, their plugin advertises them.
extends_documentation_fragment:
  - autotrade.deployment.connection
options:
  node:
    description: Name of the node.
    type: str
    required: true
  resources:
    description: Name -> how many, as text.
    type: dict
    required: true
attributes:
  check_mode:
    support: full
    description: Predicts the change.
  diff_mode:
    support: full
    description: Shows the capacities that change.
"""

EXAMPLES = r"""
- name: Count one GPU on a lab node
  autotrade.deployment.node_resources:
    kubeconfig: "{{ cluster_kubeconfig }}"
    node: gpu-1
    resources: {nvidia.com/gpu: "1"}
"""

RETURN = r"""
capacity:
  description: The node's capacity afterwards.
  returned: success
  type: dict
  sample: {"cpu": "2", "nvidia.com/gpu": "1"}
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.autotrade.deployment.plugins.module_utils.edge.arguments import connection_options
from ansible_collections.autotrade.deployment.plugins.module_utils.edge.kube_errors import KubeError
from ansible_collections.autotrade.deployment.plugins.module_utils.edge.node_resources import run
from ansible_collections.autotrade.deployment.plugins.module_utils.edge.results import require_libraries


def main() -> None:
    """Run the module."""
    own = {"node": {"type": "str", "required": True}, "resources": {"type": "dict", "required": True}}
    module = AnsibleModule(argument_spec={**connection_options(), **own}, supports_check_mode=True)
    require_libraries(module)
    try:
        result = run(module.params, module.check_mode)
    except KubeError as error:
        module.fail_json(msg=str(error))
    module.exit_json(**result)


if __name__ == "__main__":
    main()
