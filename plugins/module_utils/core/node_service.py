# Copyright (c) autotrade.deployment engineers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Whether a node is in service, and whether the devices it is there for have shown up."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from ansible_collections.autotrade.deployment.plugins.module_utils.core.objects import dig
from ansible_collections.autotrade.deployment.plugins.module_utils.core.quantities import QuantityError, parse

_MIRROR = "kubernetes.io/config.mirror"
_OVER = ("Succeeded", "Failed")

Object = Mapping[str, Any]


def held_by(pods: Iterable[Object]) -> tuple[str, ...]:
    """The pods that a drain would evict: not those of DaemonSets, nor static ones, nor those that are over (as kubectl drain)."""
    return tuple(sorted(f"{pod['metadata'].get('namespace', '')}/{pod['metadata']['name']}" for pod in pods if _would_go(pod)))


def _would_go(pod: Object) -> bool:
    if _MIRROR in dig(pod, "metadata", "annotations", default={}) or dig(pod, "status", "phase", default="") in _OVER:
        return False
    return not any(owner.get("kind") == "DaemonSet" for owner in dig(pod, "metadata", "ownerReferences", default=[]))


def in_service(node: Object, pods: Iterable[Object]) -> bool:
    """Whether something runs on the node, or could be sent there."""
    return not dig(node, "spec", "unschedulable", default=False) or bool(held_by(pods))


def allocates(node: Object, resource: str) -> bool:
    """Whether the node has some of a resource to give."""
    try:
        return parse(str(dig(node, "status", "allocatable", resource, default="0"))) > 0
    except QuantityError:
        return False


def taints_after(node: Object, taint: Mapping[str, str], resource: str) -> list[dict[str, str]] | None:
    """The node's taints once it has, or has not, something of a resource to give; None where they are right already.

    The taint keeps pods off a node that is Ready while its devices are not: it goes with the first one and does not come back,
    as a device that is lost later is the device plugin's to tell.
    """
    there: list[dict[str, str]] = dig(node, "spec", "taints", default=[])
    kept = [one for one in there if not _same(one, taint)]
    return kept if allocates(node, resource) and len(kept) < len(there) else None


def waiting(nodes: Mapping[str, Object], taint: Mapping[str, str], resource: str) -> Iterator[str]:
    """The nodes that are tainted and have nothing to give yet."""
    for name, node in nodes.items():
        tainted = any(_same(one, taint) for one in dig(node, "spec", "taints", default=[]))
        if tainted and not allocates(node, resource):
            yield name


def _same(one: Mapping[str, str], other: Mapping[str, str]) -> bool:
    return one.get("key") == other.get("key") and one.get("effect") == other.get("effect")
