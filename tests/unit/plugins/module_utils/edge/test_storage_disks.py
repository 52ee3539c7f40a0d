"""Disks are looked at with the programs of util-linux and lvm; wipefs is the real one, the others answer from a script.

This machine has no disk to spare and no device mapper, so no volume group was made by these tests.
"""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.autotrade.deployment.plugins.module_utils.core.storage_disks import DiskError
from ansible_collections.autotrade.deployment.plugins.module_utils.edge import storage_disks
from ansible_collections.autotrade.deployment.plugins.module_utils.edge.storage_disks import run, run_program

MIB = 1 << 20


class Played:
    """Plays lsblk, pvs and vgcreate; runs wipefs."""

    def __init__(self, volumes: list[dict[str, str]] | None = None, **entry: Any) -> None:
        self.volumes = volumes or []
        self.entry = {"type": "disk", "ro": False, "mountpoints": [None], **entry}
        self.changes: list[list[str]] = []

    def __call__(self, command: list[str]) -> str:
        if command[0] == "lsblk":
            return json.dumps({"blockdevices": [{"name": command[-1], **self.entry}]})
        if command[0] == "pvs":
            return json.dumps({"report": [{"pv": self.volumes}]})
        if command[0] == "wipefs":
            return run_program(command)
        self.changes.append(command)
        return ""


@pytest.fixture(autouse=True)
def lvm_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(storage_disks.shutil, "which", lambda name: f"/sbin/{name}")


@pytest.fixture
def disk(tmp_path: Path) -> Path:
    """A file in place of a disk, and a link that names it."""
    device = tmp_path / "device"
    with device.open("wb") as stream:
        stream.truncate(16 * MIB)
    link = tmp_path / "by-id"
    link.symlink_to(device)
    return link


def asked(*disks: Path, **changes: Any) -> dict[str, Any]:
    # A file cannot have a name below /dev/disk.
    return {"name": "ssd", "disks": [str(path) for path in disks], "waived": ["disk-name-unstable"], **changes}


def test_check_mode_foretells_and_does_nothing(disk: Path) -> None:
    program = Played()
    foretold = run(asked(disk), check_mode=True, program=program)
    assert program.changes == []
    assert foretold.result["done"] == [f"create volume group ssd with {disk}"]
    assert run(asked(disk), check_mode=False, program=program) == foretold
    assert program.changes == [["vgcreate", "--addtag", "autotrade", "ssd", str(disk)]]


def test_a_second_run_changes_nothing(disk: Path) -> None:
    volume = {"pv_name": str(disk.resolve()), "vg_name": "ssd", "vg_tags": "autotrade"}
    program = Played([volume], children=[{"name": "/dev/mapper/ssd-pvc"}])
    ending = run(asked(disk), check_mode=False, program=program)
    assert (ending.result["changed"], ending.failed, program.changes) == (False, False, [])


@pytest.mark.parametrize("make", [["mkswap"], ["mkfs.ext4", "-q"]])
def test_a_disk_with_content_is_refused_and_left_as_it_is(disk: Path, make: list[str]) -> None:
    subprocess.run([*make, str(disk.resolve())], check=True, capture_output=True)
    before = disk.read_bytes()
    program = Played()
    ending = run(asked(disk), check_mode=False, program=program)
    assert ending.failed
    assert "disk-not-empty" in ending.result["msg"]
    assert "wipes nothing" in ending.result["msg"]
    assert (program.changes, disk.read_bytes() == before) == ([], True)


def test_one_bad_disk_keeps_the_good_one_untouched(disk: Path, tmp_path: Path) -> None:
    program = Played()
    ending = run(asked(disk, tmp_path / "nothing"), check_mode=False, program=program)
    assert ending.failed
    assert program.changes == []


@pytest.mark.parametrize("entry", [{"mountpoints": ["/srv"]}, {"children": [{"name": "/dev/sdb1"}]}])
def test_a_disk_in_use_is_refused(disk: Path, entry: dict[str, Any]) -> None:
    assert "disk-in-use" in run(asked(disk), check_mode=False, program=Played(**entry)).result["msg"]


def test_a_host_without_lvm_has_no_group(disk: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(storage_disks.shutil, "which", lambda _name: None)
    assert run(asked(disk), check_mode=True, program=Played([{"never": "asked"}])).result["changed"]


def test_a_program_that_fails_or_is_missing_is_named() -> None:
    with pytest.raises(DiskError, match=r"wipefs --no-act /nonexistent: exit status 1"):
        run_program(["wipefs", "--no-act", "/nonexistent"])
    with pytest.raises(DiskError, match=r"no-such-program: .*Install its package"):
        run_program(["no-such-program"])
