"""Publishing in one step, links, locks and the default places."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest
from ansible_collections.autotrade.deployment.plugins.module_utils.core.supply import SupplyError
from ansible_collections.autotrade.deployment.plugins.module_utils.edge import supply_files
from ansible_collections.autotrade.deployment.plugins.module_utils.edge.supply_files import (
    check_space,
    link_to,
    locked,
    publish,
    publish_text,
    work_directory,
)
from ansible_collections.autotrade.deployment.plugins.module_utils.edge.supply_options import default_cache


def names(directory: Path) -> list[str]:
    return sorted(path.name for path in directory.iterdir())


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "source"
    path.write_bytes(b"whole")
    return path


def test_publishing_links_on_one_file_system(source: Path, tmp_path: Path) -> None:
    publish(source, tmp_path / "store/tool", 0o555)
    assert (tmp_path / "store/tool").stat().st_ino == source.stat().st_ino
    publish(source, tmp_path / "store/tool", 0o555)
    assert names(tmp_path / "store") == ["tool"]


def test_publishing_copies_across_file_systems(source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_paths: Path) -> None:
        raise OSError(18, "Invalid cross-device link")

    monkeypatch.setattr(os, "link", refuse)
    publish(source, tmp_path / "tool", 0o444)
    assert (tmp_path / "tool").read_bytes() == b"whole"
    assert stat.S_IMODE((tmp_path / "tool").stat().st_mode) == 0o444


def test_what_cannot_be_finished_is_not_visible(source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_path: Path) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(supply_files, "_sync", fail)
    with pytest.raises(OSError, match="No space"):
        publish(source, tmp_path / "store/tool", 0o555)
    with pytest.raises(OSError, match="No space"):
        publish_text("{}", tmp_path / "store/index.json")
    assert names(tmp_path / "store") == []


def test_a_link_is_relative_and_changed_once(tmp_path: Path) -> None:
    target = tmp_path / "binaries/tool"
    assert link_to(tmp_path / "bin/tool", target)
    assert str((tmp_path / "bin/tool").readlink()) == "../binaries/tool"
    assert not link_to(tmp_path / "bin/tool", target)
    assert link_to(tmp_path / "bin/tool", tmp_path / "binaries/newer")


def test_a_lock_tells_who_has_to_wait_and_lets_go(tmp_path: Path) -> None:
    waits: list[int] = []
    with locked(tmp_path / "a/lock", lambda: waits.append(1)):
        pass
    with locked(tmp_path / "a/lock", lambda: waits.append(1)):
        pass
    assert waits == []


def test_a_work_directory_clears_what_a_killed_run_left(tmp_path: Path) -> None:
    (tmp_path / "key.old").mkdir()
    (tmp_path / "other.old").mkdir()
    with work_directory(tmp_path, "key") as work:
        assert names(tmp_path) == sorted([work.name, "other.old"])
    assert names(tmp_path) == ["other.old"]


def test_space_is_looked_at_where_the_directory_will_be(tmp_path: Path) -> None:
    check_space(tmp_path / "not/yet/there", 1, "setting")
    with pytest.raises(SupplyError, match="name another place by setting"):
        check_space(tmp_path / "not/yet/there", 10**18, "setting")


def test_the_cache_lies_outside_the_checkout(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", "/var/cache/me")
    assert default_cache() == Path("/var/cache/me/autotrade/artifacts")
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setenv("HOME", "/home/me")
    assert default_cache() == Path("/home/me/.cache/autotrade/artifacts")
