"""The file with what a server serves: ours alone, whole or not at all, and never a reason to fail."""

from __future__ import annotations

import json
import multiprocessing
import os
import stat
from pathlib import Path

import pytest
from ansible_collections.autotrade.deployment.plugins.module_utils.core.api_resources import ResourceTable, ResourceType
from ansible_collections.autotrade.deployment.plugins.module_utils.edge.kube_discovery import IDENTITY
from ansible_collections.autotrade.deployment.plugins.module_utils.edge.kube_discovery_cache import OLD_S, DiscoveryCache, Kept

from tests.support.clock import Clock
from tests.unit.plugins.module_utils.edge.discovery_world import POD, Server, discovery


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "cache"


@pytest.fixture
def clock() -> Clock:
    return Clock(1_000_000.0)


def the_file(folder: Path) -> Path:
    (file,) = folder.iterdir()
    return file


def test_file_and_folder_are_ours_alone(folder: Path, clock: Clock) -> None:
    folder.mkdir(mode=0o755)
    discovery(Server(), folder, clock).find("v1", "Pod")
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert stat.S_IMODE(the_file(folder).stat().st_mode) == 0o600


def record(**changes: object) -> str:
    pod = {"group": "", "version": "v1", "kind": "Pod", "plural": "pods", "namespaced": True}
    return json.dumps({"asked": 1_000_000.0, "uid": "one", "witnesses": [], "types": [pod]} | changes)


GARBAGE = [
    "",
    "{",
    "[]",
    "null",
    '{"asked": 1000000.0}',
    record(asked="soon"),
    record(asked=float("nan")),
    record(uid=7),
    record(witnesses=[7]),
    record(types=[7]),
    record(types=[{"group": "", "version": "v1", "kind": "Pod", "plural": 7, "namespaced": True}]),
    record(types=[{"group": ""}]),
    "[" * 100_000,
    "\x00",
]


@pytest.mark.parametrize("text", GARBAGE)
def test_a_damaged_file_is_replaced(folder: Path, clock: Clock, text: str) -> None:
    server = Server()
    discovery(server, folder, clock).find("v1", "Pod")
    the_file(folder).write_text(text)
    server.taken()
    assert discovery(server, folder, clock).find("v1", "Pod") == POD
    assert discovery(server, folder, clock).find("v1", "Pod") == POD
    assert server.taken() == ["/api", "/apis", IDENTITY]


def poisoned(file: Path) -> str:
    document = json.loads(file.read_text())
    document["types"][0]["plural"] = "secrets"
    return json.dumps(document)


def test_a_file_that_others_can_read_or_write_a_link_and_a_pipe_are_not_believed(
    folder: Path, clock: Clock, tmp_path: Path
) -> None:
    server = Server()
    discovery(server, folder, clock).find("v1", "Pod")
    file, elsewhere = the_file(folder), tmp_path / "elsewhere"
    elsewhere.write_text(poisoned(file))
    elsewhere.chmod(0o600)

    def open_to_others() -> None:
        file.write_text(poisoned(file))
        file.chmod(0o666)

    for damage in (open_to_others, lambda: file.symlink_to(elsewhere), lambda: os.mkfifo(file), file.mkdir):
        if damage is not open_to_others:
            file.unlink()
        damage()
        assert discovery(server, folder, clock).find("v1", "Pod") == POD
        assert json.loads(elsewhere.read_text())["types"][0]["plural"] == "secrets"


def test_a_file_of_someone_else_is_not_believed(folder: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    server = Server()
    discovery(server, folder, clock).find("v1", "Pod")
    file = the_file(folder)
    file.write_text(poisoned(file))
    if os.geteuid() == 0:
        os.chown(file, 65534, 65534)
    else:
        monkeypatch.setattr(os, "geteuid", lambda: 65534)
    assert discovery(server, folder, clock).find("v1", "Pod") == POD


def test_a_folder_that_others_can_write_or_a_link_to_one_keeps_nothing(folder: Path, clock: Clock, tmp_path: Path) -> None:
    server, real = Server(), tmp_path / "real"
    folder.mkdir()
    folder.chmod(0o777)
    discovery(server, folder, clock).find("v1", "Pod")
    assert list(folder.iterdir()) == []
    folder.rmdir()
    real.mkdir(mode=0o700)
    folder.symlink_to(real)
    discovery(server, folder, clock).find("v1", "Pod")
    assert list(real.iterdir()) == []


def test_a_cache_that_cannot_be_written_is_no_reason_to_fail(clock: Clock, tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("")
    assert discovery(Server(), blocked / "cache", clock).find("v1", "Pod") == POD


def test_files_of_addresses_that_nobody_asks_any_more_are_swept(folder: Path, clock: Clock) -> None:
    discovery(Server(host="https://gone:6443"), folder, clock).find("v1", "Pod")
    old, foreign = the_file(folder), folder / "something-else"
    foreign.write_text("")
    for file in (old, foreign):
        os.utime(file, (clock.time - OLD_S - 1, clock.time - OLD_S - 1))
    discovery(Server(), folder, clock).find("v1", "Pod")
    assert not old.exists()
    assert foreign.exists()


def write_often(folder: Path, kind: str) -> None:
    cache = DiscoveryCache(folder, ("one",), Clock(1_000_000.0))
    table = ResourceTable(ResourceType("", "v1", f"{kind}{number}", "things", True) for number in range(500))
    for _time in range(40):
        cache.write(Kept(table, kind, frozenset(), cache.now()))


def test_two_processes_at_once_leave_a_whole_file(folder: Path, clock: Clock) -> None:
    context = multiprocessing.get_context("fork")
    writers = [context.Process(target=write_often, args=(folder, kind)) for kind in "AB"]
    for writer in writers:
        writer.start()
    seen = 0
    while any(writer.is_alive() for writer in writers):
        kept = DiscoveryCache(folder, ("one",), clock).read()
        if kept is not None:
            assert {kind.kind[0] for kind in kept.table} == {kept.uid}
            assert len(kept.table) == 500
            seen += 1
    for writer in writers:
        writer.join()
        assert writer.exitcode == 0
    assert seen > 0
    assert [file.name.count(".") for file in folder.iterdir()] == [1]
