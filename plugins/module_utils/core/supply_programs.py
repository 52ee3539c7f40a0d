# Copyright (c) autotrade.deployment engineers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a filled store offers to hosts: the newest version of each program, for each architecture."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible_collections.autotrade.deployment.plugins.module_utils.core.supply import Kind, Problem, SupplyError
from ansible_collections.autotrade.deployment.plugins.module_utils.core.supply_index import parse_index


def stored_programs(index: str) -> dict[str, dict[str, Any]]:
    """Name -> ``version`` and, per architecture, ``path`` below the store and ``sha256``.

    The version that came last into the store is the one of the lock; architectures that lack it are left out.

    :param index: the text of the store's index.json.
    """
    entries = [entry for entry in parse_index(index).values() if entry.kind == Kind.BINARY.value]
    newest = {entry.name: entry.version for entry in sorted(entries, key=lambda entry: entry.mtime_ns)}
    programs: dict[str, dict[str, Any]] = {name: {"version": version} for name, version in sorted(newest.items())}
    for entry in entries:
        if entry.version == newest[entry.name]:
            programs[entry.name][entry.arch] = {"path": entry.path, "sha256": entry.sha256}
    return programs


def install_list(paths: Mapping[str, str], index: str, url: str, arch: str) -> list[dict[str, str]]:
    """Where a host fetches each program, and what its checksum must be.

    :param paths: path on the host -> name of the program.
    :param url: the store as the host reaches it.
    :param arch: the host's architecture.
    :raises SupplyError: names every program that the store does not have for it.
    """
    store = stored_programs(index)
    missing = sorted(name for name in paths.values() if arch not in store.get(name, {}))
    if missing:
        remedy = "Add them to artifact_store_names and the architecture to artifact_store_arches, then run playbooks/mirror.yml."
        raise SupplyError(Problem("the artifact store", f"no {', '.join(missing)} for {arch}", "these programs", remedy))
    if not url:
        raise SupplyError(Problem("cluster_store_url", "nothing", "the URL of the artifact store", "Set it in the inventory."))
    return [
        {"path": path, "url": f"{url.rstrip('/')}/{store[name][arch]['path']}", "sha256": store[name][arch]["sha256"]}
        for path, name in paths.items()
    ]
