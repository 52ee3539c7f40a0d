"""The program behind etcd-snapshot.timer, with a program in place of etcdctl; the real one runs on lab hosts."""

from __future__ import annotations

import hashlib
import importlib.util
import json
import stat
import sys
from datetime import datetime, timedelta, timezone
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

PROGRAM = Path(__file__).parents[3] / "roles/control_plane/files/etcd_snapshot.py"
NOON = datetime(2026, 11, 24, 12, tzinfo=timezone.utc)
CONTENT = b"x" * 4096
# What etcdctl does for us: writes the file that its last word names.
ETCDCTL = "import sys, pathlib; pathlib.Path(sys.argv[-1]).write_bytes(bytes.fromhex({hex!r}))"


@pytest.fixture(scope="module")
def program() -> ModuleType:
    spec = importlib.util.spec_from_file_location("etcd_snapshot", PROGRAM)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def signed(content: bytes) -> bytes:
    return content + hashlib.sha256(content).digest()


def settings(folder: Path, written: bytes = signed(CONTENT), **changes: Any) -> dict[str, Any]:
    etcdctl = [sys.executable, "-c", ETCDCTL.format(hex=written.hex())]
    given = {"cluster": "lab", "host": "cp-1", "etcdctl": etcdctl, "directory": str(folder / "own"), "keep": 3, "timeout": 60}
    return {**given, "copy_directory": "", "copy_command": [], **changes}


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir() if not path.name.startswith("."))


def test_a_snapshot_is_kept_for_root_alone_with_its_report(program: ModuleType, tmp_path: Path) -> None:
    report = program.run(settings(tmp_path), NOON)
    own = tmp_path / "own"
    assert names(own) == ["lab-cp-1-20261124T120000Z.db", "last.json"]
    assert stat.S_IMODE((own / report["file"]).stat().st_mode) == 0o600
    assert stat.S_IMODE(own.stat().st_mode) == 0o700
    assert report["sha256"] == hashlib.sha256(signed(CONTENT)).hexdigest()
    assert json.loads((own / "last.json").read_text()) == report


@pytest.mark.parametrize(
    ("written", "words"),
    [
        (signed(CONTENT)[:-1], "was cut"),
        (CONTENT, "was cut"),
        (signed(CONTENT)[:-32] + bytes(32), "does not have the digest"),
        (b"y" + signed(CONTENT)[1:], "does not have the digest"),
    ],
    ids=["cut", "without a digest", "another digest", "other content"],
)
def test_a_bad_snapshot_is_refused_and_takes_no_good_one_away(
    program: ModuleType, tmp_path: Path, written: bytes, words: str
) -> None:
    kept = settings(tmp_path, keep=1)
    before = program.run(kept, NOON)
    with pytest.raises(program.SnapshotError, match=words):
        program.run(settings(tmp_path, written, keep=1), NOON + timedelta(hours=1))
    assert before["file"] in names(tmp_path / "own")
    assert json.loads((tmp_path / "own/last.json").read_text()) == before


def test_the_newest_are_kept_and_those_of_others_are_left_alone(program: ModuleType, tmp_path: Path) -> None:
    own = tmp_path / "own"
    own.mkdir()
    (own / "lab-cp-10-20200101T000000Z.db").touch()
    for hour in range(5):
        program.run(settings(tmp_path), NOON + timedelta(hours=hour))
    found = [name for name in names(own) if name.startswith("lab-cp-1-")]
    assert found == [f"lab-cp-1-20261124T{hour}0000Z.db" for hour in (14, 15, 16)]
    assert "lab-cp-10-20200101T000000Z.db" in names(own)


def test_a_host_whose_name_begins_like_another_prunes_its_own_alone(program: ModuleType, tmp_path: Path) -> None:
    for number in range(3):
        (tmp_path / f"lab-cp-2-2026112{number}T000000Z.db").touch()
    (tmp_path / "lab-cp-20261124T000000Z.db").touch()
    assert program.prune(tmp_path, "lab-cp-", 1) == []
    assert program.prune(tmp_path, "lab-cp-2-", 1) == ["lab-cp-2-20261120T000000Z.db", "lab-cp-2-20261121T000000Z.db"]


def test_settings_may_hold_numbers_as_text(program: ModuleType, tmp_path: Path) -> None:
    file = tmp_path / "settings.json"
    file.write_text(json.dumps(settings(tmp_path, keep="3", timeout="60")))
    assert program.run(program.read(file), NOON)["copies"] == []
    file.write_text(json.dumps(settings(tmp_path, keep=0)))
    with pytest.raises(program.SnapshotError, match="expected at least 1"):
        program.read(file)


def test_a_copy_without_end_is_cut_and_its_credentials_stay_hidden(program: ModuleType, tmp_path: Path) -> None:
    take = [sys.executable, "-c", "import time; time.sleep(600)", "--password=pw"]
    with pytest.raises(program.SnapshotError, match="no end after") as refused:
        program.copied(tmp_path, "", settings(tmp_path, copy_command=take, timeout=0.2))
    assert "pw" not in str(refused.value)


def test_what_etcdctl_says_is_passed_on(program: ModuleType, tmp_path: Path) -> None:
    failing = settings(tmp_path, etcdctl=[sys.executable, "-c", "import sys; sys.exit('no leader')"])
    with pytest.raises(program.SnapshotError, match="no leader"):
        program.run(failing, NOON)


def test_a_copy_on_the_same_disk_is_no_copy(program: ModuleType, tmp_path: Path) -> None:
    (tmp_path / "copies").mkdir()
    with pytest.raises(program.SnapshotError, match="expected a mount"):
        program.run(settings(tmp_path, copy_directory=str(tmp_path / "copies")), NOON)
    kept = json.loads((tmp_path / "own/last.json").read_text())
    assert kept["copies"] is None, "the snapshot itself is there, and the report says that it has no copy"


def test_a_copy_on_another_disk_is_checked_and_pruned(
    program: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    copies = Path("/dev/shm") / f"autotrade-{tmp_path.name}"
    copies.mkdir()
    try:
        for hour in range(3):
            program.run(settings(tmp_path, copy_directory=str(copies), keep=2), NOON + timedelta(hours=hour))
        assert names(copies) == [f"lab-cp-1-20261124T{hour}0000Z.db" for hour in (13, 14)]
        assert (copies / names(copies)[0]).read_bytes() == signed(CONTENT)
        monkeypatch.setattr(program.shutil, "copyfile", lambda _source, target: target.write_bytes(signed(CONTENT[512:])))
        with pytest.raises(program.SnapshotError, match="differs from"):
            program.run(settings(tmp_path, copy_directory=str(copies), keep=2), NOON + timedelta(hours=4))
        assert len(names(copies)) == 2
    finally:
        for path in copies.iterdir():
            path.unlink()
        copies.rmdir()


def test_a_command_takes_the_copy_and_its_failure_is_ours(program: ModuleType, tmp_path: Path) -> None:
    take = [sys.executable, "-c", "import shutil, sys; shutil.copy(sys.argv[1], sys.argv[2])", "{file}", str(tmp_path / "taken")]
    report = program.run(settings(tmp_path, copy_command=take), NOON)
    assert (tmp_path / "taken").read_bytes() == signed(CONTENT)
    assert report["copies"]
    with pytest.raises(program.SnapshotError, match="exit status 1: full"):
        program.run(settings(tmp_path, copy_command=[sys.executable, "-c", "import sys; sys.exit('full')"]), NOON)
