# Copyright (c) autotrade.deployment engineers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""One look at a host for all roles: a module costs as much as the looks of ten."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ansible_collections.autotrade.deployment.plugins.module_utils.core.host_routes import default_interface
from ansible_collections.autotrade.deployment.plugins.module_utils.core.kubelet_pinning import STATE_FILE
from ansible_collections.autotrade.deployment.plugins.module_utils.core.membership import Standing, refusal, standing
from ansible_collections.autotrade.deployment.plugins.module_utils.edge.kubelet_pinning import remembered
from ansible_collections.autotrade.deployment.plugins.module_utils.edge.membership import look

_KUBELET = Path("/usr/local/bin/kubelet")
_ROUTES = Path("/proc/net/route")
# A program that does not answer by then is one that does not start; it is replaced.
_VERSION_TIMEOUT_S = 20


def run(params: Mapping[str, Any]) -> dict[str, Any]:
    """The result of the module ``host_facts``.

    :raises MembershipError: the note of the host's membership cannot be read.
    """
    traces = look()
    found = standing(traces, params["cluster"])
    known = remembered(Path(STATE_FILE))
    return {
        "changed": False,
        "ansible_facts": _facts(),
        "standing": found.value,
        "refusal": refusal(traces, params["cluster"]) if found is Standing.STRANGER else "",
        "kubelet_version": _kubelet_version(_KUBELET),
        "cpu_manager_policy": known.policy if known else "",
    }


def _facts() -> dict[str, Any]:
    """Facts of ansible.builtin.setup that roles ask for, by its names and values."""
    system = os.uname()
    interface = default_interface(_ROUTES.read_text(encoding="ascii")) if _ROUTES.exists() else ""
    route = {"default_ipv4": {"interface": interface}} if interface else {}
    return {"architecture": system.machine, "nodename": system.nodename, "kernel": system.release, **route}


def _kubelet_version(kubelet: Path) -> str:
    """Such as v1.36.3; empty where there is no kubelet, or one that does not start."""
    try:
        done = subprocess.run([kubelet, "--version"], capture_output=True, text=True, timeout=_VERSION_TIMEOUT_S, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip().rpartition(" ")[2] if done.returncode == 0 else ""
