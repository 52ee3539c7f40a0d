# Copyright (c) autotrade.deployment engineers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Refreshing the lock: what a project's checksum file, or a registry's index, says, and what may be written down from it."""

from __future__ import annotations

import json
import posixpath
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import Enum
from urllib.parse import urlsplit

from ansible_collections.autotrade.deployment.plugins.module_utils.core.supply import (
    Artifact,
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
    MISSING = "not published there"
    UNREACHABLE = "not reachable"


#: The lock holds, or now holds, what the project publishes, or the project publishes nothing that could be held.
GOOD = (Outcome.FILLED, Outcome.UNCHANGED, Outcome.REPLACED, Outcome.UNPUBLISHED)


@dataclass(frozen=True)
class Target:
    """One checksum of the lock, the file that it is of, and where the project publishes it (empty: nowhere).

    For the digest of an image both are its reference, and ``image`` is true.
    """

    name: str
    arch: str
    url: str
    checksums: str
    current: str
    image: bool = False


@dataclass(frozen=True)
class Edit:
    """Put ``text`` in place of the characters ``start`` to ``end``."""

    start: int
    end: int
    text: str


def targets(lock: Lock, names: Iterable[str] = ()) -> tuple[Target, ...]:
    """Every release checksum and every digest of the lock, or of the named entries."""
    wanted = set(names)
    return tuple(
        target
        for artifact in lock.artifacts
        if not wanted or artifact.name in wanted
        for target in (*_checksums(lock, artifact), *_digests(lock, artifact))
    )


def _checksums(lock: Lock, artifact: Artifact) -> Iterator[Target]:
    release = artifact.release
    if release is None:
        return
    for arch, current in release.sha256.items():
        url, checksums = (fill_in(template, lock, artifact, arch) for template in (release.url, release.checksums))
        yield Target(artifact.name, arch, url, checksums, current)


def _digests(lock: Lock, artifact: Artifact) -> Iterator[Target]:
    image = artifact.image
    if image is None:
        return
    for arch, current in image.digest.items():
        reference = fill_in(image.reference, lock, artifact, arch)
        yield Target(artifact.name, arch, reference, reference, current, image=True)


def published_digest(text: str, arch: str) -> str | None:
    """The digest that an image's index gives for the manifest of a Linux on ``arch``.

    None where the text is no index, as for an image that was made for one architecture only, or names none or two.
    """
    try:
        platforms = [(entry["platform"], entry["digest"]) for entry in json.loads(text)["manifests"]]
        found = {str(digest) for platform, digest in platforms if (platform["os"], platform["architecture"]) == ("linux", arch)}
    except (ValueError, KeyError, TypeError):
        return None
    return found.pop() if len(found) == 1 else None


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
