# Copyright (c) autotrade.deployment engineers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a set of workloads charges to a quota and to nodes.

The quota counts every pod of the namespace; the nodes must hold every pod whose placement allows no other node. For each set
of nodes that some workload is confined to (and for unions of them), the pods confined to it must fit together: that is
necessary, and whether a single pod finds a gap is the scheduler's to say.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from fractions import Fraction
from typing import Any

from ansible_collections.autotrade.deployment.plugins.module_utils.core.requirements.model import (
    Cluster,
    annotations_of,
    where_is,
)
from ansible_collections.autotrade.deployment.plugins.module_utils.core.requirements.reading import (
    amount,
    labels,
    mapping,
    text,
    value,
    whole,
)
from ansible_collections.autotrade.deployment.plugins.module_utils.core.requirements.workloads import Workload

Sum = dict[str, Fraction]
COUNTED = ("requests.cpu", "requests.memory", "limits.cpu", "limits.memory", "requests.nvidia.com/gpu")
NODE_RESOURCES = ("cpu", "memory", "nvidia.com/gpu")
# What istiod adds to a pod that says nothing itself: mesh proxy of the requirements, as request and limit.
PROXY: Mapping[str, tuple[str, str]] = {
    "requests.cpu": ("sidecar.istio.io/proxyCPU", "100m"),
    "requests.memory": ("sidecar.istio.io/proxyMemory", "128Mi"),
    "limits.cpu": ("sidecar.istio.io/proxyCPULimit", "500m"),
    "limits.memory": ("sidecar.istio.io/proxyMemoryLimit", "512Mi"),
}


def autoscaler_of(cluster: Cluster, workload: Workload) -> Mapping[str, Any] | None:
    """The HPA or the KEDA ScaledObject that scales a workload."""
    for kind in ("HorizontalPodAutoscaler", "ScaledObject"):
        for found in cluster.of_kind(kind, workload.namespace):
            target = mapping(found, "spec", "scaleTargetRef")
            if text(target, "name") == workload.name and (text(target, "kind") or "Deployment") == workload.kind:
                return found
    return None


def scaled_by_hpa(cluster: Cluster, workload: Workload) -> bool:
    """Whether its replicas belong to an autoscaler."""
    return autoscaler_of(cluster, workload) is not None


def maximum(cluster: Cluster, workload: Workload) -> int:
    """The replicas that an autoscaler may reach, else the workload's own."""
    scaler = autoscaler_of(cluster, workload)
    top = whole(scaler, "spec", "maxReplicas") or whole(scaler, "spec", "maxReplicaCount")
    return max(workload.replicas, top or 0)


def pod_sum(cluster: Cluster, workload: Workload) -> Sum:
    """What one pod of a workload charges, the mesh proxy that joins it at admission included."""
    total = {key: workload.needs(key.split(".", 1)[1], key.split(".", 1)[0]) for key in COUNTED}
    namespace = cluster.get("Namespace", workload.namespace)
    already = any(container.name == "istio-proxy" for container in workload.containers)
    if _injected(labels(namespace), workload) and not already:
        for key, (annotation, default) in PROXY.items():
            stated = amount(annotations_of(workload.template).get(annotation))
            total[key] += (amount(default) or Fraction(0)) * cluster.settings.scale if stated is None else stated
    return total


def _injected(namespace_labels: Mapping[str, Any], workload: Workload) -> bool:
    choice = workload.labels.get("sidecar.istio.io/inject", annotations_of(workload.template).get("sidecar.istio.io/inject"))
    by_namespace = namespace_labels.get("istio-injection") == "enabled" or "istio.io/rev" in namespace_labels
    return choice == "true" or (by_namespace and choice != "false")


def namespace_sum(cluster: Cluster, namespace: str, at_maximum: bool = False) -> Sum:
    """All pods of a namespace in steady state, or with every autoscaler at its maximum."""
    total: Sum = dict.fromkeys((*COUNTED, "pods"), Fraction(0))
    for workload in cluster.workloads(namespace):
        replicas = maximum(cluster, workload) if at_maximum else workload.replicas
        total["pods"] += replicas
        for key, charge in pod_sum(cluster, workload).items():
            total[key] += charge * replicas
    return total


def over_quota(cluster: Cluster, namespace: str, total: Sum) -> Iterator[str]:
    """A problem for every figure of every quota that the sum exceeds, and when no quota stands there."""
    quotas = cluster.of_kind("ResourceQuota", namespace)
    if not quotas:
        yield f"no ResourceQuota stands in namespace {namespace} (role trading_namespace)"
    for quota in quotas:
        for key, charged in total.items():
            hard = amount(value(quota, "spec", "hard", key))
            if hard is not None and charged > hard:
                above = f"{shown_amount(key, charged)} is above {shown_amount(key, hard)}"
                yield f"{key} {above} of {where_is(quota)} (trading_system_overrides)"


def over_nodes(cluster: Cluster) -> Iterator[str]:
    """A problem for every set of nodes that cannot hold the pods that may run nowhere else."""
    demands = [(_eligible(cluster, w), pod_sum(cluster, w), w) for w in cluster.workloads() if w.replicas]
    if not cluster.nodes:
        return
    for where, _sum, workload in demands:
        if not where:
            yield f"{workload.where}: no node matches its selector, affinity and tolerations (labels and taints in the inventory)"
    confined = {where for where, _sum, _workload in demands if where}
    for nodes in sorted(confined | {frozenset().union(*confined)}, key=sorted):
        inside = [(needs, workload) for where, needs, workload in demands if where and where <= nodes]
        yield from _too_much(cluster, nodes, inside)


def _eligible(cluster: Cluster, workload: Workload) -> frozenset[str]:
    return frozenset(text(node, "metadata", "name") for node in cluster.nodes if workload.may_run_on(node))


def _too_much(cluster: Cluster, names: frozenset[str], inside: list[tuple[Sum, Workload]]) -> Iterator[str]:
    nodes = [node for node in cluster.nodes if text(node, "metadata", "name") in names]
    for resource in NODE_RESOURCES:
        room = sum((amount(value(node, "status", "allocatable", resource)) or Fraction(0) for node in nodes), Fraction(0))
        room -= sum((_daemons(cluster, node, resource) for node in nodes), Fraction(0))
        asked = sum(
            (needs.get(f"requests.{resource}", Fraction(0)) * workload.replicas for needs, workload in inside), Fraction(0)
        )
        if asked > room:
            who = ", ".join(sorted(workload.name for needs, workload in inside if needs.get(f"requests.{resource}")))
            yield (
                f"{resource}: {who} request {shown_amount(resource, asked)} and may only run on {', '.join(sorted(names))}, "
                f"which have room for {shown_amount(resource, room)} (more nodes in the inventory, or trading_system_overrides)"
            )


def _daemons(cluster: Cluster, node: Mapping[str, Any], resource: str) -> Fraction:
    daemons = [workload for workload in cluster.workloads() if workload.kind == "DaemonSet" and workload.may_run_on(node)]
    return sum((workload.needs(resource) for workload in daemons), Fraction(0))


def shown_amount(key: str, charged: Fraction) -> str:
    """Memory in Gi, everything else as a number."""
    return f"{float(charged / 2**30):.4g}Gi" if key.endswith("memory") else f"{float(charged):.6g}"


def shown_sum(total: Sum) -> str:
    """The whole sum in one line."""
    return ", ".join(f"{key} {shown_amount(key, charged)}" for key, charged in total.items())
