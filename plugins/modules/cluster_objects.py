#!/usr/bin/python
# Copyright (c) autotrade.deployment engineers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Applies a whole set of Kubernetes objects: documentation and wiring, the work is in ``module_utils``."""

from __future__ import annotations

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.autotrade.deployment.plugins.module_utils.edge.apply_module import argument_spec, run_module
from ansible_collections.autotrade.deployment.plugins.module_utils.edge.arguments import connection_options, wait_options


def main() -> None:
    run_module(AnsibleModule(argument_spec=argument_spec(connection_options(), wait_options()), supports_check_mode=True))


if __name__ == "__main__":
    main()
