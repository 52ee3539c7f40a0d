# Copyright (c) autotrade.deployment engineers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The store and the cache on disk."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from ansible_collections.autotrade.deployment.plugins.module_utils.core.supply import (
    Kind,
)
from ansible_collections.autotrade.deployment.plugins.module_utils.core.supply_index import (
    INDEX,
    Entry,
    link_path,
    parse_index,
    render_index,
    stored_path,
)
from ansible_collections.autotrade.deployment.plugins.module_utils.core.supply_plan import (
    Step,
)
from ansible_collections.autotrade.deployment.plugins.module_utils.edge.supply_files import (
    full_disk_named,
    link_to,
    locked,
    publish,
    publish_text,
    sha256_of,
)

_PROGRAM, _DATA = 0o555, 0o444
_RECORD = "record.json"


def mode_of(step: Step) -> int:
    """The file mode of the artifact: nobody edits what a checksum vouches for."""
    return _PROGRAM if step.artifact.kind is Kind.BINARY else _DATA


@dataclass(frozen=True)
class Product:
    """A finished file in the cache; ``digest`` is that of an image's manifest, ``made`` tells that this run made it."""

    file: Path
    sha256: str
    digest: str
    made: bool


@dataclass(frozen=True)
class Store:
    """The directory from which hosts install."""

    root: Path

    def index(self) -> dict[tuple[str, str, str], Entry]:
        """The index on disk; empty where there is none."""
        try:
            return parse_index((self.root / INDEX).read_text(encoding="utf-8"))
        except FileNotFoundError:
            return {}

    def intact(self, entry: Entry) -> bool:
        """True when the file is the one that was entered: same size and time, or else the same content."""
        try:
            state = (self.root / entry.path).stat()
        except FileNotFoundError:
            return False
        if (state.st_size, state.st_mtime_ns) == (entry.size, entry.mtime_ns):
            return True
        return state.st_size == entry.size and sha256_of(self.root / entry.path) == entry.sha256

    def put(self, step: Step, product: Product, inputs: str, toolchain: str) -> Entry:
        """Publish the finished file and enter it in the index."""
        path = stored_path(step)
        with full_disk_named(self.root, "artifact_store_dir"):
            publish(product.file, self.root / path, mode_of(step))
            state = (self.root / path).stat()
            entry = Entry(
                name=step.artifact.name, kind=step.artifact.kind.value, version=step.version, arch=step.arch,
                source=step.source.value, path=path, sha256=product.sha256, size=state.st_size, mtime_ns=state.st_mtime_ns,
                inputs=inputs, toolchain=toolchain, digest=product.digest,
            )  # fmt: skip
            self._enter(entry)
        return entry

    def refresh(self, entries: Iterable[Entry]) -> None:
        """Remember the new times of files whose content was found right, so that the next look is cheap again."""
        for entry in entries:
            mtime_ns = (self.root / entry.path).stat().st_mtime_ns
            if mtime_ns != entry.mtime_ns and os.access(self.root, os.W_OK):
                self._enter(dataclasses.replace(entry, mtime_ns=mtime_ns))

    def linked(self, step: Step, host_arch: str) -> bool:
        """True when the short way leads to this version."""
        link = link_path(step, host_arch)
        return not link or (self.root / link).resolve() == (self.root / stored_path(step)).resolve()

    def link(self, step: Step, host_arch: str) -> bool:
        """Make the short way lead to this version; True when it did not before."""
        link = link_path(step, host_arch)
        return bool(link) and link_to(self.root / link, self.root / stored_path(step))

    def _enter(self, entry: Entry) -> None:
        with locked(self.root / ".index.lock", lambda: None):
            publish_text(render_index((self.index() | {entry.key: entry}).values()), self.root / INDEX)


@dataclass(frozen=True)
class Cache:
    """Finished builds and downloads by the hash of their inputs; shared by checkouts, safe for several runs at once."""

    root: Path

    @property
    def downloads(self) -> Path:
        """Where downloads lie, finished or in part."""
        return self.root / "downloads"

    @property
    def work(self) -> Path:
        """Where builds are under way."""
        return self.root / "work"

    def hold(self, key: str, on_wait: Callable[[], None]) -> contextlib.AbstractContextManager[None]:
        """Only one run at a time works on ``key``."""
        return locked(self.root / "locks" / f"{key}.lock", on_wait)

    def has(self, key: str) -> bool:
        """True when a finished result is there (its content is checked when it is taken)."""
        return (self.root / "results" / key / _RECORD).exists()

    def take(self, key: str, name: str) -> tuple[Path, str] | None:
        """The file and its sha256, if it is there and unharmed."""
        directory = self.root / "results" / key
        try:
            sha256 = str(json.loads((directory / _RECORD).read_text(encoding="utf-8"))["sha256"])
            if sha256_of(directory / name) == sha256:
                return directory / name, sha256
        except (OSError, ValueError, KeyError, TypeError):
            pass
        return None

    def keep(self, key: str, name: str, file: Path, mode: int) -> tuple[Path, str]:
        """Keep a finished file; the record comes last, so that a result without one is no result."""
        directory = self.root / "results" / key
        publish(file, directory / name, mode)
        sha256 = sha256_of(directory / name)
        publish_text(json.dumps({"name": name, "sha256": sha256}) + "\n", directory / _RECORD)
        return directory / name, sha256

    def durations(self) -> dict[str, float]:
        """Seconds that earlier steps took on this machine."""
        try:
            found = json.loads((self.root / "durations.json").read_text(encoding="utf-8"))
            return {str(key): float(value) for key, value in found.items()}
        except (OSError, ValueError, TypeError, AttributeError):
            return {}

    def remember(self, key: str, seconds: float) -> None:
        """Note how long a step took, for the next estimate."""
        with locked(self.root / "locks" / "durations.lock", lambda: None):
            text = json.dumps(self.durations() | {key: round(seconds, 1)}, indent=2, sort_keys=True)
            publish_text(text + "\n", self.root / "durations.json")
