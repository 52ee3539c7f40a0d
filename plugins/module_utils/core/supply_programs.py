# Copyright (c) autotrade.deployment engineers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a filled store offers to hosts: the newest version of each program and image, for each architecture."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ansible_collections.autotrade.deployment.plugins.module_utils.core.supply import Kind, Problem, SupplyError
from ansible_collections.autotrade.deployment.plugins.module_utils.core.supply_image import image_tag
from ansible_collections.autotrade.deployment.plugins.module_utils.core.supply_index import Entry, parse_index


def stored_programs(index: str) -> dict[str, dict[str, Any]]:
    """Name -> ``version`` and, per architecture, ``path`` below the store and ``sha256``.

    The version that came last into the store is the one of the lock; architectures that lack it are left out.

    :param index: the text of the store's index.json.
    """
    return _newest(index, Kind.BINARY, lambda entry: {"path": entry.path, "sha256": entry.sha256})


def stored_images(index: str) -> dict[str, dict[str, Any]]:
    """Name -> ``version``, ``tag`` and, per architecture, ``path`` of the archive below the store and ``digest`` of the manifest.

    :param index: the text of the store's index.json.
    """
    images = _newest(index, Kind.IMAGE, lambda entry: {"path": entry.path, "digest": entry.digest})
    return {name: {**image, "tag": image_tag(image["version"])} for name, image in images.items()}


def _newest(index: str, kind: Kind, tell: Callable[[Entry], dict[str, str]]) -> dict[str, dict[str, Any]]:
    entries = [entry for entry in parse_index(index).values() if entry.kind == kind.value]
    newest = {entry.name: entry.version for entry in sorted(entries, key=lambda entry: entry.mtime_ns)}
    offered: dict[str, dict[str, Any]] = {name: {"version": version} for name, version in sorted(newest.items())}
    for entry in entries:
        if entry.version == newest[entry.name]:
            offered[entry.name][entry.arch] = tell(entry)
    return offered


def stored_image(index: str, name: str, arch: str) -> dict[str, str]:
    """The image's ``version``, ``tag``, ``path`` below the store and ``digest``, for one architecture.

    :raises SupplyError: the store does not have it.
    """
    image = stored_images(index).get(name, {})
    if arch not in image:
        remedy = "Add it to artifact_store_names and the architecture to artifact_store_arches, then run playbooks/mirror.yml."
        raise SupplyError(Problem("the artifact store", f"no image {name} for {arch}", "this image", remedy))
    return {"version": image["version"], "tag": image["tag"], **image[arch]}


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
