# Copyright (c) autotrade.deployment engineers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The options of the module ``artifacts``."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ansible_collections.autotrade.deployment.plugins.module_utils.core.supply import (
    ARCHES,
    Policy,
)
from ansible_collections.autotrade.deployment.plugins.module_utils.core.supply_plan import (
    Wanted,
)
from ansible_collections.autotrade.deployment.plugins.module_utils.edge.supply import (
    Request,
    host_arch,
)
from ansible_collections.autotrade.deployment.plugins.module_utils.edge.supply_registry import (
    Registry,
)

ARGUMENT_SPEC: dict[str, dict[str, Any]] = {
    "lock": {"type": "path", "required": True},
    "store_dir": {"type": "path", "required": True},
    "cache_dir": {"type": "path"},
    "names": {"type": "list", "elements": "str", "default": []},
    "arches": {"type": "list", "elements": "str", "choices": list(ARCHES), "default": []},
    "source": {"type": "str", "choices": [policy.value for policy in Policy], "default": "auto"},
    "allow_unofficial": {"type": "bool", "default": False},
    "go": {"type": "str", "default": "go"},
    "skopeo": {"type": "str", "default": "skopeo"},
    "registry_auth_file": {"type": "path"},
    "progress_file": {"type": "path"},
}


def request_from(params: Mapping[str, Any], check_mode: bool) -> Request:
    """The request that the options make."""
    wanted = Wanted(
        names=tuple(params["names"]),
        arches=tuple(dict.fromkeys(params["arches"])) or (host_arch(),),
        policy=Policy(params["source"]),
        allow_unofficial=params["allow_unofficial"],
    )
    return Request(
        lock=Path(params["lock"]).absolute(),
        store=Path(params["store_dir"]).absolute(),
        cache=Path(params["cache_dir"]).absolute() if params["cache_dir"] else default_cache(),
        wanted=wanted,
        go=params["go"],
        registry=Registry(params["skopeo"], _path_or_none(params["registry_auth_file"])),
        progress_file=_path_or_none(params["progress_file"]),
        check_mode=check_mode,
    )


def _path_or_none(value: str | None) -> Path | None:
    return Path(value).absolute() if value else None


def default_cache() -> Path:
    """``$XDG_CACHE_HOME/autotrade/artifacts``, or below ``~/.cache`` where that variable is not set."""
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "autotrade" / "artifacts"
