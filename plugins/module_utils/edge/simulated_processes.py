# Copyright (c) autotrade.deployment engineers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Processes as Linux shows them in /proc: start them detached, recognise them, stop them and see them gone."""

from __future__ import annotations

import contextlib
import os
import signal
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

from ansible_collections.autotrade.deployment.plugins.module_utils.core.simulated_processes import Identity

PROC = Path("/proc")
POLL_SECONDS = 0.02
KILL_SECONDS = 15.0
TAIL_BYTES = 65536


class ProcessError(RuntimeError):
    """A process did not start, or would not go."""


def boot_id() -> str:
    """Differs after every boot of the machine."""
    return (PROC / "sys/kernel/random/boot_id").read_text(encoding="ascii").strip()


def identity(pid: int, boot: str) -> Identity | None:
    """Who runs under this number; None for nobody and for a zombie that only waits for its parent."""
    _reap(pid)
    try:
        text = (PROC / str(pid) / "stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
    # The name in parentheses may hold anything, so count from the last parenthesis: state is 1st, start time 20th.
    fields = text.rpartition(")")[2].split()
    return None if fields[0] in ("Z", "X") else Identity(pid, int(fields[19]), boot)


def identities(pids: Iterable[int]) -> dict[int, Identity]:
    """Number -> identity of those that run."""
    boot = boot_id()
    found = ((pid, identity(pid, boot)) for pid in pids)
    return {pid: known for pid, known in found if known}


def command_lines() -> dict[int, tuple[str, ...]]:
    """Number -> arguments of every process of this user."""
    return dict(_own_command_lines(os.geteuid()))


def _own_command_lines(user: int) -> Iterator[tuple[int, tuple[str, ...]]]:
    for path in PROC.iterdir():
        if not path.name.isdigit():
            continue
        with contextlib.suppress(OSError):
            if path.stat().st_uid == user:
                arguments = (path / "cmdline").read_bytes().decode(errors="replace").split("\0")
                yield int(path.name), tuple(arguments[:-1])


def spawn(command: Iterable[str], log: Path) -> Identity:
    """Starts a process of its own session that outlives this one; its output is appended to ``log``.

    :raises ProcessError: the binary cannot be executed here.
    """
    arguments = tuple(command)
    log.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND
    actions = [
        (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
        (os.POSIX_SPAWN_OPEN, 1, str(log), flags, 0o600),
        (os.POSIX_SPAWN_DUP2, 1, 2),
    ]
    try:
        pid = os.posix_spawn(arguments[0], arguments, _environment(), file_actions=actions, setsid=True)
    except OSError as error:
        raise ProcessError(
            f"{arguments[0]}: cannot be executed on this machine ({error.strerror}). Expected a binary for "
            f"{os.uname().sysname} {os.uname().machine}; fill the store for this architecture or change binary_directory."
        ) from error
    started = identity(pid, boot_id())
    return started or Identity(pid, 0, "")


def _environment() -> dict[str, str]:
    """Only what a daemon needs: no credential or proxy setting of the caller reaches it."""
    kept = ("HOME", "LANG", "PATH", "TMPDIR", "TZ")
    return {name: os.environ[name] for name in kept if name in os.environ}


def stop(target: Identity, grace: float) -> None:
    """Asks the process to end, after ``grace`` seconds forces it, and returns only when it is gone.

    :raises ProcessError: it is still there after it was killed.
    """
    if grace > 0:
        _signal(target, signal.SIGTERM)
        if _gone(target, grace):
            return
    _signal(target, signal.SIGKILL)
    if not _gone(target, KILL_SECONDS):
        raise ProcessError(
            f"process {target.pid}: still there {KILL_SECONDS:g} s after SIGKILL. Look at its state in /proc/{target.pid}/status."
        )


def _signal(target: Identity, number: signal.Signals) -> None:
    if identity(target.pid, target.boot_id) == target:
        with contextlib.suppress(ProcessLookupError):
            os.kill(target.pid, number)


def _gone(target: Identity, timeout: float) -> bool:
    deadline = time.monotonic() + timeout
    while identity(target.pid, target.boot_id) == target:
        if time.monotonic() >= deadline:
            return False
        time.sleep(POLL_SECONDS)
    return True


def _reap(pid: int) -> None:
    with contextlib.suppress(ChildProcessError):
        os.waitpid(pid, os.WNOHANG)


def tail(log: Path, lines: int) -> str:
    """The last lines of a log; empty when there is none."""
    try:
        with log.open("rb") as stream:
            stream.seek(max(0, log.stat().st_size - TAIL_BYTES))
            text = stream.read().decode(errors="replace")
    except OSError:
        return ""
    return "\n".join(text.splitlines()[-lines:])
