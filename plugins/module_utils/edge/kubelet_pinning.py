# Copyright (c) autotrade.deployment engineers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Looks at what the module ``kubelet_pinning_info`` judges: processors, NUMA nodes and the memory of the CPU manager."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ansible_collections.autotrade.deployment.plugins.module_utils.core.kubelet_pinning import (
    STATE_FILE,
    Pinning,
    PinningFacts,
    Remembered,
    findings,
    kubelet_config,
    must_forget,
    numbers,
)
from ansible_collections.autotrade.deployment.plugins.module_utils.edge.host_report import report
from ansible_collections.autotrade.deployment.plugins.module_utils.edge.results import Ending


def look(root: Path) -> PinningFacts:
    """What stands below ``root``, which is ``/`` but for tests."""
    system = root / "sys/devices/system"
    nodes = _text(system / "node/online")
    return PinningFacts(
        processors=numbers(_text(system / "cpu/online")),
        numa_nodes=len(numbers(nodes)) or 1,
        remembered=remembered(root / STATE_FILE.lstrip("/")),
    )


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except OSError:
        return ""


def remembered(path: Path) -> Remembered | None:
    try:
        found = json.loads(_text(path) or "null")
        return Remembered(str(found["policyName"]), str(found.get("defaultCpuSet", ""))) if found else None
    except (ValueError, KeyError, AttributeError, TypeError):
        # The kubelet does not start with a file that it cannot read either.
        return Remembered("unreadable", "")


def run(params: Mapping[str, Any], root: Path = Path("/")) -> Ending:
    """How the module ends."""
    wanted = Pinning(
        cpu_policy=params["cpu_manager_policy"],
        topology_policy=params["topology_manager_policy"],
        topology_scope=params["topology_manager_scope"],
        reserved=params["reserved_cpus"],
    )
    facts = look(root)
    found = findings(wanted, facts)
    forget = [STATE_FILE] if not found and must_forget(wanted, facts) else []
    return report(found, (), "", {"config": kubelet_config(wanted), "forget": forget})
