# Copyright (c) autotrade.deployment engineers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Waves divided further where objects name others that must be ready before them.

The annotation ``config.kubernetes.io/depends-on`` is that of cli-utils (pkg/object/dependson): references separated by
commas, ``group/kind/name`` for a cluster-scoped object and ``group/namespaces/namespace/kind/name`` for a namespaced one;
the core group is empty, so that such a reference begins with a slash.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from ansible_collections.autotrade.deployment.plugins.module_utils.core.apply_model import Item
from ansible_collections.autotrade.deployment.plugins.module_utils.core.apply_order import WAVE_NAMES, wave_of, waves
from ansible_collections.autotrade.deployment.plugins.module_utils.core.objects import (
    KubeObject,
    ManifestError,
    ManifestSetError,
    ObjectRef,
    annotations_of,
    ref_of,
)

DEPENDS_ON = "config.kubernetes.io/depends-on"
_FORM = "group/kind/name or group/namespaces/namespace/kind/name, several with commas between them"
_CLUSTER_SCOPED, _NAMESPACED = 3, 5

Key = tuple[str, str, str, str]


@dataclass(frozen=True, order=True)
class Reference:
    """An object that another one depends on; ``namespace`` is empty for a cluster-scoped one."""

    group: str
    kind: str
    namespace: str
    name: str

    @property
    def key(self) -> Key:
        """Equal to the key of the ObjectRef that is meant."""
        return (self.group, self.kind, self.namespace, self.name)

    def __str__(self) -> str:
        place = f"namespaces/{self.namespace}/" if self.namespace else ""
        return f"{self.group}/{place}{self.kind}/{self.name}"


Needs = Mapping[Key, tuple[Reference, ...]]


@dataclass(frozen=True)
class Stage:
    """Objects that are treated together.

    ``outside`` are objects beyond the set that must be ready before; ``awaited`` are those of the stage that must be ready
    (or gone, where objects are removed) before a later one may begin, whether the user waits or not.
    """

    name: str
    items: tuple[Item, ...]
    outside: Mapping[Reference, Item] = field(default_factory=dict)
    awaited: frozenset[ObjectRef] = frozenset()


def stages(items: Iterable[Item]) -> tuple[Stage, ...]:
    """The items in apply order.

    Raises ManifestSetError holding every reference that cannot be read, every cycle, and every dependency against the order
    of the waves.
    """
    ordered = tuple(items)
    needs, faults = _needs(ordered)
    rings = tuple(_rings(needs))
    by_key = {item.ref.key: item for item in ordered}
    faults += [_ring_fault([by_key[key] for key in ring]) for ring in rings]
    faults += _order_faults(by_key, needs, frozenset(key for ring in rings for key in ring))
    if faults:
        raise ManifestSetError(faults)
    needed = {reference.key for references in needs.values() for reference in references}
    return tuple(_staged(ordered, needs, frozenset(item.ref for item in ordered if item.ref.key in needed)))


def removal_stages(items: Iterable[Item]) -> tuple[Stage, ...]:
    """The items in deletion order, the reverse. What is wrong with an annotation is no reason to keep an object."""
    ordered = tuple(items)
    needs, _faults = _needs(ordered)
    first = frozenset(item.ref for item in ordered if any(reference.key in needs for reference in needs[item.ref.key]))
    return tuple(reversed(tuple(_staged(ordered, needs, first))))


def references(obj: KubeObject) -> tuple[Reference, ...]:
    """What the object depends on, sorted, each once. Raises ValueError with the part that cannot be read."""
    text = annotations_of(obj).get(DEPENDS_ON)
    return () if text is None else tuple(sorted({_parsed(part.strip()) for part in text.split(",")}))


def unknown(reference: Reference, others: Iterable[ObjectRef]) -> str:
    """What to say of an object that is neither in the set nor in the cluster. ``others`` is what there is."""
    alike = [r for r in others if (r.group, r.kind, r.name) == (reference.group, reference.kind, reference.name)]
    meant = Reference(alike[0].group, alike[0].kind, alike[0].namespace or "", alike[0].name) if alike else None
    hint = f"Did you mean {meant}? " if meant else ""
    return (
        f"depends on {reference} ({DEPENDS_ON}), which is neither among the manifests nor in the cluster. "
        f"{hint}Correct the annotation, or apply that object first"
    )


def _parsed(part: str) -> Reference:
    fields = part.split("/")
    if len(fields) == _CLUSTER_SCOPED:
        group, kind, name = fields
        namespace = ""
    elif len(fields) == _NAMESPACED and fields[1] == "namespaces" and fields[2]:
        group, _word, namespace, kind, name = fields
    else:
        raise ValueError(part)
    if not kind or not name:
        raise ValueError(part)
    return Reference(group, kind, namespace, name)


def _needs(items: Sequence[Item]) -> tuple[dict[Key, tuple[Reference, ...]], list[ManifestError]]:
    needs: dict[Key, tuple[Reference, ...]] = {}
    faults: list[ManifestError] = []
    for item in items:
        try:
            needs[item.ref.key] = references(item.obj)
        except ValueError as error:
            needs[item.ref.key] = ()
            faults.append(ManifestError(_where(item), repr(str(error)), _FORM, "Correct the annotation."))
    return needs, faults


def _staged(items: Sequence[Item], needs: Needs, awaited: frozenset[ObjectRef]) -> Iterator[Stage]:
    by_ref = {item.ref: item for item in items}
    for wave in waves(item.obj for item in items):
        members = [by_ref[ref_of(obj)] for obj in wave.objects]
        levels = _levels([item.ref.key for item in members], needs)
        parts = max(levels.values()) + 1
        for number in range(parts):
            part = tuple(item for item in members if levels[item.ref.key] == number)
            name = wave.name if parts == 1 else f"{wave.name}, part {number + 1} of {parts}"
            yield Stage(name, part, _outside(part, needs), awaited & frozenset(item.ref for item in part))


def _outside(items: Iterable[Item], needs: Needs) -> dict[Reference, Item]:
    return {reference: item for item in items for reference in needs[item.ref.key] if reference.key not in needs}


def _levels(keys: Iterable[Key], needs: Needs) -> dict[Key, int]:
    """The least number of steps after which each object may be treated, counted within one wave."""
    rest, levels, level = dict.fromkeys(keys), dict[Key, int](), 0
    while rest:
        free = [key for key in rest if not any(r.key in rest for r in needs[key])]
        # Only objects that are removed can hold each other up: manifests in which they did were refused.
        for key in free or tuple(rest):
            levels[key] = level
            del rest[key]
        level += 1
    return levels


def _rings(needs: Needs) -> Iterator[list[Key]]:
    """Every cycle, disjoint from the others; an object that names itself is one."""
    edges = {key: sorted(r.key for r in references if r.key in needs) for key, references in needs.items()}
    while edges := _entangled(edges):
        path = [min(edges)]
        while (onward := edges[path[-1]][0]) not in path:
            path.append(onward)
        ring = path[path.index(onward) :]
        yield ring
        edges = {key: targets for key, targets in edges.items() if key not in ring}


def _entangled(edges: Mapping[Key, Sequence[Key]]) -> dict[Key, list[Key]]:
    """What is left when objects without open dependencies are taken away again and again; each has one that is left too."""
    rest = {key: list(targets) for key, targets in edges.items()}
    while True:
        left = {key: [t for t in targets if t in rest] for key, targets in rest.items()}
        kept = {key: targets for key, targets in left.items() if targets}
        if len(kept) == len(rest):
            return kept
        rest = kept


def _ring_fault(ring: Sequence[Item]) -> ManifestError:
    names = " -> ".join(str(item.ref) for item in (*ring, ring[0]))
    found = f"a dependency on itself: {names}" if len(ring) == 1 else f"a cycle of dependencies: {names}"
    return ManifestError(_where(ring[0]), found, "dependencies that end somewhere", "Remove one of these dependencies.")


def _order_faults(by_key: Mapping[Key, Item], needs: Needs, entangled: frozenset[Key]) -> list[ManifestError]:
    pairs = ((by_key[key], by_key[r.key]) for key, references in needs.items() for r in references if r.key in by_key)
    return [
        ManifestError(
            _where(item),
            f"{other.ref}, which is applied in the wave {wave_of(other.ref)}",
            f"an object of the wave {wave_of(item.ref)}, to which {item.ref} belongs, or of an earlier one",
            "Turn the dependency round, or apply the two in tasks of their own.",
        )
        for item, other in pairs
        if WAVE_NAMES.index(wave_of(item.ref)) < WAVE_NAMES.index(wave_of(other.ref))
        and not {item.ref.key, other.ref.key} <= entangled
    ]


def _where(item: Item) -> str:
    return f"{item.source}, {item.ref}, field metadata.annotations[{DEPENDS_ON!r}]"
