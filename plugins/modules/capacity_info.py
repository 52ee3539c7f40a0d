#!/usr/bin/python
# Copyright (c) autotrade.deployment engineers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Says whether a set of objects fits quota and nodes: documentation and wiring, the work is in ``module_utils``."""

from __future__ import annotations

DOCUMENTATION = r"""
module: capacity_info
short_description: Say whether a set of objects fits its quotas and the nodes, and what does not, by name
version_added: 0.1.0
author: autotrade.deployment engineers (@autotrade)
extends_documentation_fragment:
  - autotrade.deployment.connection
"""

EXAMPLES = r"""
"""

RETURN = r"""
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.autotrade.deployment.plugins.module_utils.edge.arguments import connection_options
from ansible_collections.autotrade.deployment.plugins.module_utils.edge.capacity_module import argument_spec, run_module


def main() -> None:
    run_module(AnsibleModule(argument_spec=argument_spec(connection_options()), supports_check_mode=True))


if __name__ == "__main__":
    main()
