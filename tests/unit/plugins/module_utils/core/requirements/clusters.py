"""Small constructed objects, right in every respect, for tests that spoil one of them."""

from __future__ import annotations

from typing import Any

from ansible_collections.autotrade.deployment.plugins.module_utils.core.requirements.evaluation import evaluate
from ansible_collections.autotrade.deployment.plugins.module_utils.core.requirements.model import Cluster, Finding, Settings

Object = dict[str, Any]
SPACE = "trading-system"
IMAGE = "registry.example/app:1.0@sha256:" + "a" * 64


def judge(requirement: str, *objects: Object, settings: Settings | None = None) -> Finding:
    """One finding about these objects."""
    return evaluate(Cluster(objects, settings), only=[requirement])[0]


def obj(kind: str, name: str, namespace: str | None = SPACE, **fields: Any) -> Object:
    """Any object."""
    metadata = {"name": name} | ({"namespace": namespace} if namespace else {}) | fields.pop("metadata", {})
    return {"apiVersion": "v1", "kind": kind, "metadata": metadata, **fields}


def container(name: str, **fields: Any) -> Object:
    """A container that keeps every rule."""
    probe = {"httpGet": {"path": "/health/ready", "port": 8080}}
    return {
        "name": name,
        "image": IMAGE,
        "resources": {"requests": {"cpu": "1", "memory": "2Gi"}, "limits": {"cpu": "2", "memory": "4Gi"}},
        "readinessProbe": probe,
        "livenessProbe": probe,
        "securityContext": {
            "runAsNonRoot": True,
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        **fields,
    }


def workload(name: str, kind: str = "Deployment", replicas: int = 2, namespace: str = SPACE, **spec: Any) -> Object:
    """A workload that keeps every rule of A8."""
    classes = [
        {"key": "autotrade.deployment/node-class", "operator": "In", "values": ["cpu"]},
        {"key": "kubernetes.io/arch", "operator": "In", "values": ["amd64"]},
    ]
    pod = {
        "serviceAccountName": name,
        "affinity": {
            "nodeAffinity": {
                "requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": [{"matchExpressions": classes}]}
            }
        },
        "containers": [container(name)],
        **spec,
    }
    selector = {"matchLabels": {"app": name}}
    body = {"replicas": replicas, "selector": selector, "template": {"metadata": {"labels": {"app": name}}, "spec": pod}}
    return obj(kind, name, namespace, spec=body)


def account(name: str, namespace: str = SPACE) -> Object:
    """A service account."""
    return obj("ServiceAccount", name, namespace)


def budget(name: str, app: str, **spec: Any) -> Object:
    """A disruption budget for the pods of one component."""
    return obj("PodDisruptionBudget", name, spec={"selector": {"matchLabels": {"app": app}}, **(spec or {"maxUnavailable": 1})})


def policy(name: str, app: str | None, **spec: Any) -> Object:
    """A network policy for one component, or for every pod."""
    selector = {"matchLabels": {"app": app}} if app else {}
    return obj("NetworkPolicy", name, spec={"podSelector": selector, "policyTypes": ["Ingress", "Egress"], **spec})


def node(name: str, node_class: str = "cpu", zone: str = "zone-a", **capacity: str) -> Object:
    """A ready node."""
    sizes = {"cpu": "8", "memory": "32Gi", "ephemeral-storage": "200Gi", **capacity}
    labels = {"autotrade.deployment/node-class": node_class, "topology.kubernetes.io/zone": zone, "kubernetes.io/hostname": name}
    status = {
        "capacity": sizes,
        "allocatable": sizes,
        "nodeInfo": {"kubeletVersion": "v1.36.3"},
        "conditions": [{"type": "Ready", "status": "True"}],
    }
    return obj("Node", name, None, metadata={"labels": {**labels, "kubernetes.io/arch": "amd64"}}, spec={}, status=status)
