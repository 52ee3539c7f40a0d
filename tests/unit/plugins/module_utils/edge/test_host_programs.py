"""Programs that the host is changed by: they are given the time that they need, and one that takes longer is told of."""

from __future__ import annotations

import subprocess
from typing import Any

import pytest
from ansible_collections.autotrade.deployment.plugins.module_utils.core.host_state import HostStateError, Plan
from ansible_collections.autotrade.deployment.plugins.module_utils.edge import host_packages
from ansible_collections.autotrade.deployment.plugins.module_utils.edge.host_state import carry_out


def slow(monkeypatch: pytest.MonkeyPatch, verb: str, *present: str) -> dict[tuple[str, ...], float]:
    """A host where ``verb`` never ends and these programs are there; command -> seconds that it was given."""
    given: dict[tuple[str, ...], float] = {}

    def run(command: tuple[str, ...], timeout: float, **_others: Any) -> subprocess.CompletedProcess[str]:
        given[command[:2]] = timeout
        if verb in command:
            raise subprocess.TimeoutExpired(command, timeout)
        return subprocess.CompletedProcess(command, 0, "", "")

    monkeypatch.setattr(subprocess, "run", run)
    monkeypatch.setattr(host_packages.shutil, "which", lambda name: name if name in present else None)
    return given


def test_an_install_has_an_hour_and_is_told_of_with_what_dpkg_needs_after_it(monkeypatch: pytest.MonkeyPatch) -> None:
    given = slow(monkeypatch, "install", "apt-get")
    with pytest.raises(HostStateError, match=r"apt-get install .*nvidia-open: not done within 3600 s.*dpkg --configure -a"):
        carry_out(Plan(install=("nvidia-open",)))
    assert given[("apt-get", "install")] == 3600


def test_dnf_has_as_long(monkeypatch: pytest.MonkeyPatch) -> None:
    given = slow(monkeypatch, "nothing")
    carry_out(Plan(install=("nvidia-open",)))
    assert given == {("dnf", "install"): 3600}


def test_every_other_program_has_five_minutes_and_its_name_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    given = slow(monkeypatch, "restart")
    with pytest.raises(HostStateError, match=r"systemctl restart kubelet.service: not done within 300 s"):
        carry_out(Plan(restart=("kubelet.service",)))
    assert given[("systemctl", "restart")] == 300
