# Copyright (c) autotrade.deployment engineers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Prepared data for new simulated clusters: the data of etcd with every custom resource definition in it.

A hundred definitions take an API server longer than everything else together, and are the same each time.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
import signal
import tempfile
from collections.abc import Collection, Iterable, Iterator
from pathlib import Path

from ansible_collections.autotrade.deployment.plugins.module_utils.edge.simulated_state import write_private

FORMAT = "1"
#: Older ones are removed: each is about 100 MB.
KEPT = 3
ETCD = "etcd"
MARK = "bundles.json"

Kinds = Collection[tuple[str, str]]


def key_of(bundles: Iterable[Path], binaries: Iterable[Path], *settings: str) -> str:
    """Changes with the content of the bundles, with the programs, and with settings that reach etcd's data."""
    digest = hashlib.sha256()
    for part in (FORMAT, *settings):
        digest.update(part.encode() + b"\0")
    for binary in binaries:
        known = binary.stat()
        digest.update(f"{binary.name}:{known.st_size}:{known.st_mtime_ns}".encode() + b"\0")
    for bundle in bundles:
        digest.update(hashlib.sha256(bundle.read_bytes()).digest())
    return digest.hexdigest()[:32]


class Bundles:
    """What one cluster knows of its bundles, and the prepared data that it shares with the others of this user."""

    def __init__(self, directory: Path, cache: Path, key: str) -> None:
        self._mark = directory / MARK
        self._data = directory / ETCD
        self._cache = cache
        self._prepared = cache / key
        self._key = key

    def seed(self) -> None:
        """Lets a cluster that has no data start from the prepared data, where there is some."""
        if self._data.exists() or not self._prepared.is_dir():
            return
        shutil.copytree(self._prepared / ETCD, self._data)
        self._data.chmod(0o700)
        shutil.copy(self._prepared / MARK, self._mark)
        with contextlib.suppress(OSError):
            os.utime(self._prepared)

    def current(self, served: Kinds | None) -> bool:
        """True when the cluster has what the bundles hold; ``served`` None: as far as it is written down."""
        try:
            mark = json.loads(self._mark.read_text(encoding="utf-8"))
            kinds = {(str(version), str(kind)) for version, kind in mark["kinds"]}
        except (OSError, ValueError, KeyError, TypeError):
            return False
        return mark.get("key") == self._key and (served is None or kinds <= set(served))

    def remember(self, served: Kinds) -> None:
        """Writes down that the bundles were applied."""
        write_private(self._mark, json.dumps({"key": self._key, "kinds": sorted(served)}))

    def forget(self) -> None:
        self._mark.unlink(missing_ok=True)

    def keep(self, etcd_pid: int) -> None:
        """Keeps a copy of the running etcd's data for new clusters.

        The process stands still meanwhile, so the copy is what a crash would have left, which etcd is made to read.
        """
        if self._prepared.exists():
            return
        self._cache.mkdir(mode=0o700, parents=True, exist_ok=True)
        scratch = Path(tempfile.mkdtemp(prefix=".new-", dir=self._cache))
        try:
            with _standing_still(etcd_pid):
                shutil.copytree(self._data, scratch / ETCD)
            shutil.copy(self._mark, scratch / MARK)
            with contextlib.suppress(OSError):
                # Another run may have been first; its copy is as good.
                scratch.rename(self._prepared)
        finally:
            shutil.rmtree(scratch, ignore_errors=True)
        self._remove_old()

    def _remove_old(self) -> None:
        found = sorted((path for path in self._cache.iterdir() if path.is_dir() and not path.name.startswith(".")), key=_age)
        for path in found[:-KEPT]:
            shutil.rmtree(path, ignore_errors=True)


@contextlib.contextmanager
def _standing_still(pid: int) -> Iterator[None]:
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


def _age(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except OSError:
        return 0.0
