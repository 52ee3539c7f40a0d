# Copyright (c) autotrade.deployment engineers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Refreshing the lock: what a project's published checksum file says, and what may be written down from it."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum
from urllib.parse import urlsplit

from ansible_collections.autotrade.deployment.plugins.module_utils.core.supply import (
    Lock,
    fill_in,
)

_HEX = r"[0-9a-fA-F]{64}"
_BARE = re.compile(_HEX)
_GNU = re.compile(rf"({_HEX})[ \t]+\*?(\S.*)")
_BSD = re.compile(rf"SHA256 \((.+)\) = ({_HEX})")


class Outcome(str, Enum):
    """What became of one checksum."""

    FILLED = "filled"
    UNCHANGED = "unchanged"
    REPLACED = "replaced"
    DIFFERS = "differs"
    UNPUBLISHED = "no checksum file"
    MISSING = "not in the checksum file"
    UNREACHABLE = "not reachable"


#: The lock holds, or now holds, what the project publishes, or the project publishes nothing that could be held.
GOOD = (Outcome.FILLED, Outcome.UNCHANGED, Outcome.REPLACED, Outcome.UNPUBLISHED)


@dataclass(frozen=True)
class Target:
    """One checksum of the lock, the file that it is of, and where the project publishes it (empty: nowhere)."""

    name: str
    arch: str
    url: str
    checksums: str
    current: str


@dataclass(frozen=True)
class Edit:
    """Put ``text`` in place of the characters ``start`` to ``end``."""

    start: int
    end: int
    text: str


def targets(lock: Lock, names: Iterable[str] = ()) -> tuple[Target, ...]:
    """Every release checksum of the lock, or of the named entries."""
    wanted = set(names)
    return tuple(
        Target(
            name=artifact.name,
            arch=arch,
            url=fill_in(artifact.release.url, lock, artifact, arch),
            checksums=fill_in(artifact.release.checksums, lock, artifact, arch),
            current=current,
        )
        for artifact in lock.artifacts
        if artifact.release and (not wanted or artifact.name in wanted)
        for arch, current in artifact.release.sha256.items()
    )


def published_sha256(text: str, url: str) -> str | None:
    """The checksum that a checksum file gives for the file at ``url``, in lower case.

    Understands a bare checksum, the lines of ``sha256sum`` (plain and binary) and BSD's ``SHA256 (name) = ...``. A bare
    checksum counts only when the file holds nothing else; None where the file says nothing, or two things.
    """
    wanted = posixpath.basename(urlsplit(url).path)
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    if len(lines) == 1 and _BARE.fullmatch(lines[0]):
        return lines[0].lower()
    pairs = [(m[2], m[1]) for line in lines if (m := _GNU.fullmatch(line))]
    pairs += [(m[1], m[2]) for line in lines if (m := _BSD.fullmatch(line))]
    found = {sha256.lower() for name, sha256 in pairs if posixpath.basename(name.strip()) == wanted}
    return found.pop() if len(found) == 1 else None


def judge(current: str, published: str | None, replace: bool) -> Outcome:
    """What to do with a published checksum. The same version with another checksum is an alarm, not news."""
    if published is None:
        return Outcome.MISSING
    if not current:
        return Outcome.FILLED
    if current == published:
        return Outcome.UNCHANGED
    return Outcome.REPLACED if replace else Outcome.DIFFERS


def apply_edits(text: str, edits: Iterable[Edit]) -> str:
    """The text with all edits made; everything else stays as it is, comments included."""
    for edit in sorted(edits, key=lambda edit: edit.start, reverse=True):
        text = text[: edit.start] + edit.text + text[edit.end :]
    return text
