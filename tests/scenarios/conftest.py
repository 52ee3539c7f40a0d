"""Whole runs of ansible-playbook, as a user starts them, each on a simulated cluster of its own."""

from __future__ import annotations

import os
import re
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
RECAP = re.compile(r"^(\S+)\s+: ok=(\d+)\s+changed=(\d+)\s+unreachable=(\d+)\s+failed=(\d+)", re.MULTILINE)


@dataclass(frozen=True)
class Run:
    """One finished run: exit status, output and how long it took in seconds."""

    status: int
    output: str
    seconds: float

    @property
    def changed(self) -> int:
        return sum(int(row[2]) for row in RECAP.findall(self.output))

    @property
    def tasks(self) -> int:
        return sum(int(row[1]) for row in RECAP.findall(self.output))


@dataclass(frozen=True)
class Playbooks:
    """Runs playbooks from ``cwd`` with the programs of ``bin``; state, and so the cluster, lies below ``state``."""

    bin: Path
    cwd: Path
    state: Path
    inventory: str = "inventories/simulated"
    env: dict[str, str] = field(default_factory=dict)

    def run(self, playbook: str, *arguments: str) -> Run:
        command = [str(self.bin / "ansible-playbook"), playbook, "-i", self.inventory, *arguments]
        # A shell would set PWD; the reports go there.
        plain = {"XDG_STATE_HOME": str(self.state), "PWD": str(self.cwd), "ANSIBLE_NOCOLOR": "1", "ANSIBLE_FORCE_COLOR": "0"}
        env = os.environ | plain | self.env
        start = time.monotonic()
        done = subprocess.run(
            command, cwd=self.cwd, env=env, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL
        )
        return Run(done.returncode, done.stdout + done.stderr, time.monotonic() - start)

    def must(self, playbook: str, *arguments: str) -> Run:
        result = self.run(playbook, *arguments)
        assert result.status == 0, f"{playbook} {arguments} ended with {result.status}:\n{result.output[-6000:]}"
        return result


def processes_below(directory: Path) -> list[str]:
    """Command lines of live processes that name ``directory``; the clean-up must leave none."""
    found = []
    for entry in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            line = entry.read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            continue
        if str(directory) in line and "pytest" not in line:
            found.append(line)
    return found


@pytest.fixture(scope="module")
def playbooks(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Playbooks]:
    """The checkout's playbooks on a cluster that is removed afterwards, whatever happened."""
    state = tmp_path_factory.mktemp("state")
    books = Playbooks(ROOT / ".venv" / "bin", ROOT, state)
    yield books
    stop = books.run("playbooks/simulated.yml", "-e", "simulated_cluster_state=absent")
    assert stop.status == 0, stop.output
    assert processes_below(state) == []
