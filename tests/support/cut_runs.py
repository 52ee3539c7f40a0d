"""Runs of ansible-playbook that are killed on their way, at points that spread over all that is new to them."""

from __future__ import annotations

import os
import random
import re
import select
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

# A point to kill at lies behind so many ticks; a tick is the start of a task, or this many seconds in one.
TICK_S = 2.0
_TASK = re.compile(r"^TASK \[(.+)\] \**$", re.MULTILINE)
_CHUNK = 1 << 16


@dataclass(frozen=True)
class Cut:
    """``ticks`` after the furthest task that an earlier run has come to; ``whole``: everything that it started dies with it."""

    ticks: int
    whole: bool


@dataclass(frozen=True)
class Process:
    """A process, told from a later one of the same number by when it began."""

    pid: int
    began: str

    def alive(self) -> bool:
        """Whether it runs; one that waits to be collected does not."""
        state = _stat(self.pid)
        return state[19:20] == [self.began] and state[0] != "Z"


@dataclass(frozen=True)
class Ran:
    """How a run went: the tasks that it came to, what it printed, its exit status, its seconds, and what lives on of it."""

    tasks: tuple[str, ...]
    output: str
    status: int
    seconds: float
    left: tuple[Process, ...] = ()

    @property
    def killed(self) -> bool:
        """Whether the kill met it; else it had come to its end by itself."""
        return self.status == -signal.SIGKILL

    def recap(self) -> dict[str, dict[str, int]]:
        """Host -> what the recap counts, such as changed and unreachable."""
        lines = re.findall(r"^(\S+)\s+: (ok=.*)$", self.output, re.MULTILINE)
        return {host: {key: int(number) for key, number in re.findall(r"(\w+)=(\d+)", counts)} for host, counts in lines}


@dataclass
class _Watched:
    """What a run prints, read as it comes."""

    stream: IO[bytes]
    output: str = ""
    tasks: list[str] = field(default_factory=list)

    def ticks(self) -> Iterator[None]:
        due = time.monotonic() + TICK_S
        while True:
            if not select.select([self.stream], [], [], max(0.0, due - time.monotonic()))[0]:
                due += TICK_S
                yield
            elif chunk := os.read(self.stream.fileno(), _CHUNK):
                self.output += chunk.decode(errors="replace")
                for name in _TASK.findall(self.output)[len(self.tasks) :]:
                    self.tasks.append(name)
                    due = time.monotonic() + TICK_S
                    yield
            else:
                return


def run(command: Sequence[str], folder: Path, environment: Mapping[str, str], cut: Cut | None = None, known: int = 0) -> Ran:
    """Start a program and kill it where ``cut`` says, or let it go to its end.

    :param known: how many tasks the furthest earlier run has come to; ticks count from the last of them.
    """
    began, passed = time.monotonic(), 0
    left: list[Process] = []
    with subprocess.Popen(command, cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as process:
        assert process.stdout
        watched = _Watched(process.stdout)
        for _tick in watched.ticks():
            passed += len(watched.tasks) >= known
            if cut and passed >= cut.ticks:
                left = kill(process.pid, cut.whole)
                break
        status = process.wait()
    return Ran(tuple(watched.tasks), watched.output, status, time.monotonic() - began, tuple(left))


def kill(pid: int, whole: bool) -> list[Process]:
    """Kill a process, with ``whole`` everything below it too; answers what was below it.

    Workers of ansible-core 2.19 lead sessions of their own, so no one process group has them all.
    """
    # Nothing new is started between the look and the kill.
    os.kill(pid, signal.SIGSTOP)
    below = [Process(child, "".join(_stat(child)[19:20])) for child in _below(pid)]
    os.kill(pid, signal.SIGKILL)
    for process in below if whole else ():
        if process.alive():
            os.kill(process.pid, signal.SIGKILL)
    return below


def _below(pid: int) -> list[int]:
    parents = {int(path.name): _stat(int(path.name))[1:2] for path in Path("/proc").iterdir() if path.name.isdecimal()}
    found = [pid]
    for parent in found:
        found += [child for child, its in parents.items() if its == [str(parent)]]
    return found[1:]


def _stat(pid: int) -> list[str]:
    """The fields of /proc/PID/stat from the state on (proc(5)); none when there is no such process."""
    try:
        return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return []


def draw(chance: random.Random, number: int, step: int) -> list[Cut]:
    """Cuts that lie ``step`` ticks apart, half of it more or less; every other one leaves children alive."""
    return [Cut(chance.randint(step - step // 2, step + step // 2), whole=index % 2 == 1) for index in range(number)]
