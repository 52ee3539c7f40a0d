# Copyright (c) autotrade.deployment engineers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Tar files as streams of bytes that are the same on every machine: an image's layer, and the archive of an image layout."""

from __future__ import annotations

import hashlib
import tarfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from ansible_collections.autotrade.deployment.plugins.module_utils.core.supply import (
    Problem,
    SupplyError,
)
from ansible_collections.autotrade.deployment.plugins.module_utils.core.supply_image import (
    INDEX_FILE,
    LAYOUT,
    LAYOUT_FILE,
    Descriptor,
    Member,
    archived_digest,
    encode,
)

_BLOCK = 1 << 20
_DIRECTORY, _FILE = 0o755, 0o644
#: Two empty records end a tar file (POSIX.1-2001, pax).
_END = bytes(2 * tarfile.BLOCKSIZE)


@dataclass(frozen=True)
class Content:
    """Bytes that can be read more than once, and how many they are."""

    size: int
    chunks: Callable[[], Iterable[bytes]]


@dataclass(frozen=True)
class Blob:
    """A blob of an image layout: what is said of it and what it is."""

    descriptor: Descriptor
    content: Content


def of_bytes(content: bytes) -> Content:
    """Content in memory."""
    return Content(len(content), lambda: [content])


def of_file(path: Path) -> Content:
    """The content of a file."""
    return Content(path.stat().st_size, lambda: _read(path))


def measured(chunks: Iterable[bytes], media_type: str) -> Descriptor:
    """The descriptor of a stream."""
    digest, size = hashlib.sha256(), 0
    for chunk in chunks:
        digest.update(chunk)
        size += len(chunk)
    return Descriptor(media_type, f"sha256:{digest.hexdigest()}", size)


def layer_of(plan: Sequence[Member], files: Sequence[Content]) -> Iterator[bytes]:
    """The layer with this plan; ``files`` are the contents in the order of their places."""
    for member in plan:
        yield from _entry(member.path, member.mode, None if member.source is None else files[member.source])
    yield _END


def pack(target: Path, index: bytes, blobs: Iterable[Blob], where: str) -> None:
    """Write an image layout as one archive (image-layout.md).

    :raises SupplyError: when a blob is not what its descriptor says.
    """
    # Twins are allowed in a manifest: many images have the same empty layer twice.
    unique = {blob.descriptor.digest: blob for blob in blobs}
    with target.open("wb") as sink:
        sink.writelines(_archive(index, unique.values(), where))


def read_digest(archive: Path) -> str:
    """The digest of the image in an archive.

    :raises SupplyError: when it is cut, or no archive of one image.
    """
    try:
        with tarfile.open(archive) as content:
            index = content.extractfile(INDEX_FILE)
            digest = archived_digest(index.read() if index else b"")
    except (KeyError, tarfile.TarError):
        digest = ""
    if digest:
        return digest
    raise SupplyError(Problem(str(archive), f"no {INDEX_FILE} that names one image", "the archive of an image layout"))


def _archive(index: bytes, blobs: Iterable[Blob], where: str) -> Iterator[bytes]:
    yield from _entry(LAYOUT_FILE, _FILE, of_bytes(encode(LAYOUT)))
    yield from _entry(INDEX_FILE, _FILE, of_bytes(index))
    yield from _entry("blobs/", _DIRECTORY)
    yield from _entry("blobs/sha256/", _DIRECTORY)
    for blob in blobs:
        yield from _entry(blob.descriptor.path, _FILE, _proven(blob, where))
    yield _END


def _entry(name: str, mode: int, content: Content | None = None) -> Iterator[bytes]:
    """Header, content and padding. Owner, time and every other field are those of an empty header: 0."""
    header = tarfile.TarInfo(name)
    header.mode = mode
    header.type = tarfile.REGTYPE if content else tarfile.DIRTYPE
    header.size = content.size if content else 0
    yield header.tobuf(tarfile.PAX_FORMAT)
    if content:
        yield from content.chunks()
        yield bytes(-content.size % tarfile.BLOCKSIZE)


def _proven(blob: Blob, where: str) -> Content:
    """The content of the blob; reading it to its end raises when it is not what the descriptor says."""

    def chunks() -> Iterator[bytes]:
        digest, size = hashlib.sha256(), 0
        for chunk in blob.content.chunks():
            digest.update(chunk)
            size += len(chunk)
            yield chunk
        found = Descriptor(blob.descriptor.media_type, f"sha256:{digest.hexdigest()}", size)
        if found != blob.descriptor:
            raise SupplyError(_other_blob(found, blob.descriptor, where))

    return Content(blob.descriptor.size, chunks)


def _other_blob(found: Descriptor, expected: Descriptor, where: str) -> Problem:
    return Problem(
        where,
        f"a blob {found.digest} of {found.size} bytes",
        f"{expected.digest} of {expected.size} bytes",
        "Nothing was kept. Run again; if it stays so, find out who changes or cuts the image.",
    )


def _read(path: Path) -> Iterator[bytes]:
    with path.open("rb") as stream:
        while block := stream.read(_BLOCK):
            yield block
