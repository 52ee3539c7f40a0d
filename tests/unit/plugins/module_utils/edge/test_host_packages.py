"""Packages are installed once nobody else holds the locks of apt and dpkg."""

from __future__ import annotations

import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.autotrade.deployment.plugins.module_utils.edge import host_packages

from tests.support.held_locks import held as held_lock


@pytest.fixture
def lock(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    found = tmp_path / "lock"
    monkeypatch.setattr(host_packages, "_LISTS_LOCK", found)
    return found


@pytest.fixture
def commands(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, ...]]:
    """What would have been run."""
    found: list[tuple[str, ...]] = []

    def run(*command: str, **_options: Any) -> str:
        found.append(command)
        return ""

    monkeypatch.setattr(host_packages, "run_program", run)
    monkeypatch.setattr(shutil, "which", lambda name: f"/usr/bin/{name}")
    monkeypatch.setenv("DEBIAN_FRONTEND", "noninteractive")
    return found


@pytest.fixture
def holder(lock: Path) -> Iterator[subprocess.Popen[str]]:
    """The apt of a run that was cut, or of the host itself."""
    with held_lock(lock, "lockf") as process:
        yield process


def install() -> None:
    host_packages.install(("curl",))


def test_dpkg_waits_for_its_lock_for_less_time_than_the_command_has(lock: Path, commands: list[tuple[str, ...]]) -> None:
    install()
    assert [command[:2] for command in commands] == [("apt-get", "update"), ("apt-get", "install")]
    option = next(word for word in commands[1] if "DPkg::Lock::Timeout=" in word)
    assert 0 < int(option.rpartition("=")[2]) < host_packages.TIMEOUT_S


def test_the_lock_of_the_lists_is_waited_for(
    commands: list[tuple[str, ...]], holder: subprocess.Popen[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    polls: list[float] = []

    def sleep(seconds: float) -> None:
        assert commands == []
        polls.append(seconds)
        if len(polls) == 3:
            holder.kill()
            holder.wait()

    monkeypatch.setattr(time, "sleep", sleep)
    install()
    assert len(polls) == 3
    assert len(commands) == 2


def test_after_its_time_apt_itself_says_who_holds_the_lock(
    commands: list[tuple[str, ...]], holder: subprocess.Popen[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    now = iter(range(0, 10_000, 100))
    monkeypatch.setattr(time, "monotonic", lambda: next(now))
    monkeypatch.setattr(time, "sleep", lambda _seconds: None)
    install()
    assert len(commands) == 2


def test_where_apt_never_ran_nobody_holds_a_lock(
    lock: Path, commands: list[tuple[str, ...]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(host_packages, "_LISTS_LOCK", lock / "lists" / "lock")
    install()
    assert len(commands) == 2
