# Copyright (c) autotrade.deployment engineers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""File work of the artifact store: locks, checksums, atomic publishing, space and ELF headers."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import hashlib
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from ansible_collections.autotrade.deployment.plugins.module_utils.core.supply import (
    ELF_MACHINES,
    Problem,
    SupplyError,
)

_BLOCK = 1 << 20
_LOCK_POLL = 0.2
#: Room left free beside what is about to be written.
HEADROOM = 64 * 1_000_000
_NO_SPACE = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


def sha256_of(path: Path) -> str:
    """SHA-256 of a file, in hex."""
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        while block := stream.read(_BLOCK):
            digest.update(block)
    return digest.hexdigest()


@contextlib.contextmanager
def locked(path: Path, on_wait: Callable[[], None]) -> Iterator[None]:
    """Hold the lock file ``path``; the kernel lets go of it when its holder dies, however it dies.

    :param on_wait: called once when another process holds it.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a") as stream:
        told = False
        while not _try_lock(stream.fileno()):
            if not told:
                on_wait()
                told = True
            time.sleep(_LOCK_POLL)
        yield


def _try_lock(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


@contextlib.contextmanager
def work_directory(parent: Path, name: str) -> Iterator[Path]:
    """A fresh directory for one piece of work; what a killed run left under the same name goes first.

    The caller holds the lock of ``name``, so nobody else works there.
    """
    parent.mkdir(parents=True, exist_ok=True)
    for stale in parent.glob(f"{name}.*"):
        shutil.rmtree(stale, ignore_errors=True)
    path = Path(tempfile.mkdtemp(prefix=f"{name}.", dir=parent))
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)


def publish(source: Path, target: Path, mode: int) -> None:
    """Put a finished file in place in one step: readers see the old file or the whole new one, never a part.

    Hard links are used where both lie on one file system, so that a store beside the cache costs no space twice.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(prefix=f".{target.name}.", dir=target.parent)
    os.close(descriptor)
    temporary = Path(name)
    try:
        _link_or_copy(source, temporary)
        temporary.chmod(mode)
        _sync(temporary)
        temporary.replace(target)
    finally:
        temporary.unlink(missing_ok=True)


def publish_text(text: str, target: Path) -> None:
    """Write a small file (mode 0644) in one step."""
    target.parent.mkdir(parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(prefix=f".{target.name}.", dir=target.parent)
    temporary = Path(name)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
            stream.write(text)
        temporary.chmod(0o644)
        _sync(temporary)
        temporary.replace(target)
    finally:
        temporary.unlink(missing_ok=True)


def link_to(link: Path, target: Path) -> bool:
    """Make ``link`` a relative symbolic link to ``target``; True when that changed it."""
    wanted = os.path.relpath(target, link.parent)
    if link.is_symlink() and str(link.readlink()) == wanted:
        return False
    link.parent.mkdir(parents=True, exist_ok=True)
    temporary = link.with_name(f".{link.name}.{os.getpid()}")
    temporary.unlink(missing_ok=True)
    temporary.symlink_to(wanted)
    temporary.replace(link)
    return True


def _link_or_copy(source: Path, temporary: Path) -> None:
    temporary.unlink()
    try:
        os.link(source, temporary)
    except OSError:
        shutil.copyfile(source, temporary)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def check_space(directory: Path, needed: int, setting: str) -> None:
    """Refuse to begin what cannot end.

    :param needed: bytes to be written.
    :raises SupplyError: when the file system of ``directory`` has less than that and some headroom.
    """
    place = _nearest_existing(directory)
    free = shutil.disk_usage(place).free
    if free < needed + HEADROOM:
        raise no_space(directory, setting, f"{free // 1_000_000} MB free", f"at least {(needed + HEADROOM) // 1_000_000} MB")


def no_space(directory: Path, setting: str, found: str = "no space left", expected: str = "enough space") -> SupplyError:
    """The refusal for a full disk."""
    return SupplyError(Problem(str(directory), found, expected, f"Free some space there, or name another place by {setting}."))


@contextlib.contextmanager
def full_disk_named(directory: Path, setting: str) -> Iterator[None]:
    """Turn a full disk or quota into a refusal that names the place and the setting."""
    try:
        yield
    except OSError as error:
        if error.errno in _NO_SPACE:
            raise no_space(directory, setting, error.strerror or "no space left") from error
        raise


def _nearest_existing(path: Path) -> Path:
    return next(place for place in (path, *path.parents) if place.exists())


def check_elf(path: Path, arch: str, label: str) -> None:
    """Make sure that ``path`` is a 64-bit little-endian ELF program for ``arch``.

    :raises SupplyError: when it is for another machine, or no ELF file at all.
    """
    with path.open("rb") as stream:
        header = stream.read(20)
    is_elf = header[:4] == b"\x7fELF" and header[4:6] == b"\x02\x01" and len(header) == 20  # noqa: PLR2004
    machine = int.from_bytes(header[18:20], "little") if is_elf else 0
    if machine == ELF_MACHINES[arch]:
        return
    names = {number: name for name, number in ELF_MACHINES.items()}
    found = f"an ELF program for {names.get(machine, f'machine {machine}')}" if is_elf else "a file that is no 64-bit ELF program"
    raise SupplyError(
        Problem(label, found, f"an ELF program for {arch}", "Correct the source of this architecture in the lock file.")
    )
