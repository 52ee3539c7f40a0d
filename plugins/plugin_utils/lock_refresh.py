# Copyright (c) autotrade.deployment engineers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Command that fills the lock's checksums from the projects' own checksum files, where the internet is reachable.

Only those files, and for images the index of their registry, are believed: nothing is learned by downloading the artifact
itself. Comments and layout of the lock stay.
"""

from __future__ import annotations

import argparse
import contextlib
import sys
import urllib.error
from collections.abc import Callable, Sequence
from pathlib import Path

import yaml
from ansible.module_utils.urls import open_url
from ansible_collections.autotrade.deployment.plugins.module_utils.core.supply import (
    Problem,
    SupplyError,
    UnreachableError,
)
from ansible_collections.autotrade.deployment.plugins.module_utils.core.supply_lock import parse_lock
from ansible_collections.autotrade.deployment.plugins.module_utils.core.supply_refresh import (
    GOOD,
    Edit,
    Outcome,
    Target,
    apply_edits,
    judge,
    published_digest,
    published_sha256,
    targets,
)
from ansible_collections.autotrade.deployment.plugins.module_utils.edge.supply_files import publish_text
from ansible_collections.autotrade.deployment.plugins.module_utils.edge.supply_registry import Registry

_TIMEOUT_S = 30
_LIMIT = 1 << 20
_WRITTEN = (Outcome.FILLED, Outcome.REPLACED)

Fetch = Callable[[Target], str]


def refresh(text: str, where: str, fetch: Fetch, names: Sequence[str], replace: bool) -> tuple[str, list[tuple[Target, Outcome]]]:
    """The new text of the lock and what became of each checksum."""
    lock = parse_lock(yaml.safe_load(text), where)
    unknown = [Problem("names", repr(name), "an entry of the lock") for name in names if lock.get(name) is None]
    if unknown:
        raise SupplyError(*unknown)
    places, edits, told = _places(text), [], []
    for target in targets(lock, names):
        outcome, published = _look(target, fetch, replace)
        told.append((target, outcome))
        if outcome in _WRITTEN:
            start, end = places[target.name, target.arch]
            edits.append(Edit(start, end, f'"{published}"'))
    new = apply_edits(text, edits)
    parse_lock(yaml.safe_load(new), where)
    return new, told


def read_published(target: Target) -> str:
    """The text of a published checksum file, or the index of an image.

    :raises SupplyError: when the server or the registry does not give it.
    """
    if target.image:
        return Registry().inspect(target.checksums)
    try:
        with contextlib.closing(open_url(target.checksums, timeout=_TIMEOUT_S)) as answer:
            return str(answer.read(_LIMIT).decode("utf-8", "replace"))
    except (OSError, urllib.error.URLError) as error:
        remedy = "Run this where the internet is reachable."
        raise UnreachableError(Problem(target.checksums, str(error), "the project's checksum file", remedy)) from error


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; 0 when the lock holds everything that is published."""
    options = _parser().parse_args(arguments)
    try:
        text = options.lock.read_text(encoding="utf-8")
        new, told = refresh(text, options.lock.name, _remembered(read_published), options.names, options.replace)
    except (OSError, SupplyError) as error:
        print(error, file=sys.stderr)
        return 2
    for target, outcome in told:
        print(f"{target.name:<26}{target.arch:<7}{outcome.value:<25}{_advice(target, outcome)}")
    if new != text and not options.check:
        publish_text(new, options.lock)
    return 0 if all(outcome in GOOD for _target, outcome in told) else 1


def _look(target: Target, fetch: Fetch, replace: bool) -> tuple[Outcome, str | None]:
    if not target.checksums:
        return Outcome.UNPUBLISHED, None
    try:
        text = fetch(target)
    except UnreachableError:
        return Outcome.UNREACHABLE, None
    published = published_digest(text, target.arch) if target.image else published_sha256(text, target.url)
    return judge(target.current, published, replace), published


def _advice(target: Target, outcome: Outcome) -> str:
    if outcome is Outcome.DIFFERS:
        return f"the lock says {target.current[:12]}: find out why {target.checksums} changed before you pass --replace"
    if outcome is Outcome.UNPUBLISHED:
        return f"compute it from a copy of {target.url} that you trust, or leave it to the Go modules"
    return target.checksums


def _places(text: str) -> dict[tuple[str, str], tuple[int, int]]:
    """Where each release checksum, or digest of an image, stands in the text, by entry and architecture."""
    found: dict[tuple[str, str], tuple[int, int]] = {}
    for entry in _values(yaml.compose(text, yaml.SafeLoader))["artifacts"].value:
        keys = _values(entry)
        release = _values(keys.get("release"))
        for arch, node in _values(release.get("sha256") or release.get("digest")).items():
            found[keys["name"].value, arch] = (node.start_mark.index, node.end_mark.index)
    return found


def _values(mapping: yaml.Node | None) -> dict[str, yaml.Node]:
    return {name.value: value for name, value in mapping.value} if mapping is not None else {}


def _remembered(fetch: Fetch) -> Fetch:
    """One checksum file often serves several entries; it is read once."""
    seen: dict[str, str] = {}

    def once(target: Target) -> str:
        if target.checksums not in seen:
            seen[target.checksums] = fetch(target)
        return seen[target.checksums]

    return once


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="lock_refresh", description=__doc__)
    default = Path(__file__).resolve().parents[2] / "roles/artifact_store/files/lock.yml"
    parser.add_argument("names", nargs="*", help="entries to look at (default: all)")
    parser.add_argument("--lock", type=Path, default=default, help="the lock file (default: the collection's)")
    parser.add_argument("--replace", action="store_true", help="also replace a checksum that differs from the published one")
    parser.add_argument("--check", action="store_true", help="only tell, write nothing")
    return parser


if __name__ == "__main__":
    sys.exit(main())
