# Copyright (c) autotrade.deployment engineers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Each quota against everything that its namespace would hold."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from ansible_collections.autotrade.deployment.plugins.module_utils.core.capacity.amounts import (
    ZERO,
    Resources,
    added,
    shown,
    times,
)
from ansible_collections.autotrade.deployment.plugins.module_utils.core.capacity.demands import Demand
from ansible_collections.autotrade.deployment.plugins.module_utils.core.capacity.mesh import meshed
from ansible_collections.autotrade.deployment.plugins.module_utils.core.capacity.pods import LIMITS, REQUESTS, pod_level
from ansible_collections.autotrade.deployment.plugins.module_utils.core.capacity.quotas import (
    COUNTED_KINDS,
    charge,
    counted,
    hard,
    in_scopes,
)
from ansible_collections.autotrade.deployment.plugins.module_utils.core.capacity.world import World, owner_of
from ansible_collections.autotrade.deployment.plugins.module_utils.core.requirements.model import (
    KubeObject,
    name_of,
    namespace_of,
    where_is,
)
from ansible_collections.autotrade.deployment.plugins.module_utils.core.requirements.reading import (
    EMPTY,
    items,
    mapping,
    text,
)

LARGEST_SHOWN = 3
# A quota on these makes every container of the namespace state them (enforcePodContainerConstraints of the pod evaluator).
MUST_BE_STATED: Mapping[str, tuple[str, str]] = {
    "cpu": (REQUESTS, "cpu"),
    "memory": (REQUESTS, "memory"),
    "requests.cpu": (REQUESTS, "cpu"),
    "requests.memory": (REQUESTS, "memory"),
    "limits.cpu": (LIMITS, "cpu"),
    "limits.memory": (LIMITS, "memory"),
}


@dataclass(frozen=True)
class QuotaFigure:
    """One key of one quota: what would be charged, what is allowed, who asks for most of it, and who stands beside the wanted."""

    namespace: str
    quota: str
    resource: str
    used: Fraction
    hard: Fraction
    largest: tuple[tuple[str, Fraction], ...] = ()
    beside: tuple[tuple[str, Fraction], ...] = ()

    @property
    def fits(self) -> bool:
        """Whether no more is charged than allowed."""
        return self.used <= self.hard

    def __str__(self) -> str:
        used, allowed = shown(self.resource, self.used), shown(self.resource, self.hard)
        return f"{self.resource} {used} is above {allowed} of ResourceQuota {self.namespace}/{self.quota}"

    @property
    def culprits(self) -> str:
        """``most limits.cpu is asked by feature-engineering 23, trading-strategy 23; beside what is wanted stand x 2``."""
        most, beside = (self._list(part) for part in (self.largest, self.beside))
        said = [f"most {self.resource} is asked by {most}"] if most else []
        return "; ".join([*said, *([f"beside what is wanted stand {beside}"] if beside else [])])

    def _list(self, part: Iterable[tuple[str, Fraction]]) -> str:
        return ", ".join(f"{name} {shown(self.resource, value)}" for name, value in part)


@dataclass(frozen=True)
class Standing:
    """What is charged beside the wanted pods: objects, and pods of others by the name of their owner."""

    objects: Resources
    pods: tuple[tuple[str, Resources], ...]


class Charges:
    """The quotas of a world with what stands in their namespaces beside the pods of the wanted workloads."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._quotas = world.after.of_kind("ResourceQuota")
        self._base = [self._standing(quota) for quota in self._quotas]
        self._of_pod: dict[int, Resources] = {}

    def figures(self, demands: Iterable[Demand]) -> list[QuotaFigure]:
        """Every figure of every quota with these workloads' pods, those that are not worked out here left out."""
        found = list(demands)
        return [
            figure
            for quota, standing in zip(self._quotas, self._base, strict=True)
            for figure in self._of_quota(quota, standing, [demand for demand in found if self._charged(quota, demand)])
        ]

    def not_counted(self) -> list[str]:
        """Keys of quotas that are not worked out here, nor by Kubernetes in the case of limits on extended resources."""
        return sorted({key for quota in self._quotas for key in hard(quota) if not counted(key)})

    def room_for(self, demand: Demand, figures: Iterable[QuotaFigure]) -> tuple[int, str] | None:
        """How many more pods of one workload the quotas take beyond ``figures``, and the key that ends first."""
        each = self.of_pod(demand)
        inside = [one for one in figures if one.namespace == demand.workload.namespace and each.get(one.resource)]
        fits = [(int(max(one.hard - one.used, ZERO) / each[one.resource]), one.resource) for one in inside]
        return min(fits, key=lambda one: one[0], default=None)

    def unstated(self, demands: Iterable[Demand]) -> Iterator[str]:
        """Workloads whose pods a quota refuses because a container does not say what the quota counts."""
        for quota in self._quotas:
            wanted = [MUST_BE_STATED[key] for key in hard(quota) if key in MUST_BE_STATED]
            for demand in demands:
                if self._charged(quota, demand) and demand.pods and not (_own(demand.sample.pod)):
                    for container, side, resource in _silent(demand.sample.pod, wanted):
                        said = f"states no {side}.{resource}, which {where_is(quota)} demands"
                        yield f"{demand.workload.where}: container {container} {said}"

    def of_pod(self, demand: Demand) -> Resources:
        """What one pod of a workload is charged with, the claims that come and go with it included."""
        key = id(demand.sample.pod)
        if key not in self._of_pod:
            claims = (charge(claim, self._world.now) for claim in ephemeral_claims(demand.sample.pod))
            self._of_pod[key] = added(charge(demand.sample.pod, self._world.now), *claims)
        return self._of_pod[key]

    def _of_quota(self, quota: KubeObject, standing: Standing, demands: list[Demand]) -> Iterator[QuotaFigure]:
        wanted = [(one.name, added(times(self.of_pod(one), one.pods), *self._claims(one))) for one in demands]
        total = added(standing.objects, *(part for _name, part in (*wanted, *standing.pods)))
        for key, allowed in hard(quota).items():
            if counted(key):
                largest, beside = _ranked(wanted, key), _ranked(standing.pods, key)
                yield QuotaFigure(namespace_of(quota), name_of(quota), key, total.get(key, ZERO), allowed, largest, beside)

    def _charged(self, quota: KubeObject, demand: Demand) -> bool:
        return demand.workload.namespace == namespace_of(quota) and in_scopes(quota, demand.sample.pod)

    def _standing(self, quota: KubeObject) -> Standing:
        namespace, now = namespace_of(quota), self._world.now
        waiting = set(map(id, self._world.strays))
        by_owner: dict[str, Resources] = {}
        for pod in self._world.others:
            if namespace_of(pod) == namespace and id(pod) not in waiting and in_scopes(quota, pod):
                name = owner_of(pod)[2]
                charges = (charge(one, now) for one in (pod, *ephemeral_claims(pod)))
                by_owner[name] = added(by_owner.get(name, {}), *charges)
        objects = (obj for obj in self._objects(namespace) if in_scopes(quota, obj))
        return Standing(added(*(charge(obj, now) for obj in objects)), tuple(by_owner.items()))

    def _objects(self, namespace: str) -> Iterator[KubeObject]:
        """What is counted beside pods, with what Kubernetes and the mesh put into each namespace themselves."""
        seen = set()
        for kind in COUNTED_KINDS:
            for obj in self._world.after.of_kind(kind, namespace):
                seen.add((kind, name_of(obj)))
                if not any(text(owner, "kind") == "Pod" for owner in items(obj, "metadata", "ownerReferences")):
                    yield obj
        automatic = [("ConfigMap", "kube-root-ca.crt"), ("ServiceAccount", "default")]
        if meshed(self._world.after.get("Namespace", namespace) or EMPTY):
            automatic.append(("ConfigMap", "istio-ca-root-cert"))
        for kind, name in automatic:
            if (kind, name) not in seen:
                yield {"apiVersion": "v1", "kind": kind, "metadata": {"name": name, "namespace": namespace}}

    def _claims(self, demand: Demand) -> list[Resources]:
        """The claims that a StatefulSet makes for its pods and that do not stand yet."""
        workload, now = demand.workload, self._world.now
        there = {name_of(claim) for claim in self._world.after.of_kind("PersistentVolumeClaim", workload.namespace)}
        return [
            charge(_claim(template), now)
            for template in items(workload.obj, "spec", "volumeClaimTemplates")
            for number in range(demand.pods)
            if f"{name_of(template)}-{workload.name}-{number}" not in there
        ]


def _ranked(parts: Iterable[tuple[str, Resources]], key: str) -> tuple[tuple[str, Fraction], ...]:
    """Those with the largest shares of a figure, the largest first."""
    shares = sorted(((name, part[key]) for name, part in parts if part.get(key)), key=lambda one: (-one[1], one[0]))
    return tuple(shares[:LARGEST_SHOWN])


def ephemeral_claims(pod: Mapping[str, Any]) -> list[KubeObject]:
    """The claims that live as long as the pod."""
    templates = [mapping(volume, "ephemeral", "volumeClaimTemplate") for volume in items(pod, "spec", "volumes")]
    return [_claim(template) for template in templates if template]


def _claim(template: Mapping[str, Any]) -> KubeObject:
    return {**template, "apiVersion": "v1", "kind": "PersistentVolumeClaim"}


def _own(pod: Mapping[str, Any]) -> bool:
    """Whether resources are given for the pod as a whole, which frees its containers from stating theirs."""
    return bool(pod_level(pod, REQUESTS) or pod_level(pod, LIMITS))


def _silent(pod: Mapping[str, Any], wanted: Iterable[tuple[str, str]]) -> Iterator[tuple[str, str, str]]:
    for container in [*items(pod, "spec", "initContainers"), *items(pod, "spec", "containers")]:
        for side, resource in dict.fromkeys(wanted):
            if resource not in mapping(container, "resources", side):
                yield text(container, "name"), side, resource
