# Copyright (c) autotrade.deployment engineers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The power of a lab host, which is a podman container."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ansible_collections.autotrade.deployment.plugins.plugin_utils.power.model import PowerError

Run = Callable[[Sequence[str]], "subprocess.CompletedProcess[str]"]
_TIMEOUT_S = 60
_LINKS = Path("/sys/class/net")


def _run(command: Sequence[str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, capture_output=True, text=True, timeout=_TIMEOUT_S, check=False)


@dataclass(frozen=True)
class PodmanPower:
    """The power of the host that ``container`` plays; ``runtime`` is podman's OCI runtime."""

    container: str
    runtime: str = "runc"
    run: Run = _run

    def off(self) -> None:
        """Pull the cable, then kill every process: a dying network namespace would otherwise send a reset to every peer."""
        if self.is_off():
            return
        pull_cable(int(self._state()["Pid"]), self.run)
        self._podman("kill", "--signal=KILL", self.container)
        self._podman("wait", "--condition=stopped", "--condition=exited", self.container)

    def on(self) -> None:
        """Start the container; ``/etc`` and ``/var`` are as they were."""
        self._podman("--runtime", self.runtime, "start", self.container)

    def is_off(self) -> bool:
        """Whether the container has no process."""
        return self._state()["Status"] in ("exited", "stopped", "created", "configured")

    def _state(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self._podman("container", "inspect", "--format", "{{json .State}}", self.container))
        return found

    def _podman(self, *arguments: str) -> str:
        done = self.run(["podman", *arguments])
        if done.returncode:
            raise PowerError(
                f"{self.container}: podman {arguments[0]} answered {done.stderr.strip()[-500:]}; expected a host of the lab"
            )
        return done.stdout


def pull_cable(pid: int, run: Run = _run) -> None:
    """Take the machine's end of the host's link down: the host goes silent without a word.

    :raises PowerError: the host has no link, or it cannot be taken down.
    """
    inside = run(["nsenter", "--target", str(pid), "--net", "ip", "-oneline", "link", "show", "eth0"])
    other_end = re.search(r"eth0@if(\d+)", inside.stdout)
    link = _name_of(other_end[1]) if other_end else ""
    done = run(["ip", "link", "set", link, "down"]) if link else inside
    if not link or done.returncode:
        raise PowerError(f"process {pid}: no link eth0 whose other end is on this machine ({done.stderr.strip()})")


def _name_of(index: str) -> str:
    ends = (path for path in _LINKS.iterdir() if (path / "ifindex").read_text(encoding="ascii").strip() == index)
    return next((path.name for path in ends), "")
