# Copyright (c) autotrade.deployment engineers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A, the spread of model-inference and data-pipeline over hosts and zones (specification, section 6.2)."""

from __future__ import annotations

from collections.abc import Iterator

from ansible_collections.autotrade.deployment.plugins.module_utils.core.requirements.applications import (
    available,
    component_verdict,
    deployments_of,
)
from ansible_collections.autotrade.deployment.plugins.module_utils.core.requirements.model import (
    Cluster,
    Verdict,
    check,
    expect,
)
from ansible_collections.autotrade.deployment.plugins.module_utils.core.requirements.nodes import ZONE
from ansible_collections.autotrade.deployment.plugins.module_utils.core.requirements.reading import (
    text,
)
from ansible_collections.autotrade.deployment.plugins.module_utils.core.requirements.workloads import Workload

HOSTNAME = "kubernetes.io/hostname"


@check("A5", "model-inference spread over hosts and zones")
def model_inference(cluster: Cluster) -> Verdict:
    """Hostname spread as a must, zone spread as a wish; one per zone only where zones are enough."""
    return component_verdict(cluster, "model-inference", available(cluster, "model-inference"), _inference_spread(cluster))


def _inference_spread(cluster: Cluster) -> Iterator[str]:
    for workload in deployments_of(cluster, "model-inference"):
        setting = "trading_system_overrides.model-inference"
        yield from spread(workload, HOSTNAME, "DoNotSchedule", setting)
        zones = {text(node, "metadata", "labels", ZONE) for node in cluster.nodes}
        if workload.repels_itself(ZONE, required_only=True):
            if cluster.nodes and len(zones) < workload.replicas:
                yield (
                    f"{workload.where}: one pod per zone is required, but {workload.replicas} replicas have {len(zones)} zones, "
                    f"so {workload.replicas - len(zones)} stay Pending (trading_system_inference_zones)"
                )
        else:
            yield from spread(workload, ZONE, "ScheduleAnyway", setting)


def spread(workload: Workload, topology: str, when: str, setting: str) -> Iterator[str]:
    """One topology spread constraint: maxSkew 1, what happens when it cannot hold, taints honoured."""
    found = workload.spreads(topology)
    if len(found) != 1:
        yield f"{workload.where}: {len(found)} spread constraints over {topology} count its pods, expected one ({setting})"
    for constraint in found:
        where = f"{workload.where}, topologySpreadConstraint {topology}"
        yield from expect(where, constraint, "maxSkew", 1, setting)
        yield from expect(where, constraint, "whenUnsatisfiable", when, setting)
        yield from expect(where, constraint, "nodeTaintsPolicy", "Honor", setting)


@check("A6", "data-pipeline spread over zones and hosts")
def data_pipeline(cluster: Cluster) -> Verdict:
    """Both constraints, taints honoured so that a lost zone does not block."""
    problems = [
        problem
        for workload in deployments_of(cluster, "data-pipeline")
        for topology, when in ((ZONE, "DoNotSchedule"), (HOSTNAME, "ScheduleAnyway"))
        for problem in spread(workload, topology, when, "trading_system_overrides.data-pipeline")
    ]
    return component_verdict(cluster, "data-pipeline", available(cluster, "data-pipeline"), iter(problems))
