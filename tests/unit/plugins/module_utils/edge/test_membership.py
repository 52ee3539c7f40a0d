"""One module at a time brings a host in, its note is whole on disk, and a member that is not ready yet is waited for."""

from __future__ import annotations

import fcntl
import json
import os
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.autotrade.deployment.plugins.module_utils.core.membership import MembershipError, Standing, Traces
from ansible_collections.autotrade.deployment.plugins.module_utils.edge import membership

from tests.support.held_locks import held as held_lock

PARAMS = {
    "cluster": "lab",
    "action": "join",
    "config": "kind: JoinConfiguration\n",
    "waived_checks": [],
    "timeout": 5,
    "port": 6443,
}
NEVER_S = 60.0


@pytest.fixture
def mark(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    found = tmp_path / "autotrade" / "membership.json"
    monkeypatch.setattr(membership, "MARK", found)
    return found


@pytest.fixture
def kubeadm(mark: Path, monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """What kubeadm was called with; the host has whatever an earlier call left."""
    calls: list[list[str]] = []

    def look() -> Traces:
        known = json.loads(mark.read_text(encoding="utf-8")) if mark.exists() else {}
        return Traces(known.get("cluster", ""), known.get("standing", ""), kubelet_conf=bool(known))

    def run(command: list[str], timeout: float) -> str:
        assert json.loads(mark.read_text(encoding="utf-8")) == {"cluster": "lab", "standing": "begun"}
        calls.append(command)
        return ""

    monkeypatch.setattr(membership, "look", look)
    monkeypatch.setattr(membership, "run", run)
    return calls


def test_a_host_joins_once(mark: Path, kubeadm: list[list[str]]) -> None:
    assert membership.bring_in(PARAMS, check_mode=False)["changed"]
    assert json.loads(mark.read_text(encoding="utf-8")) == {"cluster": "lab", "standing": "member"}
    assert membership.bring_in(PARAMS, check_mode=False) == {"changed": False, "standing": "member"}
    assert len(kubeadm) == 1


def test_a_join_that_was_cut_behind_its_credentials_leaves_the_kubelet_running(mark: Path, kubeadm: list[list[str]]) -> None:
    mark.parent.mkdir()
    mark.write_text('{"cluster": "lab", "standing": "begun"}', encoding="utf-8")
    membership.bring_in(PARAMS, check_mode=False)
    assert kubeadm[0][-1] == "--skip-phases=kubelet-start"


def test_a_forecast_writes_nothing_and_waits_for_nobody(mark: Path, kubeadm: list[list[str]]) -> None:
    assert membership.bring_in(PARAMS, check_mode=True)["changed"]
    assert not mark.parent.exists()
    assert kubeadm == []


@pytest.fixture
def held(mark: Path) -> Iterator[subprocess.Popen[str]]:
    """The module of a run that was cut, as another process: it holds the lock until it dies."""
    mark.parent.mkdir()
    with held_lock(mark.with_suffix(".lock"), "flock") as process:
        yield process


def waits_for_lock() -> bool:
    """Whether a thread of this process waits for a lock of a file; /proc/locks marks it by an arrow."""
    lines = [line.split() for line in Path("/proc/locks").read_text(encoding="ascii").splitlines()]
    return any("->" in words and str(os.getpid()) in words for words in lines)


def waiting() -> tuple[threading.Thread, list[dict[str, Any]]]:
    """A module that waits for the other one, and where its result will be."""
    results: list[dict[str, Any]] = []
    thread = threading.Thread(target=lambda: results.append(membership.bring_in(PARAMS, check_mode=False)), daemon=True)
    thread.start()
    while not waits_for_lock():
        assert thread.is_alive(), "it went on beside the other one"
    return thread, results


def test_the_module_of_a_run_that_was_cut_is_waited_for(kubeadm: list[list[str]], held: subprocess.Popen[str]) -> None:
    thread, results = waiting()
    assert kubeadm == []
    # However the holder dies, the kernel lets go.
    held.kill()
    thread.join(NEVER_S)
    assert results[0]["changed"]
    assert len(kubeadm) == 1


def test_what_the_other_one_did_is_seen_after_the_wait(mark: Path, kubeadm: list[list[str]], held: subprocess.Popen[str]) -> None:
    thread, results = waiting()
    mark.write_text('{"cluster": "lab", "standing": "member"}', encoding="utf-8")
    held.kill()
    thread.join(NEVER_S)
    assert results == [{"changed": False, "standing": "member"}]
    assert kubeadm == []


def test_the_lock_is_free_after_a_failure(mark: Path, kubeadm: list[list[str]], monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(command: list[str], timeout: float) -> str:
        raise MembershipError("kubeadm join: exit status 1")

    monkeypatch.setattr(membership, "run", fails)
    with pytest.raises(MembershipError):
        membership.bring_in(PARAMS, check_mode=False)
    assert json.loads(mark.read_text(encoding="utf-8"))["standing"] == "begun"
    with mark.with_suffix(".lock").open("a", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)


def test_the_note_is_on_disk_before_it_takes_its_name(
    mark: Path, kubeadm: list[list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: list[str] = []
    real = os.fsync

    def fsync(descriptor: int) -> None:
        synced.append(Path(f"/proc/self/fd/{descriptor}").readlink().read_text(encoding="utf-8"))
        real(descriptor)

    monkeypatch.setattr(os, "fsync", fsync)
    membership.bring_in(PARAMS, check_mode=False)
    assert [json.loads(text)["standing"] for text in synced] == ["begun", "member"]
    assert [path.name for path in mark.parent.iterdir() if path.suffix == ".new"] == []


def answers(monkeypatch: pytest.MonkeyPatch, *given: tuple[bool, str]) -> list[float]:
    """Let the API server answer these one after the other, the last one for ever, on a clock of our own; its looks are told."""
    looks: list[float] = []
    now = 0.0

    def api_ready(port: int) -> tuple[bool, str]:
        looks.append(now)
        return given[min(len(looks), len(given)) - 1]

    def sleep(seconds: float) -> None:
        nonlocal now
        now += seconds

    monkeypatch.setattr(membership, "api_ready", api_ready)
    monkeypatch.setattr(time, "sleep", sleep)
    monkeypatch.setattr(time, "monotonic", lambda: now)
    return looks


NOT_READY, READY = (False, "/readyz answered 500"), (True, "")


def seen(monkeypatch: pytest.MonkeyPatch, standing: Standing, patience: float) -> dict[str, Any]:
    traces = Traces("lab", standing.value, kubelet_conf=True, control_plane=True, etcd_data=True)
    monkeypatch.setattr(membership, "look", lambda: traces)
    return membership.info({**PARAMS, "wait_timeout": patience})


def test_a_member_may_take_its_time_to_be_ready(monkeypatch: pytest.MonkeyPatch) -> None:
    looks = answers(monkeypatch, NOT_READY, NOT_READY, READY)
    assert seen(monkeypatch, Standing.MEMBER, 20)["ready"]
    assert len(looks) == 3


def test_a_member_that_stays_away_is_told_with_its_last_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    looks = answers(monkeypatch, (False, "/readyz: refused"), NOT_READY)
    found = seen(monkeypatch, Standing.MEMBER, 20)
    assert (found["ready"], found["reason"]) == (False, "/readyz answered 500")
    assert looks[-1] == 20


@pytest.mark.parametrize(("standing", "patience"), [(Standing.MEMBER, 0), (Standing.BEGUN, 20)])
def test_nobody_is_waited_for_without_need(monkeypatch: pytest.MonkeyPatch, standing: Standing, patience: float) -> None:
    looks = answers(monkeypatch, NOT_READY)
    assert not seen(monkeypatch, standing, patience)["ready"]
    assert looks == [0]
