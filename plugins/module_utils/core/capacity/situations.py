# Copyright (c) autotrade.deployment engineers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The situations that a system has to get through, as the pods that stand in each of them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

from ansible_collections.autotrade.deployment.plugins.module_utils.core.capacity.demands import (
    HOSTNAME,
    ZONE,
    Demand,
    Sample,
    demand_of,
    foreign_demands,
    most,
    surge,
)
from ansible_collections.autotrade.deployment.plugins.module_utils.core.capacity.rooms import Names, Rooms
from ansible_collections.autotrade.deployment.plugins.module_utils.core.capacity.world import World, owner_of, terminating
from ansible_collections.autotrade.deployment.plugins.module_utils.core.requirements.model import name_of
from ansible_collections.autotrade.deployment.plugins.module_utils.core.requirements.reading import labels

#: The label that tells the two sides of a component apart, and the sides.
SIDE, SIDES = "version", ("blue", "green")
# Pods of these owners go with their node: no controller makes them anew elsewhere.
TIED_TO_NODE = ("DaemonSet", "Node", "Pod")


@dataclass(frozen=True)
class Case:
    """One moment of a situation: the pods that shall stand, and the nodes that are gone.

    ``title`` tells it from the others of its situation, and is empty where there can be only one. In a ``rollout`` the pods
    beyond the steady state are of a new template.
    """

    title: str
    demands: tuple[Demand, ...]
    lost: Names = frozenset()
    rollout: bool = False


@dataclass(frozen=True)
class Plan:
    """A world with what its workloads ask for in steady state."""

    world: World

    @cached_property
    def steady(self) -> tuple[Demand, ...]:
        """The wanted workloads with a pod or more, then live pods of others that still wait for a node."""
        wanted = tuple(demand_of(self.world, workload) for workload in self.world.workloads)
        return (*wanted, *foreign_demands(self.world.strays))

    @cached_property
    def _standing(self) -> tuple[Sample, ...]:
        """Pods of others that stand on a node."""
        return tuple(map(Sample, filter(self.world.bound, self.world.others)))

    @cached_property
    def rooms(self) -> Rooms:
        """The nodes as they stand, DaemonSets served."""
        kept = (sample for demand in self.steady for sample in demand.kept)
        return Rooms(self.world.nodes, [*self._standing, *kept], [demand for demand in self.steady if demand.daemon])

    def without(self, lost: Names) -> tuple[Demand, ...]:
        """The demands when nodes are gone: pods that stood there need another place."""
        there = [one.pod for one in self._standing if one.node in lost]
        homeless = [pod for pod in there if owner_of(pod)[0] not in TIED_TO_NODE and not terminating(pod)]
        return (*(demand.without(lost) for demand in self.steady), *foreign_demands(homeless))


def _steady(plan: Plan, _named: Collection[str]) -> Iterator[Case]:
    yield Case("", plan.steady)


def _surge(plan: Plan, _named: Collection[str]) -> Iterator[Case]:
    """One component at a time: all rolling at once is what nobody does."""
    for demand in plan.steady:
        more = surge(demand)
        if more:
            title = "Run of" if demand.workload.kind == "CronJob" else "Rollout of"
            yield Case(f"{title} {demand.workload.name}", _with(plan, {demand: demand.pods + more}), rollout=True)


def _blue_green(plan: Plan, named: Collection[str]) -> Iterator[Case]:
    """Each component whose two sides stand in the set, or that is named: both sides with all their pods."""
    for component, sides in sorted(_sides(plan, named).items()):
        full = max(demand.pods for demand in sides) * (2 if len(sides) == 1 else 1)
        yield Case(f"Both sides of {component}", _with(plan, dict.fromkeys(sides, full)))


def _sides(plan: Plan, named: Collection[str]) -> Mapping[str, list[Demand]]:
    found: dict[str, list[Demand]] = defaultdict(list)
    for demand in plan.steady:
        component = demand.workload.component if demand.workload.kind == "Deployment" and not demand.foreign else ""
        if not component:
            continue
        if component in named or (not named and labels(demand.sample.pod).get(SIDE) in SIDES):
            found[component].append(demand)
    return found


def _autoscaler_maximum(plan: Plan, _named: Collection[str]) -> Iterator[Case]:
    yield Case("", _with(plan, {demand: most(plan.world, demand) for demand in plan.steady}))


def _node_lost(plan: Plan, _named: Collection[str]) -> Iterator[Case]:
    yield from _losses(plan, HOSTNAME, "Node")


def _zone_lost(plan: Plan, _named: Collection[str]) -> Iterator[Case]:
    yield from _losses(plan, ZONE, "Zone")


def _losses(plan: Plan, topology: str, what: str) -> Iterator[Case]:
    """Every domain in turn; nodes that do not name theirs belong to none."""
    domains: dict[str, set[str]] = defaultdict(set)
    for node in plan.world.nodes:
        domain = name_of(node) if topology == HOSTNAME else labels(node).get(topology)
        if domain:
            domains[str(domain)].add(name_of(node))
    for domain, nodes in sorted(domains.items()):
        yield Case(f"{what} {domain} lost", plan.without(frozenset(nodes)), frozenset(nodes))


def _with(plan: Plan, pods: Mapping[Demand, int]) -> tuple[Demand, ...]:
    return tuple(demand.counting(pods.get(demand, demand.pods)) for demand in plan.steady)


#: The situations by name, in the order in which they are told.
SITUATIONS: Mapping[str, Callable[[Plan, Collection[str]], Iterator[Case]]] = {
    "steady": _steady,
    "surge": _surge,
    "blue_green": _blue_green,
    "autoscaler_maximum": _autoscaler_maximum,
    "node_lost": _node_lost,
    "zone_lost": _zone_lost,
}
