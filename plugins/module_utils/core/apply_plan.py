# Copyright (c) autotrade.deployment engineers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What to do with each object, decided from what is wanted and what is there."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from ansible_collections.autotrade.deployment.plugins.module_utils.core.api_resources import (
    ResourceTable,
    ResourceType,
    from_definition,
)
from ansible_collections.autotrade.deployment.plugins.module_utils.core.apply_model import Item, Method, Step
from ansible_collections.autotrade.deployment.plugins.module_utils.core.changes import fold_secret
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


def step_of(item: Item, live: KubeObject | None, manager: str, scaled: frozenset[tuple[str, str, str]]) -> Step:
    """Create what is absent, leave alone what surely would not change, apply the rest."""
    if live is None:
        return Step(item, Method.CREATE)
    if item.ref.key[1:] in scaled:
        item = replace(item, obj=without_scaled_replicas(item.obj, live, manager))
    doubt = needs_apply(item.obj, live, manager)
    if doubt is None:
        return Step(item, Method.UNCHANGED, live)
    return Step(item, Method.APPLY, live, f"{doubt.path}: {doubt.why}")


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
    if _owns_replicas(live, manager):
        spec["replicas"] = dig(live, "spec", "replicas")
    return {**desired, "spec": spec}


def _owns_replicas(live: KubeObject, manager: str) -> bool:
    entries = dig(live, "metadata", "managedFields", default=())
    return any(
        e.get("manager") == manager and e.get("operation") == "Apply" and "f:replicas" in dig_map(e, "fieldsV1", "f:spec")
        for e in entries
        if isinstance(e, Mapping)
    )


def waits_for_scaler(items: Iterable[Item], live: Mapping[ObjectRef, KubeObject]) -> tuple[Item, ...]:
    """Items whose replicas differ from the live ones: the only ones for which live autoscalers matter."""
    return tuple(
        item
        for item in items
        if item.ref in live
        and (wanted := dig(item.obj, "spec", "replicas")) is not None
        and wanted != dig(live[item.ref], "spec", "replicas")
    )
