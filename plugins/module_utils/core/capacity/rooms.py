# Copyright (c) autotrade.deployment engineers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The nodes' room against the pods that have to find a place: what cannot work, by sums alone.

Three things are necessary: each pod matches some node; the nodes that a workload may use would hold its pods if they were its
own; and for every set of nodes to which some workloads are confined (and for all of them together), these workloads fit in
together. None of it proves that the scheduler finds a place for each pod: that is for the scheduler to say.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction

from ansible_collections.autotrade.deployment.plugins.module_utils.core.capacity.amounts import (
    ZERO,
    Resources,
    added,
    resources_at,
    shown,
    times,
)
from ansible_collections.autotrade.deployment.plugins.module_utils.core.capacity.demands import Demand
from ansible_collections.autotrade.deployment.plugins.module_utils.core.capacity.pods import pod_requests
from ansible_collections.autotrade.deployment.plugins.module_utils.core.requirements.model import KubeObject, name_of
from ansible_collections.autotrade.deployment.plugins.module_utils.core.requirements.reading import items, labels, text
from ansible_collections.autotrade.deployment.plugins.module_utils.core.requirements.workloads import Workload

HOSTNAME, ZONE = "kubernetes.io/hostname", "topology.kubernetes.io/zone"
NAMES_SHOWN = 6
ONE_POD: Resources = {"pods": Fraction(1)}
Names = frozenset[str]


@dataclass(frozen=True)
class Figure:
    """One resource on one set of nodes: what the workloads that may run nowhere else ask for, and what is left for them."""

    nodes: Names
    resource: str
    asked: Fraction
    room: Fraction
    components: tuple[str, ...]

    @property
    def fits(self) -> bool:
        """Whether the room is enough."""
        return self.asked <= self.room

    def __str__(self) -> str:
        asked, room = shown(self.resource, self.asked), shown(self.resource, self.room)
        who, where = ", ".join(self.components), named(self.nodes)
        return f"{self.resource}: {who} request {asked} and may only run on {where}, which have room for {room}"


class Rooms:
    """What each node has left for new pods."""

    def __init__(self, nodes: Sequence[KubeObject], standing: Iterable[KubeObject], daemons: Iterable[Demand]) -> None:
        self._nodes = {name_of(node): node for node in nodes}
        self._free = {name: resources_at(node, "status", "allocatable") for name, node in self._nodes.items()}
        self._eligible: dict[str, Names] = {}
        #: DaemonSets and the nodes that have no room for their new pods
        self.crowded: list[tuple[Demand, str]] = []
        for pod in standing:
            self._take(text(pod, "spec", "nodeName"), pod_requests(pod, pod_resize=True))
        for demand in daemons:
            there = {text(pod, "spec", "nodeName") for pod in demand.kept}
            for name in sorted(self.eligible(demand) - there):
                self._take(name, demand.requests)
                if any(self._free[name].get(resource, ZERO) < 0 for resource in added(demand.requests, ONE_POD)):
                    self.crowded.append((demand, name))

    @property
    def names(self) -> Names:
        """Every node."""
        return frozenset(self._nodes)

    def eligible(self, demand: Demand) -> Names:
        """The nodes that a workload's pods match."""
        known = self._eligible.get(demand.workload.where)
        if known is None:
            known = frozenset(name for name, node in self._nodes.items() if demand.may_run_on(node))
            self._eligible[demand.workload.where] = known
        return known

    def free(self, name: str, resource: str) -> Fraction:
        """What a node has left of a resource; a node that is overcommitted has nothing left."""
        return max(self._free[name].get(resource, ZERO), ZERO)

    def copy_of_free(self) -> dict[str, Resources]:
        """What every node has left, to be packed into."""
        return {name: dict(found) for name, found in self._free.items()}

    def domain(self, name: str, topology: str) -> str:
        """The zone (or another topology) of a node; a node without the label stands for itself."""
        return str(labels(self._nodes[name]).get(topology, name))

    def _take(self, name: str, requests: Resources) -> None:
        if name in self._free:
            self._free[name] = added(self._free[name], times(added(requests, ONE_POD), -1))


def obstacles(rooms: Rooms, demands: Iterable[Demand], lost: Names = frozenset()) -> Iterator[str]:
    """What keeps the new pods of single workloads from finding places, each in a sentence."""
    for demand, name in rooms.crowded:
        if name not in lost:
            yield f"{demand.workload.where}: {name} has no room for its pod"
    for demand in demands:
        where = rooms.eligible(demand) - lost
        if demand.daemon:
            continue
        if not where and demand.pods:
            among = " that are left" if lost else ""
            yield f"{demand.workload.where}: none of the nodes{among} matches its selector, affinity and tolerations"
        elif demand.new > (found := _places(rooms, demand, where)):
            yield f"{demand.workload.where}: {named(where)} have places for {found} of its {demand.new} new pods"


def _places(rooms: Rooms, demand: Demand, where: Names) -> int:
    """How many of its pods the nodes would take if they took no others."""
    each = Counter({name: _places_on(rooms, demand, name) for name in where})
    taken = [text(pod, "spec", "nodeName") for pod in demand.kept]
    for topology in (HOSTNAME, ZONE):
        if _alone(demand, topology):
            used = {rooms.domain(name, topology) for name in taken}
            free = {rooms.domain(name, topology): name for name, places in each.items() if places}
            each = Counter({name: 1 for domain, name in free.items() if domain not in used})
    return sum(each.values())


def _places_on(rooms: Rooms, demand: Demand, name: str) -> int:
    wanted = {resource: amount for resource, amount in added(demand.requests, ONE_POD).items() if amount}
    return min(int(rooms.free(name, resource) / amount) for resource, amount in wanted.items())


def _alone(demand: Demand, topology: str) -> bool:
    """Whether two of its pods cannot stand in one place: required anti-affinity, or one port of the host."""
    ports = [port for container in items(demand.pod, "spec", "containers") for port in items(container, "ports")]
    shared = topology == HOSTNAME and any(port.get("hostPort") for port in ports)
    return shared or Workload("Pod", demand.pod).repels_itself(topology, required_only=True)


def figures(rooms: Rooms, demands: Iterable[Demand], lost: Names = frozenset()) -> list[Figure]:
    """Every resource on every set of nodes to which workloads with new pods are confined, and on all these nodes together."""
    placed = [(rooms.eligible(demand) - lost, demand) for demand in demands if demand.new and not demand.daemon]
    confined = {where for where, _demand in placed if where}
    together = frozenset[str]().union(*confined)
    return [
        figure
        for where in sorted(confined | ({together} if together else set()), key=lambda names: (len(names), sorted(names)))
        for figure in _figures_on(rooms, where, [demand for inside, demand in placed if inside and inside <= where])
    ]


def _figures_on(rooms: Rooms, where: Names, inside: Sequence[Demand]) -> Iterator[Figure]:
    asked = added(*(times(added(demand.requests, ONE_POD), demand.new) for demand in inside))
    for resource, amount in sorted(asked.items()):
        if amount:
            room = sum((rooms.free(name, resource) for name in where), ZERO)
            components = tuple(sorted(demand.workload.name for demand in inside if demand.requests.get(resource)))
            yield Figure(where, resource, amount, room, components or tuple(sorted(demand.workload.name for demand in inside)))


def packed(rooms: Rooms, demands: Iterable[Demand], lost: Names = frozenset()) -> Counter[str]:
    """The pods by workload that find no place when they are packed first-fit, those with the fewest possible nodes first.

    An empty answer shows a packing that the sizes allow; pods that are left over prove nothing.
    """
    free = rooms.copy_of_free()
    left: Counter[str] = Counter()
    placeable = [(demand, [name for name in free if name in rooms.eligible(demand) - lost]) for demand in demands]
    for demand, where in sorted(placeable, key=_least_choice):
        wanted = added(demand.requests, ONE_POD)
        for _ in range(0 if demand.daemon else demand.new):
            if not _pack(wanted, [free[name] for name in where]):
                left[demand.workload.name] += 1
    return left


def _least_choice(placeable: tuple[Demand, list[str]]) -> tuple[int, Fraction, str]:
    demand, where = placeable
    return len(where), -demand.requests.get("cpu", ZERO), demand.workload.name


def _pack(wanted: Resources, rooms: Iterable[Resources]) -> bool:
    for room in rooms:
        if all(amount <= room.get(resource, ZERO) for resource, amount in wanted.items() if amount):
            for resource, amount in wanted.items():
                room[resource] = room.get(resource, ZERO) - amount
            return True
    return False


def named(nodes: Iterable[str]) -> str:
    """The nodes by name; of many only the first and how many there are."""
    names = sorted(nodes)
    if len(names) <= NAMES_SHOWN:
        return ", ".join(names)
    return f"{', '.join(names[:3])} and {len(names) - 3} more nodes"
