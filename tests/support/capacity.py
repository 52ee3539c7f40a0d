"""Small clusters and workloads, and one question to the module capacity_info."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible_collections.autotrade.deployment.plugins.module_utils.edge import capacity_module
from ansible_collections.autotrade.deployment.plugins.module_utils.edge.arguments import connection_options

Json = dict[str, Any]
NOWHERE = "/nonexistent/kubeconfig"


def judged(objects: list[Json] | None, **options: Any) -> Json:
    """The module's result for these wanted objects; without a kubeconfig there is no cluster, only the option nodes."""
    sealed = None if objects is None else json.dumps([[f"object {number}", obj] for number, obj in enumerate(objects)])
    params = {"kubeconfig": NOWHERE, "definition": sealed, **options}
    checked = ArgumentSpecValidator(capacity_module.argument_spec(connection_options())).validate(params)
    assert not checked.error_messages, checked.error_messages
    ending = capacity_module.run(checked.validated_parameters)
    assert not ending.failed, ending.result
    return {**ending.result, "warnings": list(ending.warnings)}


def situation(result: Mapping[str, Any], name: str) -> Json:
    """One of the situations."""
    found: Json = next(one for one in result["situations"] if one["name"] == name)
    return found


def unplaced(result: Mapping[str, Any], name: str) -> dict[str, int]:
    """Pods without a place by the name of their workload."""
    return {one["component"].rpartition("/")[2]: one["pods"] for one in situation(result, name)["unplaced"]}


def node(name: str, zone: str = "zone-a", labels: Mapping[str, str] | None = None, taints: Any = (), **sizes: str) -> Json:
    """A node of 8 cpu and 32Gi unless told otherwise; ``gpu`` stands for nvidia.com/gpu."""
    named = {"nvidia.com/gpu" if key == "gpu" else key: size for key, size in sizes.items()}
    room = {"cpu": "8", "memory": "32Gi", "pods": "110"} | named
    own = {"kubernetes.io/hostname": name, "topology.kubernetes.io/zone": zone, **(labels or {})}
    status = {"capacity": room, "allocatable": room}
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {"name": name, "labels": own},
        "spec": {"taints": list(taints)},
        "status": status,
    }


def workload(
    name: str, replicas: int = 1, kind: str = "Deployment", *, spec: Mapping[str, Any] | None = None, **pod: Any
) -> Json:
    """A workload of pods with 1 cpu and 1Gi unless ``requests`` and ``limits`` say otherwise; the rest goes into their spec."""
    requests = pod.pop("requests", {"cpu": "1", "memory": "1Gi"})
    resources = {"requests": requests, "limits": pod.pop("limits", {})}
    container = {"name": name, "image": "registry.example/app:1.0", "resources": resources, "ports": pod.pop("ports", [])}
    labels = {"app": name, **pod.pop("labels", {})}
    template = {"metadata": {"labels": labels}, "spec": {"containers": [container], **pod}}
    body = {"replicas": replicas, "selector": {"matchLabels": {"app": name}}, "template": template, **(spec or {})}
    return {"apiVersion": "apps/v1", "kind": kind, "metadata": {"name": name, "namespace": "shop"}, "spec": body}


def quota(name: str = "quota", **hard: str) -> Json:
    """A quota; dots of its keys are written as two underscores."""
    figures = {key.replace("__", "."): value for key, value in hard.items()}
    metadata = {"name": name, "namespace": "shop"}
    return {"apiVersion": "v1", "kind": "ResourceQuota", "metadata": metadata, "spec": {"hard": figures}}


def spread(name: str, topology: str = "kubernetes.io/hostname") -> list[Json]:
    """No node (or zone) may have two pods more than another."""
    selector = {"matchLabels": {"app": name}}
    return [{"maxSkew": 1, "topologyKey": topology, "whenUnsatisfiable": "DoNotSchedule", "labelSelector": selector}]


def affinity(kind: str, app: str, topology: str = "kubernetes.io/hostname") -> Json:
    """A required podAffinity or podAntiAffinity to the pods of another workload."""
    term = {"topologyKey": topology, "labelSelector": {"matchLabels": {"app": app}}}
    return {kind: {"requiredDuringSchedulingIgnoredDuringExecution": [term]}}
