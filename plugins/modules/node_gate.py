#!/usr/bin/python
# Copyright (c) autotrade.deployment engineers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Takes a taint off nodes once they have something to give."""

from __future__ import annotations

DOCUMENTATION = r"""
module: node_gate
short_description: Take a taint off nodes once they have some of a resource to give
version_added: 0.2.0
author: The autotrade.deployment engineers (@autotrade)
description:
  - A node is Ready long before its GPU is. It registers with a taint of its own, which keeps pods off until the device plugin has
    told the kubelet of a device.
  - Other taints stay as they are, those that somebody else writes at the same time included.
extends_documentation_fragment:
  - autotrade.deployment.connection
options:
  label_selectors:
    description: Which nodes; all of the selectors must hold.
    type: list
    elements: str
    required: true
  resource:
    description: The resource that has to be allocatable.
    type: str
    required: true
  taint:
    description: The taint.
    type: dict
    required: true
    suboptions:
      key:
        description: Its key.
        type: str
        required: true
      effect:
        description: Its effect.
        type: str
        choices: [NoSchedule, PreferNoSchedule, NoExecute]
        default: NoSchedule
attributes:
  check_mode:
    support: full
    description: Predicts which nodes lose the taint.
  diff_mode:
    support: full
    description: Names the nodes that lose the taint.
"""

EXAMPLES = r"""
- name: Open the GPU nodes whose GPU has shown up
  autotrade.deployment.node_gate:
    kubeconfig: "{{ cluster_kubeconfig }}"
    label_selectors: [autotrade.deployment/node-class=gpu]
    resource: nvidia.com/gpu
    taint: {key: autotrade.deployment/gpu-pending}
"""

RETURN = r"""
opened:
  description: Nodes that lost the taint.
  returned: success
  type: list
  elements: str
  sample: [gpu-1]
waiting:
  description: Nodes that have the taint and nothing to give yet.
  returned: success
  type: list
  elements: str
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.autotrade.deployment.plugins.module_utils.edge.arguments import connection_options
from ansible_collections.autotrade.deployment.plugins.module_utils.edge.kube_errors import KubeError
from ansible_collections.autotrade.deployment.plugins.module_utils.edge.node_service import lift
from ansible_collections.autotrade.deployment.plugins.module_utils.edge.results import require_libraries

EFFECTS = ["NoSchedule", "PreferNoSchedule", "NoExecute"]
ARGUMENTS = {
    "label_selectors": {"type": "list", "elements": "str", "required": True},
    "resource": {"type": "str", "required": True},
    "taint": {
        "type": "dict",
        "required": True,
        "options": {
            "key": {"type": "str", "required": True, "no_log": False},
            "effect": {"type": "str", "choices": EFFECTS, "default": "NoSchedule"},
        },
    },
}


def main() -> None:
    """Run the module."""
    module = AnsibleModule(argument_spec={**connection_options(), **ARGUMENTS}, supports_check_mode=True)
    require_libraries(module)
    try:
        result = lift(module.params, module.check_mode)
    except KubeError as error:
        module.fail_json(msg=str(error))
    module.exit_json(**result)


if __name__ == "__main__":
    main()
