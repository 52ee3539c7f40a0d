# Copyright (c) autotrade.deployment engineers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The podman command: what it shows of a lab, and single acts on containers, volumes and networks."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Sequence
from typing import Any

from ansible_collections.autotrade.deployment.plugins.module_utils.core.lab import (
    LAB_LABEL,
    RECIPE_LABEL,
    LabError,
    Observed,
)

_TIMEOUT_S = 600


def require(programs: Sequence[str]) -> None:
    """Refuse a machine that cannot run a lab.

    :raises LabError: names every program that is missing.
    """
    missing = [program for program in programs if shutil.which(program) is None]
    if missing:
        raise LabError(f"{', '.join(missing)}: not on PATH; the lab needs them. Install Debian's packages (make setup, as root).")
    if os.geteuid() != 0:
        raise LabError(f"user {os.geteuid()} is not root; the lab's hosts are privileged containers. Run as root.")


def podman(*arguments: str, stdin: int | None = None) -> str:
    """Run podman and return what it printed.

    :raises LabError: with podman's own words.
    """
    command = ["podman", *arguments]
    try:
        done = subprocess.run(command, stdin=stdin, capture_output=True, text=True, timeout=_TIMEOUT_S, check=False)
    except subprocess.TimeoutExpired as error:
        raise LabError(
            f"{' '.join(command)}: no end after {_TIMEOUT_S} s. Look whether the host is paused, and run again."
        ) from error
    if done.returncode:
        raise LabError(f"podman {' '.join(arguments)}: {done.stderr.strip()[-2000:]}")
    return done.stdout


def exists(kind: str, name: str) -> bool:
    """Whether podman has the image, container, volume or network."""
    return subprocess.run(["podman", kind, "exists", name], capture_output=True, check=False).returncode == 0


def observe(lab: str) -> Observed:
    """What there is of the lab called ``lab``."""
    containers = _listed("ps", "--all", "--filter", f"label={LAB_LABEL}={lab}")
    volumes = _listed("volume", "ls", "--filter", f"label={LAB_LABEL}={lab}")
    networks = _listed("network", "ls", "--filter", f"label={LAB_LABEL}={lab}")
    return Observed(
        networks={_get(network, "name"): _get(network, "subnets")[0]["subnet"] for network in networks},
        volumes=frozenset(volume["Name"] for volume in volumes),
        containers={container["Names"][0]: container["Labels"].get(RECIPE_LABEL, "") for container in containers},
        running=frozenset(container["Names"][0] for container in containers if container["State"] == "running"),
    )


def _listed(*arguments: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(podman(*arguments, "--format", "json") or "[]")
    return found


def _get(network: dict[str, Any], key: str) -> Any:
    # Podman 3 with CNI spelled the keys of networks with capitals.
    return network.get(key) or network[key.capitalize()]


def mountpoint(volume: str) -> str:
    """Where the volume lies on this machine."""
    return podman("volume", "inspect", "--format", "{{.Mountpoint}}", volume).strip()
