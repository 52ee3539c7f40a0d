"""A disk that is anybody's is refused; one that is ours is left alone; nothing that is done could wipe one."""

from __future__ import annotations

from dataclasses import replace

import pytest
from ansible_collections.autotrade.deployment.plugins.module_utils.core.host_findings import ERROR, WARNING
from ansible_collections.autotrade.deployment.plugins.module_utils.core.storage_disks import (
    Disk,
    DiskFacts,
    Group,
    findings,
    plan,
)
from hypothesis import given
from hypothesis import strategies as st

A = Disk("/dev/disk/by-id/nvme-a", device="/dev/nvme0n1")
B = Disk("/dev/disk/by-id/nvme-b", device="/dev/nvme1n1")
OURS = replace(A, signatures=("LVM2_member",), users=("/dev/mapper/ssd-pvc1",), group="ssd")
GROUP = Group(frozenset({A.device}), frozenset({"autotrade"}))


def ids(*disks: Disk, **groups: Group) -> list[str]:
    return [finding.id for finding in findings("ssd", DiskFacts(disks, groups))]


def test_empty_disks_become_a_group() -> None:
    facts = DiskFacts((A, B), {})
    assert findings("ssd", facts) == []
    assert plan("ssd", facts).command() == ["vgcreate", "--addtag", "autotrade", "ssd", A.path, B.path]
    assert plan("ssd", facts).line() == f"create volume group ssd with {A.path}, {B.path}"


def test_a_group_that_is_right_is_left_alone() -> None:
    facts = DiskFacts((OURS,), {"ssd": GROUP})
    assert findings("ssd", facts) == []
    assert plan("ssd", facts).line() == ""


def test_a_new_disk_is_added_and_none_is_taken_out() -> None:
    facts = DiskFacts((OURS, B), {"ssd": GROUP})
    assert plan("ssd", facts).command() == ["vgextend", "ssd", B.path]
    (finding,) = findings("ssd", DiskFacts((), {"ssd": GROUP}))
    assert (finding.id, finding.level) == ("group-has-more", WARNING)
    assert plan("ssd", DiskFacts((), {"ssd": GROUP})).paths == ()


@pytest.mark.parametrize(
    ("name", "disk"),
    [
        ("disk-name-unstable", replace(A, path="/dev/sdb")),
        ("disk-missing", replace(A, device="")),
        ("disk-not-whole", replace(A, kind="part")),
        ("disk-read-only", replace(A, read_only=True)),
        ("disk-in-use", replace(A, users=("/srv",))),
        ("disk-in-use", replace(A, users=("/dev/nvme0n1p1",))),
        ("disk-not-empty", replace(A, signatures=("ext4",))),
        ("disk-not-empty", replace(A, signatures=("gpt", "PMBR"))),
        ("disk-not-empty", replace(A, signatures=("LVM2_member",))),
        ("disk-not-empty", replace(A, signatures=("drbd",))),
        ("disk-of-another-group", replace(A, signatures=("LVM2_member",), group="root")),
    ],
)
def test_each_reason_to_keep_off_is_found_alone(name: str, disk: Disk) -> None:
    (finding,) = findings("ssd", DiskFacts((disk,), {}))
    assert (finding.id, finding.level) == (name, ERROR)
    assert finding.measured
    assert finding.wanted
    assert finding.fix.endswith(".")
    assert finding.source


def test_two_names_of_one_disk_are_seen() -> None:
    assert ids(A, replace(B, device=A.device)) == ["disk-twice"]


def test_a_group_of_that_name_that_somebody_else_made_is_refused() -> None:
    assert ids(OURS, ssd=replace(GROUP, tags=frozenset())) == ["group-not-ours"]


def test_everything_is_told_at_once() -> None:
    assert ids(replace(A, signatures=("ext4",), users=("/srv",)), replace(B, path="/dev/sdb"), Disk("/dev/sdz")) == [
        "disk-in-use",
        "disk-not-empty",
        "disk-name-unstable",
        "disk-name-unstable",
        "disk-missing",
    ]


DISKS = st.builds(
    Disk,
    path=st.sampled_from([A.path, B.path, "/dev/sdb"]),
    device=st.sampled_from(["", "/dev/a", "/dev/b"]),
    kind=st.sampled_from(["disk", "part", "lvm"]),
    read_only=st.booleans(),
    users=st.sampled_from([(), ("/srv",)]),
    signatures=st.sampled_from([(), ("ext4",), ("LVM2_member",)]),
    group=st.sampled_from(["", "ssd", "root"]),
)


@given(st.lists(DISKS, max_size=3))
def test_a_disk_that_is_touched_without_an_error_is_free_whole_and_empty(disks: list[Disk]) -> None:
    groups = {"ssd": GROUP} if any(disk.group == "ssd" for disk in disks) else {}
    facts = DiskFacts(tuple(disks), groups)
    if any(finding.level == ERROR for finding in findings("ssd", facts)):
        return
    touched = [disk for disk in disks if disk.path in plan("ssd", facts).paths and disk.group != "ssd"]
    assert all(
        disk.device and disk.kind == "disk" and not (disk.read_only or disk.users or disk.signatures or disk.group)
        for disk in touched
    )
    assert not {"--yes", "-y", "--force", "-f"} & set(plan("ssd", facts).command())
