# Copyright (c) autotrade.deployment engineers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The store's index: what lies where, and whether an entry is still what the lock wants."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, fields

from ansible_collections.autotrade.deployment.plugins.module_utils.core.supply import (
    Kind,
)
from ansible_collections.autotrade.deployment.plugins.module_utils.core.supply_plan import (
    Step,
)

FORMAT = 1
INDEX = "index.json"


@dataclass(frozen=True)
class Entry:
    """One artifact in the store.

    ``inputs`` hashes what it was made from; ``mtime_ns`` and ``size`` tell cheaply of changes; ``digest`` is that of an image's
    manifest, by which pods name it.
    """

    name: str
    kind: str
    version: str
    arch: str
    source: str
    path: str
    sha256: str
    size: int
    mtime_ns: int
    inputs: str
    toolchain: str
    digest: str = ""

    @property
    def key(self) -> tuple[str, str, str]:
        """Name, version and architecture: unique in a store."""
        return (self.name, self.version, self.arch)


_FIELDS = tuple(field.name for field in fields(Entry))
Index = Mapping[tuple[str, str, str], Entry]


def parse_index(text: str) -> dict[tuple[str, str, str], Entry]:
    """Read an index; one that cannot be read counts as empty, because every file can be checked and entered again."""
    try:
        document = json.loads(text)
        entries = document["artifacts"] if document.get("format") == FORMAT else []
        found = [Entry(**{name: entry[name] for name in _FIELDS if name in entry}) for entry in entries]
    except (ValueError, KeyError, TypeError, AttributeError):
        return {}
    return {entry.key: entry for entry in found}


def render_index(entries: Iterable[Entry]) -> str:
    """The index as stable JSON."""
    ordered = [asdict(entry) for entry in sorted(entries, key=lambda entry: entry.key)]
    return json.dumps({"format": FORMAT, "artifacts": ordered}, indent=2) + "\n"


def stored_path(step: Step) -> str:
    """Where the artifact lies below the store: one directory per version and architecture."""
    name, version = step.artifact.name, step.version
    if step.artifact.kind is Kind.BUNDLE:
        return f"bundles/{name}/{version}/{name}.yaml"
    if step.artifact.kind is Kind.IMAGE:
        return f"images/{name}/{version}/{step.arch}/{name}.tar"
    return f"binaries/{name}/{version}/{step.arch}/{name}"


def link_path(step: Step, host_arch: str) -> str:
    """The short way to the version in use; empty for a program or an image of another architecture than this host's.

    ``bin/<name>``, ``images/<name>.tar``, ``bundles/<name>.yaml``.
    """
    name = step.artifact.name
    if step.artifact.kind is Kind.BUNDLE:
        return f"bundles/{name}.yaml"
    if step.arch != host_arch:
        return ""
    return f"images/{name}.tar" if step.artifact.kind is Kind.IMAGE else f"bin/{name}"


def is_current(entry: Entry | None, step: Step, inputs: str, toolchain: str | None) -> bool:
    """True when the entry was made from the inputs of the lock.

    :param toolchain: the Go toolchain in reach; None where there is none: a store filled elsewhere is then as good.
    """
    if entry is None or entry.inputs != inputs or entry.source != step.source.value:
        return False
    return not entry.toolchain or toolchain is None or entry.toolchain == toolchain
