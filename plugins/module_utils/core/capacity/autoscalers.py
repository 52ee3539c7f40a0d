# Copyright (c) autotrade.deployment engineers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Which autoscaler owns the replicas of a workload, and between which numbers it moves them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible_collections.autotrade.deployment.plugins.module_utils.core.requirements.model import Cluster
from ansible_collections.autotrade.deployment.plugins.module_utils.core.requirements.reading import mapping, text, whole
from ansible_collections.autotrade.deployment.plugins.module_utils.core.requirements.workloads import Workload

# Kind -> fields of the lowest and the highest number, each with what stands for a missing one (autoscaling/v2, keda.sh/v1alpha1).
BOUNDS: Mapping[str, tuple[tuple[str, int], tuple[str, int]]] = {
    "HorizontalPodAutoscaler": (("minReplicas", 1), ("maxReplicas", 0)),
    "ScaledObject": (("minReplicaCount", 0), ("maxReplicaCount", 100)),
}


def autoscaler_of(cluster: Cluster, workload: Workload) -> Mapping[str, Any] | None:
    """The HPA or the KEDA ScaledObject that scales a workload."""
    for kind in BOUNDS:
        for found in cluster.of_kind(kind, workload.namespace):
            target = mapping(found, "spec", "scaleTargetRef")
            if text(target, "name") == workload.name and (text(target, "kind") or "Deployment") == workload.kind:
                return found
    return None


def autoscaled(cluster: Cluster, workload: Workload) -> bool:
    """Whether its replicas belong to an autoscaler."""
    return autoscaler_of(cluster, workload) is not None


def bounds(cluster: Cluster, workload: Workload) -> tuple[int, int] | None:
    """The lowest and the highest number of replicas that an autoscaler gives a workload; None where there is none."""
    scaler = autoscaler_of(cluster, workload)
    if scaler is None:
        return None
    lowest, highest = (
        default if (found := whole(scaler, "spec", field)) is None else found for field, default in BOUNDS[text(scaler, "kind")]
    )
    return lowest, highest
