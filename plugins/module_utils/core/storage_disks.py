# Copyright (c) autotrade.deployment engineers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Which disks of a host may become a volume group, and which are somebody else's. Nothing here, or after it, wipes a disk."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from ansible_collections.autotrade.deployment.plugins.module_utils.core.host_findings import ERROR, WARNING, Finding

#: Marks a volume group as made by this collection (lvm's own tags, vgcreate(8) --addtag).
TAG = "autotrade"
#: Names that stay with a disk; /dev/sdb may be another one after the next start.
STABLE = ("/dev/disk/by-id/", "/dev/disk/by-path/")
WHOLE = ("disk", "mpath", "raid0", "raid1", "raid10")
PHYSICAL_VOLUME = "LVM2_member"
GROUP_SOURCE = "vgcreate(8)"
DISK_SOURCE = "lsblk(8)"
SIGNATURE_SOURCE = "wipefs(8)"
NAME_SOURCE = "udev(7)"


class DiskError(Exception):
    """What could not be brought about on this host's disks."""


@dataclass(frozen=True)
class Disk:
    """What lies at a path. ``device`` is what it leads to, empty where nothing does.

    ``users`` are partitions, holders and mounts; ``signatures`` are kinds of content such as ``ext4``; ``group`` is the volume
    group of the disk.
    """

    path: str
    device: str = ""
    kind: str = "disk"
    read_only: bool = False
    users: tuple[str, ...] = ()
    signatures: tuple[str, ...] = ()
    group: str = ""


@dataclass(frozen=True)
class Group:
    """A volume group: the disks in it by their devices, and its tags."""

    devices: frozenset[str]
    tags: frozenset[str]


@dataclass(frozen=True)
class DiskFacts:
    """What was seen of the disks that the inventory names, in its order, and of every volume group."""

    disks: tuple[Disk, ...]
    groups: Mapping[str, Group]


@dataclass(frozen=True)
class DiskPlan:
    """What is to be done: a group to create, or one to extend, with these paths; nothing where ``paths`` is empty."""

    name: str
    create: bool
    paths: tuple[str, ...]

    def line(self) -> str:
        """The plan for people."""
        verb = "create volume group" if self.create else "extend volume group"
        return f"{verb} {self.name} with {', '.join(self.paths)}" if self.paths else ""

    def command(self) -> list[str]:
        """The command that does it. Without --yes lvm asks before it overwrites anything, and nobody is there to answer."""
        return ["vgcreate", "--addtag", TAG, self.name, *self.paths] if self.create else ["vgextend", self.name, *self.paths]


def plan(name: str, facts: DiskFacts) -> DiskPlan:
    """What makes the disks a volume group called ``name``; only for facts without errors."""
    paths = tuple(disk.path for disk in facts.disks if disk.group != name)
    return DiskPlan(name, name not in facts.groups, paths)


def findings(name: str, facts: DiskFacts) -> list[Finding]:
    """Everything that speaks against it."""
    found = [finding for disk in facts.disks for rule in _RULES for finding in rule(name, disk)]
    return [*found, *_twice(facts.disks), *_group(name, facts)]


def _name(_name: str, disk: Disk) -> Iterator[Finding]:
    if not disk.path.startswith(STABLE):
        fix = "Name the disk by its link in /dev/disk/by-id in storage_node_volume_groups."
        yield Finding("disk-name-unstable", ERROR, disk.path, f"a name below {' or '.join(STABLE)}", fix, NAME_SOURCE)


def _presence(_name: str, disk: Disk) -> Iterator[Finding]:
    if not disk.device:
        fix = "Correct storage_node_volume_groups, or connect the disk."
        yield Finding("disk-missing", ERROR, f"nothing at {disk.path}", "a disk", fix, DISK_SOURCE)
    elif disk.kind not in WHOLE:
        fix = "Name a whole disk in storage_node_volume_groups."
        yield Finding("disk-not-whole", ERROR, f"{disk.path} is of type {disk.kind}", "a whole disk", fix, DISK_SOURCE)
    if disk.read_only:
        yield Finding("disk-read-only", ERROR, f"{disk.path} is read-only", "one to write to", "Unlock the disk.", DISK_SOURCE)


def _use(name: str, disk: Disk) -> Iterator[Finding]:
    if disk.group == name:
        return
    if disk.group:
        fix = f"Take the disk out of {disk.group} (vgreduce, pvremove) if nobody needs what is on it."
        measured = f"{disk.path} belongs to volume group {disk.group}"
        yield Finding("disk-of-another-group", ERROR, measured, f"a free disk, or one of {name}", fix, GROUP_SOURCE)
    elif disk.users:
        fix = "Choose another disk in storage_node_volume_groups, or free this one."
        measured = f"{disk.path} is used by {', '.join(disk.users)}"
        yield Finding("disk-in-use", ERROR, measured, "nothing that uses it", fix, DISK_SOURCE)
    foreign = [kind for kind in disk.signatures if kind != PHYSICAL_VOLUME or not disk.group]
    if foreign:
        fix = f"If nobody needs what is on it: wipefs --all {disk.path}, by hand. This collection wipes nothing."
        measured = f"{disk.path} holds {', '.join(foreign)}"
        yield Finding("disk-not-empty", ERROR, measured, "an empty disk", fix, SIGNATURE_SOURCE)


def _twice(disks: Sequence[Disk]) -> Iterator[Finding]:
    counts = Counter(disk.device for disk in disks if disk.device)
    for device, count in counts.items():
        if count > 1:
            paths = ", ".join(disk.path for disk in disks if disk.device == device)
            fix = "Name each disk once in storage_node_volume_groups."
            yield Finding("disk-twice", ERROR, f"{paths} are all {device}", "different disks", fix, DISK_SOURCE)


def _group(name: str, facts: DiskFacts) -> Iterator[Finding]:
    group = facts.groups.get(name)
    if group is None:
        return
    if TAG not in group.tags:
        fix = f"Choose another name, or hand the group over: vgchange --addtag {TAG} {name}."
        measured = f"a volume group {name} that this collection did not make"
        yield Finding("group-not-ours", ERROR, measured, f"none, or one with the tag {TAG}", fix, GROUP_SOURCE)
    unnamed = sorted(group.devices - {disk.device for disk in facts.disks})
    if unnamed:
        fix = "Nothing is taken out of a group; name them in storage_node_volume_groups to see this no more."
        measured = f"{', '.join(unnamed)} in {name}, which the inventory does not name"
        yield Finding("group-has-more", WARNING, measured, "the inventory's disks", fix, GROUP_SOURCE)


_RULES: tuple[Callable[[str, Disk], Iterator[Finding]], ...] = (_name, _presence, _use)
