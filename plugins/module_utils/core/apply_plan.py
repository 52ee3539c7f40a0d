# Copyright (c) autotrade.deployment engineers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What to do with each object, decided from what is wanted and what is there."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from ansible_collections.autotrade.deployment.plugins.module_utils.core.api_resources import (
    ResourceTable,
    ResourceType,
    from_definition,
)
from ansible_collections.autotrade.deployment.plugins.module_utils.core.apply_model import Item, Method, Step
from ansible_collections.autotrade.deployment.plugins.module_utils.core.apply_yields import without_yielded
from ansible_collections.autotrade.deployment.plugins.module_utils.core.changes import fold_secret
from ansible_collections.autotrade.deployment.plugins.module_utils.core.conflict_rules import ConflictRule
from ansible_collections.autotrade.deployment.plugins.module_utils.core.field_migration import migration_of
from ansible_collections.autotrade.deployment.plugins.module_utils.core.field_sets import owns
from ansible_collections.autotrade.deployment.plugins.module_utils.core.managed_fields import needs_apply
from ansible_collections.autotrade.deployment.plugins.module_utils.core.manifests import Sourced
from ansible_collections.autotrade.deployment.plugins.module_utils.core.objects import (
    KubeObject,
    ManifestError,
    ObjectRef,
    dig,
    dig_map,
    ref_of,
)
from ansible_collections.autotrade.deployment.plugins.module_utils.core.rollout_guard import (
    Guard,
    left_to_rollout,
    with_live_traffic,
)

CRD = "CustomResourceDefinition"
SCALERS = ("HorizontalPodAutoscaler", "ScaledObject")


def defined_kinds(objects: Iterable[KubeObject]) -> ResourceTable:
    """Kinds that the CRDs among the objects define."""
    return ResourceTable(t for obj in objects if obj.get("kind") == CRD for t in from_definition(obj))


def item_of(sourced: Sourced, served: ResourceType | None, defined: ResourceType | None, namespace: str | None) -> Item:
    """The object with its place settled. Raises ManifestError when a namespaced object names no namespace."""
    kind = served or defined
    obj = fold_secret(sourced.obj)
    if kind is not None:
        obj = _placed(obj, kind, namespace, sourced.source)
    return Item(obj, ref_of(obj), sourced.source, kind, deferred=served is None and defined is not None)


def _placed(obj: KubeObject, kind: ResourceType, namespace: str | None, source: str) -> KubeObject:
    own = dig(obj, "metadata", "namespace")
    if kind.namespaced and own is None and namespace is None:
        raise ManifestError(
            f"{source}: {ref_of(obj)}, field metadata.namespace",
            "nothing",
            f"a namespace, because {kind.kind} is namespaced",
            "Set metadata.namespace in the manifest, the option namespace, or a namespace in the kubeconfig's context.",
        )
    if kind.namespaced and own is None:
        return {**obj, "metadata": {**dig_map(obj, "metadata"), "namespace": namespace}}
    if not kind.namespaced and own is not None:
        return {**obj, "metadata": {k: v for k, v in dig_map(obj, "metadata").items() if k != "namespace"}}
    return obj


@dataclass(frozen=True)
class Around:
    """What decides about an object beside the object itself: as whom and by which rules, and who else steers parts of it.

    ``earlier``: managers whose fields become ours. ``masks``: fields that are not shown. ``scaled``: ``(kind, namespace, name)``
    of what an autoscaler scales. ``guards``: what rollouts hold, by ``ObjectRef.key``.
    """

    manager: str
    rules: tuple[ConflictRule, ...] = ()
    earlier: tuple[str, ...] = ()
    masks: tuple[str, ...] = ()
    scaled: frozenset[tuple[str, str, str]] = frozenset()
    guards: Mapping[tuple[str, str, str, str], Guard] = field(default_factory=dict)


def step_of(item: Item, live: KubeObject | None, around: Around) -> Step:
    """Create what is absent, leave alone what surely would not change, apply the rest."""
    if live is None:
        return Step(item, Method.CREATE)
    obj, guard = item.obj, around.guards.get(item.ref.key)
    if item.ref.key[1:] in around.scaled:
        obj = without_scaled_replicas(obj, live, around.manager)
    if guard:
        obj = left_to_rollout(obj, live, around.manager)
    notes = (f"its traffic is left to a rollout: {guard}",) if guard and obj is not item.obj else ()
    yielded = without_yielded(obj, live, around.manager, around.rules, around.masks)
    migration = migration_of(yielded.obj, live, around.manager, [name for name in around.earlier if name not in yielded.managers])
    doubt = needs_apply(yielded.obj, live, around.manager)
    step = Step(item.wanting(yielded.obj), Method.APPLY, live, "", yielded.conflicts, migration, notes)
    if doubt is None and migration is None:
        return replace(step, method=Method.UNCHANGED)
    return replace(
        step, doubt=f"{doubt.path}: {doubt.why}" if doubt else "metadata.managedFields: an earlier manager holds fields"
    )


def scale_targets(objects: Iterable[KubeObject]) -> frozenset[tuple[str, str, str]]:
    """``(kind, namespace, name)`` of the workloads whose replicas an autoscaler among the objects sets."""
    return frozenset(
        (str(target.get("kind", "Deployment")), str(dig(obj, "metadata", "namespace", default="")), str(target.get("name", "")))
        for obj in objects
        if obj.get("kind") in SCALERS and (target := dig_map(obj, "spec", "scaleTargetRef"))
    )


def without_scaled_replicas(desired: KubeObject, live: KubeObject, manager: str) -> KubeObject:
    """Leaves ``.spec.replicas`` to the autoscaler.

    While our manager still owns the field, leaving it out would make the API server remove it and fall back to one
    replica; then the live number is carried until the autoscaler has written it once.
    """
    if dig(desired, "spec", "replicas") is None:
        return desired
    spec: dict[str, Any] = {k: v for k, v in dig_map(desired, "spec").items() if k != "replicas"}
    if owns(live, manager, "spec", "replicas"):
        spec["replicas"] = dig(live, "spec", "replicas")
    return {**desired, "spec": spec}


def waits_for_scaler(items: Iterable[Item], live: Mapping[ObjectRef, KubeObject], manager: str) -> tuple[Item, ...]:
    """Items whose replicas differ from the live ones or are not ours: the only ones for which live autoscalers matter."""
    return tuple(
        item
        for item in items
        if item.ref in live
        and (wanted := dig(item.obj, "spec", "replicas")) is not None
        and (wanted != dig(live[item.ref], "spec", "replicas") or not owns(live[item.ref], manager, "spec", "replicas"))
    )


def waits_for_rollout(items: Iterable[Item], live: Mapping[ObjectRef, KubeObject]) -> tuple[Item, ...]:
    """Items whose traffic differs from the live one: the only ones for which rollouts matter."""
    return tuple(item for item in items if item.ref in live and with_live_traffic(item.obj, live[item.ref]) is not item.obj)
