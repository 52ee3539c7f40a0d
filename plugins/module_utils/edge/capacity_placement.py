# Copyright (c) autotrade.deployment engineers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Would each pod find a place? Asked of the real kube-scheduler, on a scratch cluster with the live nodes and pods.

First the steady state is placed. Every other case starts from there: its extra pods are added, or its nodes taken away and their
pods made anew, then all is put back. The scheduler may displace less important pods, as it does in a real cluster; those are made
anew, as their controllers would, and look for another place. It breaks ties by chance: pods that it places show a placement, a
pod that it does not place shows that the scheduler would not, not that no one could.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from ansible_collections.autotrade.deployment.plugins.module_utils.core.capacity.judging import Judge, Placement, Unplaced
from ansible_collections.autotrade.deployment.plugins.module_utils.core.capacity.residents import (
    Resident,
    Volumes,
    extras,
    newcomers,
    standing,
    waiting,
)
from ansible_collections.autotrade.deployment.plugins.module_utils.core.capacity.scratch import Key, namespace_body, node_body
from ansible_collections.autotrade.deployment.plugins.module_utils.core.capacity.situations import Case
from ansible_collections.autotrade.deployment.plugins.module_utils.core.requirements.model import name_of, namespace_of
from ansible_collections.autotrade.deployment.plugins.module_utils.core.requirements.reading import items, text
from ansible_collections.autotrade.deployment.plugins.module_utils.edge.scratch_api import ScratchApi, ScratchError
from ansible_collections.autotrade.deployment.plugins.module_utils.edge.scratch_cluster import Scratch, scratch_cluster
from ansible_collections.autotrade.deployment.plugins.module_utils.edge.simulated_launch import LaunchError
from ansible_collections.autotrade.deployment.plugins.module_utils.edge.simulated_processes import ProcessError
from ansible_collections.autotrade.deployment.plugins.module_utils.edge.simulated_state import StateError

FAILURES = (ScratchError, LaunchError, ProcessError, StateError, OSError)
POLL_SECONDS = 0.05
# The scheduler hears of nodes and of pods on two streams; one that is behind shows within this time.
CALM_SECONDS = 0.15


class Board:
    """The pods of the scratch cluster: what was put there, and where the scheduler has placed it."""

    def __init__(self, api: ScratchApi, deadline: float) -> None:
        self._api = api
        self._deadline = deadline
        self._put: dict[Key, Resident] = {}
        self._displaced: dict[Key, Resident] = {}

    def put(self, residents: Iterable[Resident]) -> None:
        """Makes pods, on their node or looking for one."""
        found = {one.key: one for one in residents}
        self._api.create(one.body for one in found.values())
        self._put |= found

    def take(self, keys: Iterable[Key]) -> None:
        """Removes pods."""
        found = [self._put.pop(key) for key in keys]
        self._api.delete(one.body for one in found)

    def settled(self) -> tuple[dict[Key, str], dict[Key, str]]:
        """The node of each pod, and for those without one the scheduler's reason, once it has nothing left to try.

        Raises ScratchError when it takes too long.
        """
        calm_since: float | None = None
        while True:
            pending = self._api.pods(pending=True)
            if self._idle(pending) and not self._made_anew():
                now = time.monotonic()
                calm_since = calm_since or now
                if not pending or now - calm_since >= CALM_SECONDS:
                    return self._places()
            else:
                calm_since = None
            if time.monotonic() >= self._deadline:
                raise ScratchError(f"the scheduler was not done with {len(pending)} pods when the time was over")
            time.sleep(POLL_SECONDS)

    def displaced(self) -> dict[Key, Resident]:
        """Those that had to give way since this was asked last."""
        found, self._displaced = self._displaced, {}
        return found

    def _idle(self, pending: Sequence[Mapping[str, Any]]) -> bool:
        """Every pending pod was judged, and none is on its way to be judged again."""
        if not pending:
            return True
        if any(not _reason(pod) for pod in pending):
            return False
        queues = self._api.queues()
        return queues.get("unschedulable", 0) + queues.get("gated", 0) == len(pending) == sum(queues.values())

    def _made_anew(self) -> bool:
        """Whether pods that had to give way were made anew."""
        there = {_key(pod) for pod in self._api.pods()}
        gone = [one for key, one in self._put.items() if key not in there]
        self._displaced |= {one.key: one for one in gone}
        self.put(one.on("") for one in gone)
        return bool(gone)

    def _places(self) -> tuple[dict[Key, str], dict[Key, str]]:
        pods = self._api.pods()
        placed = {_key(pod): text(pod, "spec", "nodeName") for pod in pods if text(pod, "spec", "nodeName")}
        return placed, {_key(pod): _reason(pod) for pod in pods if _key(pod) not in placed}


def _key(pod: Mapping[str, Any]) -> Key:
    return namespace_of(pod), name_of(pod)


def _reason(pod: Mapping[str, Any]) -> str:
    """The scheduler's words about a pod that it does not place; empty while it has none."""
    found = [one for one in items(pod, "status", "conditions") if text(one, "type") == "PodScheduled"]
    told = [text(one, "message") for one in found if text(one, "status") == "False"]
    # What follows the first sentence tells that displacing others would not help either.
    return told[0].partition(". ")[0].rstrip(".") or "no reason given" if told else ""


@dataclass
class Stage:
    """The scratch cluster with the steady state on it."""

    judge: Judge
    board: Board
    api: ScratchApi
    volumes: Volumes
    home: dict[Key, Resident]
    lasting: Placement
    _displaced: set[Key] = field(default_factory=set)

    def answer(self, case: Case) -> Placement:
        """One case, put back afterwards."""
        if not case.title and all(demand.pods <= self._usual(demand.workload.where) for demand in case.demands):
            return self.lasting
        found = self._loss(case) if case.lost else self._more(case)
        return Placement((*self.lasting.unplaced, *found.unplaced), found.displaced, found.tied)

    def _usual(self, where: str) -> int:
        return next(demand.pods for demand in self.judge.plan.steady if demand.workload.where == where)

    def _more(self, case: Case) -> Placement:
        added = {one.key: one for one in extras(self.judge.plan, case)}
        self.board.put(added.values())
        found = self._outcome({**self.home, **added})
        self.board.take(added)
        self._put_back(self._displaced)
        return found

    def _loss(self, case: Case) -> Placement:
        """Pods whose volume lies on what is lost wait for it; they do not look for another place."""
        nodes = [node_body(node) for node in self.judge.plan.world.nodes if name_of(node) in case.lost]
        left = [node for node in self.judge.plan.world.nodes if name_of(node) not in case.lost]
        there = {key: one for key, one in self.home.items() if one.node in case.lost}
        moving = {key: one.on("") for key, one in there.items() if one.movable}
        tied = {key for key, one in moving.items() if self.volumes.strand(one, left)}
        self.api.delete(nodes)
        self.board.take(there)
        self.board.put(one for key, one in moving.items() if key not in tied)
        found = self._outcome({**self.home, **moving})
        self.board.take(moving.keys() - tied)
        self.api.create(nodes)
        self.board.put(there.values())
        self._put_back(self._displaced - there.keys())
        return replace(found, tied=tuple(sorted(name for _namespace, name in tied)))

    def _outcome(self, known: Mapping[Key, Resident]) -> Placement:
        _placed, reasons = self.board.settled()
        gave_way = self.board.displaced()
        self._displaced = set(gave_way) & set(self.home)
        return Placement(tuple(_unplaced(known, reasons)), tuple(sorted({one.component for one in gave_way.values()})))

    def _put_back(self, keys: Iterable[Key]) -> None:
        """Pods that had to give way stand where they stood."""
        found = [self.home[key] for key in keys]
        self.board.take(one.key for one in found)
        self.board.put(found)


def _unplaced(known: Mapping[Key, Resident], reasons: Mapping[Key, str]) -> Iterator[Unplaced]:
    """By workload, with the reason of its first pod."""
    pods = Counter(known[key].component for key in reasons)
    first = {known[key].component: reason for key, reason in sorted(reasons.items(), reverse=True)}
    return (Unplaced(component, number, first[component]) for component, number in sorted(pods.items()))


@dataclass(frozen=True)
class Answers:
    """The scheduler's answers by situation and case, and why some situations lack one."""

    placements: Mapping[str, Mapping[str, Placement]]
    reason: str = ""


def ask(judge: Judge, situations: Iterable[str], directory: Path, timeout: float) -> Answers:
    """What the scheduler says of each case of the situations.

    :param directory: where etcd, kube-apiserver and kube-scheduler lie.
    :param timeout: seconds for all of it.
    """
    found: dict[str, dict[str, Placement]] = {}
    deadline = time.monotonic() + timeout
    try:
        with scratch_cluster(directory, timeout) as scratch:
            stage = _staged(judge, scratch, deadline)
            for name in situations:
                found[name] = {case.title: stage.answer(case) for case in judge.cases(name)}
    except FAILURES as error:
        return Answers(found, str(error))
    return Answers(found)


def _staged(judge: Judge, scratch: Scratch, deadline: float) -> Stage:
    world, volumes = judge.plan.world, Volumes(judge.plan.world.live)
    residents = [*standing(judge.plan, volumes), *newcomers(judge.plan, volumes), *waiting(judge.plan, volumes)]
    spaces = sorted({one.key[0] for one in residents} | {name_of(one) for one in world.after.of_kind("Namespace")})
    scratch.api.create(namespace_body(name, world.after.get("Namespace", name)) for name in spaces)
    scratch.api.create(map(node_body, world.nodes))
    scratch.api.create(volumes.bodies())
    board = Board(scratch.api, deadline)
    board.put(residents)
    scratch.schedule()
    placed, reasons = board.settled()
    known = {one.key: one for one in residents}
    gave_way = tuple(sorted({one.component for one in board.displaced().values()}))
    home = {key: one.on(placed[key]) for key, one in known.items() if key in placed}
    # Who found no place would take that of a pod which is moved for a case.
    board.take(reasons)
    return Stage(judge, board, scratch.api, volumes, home, Placement(tuple(_unplaced(known, reasons)), gave_way))
