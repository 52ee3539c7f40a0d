# Copyright (c) autotrade.deployment engineers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Does a situation fit? A state, a reason and a sentence with the figures: by quota, by nodes, by the scheduler where asked."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from fractions import Fraction
from itertools import groupby

from ansible_collections.autotrade.deployment.plugins.module_utils.core.capacity.amounts import ZERO, shown
from ansible_collections.autotrade.deployment.plugins.module_utils.core.capacity.autoscalers import autoscaled
from ansible_collections.autotrade.deployment.plugins.module_utils.core.capacity.charges import Charges, QuotaFigure
from ansible_collections.autotrade.deployment.plugins.module_utils.core.capacity.rooms import (
    Figure,
    figures,
    named,
    obstacles,
    packed,
)
from ansible_collections.autotrade.deployment.plugins.module_utils.core.capacity.situations import SITUATIONS, Case, Plan
from ansible_collections.autotrade.deployment.plugins.module_utils.core.capacity.world import World


class Fit(str, Enum):
    """The answers, best first."""

    FITS = "fits"
    TIGHT = "tight"
    DOES_NOT_FIT = "does_not_fit"


RANKS = tuple(Fit)
SIZES = "lower replicas or sizes (trading_system_overrides)"
QUOTA_REMEDY = f"Raise spec.hard (trading_namespace_quota), or {SIZES}."
NODES_REMEDY = f"Add nodes to the inventory, or {SIZES}."
NOTHING: Mapping[str, str] = {
    "steady": "Nothing is wanted that makes pods",
    "surge": "No rollout adds pods",
    "blue_green": "No component stands on two sides (pods labelled version: blue and version: green)",
    "autoscaler_maximum": "Nothing is wanted that makes pods",
    "node_lost": "There is no node",
    "zone_lost": "No node names its zone (label topology.kubernetes.io/zone)",
}
# What else to change, by situation.
REMEDIES: Mapping[str, str] = {
    "surge": "Or roll out without extra pods (maxSurge 0, maxUnavailable 1).",
    "blue_green": "Or keep fewer pods on the idle side (trading_system_blue_green).",
    "autoscaler_maximum": "Or lower the maximum (autoscaling_feature_engineering, autoscaling_trading_strategy).",
}


@dataclass(frozen=True)
class Unplaced:
    """Pods of one workload that find no place, with the scheduler's own words where it was asked."""

    component: str
    pods: int
    message: str


@dataclass(frozen=True)
class Placement:
    """What the scheduler answered in one case. ``displaced`` are running pods that had to give way to more important ones."""

    unplaced: tuple[Unplaced, ...] = ()
    displaced: tuple[str, ...] = ()
    tied: tuple[str, ...] = ()


@dataclass(frozen=True)
class CaseVerdict:
    """One case judged."""

    case: Case
    fit: Fit
    reason: str
    problems: tuple[str, ...]
    quota: tuple[QuotaFigure, ...]
    nodes: tuple[Figure, ...]
    unplaced: tuple[Unplaced, ...] = ()

    @property
    def badness(self) -> tuple[int, int, int, Fraction]:
        """Greater is worse; among equals, the fuller quota."""
        fullest = max((one.used / one.hard for one in self.quota if one.hard), default=ZERO)
        return RANKS.index(self.fit), sum(one.pods for one in self.unplaced), len(self.problems), fullest


@dataclass(frozen=True)
class Judgement:
    """One situation judged by the worst of its cases."""

    name: str
    fit: Fit
    reason: str
    message: str
    worst: CaseVerdict | None = None


class Judge:
    """Judges the situations of one world. ``blue_green`` names components; none stands for those whose two sides are there."""

    def __init__(self, world: World, blue_green: Collection[str] = ()) -> None:
        self.plan = Plan(world)
        self.charges = Charges(world)
        self._blue_green = blue_green

    def cases(self, situation: str) -> list[Case]:
        """The moments of a situation that have to fit."""
        return list(SITUATIONS[situation](self.plan, self._blue_green))

    def judgement(self, situation: str, placements: Mapping[str, Placement] | None = None) -> Judgement:
        """The situation by its worst case; ``placements`` holds the scheduler's answers by the title of the case."""
        verdicts = [self.verdict(case, (placements or {}).get(case.title)) for case in self.cases(situation)]
        if not verdicts:
            return self._nothing(situation)
        worst = max(verdicts, key=lambda one: one.badness)
        failing = sum(one.fit is Fit.DOES_NOT_FIT for one in verdicts)
        among = f" (the worst of {failing} of {len(verdicts)})" if failing and len(verdicts) > 1 else ""
        title = f"{worst.case.title}{among}: " if worst.case.title else ""
        said = [*worst.problems, *([self._fitting(worst)] if worst.fit is Fit.FITS else [])]
        parts = [f"{title}{'; '.join(said)}."]
        if worst.fit is Fit.DOES_NOT_FIT:
            parts += [*self._headroom(situation), *_remedies(situation, worst)]
        return Judgement(situation, worst.fit, worst.reason, " ".join(parts), worst)

    def verdict(self, case: Case, placement: Placement | None = None) -> CaseVerdict:
        """One case by quota and by nodes."""
        # Pods of a lost node are charged as before: their places are taken by those that are made anew.
        quota = tuple(self.charges.figures(self.plan.steady if case.lost else case.demands))
        rooms, world = self.plan.rooms, self.plan.world
        nodes = tuple(figures(rooms, case.demands, case.lost)) if world.nodes else ()
        over = tuple(_exceeded(quota))
        silent = tuple(self.charges.unstated(self.plan.steady))
        fit, reason, problems, unplaced = self._by_nodes(case, nodes, placement)
        if over or silent:
            fit, reason = Fit.DOES_NOT_FIT, "QuotaExceeded" if over else "ResourcesNotStated"
        return CaseVerdict(case, fit, reason, (*over, *silent, *problems), quota, nodes, unplaced)

    def _by_nodes(
        self, case: Case, nodes: Iterable[Figure], placement: Placement | None
    ) -> tuple[Fit, str, tuple[str, ...], tuple[Unplaced, ...]]:
        """The scheduler's answer where it was asked, else what sums can say."""
        if not self.plan.world.nodes:
            return Fit.TIGHT, "NodesUnknown", ("no nodes are known, so only the quota is judged",), ()
        if placement is not None:
            return _by_scheduler(placement)
        rooms = self.plan.rooms
        full = [one for one in nodes if not one.fits]
        told = {one.components for one in full}
        alone = (text for demand, text in obstacles(rooms, case.demands, case.lost) if (demand.name,) not in told)
        problems = (*alone, *_overfull(full))
        left = packed(rooms, case.demands, case.lost)
        unplaced = tuple(Unplaced(name, pods, "packed first-fit, it finds no place") for name, pods in sorted(left.items()))
        if problems:
            return Fit.DOES_NOT_FIT, "TooLittleRoom", problems, unplaced
        if unplaced:
            names = ", ".join(f"{one.pods} of {one.component}" for one in unplaced)
            return Fit.TIGHT, "Fragmented", (f"the sums fit, but packed first-fit {names} find no place",), unplaced
        return Fit.FITS, "Fits", (), ()

    def _fitting(self, verdict: CaseVerdict) -> str:
        """The figures that are nearest to their end, and what was asked of the nodes."""
        quota = max((one for one in verdict.quota if one.hard), key=lambda one: one.used / one.hard, default=None)
        rooms = [one for one in verdict.nodes if one.room]
        nodes = max(rooms, key=lambda one: (one.asked / one.room, len(one.nodes)), default=None)
        said = []
        if quota:
            said.append(f"{_of(quota.resource, quota.used, quota.hard)} in ResourceQuota {quota.namespace}/{quota.quota}")
        if nodes:
            said.append(f"{_of(nodes.resource, nodes.asked, nodes.room)} on {named(nodes.nodes)}")
        return f"Fullest are {' and '.join(said)}" if said else "Nothing asks for anything"

    def _headroom(self, situation: str) -> list[str]:
        if situation != "autoscaler_maximum":
            return []
        usual = self.charges.figures(self.plan.steady)
        scaled = [demand for demand in self.plan.steady if autoscaled(self.plan.world.after, demand.workload)]
        rooms = [(demand.name, self.charges.room_for(demand, usual)) for demand in scaled]
        return [
            f"Beyond the steady state the quota takes {room[0]} more pods of {name}; {room[1]} is what ends first."
            for name, room in rooms
            if room
        ]

    def _nothing(self, situation: str) -> Judgement:
        if not self.plan.world.nodes and situation in ("node_lost", "zone_lost"):
            return Judgement(situation, Fit.TIGHT, "NodesUnknown", "No nodes are known.")
        return Judgement(situation, Fit.FITS, "NothingToDo", f"{NOTHING[situation]}.")


def _exceeded(figures_: Iterable[QuotaFigure]) -> Iterator[str]:
    """One sentence per quota that is exceeded."""
    for where, found in groupby((one for one in figures_ if not one.fits), key=lambda one: f"{one.namespace}/{one.quota}"):
        over = list(found)
        said = ", ".join(_of(one.resource, one.used, one.hard) for one in over)
        culprits = f" ({over[0].culprits})" if over[0].culprits else ""
        yield f"ResourceQuota {where} would be charged with {said}{culprits}"


def _overfull(full: Iterable[Figure]) -> Iterator[str]:
    """Each resource that runs out, told for the smallest set of nodes on which it does: larger sets run out with it."""
    told: list[Figure] = []
    for one in full:
        if not any(one.resource == other.resource and other.nodes <= one.nodes for other in told):
            told.append(one)
            yield str(one)


def _of(resource: str, part: Fraction, whole: Fraction) -> str:
    return f"{resource} {shown(resource, part)} of {shown(resource, whole)}"


def _by_scheduler(placement: Placement) -> tuple[Fit, str, tuple[str, ...], tuple[Unplaced, ...]]:
    tied = (f"{', '.join(placement.tied)} wait for their node, where their volumes lie",) if placement.tied else ()
    if placement.unplaced:
        problems = tuple(f"{one.pods} of {one.component} find no place: {one.message}" for one in placement.unplaced)
        return Fit.DOES_NOT_FIT, "Unschedulable", (*problems, *tied), placement.unplaced
    if placement.displaced:
        names = ", ".join(placement.displaced)
        return Fit.TIGHT, "Displaces", (f"each pod finds a place, but pods of {names} have to move for it", *tied), ()
    return Fit.FITS, "Placed", tied, ()


def _remedies(situation: str, verdict: CaseVerdict) -> list[str]:
    found = [QUOTA_REMEDY] if any(not one.fits for one in verdict.quota) else []
    if verdict.unplaced or any(not one.fits for one in verdict.nodes) or not found:
        found.append(NODES_REMEDY)
    return [*found, *([REMEDIES[situation]] if situation in REMEDIES else [])]
