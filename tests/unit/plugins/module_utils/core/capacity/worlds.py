"""Worlds of a few objects for tests: nodes, workloads, live pods."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timezone
from typing import Any

from ansible_collections.autotrade.deployment.plugins.module_utils.core.capacity.world import World
from ansible_collections.autotrade.deployment.plugins.module_utils.core.requirements.model import Cluster

Json = dict[str, Any]
NOW = datetime(2026, 11, 24, 12, tzinfo=timezone.utc)


def world(wanted: Iterable[Json], nodes: Iterable[Json] = (), live: Iterable[Json] = ()) -> World:
    """What shall stand, on which nodes, beside what stands."""
    found = list(live)
    return World(Cluster(wanted), Cluster([*found, *nodes]), tuple(nodes), NOW)


def live_pod(
    name: str, owner: Json | None, node: str = "", *, phase: str = "Running", hashed: str = "abc", **metadata: Any
) -> Json:
    """A pod as its controller would make it from the owner's template."""
    template = owner["spec"]["template"] if owner else {"spec": {"containers": [{"name": "a"}]}}
    labels = dict(template.get("metadata", {}).get("labels", {}))
    references: list[Json] = []
    if owner is not None and owner["kind"] == "Deployment":
        labels["pod-template-hash"] = hashed
        references = [{"kind": "ReplicaSet", "name": f"{owner['metadata']['name']}-{hashed}", "controller": True}]
    elif owner is not None:
        references = [{"kind": owner["kind"], "name": owner["metadata"]["name"], "controller": True}]
    own = {"name": name, "namespace": "shop", "labels": labels, "ownerReferences": references, **metadata}
    spec = {**template["spec"], **({"nodeName": node} if node else {})}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": own, "spec": spec, "status": {"phase": phase}}


def autoscaler(name: str, least: int, most: int) -> Json:
    """An HPA of a Deployment."""
    target = {"kind": "Deployment", "name": name}
    spec = {"scaleTargetRef": target, "minReplicas": least, "maxReplicas": most}
    return {"kind": "HorizontalPodAutoscaler", "metadata": {"name": name, "namespace": "shop"}, "spec": spec}
