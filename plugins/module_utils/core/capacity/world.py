# Copyright (c) autotrade.deployment engineers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What shall stand, what stands already, and whose pods are whose."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any

from ansible_collections.autotrade.deployment.plugins.module_utils.core.capacity.quotas import ENDED
from ansible_collections.autotrade.deployment.plugins.module_utils.core.requirements.model import (
    Cluster,
    KubeObject,
    name_of,
    namespace_of,
)
from ansible_collections.autotrade.deployment.plugins.module_utils.core.requirements.reading import (
    items,
    labels,
    text,
    value,
)
from ansible_collections.autotrade.deployment.plugins.module_utils.core.requirements.workloads import Workload

#: kind, namespace and name of the object that made a pod
Owner = tuple[str, str, str]
HASH = "pod-template-hash"
# What of a pod's template the scheduler looks at; containers are compared by their resources and host ports.
PLACED_BY = ("nodeSelector", "affinity", "tolerations", "topologySpreadConstraints", "priorityClassName", "runtimeClassName")


@dataclass(frozen=True)
class World:
    """The objects that shall be applied (``wanted``) and those that an API server shows (``live``; empty without one).

    ``nodes`` are the live ones, or those that an inventory promises. ``now`` decides which pods are overdue to be gone.
    """

    wanted: Cluster
    live: Cluster
    nodes: tuple[KubeObject, ...]
    now: datetime

    @cached_property
    def after(self) -> Cluster:
        """Every object once the wanted ones are applied, save pods: theirs are worked out from the workloads."""
        merged = {_key(obj): obj for cluster in (self.live, self.wanted) for obj in cluster.objects if obj["kind"] != "Pod"}
        return Cluster(merged.values(), self.wanted.settings)

    @cached_property
    def workloads(self) -> tuple[Workload, ...]:
        """What shall be applied and makes pods."""
        return tuple(self.wanted.workloads())

    @cached_property
    def _owners(self) -> frozenset[Owner]:
        return frozenset(owner_of_workload(workload) for workload in self.workloads)

    @cached_property
    def _by_owner(self) -> Mapping[Owner, list[KubeObject]]:
        found: dict[Owner, list[KubeObject]] = defaultdict(list)
        for pod in sorted(self.live.of_kind("Pod"), key=name_of):
            if text(pod, "status", "phase") not in ENDED:
                found[owner_of(pod)].append(pod)
        return found

    @cached_property
    def others(self) -> tuple[KubeObject, ...]:
        """Live pods that nothing wanted replaces: of other owners, or on their way out. Those that have ended hold nothing."""
        pods = ((owner, pod) for owner, found in self._by_owner.items() for pod in found)
        return tuple(pod for owner, pod in pods if owner not in self._owners or terminating(pod))

    @cached_property
    def names(self) -> frozenset[str]:
        """The names of the nodes."""
        return frozenset(map(name_of, self.nodes))

    def bound(self, pod: KubeObject) -> bool:
        """Whether a pod stands on one of the nodes."""
        return text(pod, "spec", "nodeName") in self.names

    @cached_property
    def strays(self) -> tuple[KubeObject, ...]:
        """Pods of others that wait for a node, or whose node is gone."""
        return tuple(pod for pod in self.others if not self.bound(pod) and not terminating(pod))

    def kept(self, workload: Workload, at_most: int) -> list[KubeObject]:
        """Live pods that stay where they are, since the wanted template asks the scheduler for nothing else."""
        owner = owner_of_workload(workload)
        standing = self.live.get(workload.kind, workload.name, workload.namespace)
        if standing is None or (workload.kind != "Pod" and shape(Workload(workload.kind, standing)) != shape(workload)):
            return []
        there = [pod for pod in self._by_owner.get(owner, ()) if self.bound(pod) and not terminating(pod)]
        return [pod for pod in there if _made_from(workload, pod)][:at_most]


def owner_of_workload(workload: Workload) -> Owner:
    """The owner that the pods of a workload name."""
    return workload.kind, workload.namespace, workload.name


def owner_of(pod: KubeObject) -> Owner:
    """The workload behind a pod; for a ReplicaSet the Deployment that made it, whose name stands before the template's hash."""
    controllers = [one for one in items(pod, "metadata", "ownerReferences") if one.get("controller") is not False]
    if not controllers:
        return "Pod", namespace_of(pod), name_of(pod)
    kind, name, hashed = text(controllers[0], "kind"), text(controllers[0], "name"), labels(pod).get(HASH)
    if kind == "ReplicaSet" and hashed and name.endswith(f"-{hashed}"):
        return "Deployment", namespace_of(pod), name.removesuffix(f"-{hashed}")
    return kind, namespace_of(pod), name


def terminating(pod: KubeObject) -> bool:
    """Whether the pod is being deleted: it holds its node's room until it is gone."""
    return value(pod, "metadata", "deletionTimestamp") is not None


def shape(workload: Workload) -> tuple[Any, ...]:
    """What decides where the pods of a workload may stand and what they take there."""
    spec = workload.spec
    containers = [
        (container.name, container.init, container.sidecar, container.amounts, _host_ports(container.spec))
        for container in workload.containers
    ]
    placement = [spec.get(key) or None for key in PLACED_BY]
    own = value(spec, "resources"), value(spec, "overhead"), value(spec, "hostNetwork") or False
    return dict(workload.labels), placement, containers, own, _claims(workload)


def _made_from(workload: Workload, pod: KubeObject) -> bool:
    """Whether a pod has the sizes that its workload's template states; one of a former template has others."""
    like = Workload("Pod", pod)
    sizes = {container.name: container.amounts for container in like.containers}
    return all(
        stated.items() <= found.items()
        for container in workload.containers
        for stated, found in zip(container.amounts, sizes.get(container.name, ({}, {})), strict=True)
    )


def _host_ports(container: Mapping[str, Any]) -> list[tuple[Any, Any]]:
    return [(port.get("hostPort"), port.get("protocol", "TCP")) for port in items(container, "ports") if port.get("hostPort")]


def _claims(workload: Workload) -> list[Any]:
    templates = [name_of(one) for one in items(workload.obj, "spec", "volumeClaimTemplates")]
    volumes = [text(one, "persistentVolumeClaim", "claimName") for one in items(workload.spec, "volumes")]
    return [sorted(filter(None, volumes)), sorted(templates)]


def _key(obj: KubeObject) -> tuple[str, str, str]:
    return text(obj, "kind"), namespace_of(obj), name_of(obj)
