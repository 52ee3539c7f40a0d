# Copyright (c) autotrade.deployment engineers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""How a module ends: the one way in which our modules report success, failure and warnings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NoReturn

from ansible.module_utils.basic import AnsibleModule, missing_required_lib
from ansible_collections.autotrade.deployment.plugins.module_utils.edge.arguments import missing_library


def require_libraries(module: AnsibleModule) -> None:
    """Fails with Ansible's usual sentence when the host lacks a package that every module of ours needs."""
    name = missing_library()
    if name is not None:
        module.fail_json(msg=missing_required_lib(name))


@dataclass(frozen=True)
class Ending:
    """What a module has to say at its end. Warnings are shown once each."""

    result: Mapping[str, Any]
    warnings: tuple[str, ...] = ()
    failed: bool = False


def finish(module: AnsibleModule, ending: Ending) -> NoReturn:
    """Ends the module."""
    for warning in dict.fromkeys(ending.warnings):
        module.warn(warning)
    end = module.fail_json if ending.failed else module.exit_json
    end(**ending.result)
    raise SystemExit(1)
