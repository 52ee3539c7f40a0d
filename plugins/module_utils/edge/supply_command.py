# Copyright (c) autotrade.deployment engineers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Running the programs that fetch and build: patiently, with a sign of life, and never beyond the end of the run."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ansible_collections.autotrade.deployment.plugins.module_utils.core.supply import (
    without_credentials,
)

_NICENESS = 5
_HEARTBEAT_S = 10.0
#: How programs written in Go tell that the other side did not answer.
_NETWORK = re.compile(r"dial tcp|no such host|i/o timeout|connection refused|network is unreachable|TLS handshake|EOF$", re.M)

Beat = Callable[[], None]


@dataclass(frozen=True)
class Ended:
    """A command that has ended."""

    code: int
    output: str
    errors: str

    @property
    def text(self) -> str:
        """All that it wrote."""
        return f"{self.output}\n{self.errors}".strip()

    def says(self, *phrases: str) -> bool:
        """True when it wrote one of the phrases."""
        return any(phrase in self.text for phrase in phrases)

    @property
    def full_disk(self) -> bool:
        """True when it told of a full disk."""
        return self.says("no space left on device")

    @property
    def unreachable(self) -> bool:
        """True when it told of a network that does not answer."""
        return bool(_NETWORK.search(self.text))

    def tail(self, lines: int) -> str:
        """The last lines of what it wrote, without credentials."""
        return without_credentials("\n".join(self.text.splitlines()[-lines:]))


def run_command(command: Sequence[str], cwd: Path, environment: Mapping[str, str], beat: Beat) -> Ended:
    """Run a command to its end, a little nicer than the rest of the machine.

    :param beat: called every ten seconds.
    """
    process = subprocess.Popen(command, cwd=cwd, env=dict(environment), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        os.setpriority(os.PRIO_PROCESS, process.pid, os.getpriority(os.PRIO_PROCESS, 0) + _NICENESS)
        output, errors = _wait(process, beat)
    except BaseException:
        process.kill()
        process.wait()
        raise
    return Ended(process.returncode, output, errors)


def _wait(process: subprocess.Popen[str], beat: Beat) -> tuple[str, str]:
    while True:
        try:
            return process.communicate(timeout=_HEARTBEAT_S)
        except subprocess.TimeoutExpired:
            beat()
