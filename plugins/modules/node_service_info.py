#!/usr/bin/python
# Copyright (c) autotrade.deployment engineers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Tells whether a node is in service."""

from __future__ import annotations

DOCUMENTATION = r"""
module: node_service_info
short_description: Tell whether a node is in service, so that nobody restarts it under running pods
version_added: 0.2.0
author: The autotrade.deployment engineers (@autotrade)
description:
  - A node is out of service when it is cordoned and holds no pod that a drain would evict. Pods of DaemonSets, static pods
    and pods that are over do not count.
extends_documentation_fragment:
  - autotrade.deployment.connection
options:
  node:
    description: Name of the node.
    type: str
    required: true
attributes:
  check_mode:
    support: full
    description: Changes nothing in any mode.
  diff_mode:
    support: none
    description: There is nothing to compare.
"""

EXAMPLES = r"""
- name: Ask whether the node may be restarted
  autotrade.deployment.node_service_info:
    kubeconfig: "{{ cluster_kubeconfig }}"
    node: gpu-1
"""

RETURN = r"""
exists:
  description: Whether there is such a node.
  returned: success
  type: bool
in_service:
  description: Whether pods run on it or could be sent there.
  returned: success
  type: bool
cordoned:
  description: Whether the scheduler leaves it out.
  returned: success
  type: bool
pods:
  description: Pods that a drain would evict, as namespace/name.
  returned: success
  type: list
  elements: str
  sample: [trading-system/model-inference-5d8f]
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.autotrade.deployment.plugins.module_utils.edge.arguments import connection_options
from ansible_collections.autotrade.deployment.plugins.module_utils.edge.kube_errors import KubeError
from ansible_collections.autotrade.deployment.plugins.module_utils.edge.node_service import info
from ansible_collections.autotrade.deployment.plugins.module_utils.edge.results import require_libraries


def main() -> None:
    """Run the module."""
    own = {"node": {"type": "str", "required": True}}
    module = AnsibleModule(argument_spec={**connection_options(), **own}, supports_check_mode=True)
    require_libraries(module)
    try:
        result = info(module.params)
    except KubeError as error:
        module.fail_json(msg=str(error))
    module.exit_json(**result)


if __name__ == "__main__":
    main()
