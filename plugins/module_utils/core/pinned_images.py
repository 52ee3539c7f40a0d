# Copyright (c) autotrade.deployment engineers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Manifests of other projects with every image by its digest: a tag can be moved, a digest cannot."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

_LISTS = ("containers", "initContainers", "ephemeralContainers")


@dataclass(frozen=True)
class Pinned:
    """The objects with digests put in, and the images for which none is known, each once."""

    objects: list[Any]
    unpinned: tuple[str, ...]


def pinned(objects: list[Any], digests: Mapping[str, str]) -> Pinned:
    """The same objects, each container's image as ``repository:tag@sha256:...``.

    Images that stand in arguments, environment variables or custom resources are not seen.

    :param digests: image as the manifest names it -> ``sha256:...``. An image that has its digest already needs no entry.
    """
    unpinned: dict[str, None] = {}

    def image(name: str) -> str:
        if "@sha256:" in name:
            return name
        if digests.get(name):
            return f"{name}@{digests[name]}"
        unpinned[name] = None
        return name

    def container(value: Any) -> Any:
        if isinstance(value, Mapping) and isinstance(value.get("image"), str):
            return {**value, "image": image(value["image"])}
        return value

    def walk(value: Any) -> Any:
        if isinstance(value, Mapping):
            parts = {key: walk(part) for key, part in value.items()}
            lists = {key: [container(one) for one in parts[key]] for key in _LISTS if isinstance(parts.get(key), list)}
            return {**parts, **lists}
        return [walk(part) for part in value] if isinstance(value, list) else value

    return Pinned([walk(obj) for obj in objects], tuple(unpinned))
