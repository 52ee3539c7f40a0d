# Copyright (c) autotrade.deployment engineers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""How a module ends: the one way in which our modules report success, failure and warnings."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, NoReturn

from ansible.module_utils.basic import AnsibleModule, missing_required_lib
from ansible_collections.autotrade.deployment.plugins.module_utils.edge.arguments import missing_library


def require_libraries(module: AnsibleModule) -> None:
    """Fails with Ansible's usual sentence when the host lacks a package that every module of ours needs."""
    name = missing_library()
    if name is not None:
        module.fail_json(msg=missing_required_lib(name))


def connection_params(module: AnsibleModule) -> dict[str, Any]:
    """The module's parameters with a kubeconfig given as a mapping moved into ``kubeconfig_content``."""
    params = dict(module.params)
    if isinstance(params.get("kubeconfig"), Mapping):
        params["kubeconfig_content"] = json.dumps(params["kubeconfig"])
        params["kubeconfig"] = None
    return params


def finish(module: AnsibleModule, result: Mapping[str, Any], warnings: list[str], failed: bool = False) -> NoReturn:
    """Ends the module. ``warnings`` are shown once each."""
    for warning in dict.fromkeys(warnings):
        module.warn(warning)
    end = module.fail_json if failed else module.exit_json
    end(**result)
    raise SystemExit(1)
