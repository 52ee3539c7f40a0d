"""The power of a lab host: the cable is pulled before anything dies, and nothing is guessed."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest
from ansible_collections.autotrade.deployment.plugins.plugin_utils.power import podman
from ansible_collections.autotrade.deployment.plugins.plugin_utils.power.model import PowerControl, PowerError
from ansible_collections.autotrade.deployment.plugins.plugin_utils.power.podman import PodmanPower


class Machine:
    """Plays podman, nsenter and ip, and writes down what they were asked."""

    def __init__(self, status: str = "running", refuse: str = "") -> None:
        self.status, self.refuse, self.asked = status, refuse, list[list[str]]()

    def __call__(self, command: Sequence[str]) -> subprocess.CompletedProcess[str]:
        self.asked.append(list(command))
        if self.refuse and self.refuse in command:
            return subprocess.CompletedProcess(command, 125, "", "no such container")
        if "inspect" in command:
            return subprocess.CompletedProcess(command, 0, json.dumps({"Status": self.status, "Pid": 4711}), "")
        if command[0] == "nsenter":
            return subprocess.CompletedProcess(command, 0, "2: eth0@if7: <BROADCAST,UP>", "")
        return subprocess.CompletedProcess(command, 0, "", "")

    def acts(self) -> list[str]:
        """What changed something, in order."""
        words = {"kill", "start", "link"}
        return [
            next(word for word in command if word in words)
            for command in self.asked
            if words & {*command} and "show" not in command
        ]


@pytest.fixture(autouse=True)
def links(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "veth0").mkdir()
    (tmp_path / "veth0" / "ifindex").write_text("7\n")
    monkeypatch.setattr(podman, "_LINKS", tmp_path)


def power(machine: Machine) -> PowerControl:
    """As a drill sees it."""
    return PodmanPower("autotrade-lab-cpu-1", run=machine)


def test_off_pulls_the_cable_and_then_kills() -> None:
    machine = Machine()
    power(machine).off()
    assert machine.acts() == ["link", "kill"]
    assert ["ip", "link", "set", "veth0", "down"] in machine.asked
    assert ["podman", "kill", "--signal=KILL", "autotrade-lab-cpu-1"] in machine.asked


def test_off_twice_is_off() -> None:
    machine = Machine("exited")
    power(machine).off()
    assert machine.acts() == []


def test_on_starts() -> None:
    machine = Machine("exited")
    power(machine).on()
    assert machine.acts() == ["start"]


@pytest.mark.parametrize(("status", "off"), [("running", False), ("exited", True), ("stopping", False), ("paused", False)])
def test_is_off(status: str, off: bool) -> None:
    assert power(Machine(status)).is_off() is off


def test_a_host_that_nobody_knows_is_neither_on_nor_off() -> None:
    with pytest.raises(PowerError, match="autotrade-lab-cpu-1: podman container answered no such container"):
        power(Machine(refuse="inspect")).is_off()


def test_a_cable_that_cannot_be_pulled_stops_the_act() -> None:
    machine = Machine(refuse="ip")
    with pytest.raises(PowerError, match="no link eth0"):
        power(machine).off()
    assert "kill" not in machine.acts()
