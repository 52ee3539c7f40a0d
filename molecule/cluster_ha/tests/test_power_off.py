"""Members of the control plane lose their power while the API is read and written from outside."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import yaml

from tests.support.lab import API_PORT, ENDPOINT_PORT, Lab, eventually
from tests.support.probes import Probe, Writer, longest_gap

ROOT = Path(__file__).resolve().parents[3]
LAB = Lab("cluster-ha", "10.89.31")
# Power-offs of each member, and minutes of full load; fewer for a quick look.
ROUNDS = int(os.environ.get("CLUSTER_HA_ROUNDS", "5"))
LOAD_MINUTES = float(os.environ.get("CLUSTER_HA_LOAD_MINUTES", "10"))
# How long the survivors are watched after a power-off, and how long a member may take to be back.
WATCHED_S, BACK_S = 8.0, 180.0
# etcd's own election timeout (etcd.io: tuning), within which it has no leader.
ELECTION_S = 1.0
GOAL = 1.5


def timers() -> float:
    """Seconds after which, by what is configured, the address has moved and HAProxy leaves the dead server alone.

    RFC 5798 6.1: three adverts and the skew of the priority, which is 120 of 256 while HAProxy is alive.
    """
    settings = yaml.safe_load((ROOT / "roles/api_endpoint/defaults/main.yml").read_text(encoding="utf-8"))
    advert = settings["api_endpoint_advert_interval"]
    down = 3 * advert + advert * (256 - 120) / 256
    return down + settings["api_endpoint_check_interval_ms"] / 1000 * settings["api_endpoint_check_fall"]


@pytest.fixture(scope="module")
def reader() -> Iterator[Probe]:
    with Probe(LAB.endpoint, ENDPOINT_PORT, LAB.tls()) as probe:
        yield probe


@pytest.fixture(scope="module")
def writer() -> Iterator[Writer]:
    with Writer(LAB.endpoint, ENDPOINT_PORT, LAB.tls()) as probe:
        yield probe


def ready(name: str) -> bool:
    """Whether the member's own API server answers, reached past the endpoint."""
    address = LAB.on(name).check_output("hostname -I").split()[0]
    return Probe(address, API_PORT, LAB.tls()).once()


def back(name: str) -> bool:
    if LAB.power(name).is_off() or not LAB.reachable(name):
        return False
    node = LAB.kubectl("get", "node", name)
    state = {one["type"]: one["status"] for one in node["status"]["conditions"]}
    return ready(name) and state["Ready"] == "True" and healthy_members() == len(LAB.control_plane)


def healthy_members() -> int:
    """Members of etcd that answer, asked on any host that has power."""
    alive = next(name for name in LAB.control_plane if not LAB.power(name).is_off())
    answer = LAB.etcdctl(alive, "endpoint health --cluster --write-out=json").stdout
    return sum(one["health"] for one in json.loads(answer)) if answer else 0


def restored(name: str) -> None:
    LAB.power(name).on()
    eventually(lambda: back(name), BACK_S)


def missing(writer: Writer) -> list[int]:
    """Numbers that were acknowledged and are not there."""
    acknowledged = writer.written
    found = LAB.kubectl("get", "configmaps", "--selector=test=writes")["items"]
    there = {one["metadata"]["name"] for one in found}
    return [number for number in range(acknowledged) if f"write-{number}" not in there]


def test_each_member_loses_its_power_and_nobody_waits_long(reader: Probe, writer: Writer) -> None:
    gaps: list[tuple[float, float]] = []
    print(f"\nconfigured timers: {timers():.2f} s; longest gaps in seconds:")
    for name in LAB.control_plane * ROUNDS:
        held = name in LAB.holders()
        began = time.monotonic()
        LAB.power(name).off()
        time.sleep(WATCHED_S)
        until = time.monotonic()
        gaps.append((longest_gap(reader.answered, began, until), longest_gap(writer.answered, began, until)))
        print(f"  {name}{' (holder)' if held else ''}: reads {gaps[-1][0]:.2f}, writes {gaps[-1][1]:.2f}")
        assert len(LAB.holders()) == 1
        assert name not in LAB.holders()
        restored(name)
    reads, writes = (max(column) for column in zip(*gaps, strict=True))
    assert reads <= GOAL * timers()
    assert writes <= GOAL * (timers() + ELECTION_S)
    assert missing(writer) == []


def test_the_loss_of_a_second_member_stops_writes_and_loses_nothing(writer: Writer) -> None:
    first, second, _third = LAB.control_plane
    LAB.power(first).off()
    eventually(lambda: writer.answers_since(time.monotonic() - 1), BACK_S)
    LAB.power(second).off()
    eventually(lambda: not writer.answers_since(time.monotonic() - 2 * WATCHED_S), BACK_S)
    LAB.power(second).on()
    LAB.power(first).on()
    eventually(lambda: writer.answers_since(time.monotonic() - 1), BACK_S)
    eventually(lambda: back(first) and back(second), BACK_S)
    assert missing(writer) == []


def moves() -> int:
    """How often keepalived has changed its state, on all members, since they booted."""
    lines = (LAB.on(name).check_output("journalctl -u keepalived --boot --output=cat") for name in LAB.control_plane)
    return sum(text.count("Entering ") for text in lines)


@contextmanager
def full_load() -> Iterator[None]:
    """Two processes that never wait for each processor of this machine."""
    burn = [sys.executable, "-c", "while True: pass"]
    burners = [subprocess.Popen(burn) for _number in range(2 * (os.cpu_count() or 1))]
    try:
        yield
        assert all(burner.poll() is None for burner in burners)
    finally:
        for burner in burners:
            burner.kill()
            burner.wait()


def test_full_load_moves_no_address(reader: Probe) -> None:
    before, holder, began = moves(), LAB.holders(), time.monotonic()
    with full_load():
        time.sleep(LOAD_MINUTES * 60)
    print(
        f"\n{LOAD_MINUTES:g} min of full load: longest gap of reads {longest_gap(reader.answered, began, time.monotonic()):.2f} s"
    )
    assert (moves(), LAB.holders()) == (before, holder)
