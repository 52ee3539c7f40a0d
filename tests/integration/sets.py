"""Helpers for tests of ApplySets: a set, what its parent records, and what stands in a namespace."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from ansible_collections.autotrade.deployment.plugins.module_utils.core.applyset import KINDS, NAMESPACES, Parent
from ansible_collections.autotrade.deployment.plugins.module_utils.core.applyset_prune import PruneRules
from ansible_collections.autotrade.deployment.plugins.module_utils.edge.apply_set import SetSettings

from tests.integration.applying import Run
from tests.integration.booted import Cluster, Json

ALL = PruneRules(max_count=100, max_share=100)


def a_set(namespace: str, rules: PruneRules | None = ALL, name: str = "set", **options: Any) -> SetSettings:
    return SetSettings(Parent("ConfigMap", namespace, name), rules=rules, **options)


def record(cluster: Cluster, namespace: str, name: str = "set") -> tuple[str, str]:
    """Kinds and additional namespaces that the parent records."""
    found = cluster.get(f"/api/v1/namespaces/{namespace}/configmaps/{name}")["metadata"]["annotations"]
    return found[KINDS], found[NAMESPACES]


def names(cluster: Cluster, namespace: str, plural: str = "configmaps") -> set[str]:
    root = "/apis/apps/v1" if plural == "deployments" else "/api/v1"
    return {o["metadata"]["name"] for o in cluster.items(f"{root}/namespaces/{namespace}/{plural}")} - {"kube-root-ca.crt"}


def notes(run: Run, method: str) -> dict[str, str]:
    return {o.item.ref.name: " ".join(o.notes) for o in run.report.outcomes if o.method == method}


def beside(obj: Json, **metadata: Any) -> Json:
    return {**obj, "metadata": {**obj["metadata"], **metadata}}


@contextmanager
def spare_namespace(cluster: Cluster) -> Iterator[str]:
    name = f"test-{uuid.uuid4().hex[:8]}"
    try:
        yield name
    finally:
        cluster.delete(f"/api/v1/namespaces/{name}")


def space(name: str) -> Json:
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}
