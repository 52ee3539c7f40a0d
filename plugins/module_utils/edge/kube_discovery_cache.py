# Copyright (c) autotrade.deployment engineers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A file per address with the kinds that are served there: ours alone, whole or not at all, and never a reason to fail."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import secrets
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ansible_collections.autotrade.deployment.plugins.module_utils.core.api_resources import ResourceTable, ResourceType
from ansible_collections.autotrade.deployment.plugins.module_utils.edge.clock import Clock

TTL_S = 600.0
PREFIX = "discovery-"
# Files of servers that are gone, and what a killed run left; no run looks at a file of that age.
OLD_S = 86_400.0
_PRIVATE_DIR, _PRIVATE_FILE, _OTHERS = 0o700, 0o600, 0o077
_READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK
_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


@dataclass(frozen=True)
class Kept:
    """What one server serves, and what it is recognized by.

    ``uid`` is that of its namespace kube-system (empty where it may not be seen), ``witnesses`` are UIDs of FlowSchemas that
    its answers carried; ``asked`` is when it last told everything, in seconds by the wall clock.
    """

    table: ResourceTable
    uid: str
    witnesses: frozenset[str]
    asked: float


class DiscoveryCache:
    """The file of one address. ``identity`` are the texts that tell it from every other.

    A file or folder that is a link, belongs to someone else or can be written by someone else is as good as none; so is one
    that cannot be read.
    """

    def __init__(self, folder: Path, identity: tuple[str, ...], clock: Clock) -> None:
        self._folder = folder
        self._name = f"{PREFIX}{hashlib.sha256(json.dumps(identity).encode()).hexdigest()[:32]}.json"
        self._clock = clock

    def now(self) -> float:
        return self._clock.now().timestamp()

    def read(self) -> Kept | None:
        """What is kept, or None where there is nothing that can be trusted or it is too old."""
        try:
            with _opened(self._folder) as folder:
                kept = _kept_of(json.loads(_content(folder, self._name)))
        except (OSError, ValueError, TypeError, KeyError, RecursionError):
            return None
        return kept if 0 <= self.now() - kept.asked <= TTL_S else None

    def write(self, kept: Kept) -> None:
        """Whole or not at all."""
        document = {"asked": kept.asked, "uid": kept.uid, "witnesses": sorted(kept.witnesses), "types": kept.table.dump()}
        with contextlib.suppress(OSError):
            self._folder.mkdir(parents=True, exist_ok=True, mode=_PRIVATE_DIR)
            with _opened(self._folder) as folder:
                os.fchmod(folder, _PRIVATE_DIR)
                _replace(folder, self._name, json.dumps(document))
                _sweep(folder, self.now())

    def forget(self) -> None:
        """Nothing is kept any more."""
        with contextlib.suppress(OSError), _opened(self._folder) as folder:
            os.unlink(self._name, dir_fd=folder)


def cache_folder() -> Path:
    """$XDG_CACHE_HOME/autotrade.deployment, by default below ~/.cache."""
    return Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache").expanduser() / "autotrade.deployment"


@contextlib.contextmanager
def _opened(folder: Path) -> Iterator[int]:
    """The folder as a descriptor, so that nobody can put another one in its place. Raises OSError unless it is ours."""
    descriptor = os.open(folder, _READ | os.O_DIRECTORY)
    try:
        status = os.fstat(descriptor)
        if status.st_uid != os.geteuid() or status.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
            raise PermissionError(f"{folder} can be written by others")
        yield descriptor
    finally:
        os.close(descriptor)


def _content(folder: int, name: str) -> str:
    with os.fdopen(os.open(name, _READ, dir_fd=folder), encoding="utf-8") as file:
        status = os.fstat(file.fileno())
        if not stat.S_ISREG(status.st_mode) or status.st_uid != os.geteuid() or status.st_mode & _OTHERS:
            raise PermissionError(f"{name} is not a file of ours alone")
        return file.read()


def _replace(folder: int, name: str, text: str) -> None:
    new = f"{name}.{os.getpid()}.{secrets.token_hex(4)}"
    try:
        with os.fdopen(os.open(new, _NEW, _PRIVATE_FILE, dir_fd=folder), "w", encoding="utf-8") as file:
            file.write(text)
        os.replace(new, name, src_dir_fd=folder, dst_dir_fd=folder)
    except OSError:
        with contextlib.suppress(OSError):
            os.unlink(new, dir_fd=folder)
        raise


def _sweep(folder: int, now: float) -> None:
    for name in os.listdir(folder):
        with contextlib.suppress(OSError):
            if name.startswith(PREFIX) and now - os.stat(name, dir_fd=folder, follow_symlinks=False).st_mtime > OLD_S:
                os.unlink(name, dir_fd=folder)


def _kept_of(document: dict[str, Any]) -> Kept:
    """Raises ValueError, TypeError or KeyError where the document is no record of ours."""
    uid, witnesses = document["uid"], document["witnesses"]
    if not all(isinstance(text, str) for text in (uid, *witnesses)):
        raise TypeError("no UIDs")
    return Kept(ResourceTable(map(_type_of, document["types"])), uid, frozenset(witnesses), float(document["asked"]))


def _type_of(entry: dict[str, Any]) -> ResourceType:
    found = ResourceType(**entry)
    texts = (found.group, found.version, found.kind, found.plural)
    if not all(isinstance(text, str) for text in texts) or not isinstance(found.namespaced, bool):
        raise TypeError(f"no kind: {entry}")
    return found
