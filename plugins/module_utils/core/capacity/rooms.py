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
from ansible_collections.autotrade.deployment.plugins.module_utils.core.capacity.demands import HOSTNAME, ZONE, Demand, Sample
from ansible_collections.autotrade.deployment.plugins.module_utils.core.requirements.model import KubeObject, name_of
from ansible_collections.autotrade.deployment.plugins.module_utils.core.requirements.reading import labels

NAMES_SHOWN = 6
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
        who, where = named(self.components), named(self.nodes)
        return f"{self.resource}: {who} request {asked} and may only run on {where}, which have room for {room}"


class Rooms:
    """What each node has left for new pods."""

    def __init__(self, nodes: Sequence[KubeObject], standing: Iterable[Sample], daemons: Iterable[Demand]) -> None:
        self._nodes = {name_of(node): node for node in nodes}
        self._free = {name: resources_at(node, "status", "allocatable") for name, node in self._nodes.items()}
        self._eligible: dict[str, Names] = {}
        self._totals: dict[tuple[Names, str], Fraction] = {}
        #: DaemonSets and the nodes that have no room for their new pods
        self.crowded: list[tuple[Demand, str]] = []
        for sample in standing:
            self._take(sample.node, sample.sizes)
        for demand in daemons:
            for name in sorted(self.eligible(demand) - {one.node for one in demand.kept}):
                self._take(name, demand.sample.sizes)
                if any(self._free[name].get(resource, ZERO) < 0 for resource in demand.sample.sizes):
                    self.crowded.append((demand, name))

    def eligible(self, demand: Demand) -> Names:
        """The nodes that a workload's pods match."""
        known = self._eligible.get(demand.workload.where)
        if known is None:
            known = frozenset(name for name, node in self._nodes.items() if demand.sample.may_run_on(node))
            self._eligible[demand.workload.where] = known
        return known

    def free(self, name: str, resource: str) -> Fraction:
        """What a node has left of a resource; a node that is overcommitted has nothing left."""
        return max(self._free[name].get(resource, ZERO), ZERO)

    def total(self, names: Names, lost: Names, resource: str) -> Fraction:
        """What nodes have left together, those that are lost left out."""
        known = self._totals.get((names, resource))
        if known is None:
            known = sum((self.free(name, resource) for name in names), ZERO)
            self._totals[names, resource] = known
        return known - sum((self.free(name, resource) for name in names & lost), ZERO)

    def copy_of_free(self) -> dict[str, Resources]:
        """What every node has left, to be packed into."""
        return {name: dict(found) for name, found in self._free.items()}

    def domain(self, name: str, topology: str) -> str:
        """The zone (or another topology) of a node; a node without the label stands for itself."""
        return str(labels(self._nodes[name]).get(topology, name))

    def _take(self, name: str, sizes: Resources) -> None:
        if name in self._free:
            self._free[name] = added(self._free[name], times(sizes, -1))


def obstacles(rooms: Rooms, demands: Iterable[Demand], lost: Names = frozenset()) -> Iterator[tuple[Demand, str]]:
    """What keeps the new pods of a workload from finding places, were it there alone."""
    for demand, name in rooms.crowded:
        if name not in lost:
            yield demand, f"{demand.workload.where}: {name} has no room for its pod"
    for demand in demands:
        where = rooms.eligible(demand) - lost
        if demand.daemon:
            continue
        if not where and demand.pods:
            among = " that are left" if lost else ""
            yield demand, f"{demand.workload.where}: none of the nodes{among} matches its selector, affinity and tolerations"
        elif demand.new and demand.new > (found := _places(rooms, demand, where)):
            yield demand, f"{demand.workload.where}: only {found} of its {demand.new} new pods have places on {named(where)}"


def _places(rooms: Rooms, demand: Demand, where: Names) -> int:
    """How many of its pods the nodes would take if they took no others."""
    each = Counter({name: _places_on(rooms, demand.sample, name) for name in where})
    for topology in (HOSTNAME, ZONE):
        if demand.sample.repels_its_like(topology):
            used = {rooms.domain(one.node, topology) for one in demand.kept}
            free = {rooms.domain(name, topology): name for name, places in each.items() if places}
            each = Counter({name: 1 for domain, name in free.items() if domain not in used})
    return sum(each.values())


def _places_on(rooms: Rooms, sample: Sample, name: str) -> int:
    return min(int(rooms.free(name, resource) / amount) for resource, amount in sample.sizes.items() if amount)


def figures(rooms: Rooms, demands: Iterable[Demand], lost: Names = frozenset()) -> list[Figure]:
    """Every resource on every set of nodes to which workloads that ask for it are confined, and on all of these together.

    Pods that stand and stay count on both sides, so that the figures are the same before and after they are applied.
    """
    placed = [(rooms.eligible(demand), demand) for demand in demands if demand.pods and not demand.daemon]
    resources = sorted({name for _where, demand in placed for name, amount in demand.sample.sizes.items() if amount})
    return [figure for resource in resources for figure in _figures_of(rooms, resource, placed, lost)]


def _figures_of(rooms: Rooms, resource: str, placed: Sequence[tuple[Names, Demand]], lost: Names) -> Iterator[Figure]:
    asking = [(where, demand) for where, demand in placed if where - lost and demand.sample.sizes.get(resource)]
    confined = {where for where, _demand in asking}
    together = {frozenset[str]().union(*confined)} if confined else set()
    for names in sorted(confined | together, key=lambda found: (len(found), sorted(found))):
        inside = [demand for where, demand in asking if where <= names]
        kept = sum((demand.kept_total.get(resource, ZERO) for demand in inside), ZERO)
        new = sum((demand.sample.sizes[resource] * demand.new for demand in inside), ZERO)
        room = rooms.total(names, lost, resource)
        yield Figure(names - lost, resource, kept + new, kept + room, tuple(sorted({demand.name for demand in inside})))


def packed(rooms: Rooms, demands: Iterable[Demand], lost: Names = frozenset()) -> Counter[str]:
    """The pods by workload that find no place when they are packed first-fit, those with the fewest possible nodes first.

    An empty answer shows a packing that the sizes allow; pods that are left over prove nothing.
    """
    free = rooms.copy_of_free()
    left: Counter[str] = Counter()
    looking = [demand for demand in demands if demand.new and not demand.daemon]
    placeable = [(demand, [name for name in free if name in rooms.eligible(demand) - lost]) for demand in looking]
    for demand, where in sorted(placeable, key=_least_choice):
        for _number in range(demand.new):
            if not _pack(demand.sample.sizes, [free[name] for name in where]):
                left[demand.name] += 1
    return left


def _least_choice(placeable: tuple[Demand, list[str]]) -> tuple[int, Fraction, str]:
    demand, where = placeable
    return len(where), -demand.sample.requests.get("cpu", ZERO), demand.name


def _pack(wanted: Resources, rooms: Iterable[Resources]) -> bool:
    for room in rooms:
        if all(amount <= room.get(resource, ZERO) for resource, amount in wanted.items() if amount):
            for resource, amount in wanted.items():
                room[resource] = room.get(resource, ZERO) - amount
            return True
    return False


def named(found: Iterable[str]) -> str:
    """Nodes or workloads by name; of many only the first and how many there are."""
    names = sorted(found)
    if len(names) <= NAMES_SHOWN:
        return ", ".join(names)
    return f"{', '.join(names[:3])} and {len(names) - 3} more"
