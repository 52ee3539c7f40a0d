# Copyright (c) autotrade.deployment engineers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What labs need of the machine underneath, noted before it is changed and given back with the last lab."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

#: Every host's systemd, kubelet and containerd watch files, and all share the machine's one allowance.
LIMITS = {"fs/inotify/max_user_instances": 8192, "fs/inotify/max_user_watches": 1_048_576}
_SYSCTL, _CGROUPS = Path("/proc/sys"), Path("/sys/fs/cgroup")
#: Cgroups that hosts and podman make at the root of a hierarchy and that nobody removes with the hosts.
_LEFT_BEHIND = ("kubepods", "libpod_parent")
_NOTE = "machine.json"


def lines_to_raise() -> list[str]:
    """The limits that are too low, for people."""
    return [f"raise {name.replace('/', '.')} to {least}" for name, least in LIMITS.items() if _value(name) < least]


def prepare(root: Path) -> None:
    """Raise what is too low. ``root`` is the directory of all labs of this user, where the old values are kept."""
    note = root / _NOTE
    if not note.exists():
        root.mkdir(mode=0o700, parents=True, exist_ok=True)
        before = {"limits": {name: _value(name) for name in LIMITS}, "cgroups": sorted(map(str, _tops()))}
        draft = note.with_suffix(".new")
        draft.write_text(json.dumps(before), encoding="utf-8")
        draft.replace(note)
    for name, least in LIMITS.items():
        if _value(name) < least:
            (_SYSCTL / name).write_text(str(least), encoding="ascii")


def give_back(root: Path) -> None:
    """With the last lab gone, set the limits back and remove the cgroups that its hosts left."""
    note = root / _NOTE
    if not note.exists() or any(path.is_dir() for path in root.iterdir()):
        return
    before: dict[str, Any] = json.loads(note.read_text(encoding="utf-8"))
    for name, value in before["limits"].items():
        (_SYSCTL / name).write_text(str(value), encoding="ascii")
    for top in _tops():
        if str(top) not in before["cgroups"]:
            _remove_empty(top)
    note.unlink()


def _value(name: str) -> int:
    return int((_SYSCTL / name).read_text(encoding="ascii"))


def _tops() -> Iterator[Path]:
    hierarchies = [_CGROUPS, *(path for path in _CGROUPS.iterdir() if path.is_dir() and not path.is_symlink())]
    return (path for hierarchy in hierarchies for name in _LEFT_BEHIND if (path := hierarchy / name).is_dir())


def _remove_empty(top: Path) -> None:
    """Remove a tree of cgroups from below; one with a process in it stays, because the kernel refuses."""
    for path in sorted((path for path in top.rglob("*") if path.is_dir()), reverse=True):
        _rmdir(path)
    _rmdir(top)


def _rmdir(path: Path) -> None:
    try:
        path.rmdir()
    except OSError:
        return
