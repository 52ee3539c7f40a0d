# Copyright (c) autotrade.deployment engineers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""How many pods each workload asks for, and what one of them asks for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cached_property
from typing import Any

from ansible_collections.autotrade.deployment.plugins.module_utils.core.capacity.admission import admitted
from ansible_collections.autotrade.deployment.plugins.module_utils.core.capacity.amounts import Resources, added
from ansible_collections.autotrade.deployment.plugins.module_utils.core.capacity.autoscalers import bounds
from ansible_collections.autotrade.deployment.plugins.module_utils.core.capacity.pods import pod_limits, pod_requests
from ansible_collections.autotrade.deployment.plugins.module_utils.core.capacity.world import Owner, World, owner_of
from ansible_collections.autotrade.deployment.plugins.module_utils.core.quantities import QuantityError, percent_of
from ansible_collections.autotrade.deployment.plugins.module_utils.core.requirements.model import KubeObject
from ansible_collections.autotrade.deployment.plugins.module_utils.core.requirements.reading import (
    items,
    mapping,
    text,
    value,
    whole,
)
from ansible_collections.autotrade.deployment.plugins.module_utils.core.requirements.workloads import REPLICATED_KINDS, Workload

HOSTNAME, ZONE = "kubernetes.io/hostname", "topology.kubernetes.io/zone"
DEFAULT_SURGE = "25%"
ONE_POD: Resources = {"pods": Fraction(1)}
UNSCHEDULABLE = {"key": "node.kubernetes.io/unschedulable", "effect": "NoSchedule"}
# What the DaemonSet controller adds to its pods (AddOrUpdateDaemonPodTolerations of pkg/controller/daemon/util).
DAEMON_TOLERATIONS = tuple(
    {"key": f"node.kubernetes.io/{key}", "operator": "Exists", "effect": effect}
    for key, effect in (
        ("not-ready", "NoExecute"),
        ("unreachable", "NoExecute"),
        ("disk-pressure", "NoSchedule"),
        ("memory-pressure", "NoSchedule"),
        ("pid-pressure", "NoSchedule"),
        ("unschedulable", "NoSchedule"),
    )
)
HOST_NETWORK_TOLERATION = {"key": "node.kubernetes.io/network-unavailable", "operator": "Exists", "effect": "NoSchedule"}


@dataclass(frozen=True, eq=False)
class Sample:
    """One pod, with what it asks for reckoned once."""

    pod: KubeObject

    @cached_property
    def requests(self) -> Resources:
        """What it requests."""
        return pod_requests(self.pod)

    @cached_property
    def limits(self) -> Resources:
        """What it is limited to."""
        return pod_limits(self.pod)

    @cached_property
    def sizes(self) -> Resources:
        """What it takes of a node, as the scheduler reckons it: its requests and one of the node's places for pods."""
        return added(pod_requests(self.pod, pod_resize=True), ONE_POD)

    @property
    def node(self) -> str:
        """The node that it stands on, empty while it waits for one."""
        return text(self.pod, "spec", "nodeName")

    def may_run_on(self, node: KubeObject) -> bool:
        """As the scheduler's filters of selector, affinity, taints and cordon judge it."""
        pod = Workload("Pod", self.pod)
        cordoned = value(node, "spec", "unschedulable") is True
        return pod.may_run_on(node) and not (cordoned and not pod.tolerates(UNSCHEDULABLE))

    def repels_its_like(self, topology: str) -> bool:
        """Whether two like it cannot stand in one place: required anti-affinity, or one port of the host."""
        ports = [port for container in items(self.pod, "spec", "containers") for port in items(container, "ports")]
        shared = topology == HOSTNAME and any(port.get("hostPort") for port in ports)
        return shared or Workload("Pod", self.pod).repels_itself(topology, required_only=True)


@dataclass(frozen=True, eq=False)
class Demand:
    """As many equal pods as one workload asks for; ``kept`` are those of them that stand already and stay.

    ``foreign`` is what is not among the wanted workloads: pods of others that look for a node.
    """

    workload: Workload
    pods: int
    sample: Sample
    kept: tuple[Sample, ...] = ()
    foreign: bool = False

    @property
    def name(self) -> str:
        """The workload's name."""
        return self.workload.name

    @property
    def daemon(self) -> bool:
        """Whether it wants one pod on each node."""
        return self.workload.kind == "DaemonSet"

    @property
    def new(self) -> int:
        """How many pods have to find a place."""
        return max(self.pods - len(self.kept), 0)

    @cached_property
    def kept_total(self) -> Resources:
        """What the pods that stand and stay take of their nodes."""
        return added(*(one.sizes for one in self.kept))

    def counting(self, pods: int) -> Demand:
        """The same with another number of pods."""
        return replace(self, pods=pods, kept=self.kept[:pods])

    def without(self, lost: frozenset[str]) -> Demand:
        """The same when nodes are gone."""
        return replace(self, kept=tuple(one for one in self.kept if one.node not in lost))


def demand_of(world: World, workload: Workload) -> Demand:
    """What a workload asks for in steady state."""
    template: Mapping[str, Any] = workload.template
    if workload.kind == "DaemonSet":
        more = [*DAEMON_TOLERATIONS, *([HOST_NETWORK_TOLERATION] if value(workload.spec, "hostNetwork") is True else [])]
        template = {**template, "spec": {**workload.spec, "tolerations": [*items(workload.spec, "tolerations"), *more]}}
    sample = Sample(admitted(template, workload.namespace, world.after))
    daemon = workload.kind == "DaemonSet"
    pods = sum(map(sample.may_run_on, world.nodes)) if daemon else replicas(world, workload)
    return Demand(workload, pods, sample, tuple(map(Sample, world.kept(workload, pods))))


def foreign_demands(pods: Iterable[KubeObject]) -> list[Demand]:
    """Pods of others that look for a node, together with their like of the same owner."""
    by_owner: dict[Owner, list[KubeObject]] = {}
    for pod in pods:
        by_owner.setdefault(owner_of(pod), []).append(pod)
    return [
        Demand(Workload(kind, {"metadata": {"name": name, "namespace": space}}), len(found), Sample(found[0]), foreign=True)
        for (kind, space, name), found in sorted(by_owner.items(), key=lambda one: one[0])
    ]


def replicas(world: World, workload: Workload) -> int:
    """How many pods it has in steady state.

    Where an autoscaler owns the number, the live one stays (``cluster_objects`` leaves it alone), and never below its minimum;
    a live zero switches the autoscaler off.
    """
    standing = world.live.get(workload.kind, workload.name, workload.namespace)
    if workload.kind == "Job":
        return _parallel(workload) if standing is None or not _finished(standing) else 0
    between = bounds(world.after, workload)
    if between is None or workload.kind not in REPLICATED_KINDS:
        return workload.replicas
    count = workload.replicas if standing is None else Workload(workload.kind, standing).replicas
    return max(count, between[0]) if count else 0


def most(world: World, demand: Demand) -> int:
    """The pods that an autoscaler may ask for, else those of the steady state."""
    between = bounds(world.after, demand.workload)
    return demand.pods if between is None or demand.daemon or demand.foreign else max(demand.pods, between[1])


def surge(demand: Demand) -> int:
    """The pods that a rollout adds for a while; for a CronJob the pods of one run.

    Deployments: ``maxSurge`` rounded up, 25 % by default (ResolveFenceposts). DaemonSets: ``maxSurge``, none by default
    (SurgeCount). StatefulSets replace pod by pod.
    """
    obj = demand.workload.obj
    if demand.foreign:
        return 0
    if demand.workload.kind == "CronJob":
        run = Workload("Job", {"spec": mapping(obj, "spec", "jobTemplate", "spec")})
        return 0 if value(obj, "spec", "suspend") is True else _parallel(run)
    if demand.workload.kind == "Deployment":
        rolling = text(obj, "spec", "strategy", "type") in ("", "RollingUpdate")
        found = value(obj, "spec", "strategy", "rollingUpdate", "maxSurge")
        return _share(DEFAULT_SURGE if found is None else found, demand.pods) if rolling else 0
    if demand.daemon:
        rolling = text(obj, "spec", "updateStrategy", "type") in ("", "RollingUpdate")
        return _share(value(obj, "spec", "updateStrategy", "rollingUpdate", "maxSurge") or 0, demand.pods) if rolling else 0
    return 0


def _share(found: Any, pods: int) -> int:
    try:
        return percent_of(found, pods, round_up=True)
    except QuantityError:
        return 0


def _parallel(job: Workload) -> int:
    """The pods that a Job runs side by side."""
    completions = whole(job.obj, "spec", "completions")
    return job.replicas if completions is None else min(job.replicas, completions)


def _finished(job: KubeObject) -> bool:
    ended = {"Complete", "Failed"}
    conditions = items(job, "status", "conditions")
    return any(text(one, "type") in ended and text(one, "status") == "True" for one in conditions)
