# Copyright (c) autotrade.deployment engineers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The plan of a run: every object that may have to change is judged by the API server before anything is written."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace

from ansible_collections.autotrade.deployment.plugins.module_utils.core.apply_deferral import deferred, is_foundation, promised
from ansible_collections.autotrade.deployment.plugins.module_utils.core.apply_model import Item, Outcome, Problem, Step
from ansible_collections.autotrade.deployment.plugins.module_utils.core.apply_plan import (
    scale_targets,
    waits_for_rollout,
    waits_for_scaler,
)
from ansible_collections.autotrade.deployment.plugins.module_utils.core.objects import ObjectRef
from ansible_collections.autotrade.deployment.plugins.module_utils.core.retries import backoff
from ansible_collections.autotrade.deployment.plugins.module_utils.core.rollout_guard import Guard, Key, guards_of
from ansible_collections.autotrade.deployment.plugins.module_utils.edge import apply_live
from ansible_collections.autotrade.deployment.plugins.module_utils.edge.apply_live import Live
from ansible_collections.autotrade.deployment.plugins.module_utils.edge.apply_write import Manner, Prediction, Refused, Writer
from ansible_collections.autotrade.deployment.plugins.module_utils.edge.clock import Clock
from ansible_collections.autotrade.deployment.plugins.module_utils.edge.kube_api import KubeApi
from ansible_collections.autotrade.deployment.plugins.module_utils.edge.kube_errors import ApiError

# Seconds in which what was written has to reach admission.
SETTLING_S = 10.0


@dataclass(frozen=True)
class Plan:
    """What would become of each object. ``deferred`` can be judged only when their wave has come."""

    predictions: Mapping[ObjectRef, Prediction]
    problems: tuple[Problem, ...] = ()
    deferred: frozenset[ObjectRef] = frozenset()

    def outcomes(self, refs: Iterable[ObjectRef]) -> tuple[Outcome, ...]:
        """The foreseen outcomes, in this order."""
        return tuple(self.predictions[ref].outcome for ref in refs if ref in self.predictions)


@dataclass(frozen=True)
class Tools:
    """What a run works with."""

    api: KubeApi
    clock: Clock
    writer: Writer
    pool: ThreadPoolExecutor


@dataclass
class _Answers:
    predictions: dict[ObjectRef, Prediction] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)

    def __ior__(self, other: _Answers) -> _Answers:
        self.predictions |= other.predictions
        self.problems += other.problems
        return self


class Planner:
    """One instance serves one run; ``live`` is what was read so far and is only read here."""

    def __init__(self, tools: Tools, live: Live, manner: Manner) -> None:
        self._api, self._clock, self._writer, self._pool = tools.api, tools.clock, tools.writer, tools.pool
        self._live, self._manner = live, manner
        self._changing: frozenset[ObjectRef] = frozenset()

    def plan(self, items: Sequence[Item]) -> Plan:
        """Judges all items but those that need a definition or a namespace of the same set first."""
        for item in items:
            self._writer.redactor.remember(item.obj)
        guards = self._guards(items)
        if isinstance(guards, Problem):
            return Plan({}, (guards,))
        self._writer.around = replace(self._writer.around, scaled=self._scaled(items), guards=guards)
        foundations = [item for item in items if is_foundation(item)]
        answers = self._ask(foundations)
        waiting = deferred(items, (prediction.outcome for prediction in answers.predictions.values()))
        answers |= self._ask([item for item in items if not is_foundation(item) and item.ref not in waiting])
        return self._with_promises(items, answers, waiting)

    def judge(self, items: Sequence[Item]) -> Plan:
        """The same for deferred items, once what they need is written.

        Quotas and the service accounts of new namespaces reach admission a moment after they are written.
        """
        answers, started, attempt = self._ask(items), self._clock.monotonic(), 0
        while self._early(answers.problems) and self._clock.monotonic() - started < SETTLING_S:
            self._clock.sleep(backoff(attempt))
            attempt += 1
            again = self._early(answers.problems)
            answers.problems = [problem for problem in answers.problems if problem.ref not in again]
            answers |= self._ask([item for item in items if item.ref in again])
        return Plan(answers.predictions, tuple(answers.problems))

    def _early(self, problems: Iterable[Problem]) -> frozenset[ObjectRef]:
        """Objects refused because of what an earlier wave of the same run writes, or has just written."""
        return frozenset(problem.ref for problem in problems if promised(problem, self._changing))

    def _with_promises(self, items: Sequence[Item], answers: _Answers, waiting: frozenset[ObjectRef]) -> Plan:
        """Refusals that complain about what an earlier wave of the same run writes are no refusals yet."""
        foreseen = (ref for ref, prediction in answers.predictions.items() if prediction.outcome.changed)
        self._changing = waiting.union(foreseen)
        early = self._early(answers.problems)
        problems = tuple(problem for problem in answers.problems if problem.ref not in early)
        waiting |= early
        if self._manner.check:
            late = [item for item in items if item.ref in waiting]
            answers.predictions |= {item.ref: self._writer.unvalidated(item, self._live.objects.get(item.ref)) for item in late}
        return Plan(answers.predictions, problems, waiting)

    def _ask(self, items: Sequence[Item]) -> _Answers:
        answers = _Answers()
        decided = [(item, self._writer.decide(item, self._live.objects.get(item.ref))) for item in items]
        answers.predictions |= {item.ref: found for item, found in decided if isinstance(found, Prediction)}
        # Threads are for waiting: what is decided without the server is decided faster by one.
        open_ = [(item, step) for item, step in decided if isinstance(step, Step)]
        for result in self._pool.map(lambda pair: self._writer.predict(*pair), open_):
            if isinstance(result, Refused):
                answers.problems.append(result.problem)
            elif result is not None:
                answers.predictions[result.item.ref] = result
        return answers

    def _scaled(self, items: Sequence[Item]) -> frozenset[tuple[str, str, str]]:
        """Workloads whose replicas belong to an autoscaler of the set or of the cluster (asked only where it matters)."""
        ours = scale_targets(item.obj for item in items)
        candidates = waits_for_scaler(items, self._live.objects, self._manner.manager)
        open_ = [item.ref.namespace for item in candidates if item.ref.key[1:] not in ours]
        return ours | scale_targets(apply_live.autoscalers(self._api, open_, self._pool))

    def _guards(self, items: Sequence[Item]) -> dict[Key, Guard] | Problem:
        """What rollouts hold now (asked only where it matters); a problem where nobody may tell."""
        candidates = waits_for_rollout(items, self._live.objects)
        try:
            leases = apply_live.rollouts(self._api, (item.ref.namespace for item in candidates), self._pool)
        except ApiError as error:
            first = candidates[0]
            text = (
                f"its traffic would change, and whether a rollout holds it cannot be seen: {error.message}. Let the user list"
                " leases.coordination.k8s.io in the namespace, or take weights and selector over from the live object"
            )
            return Problem(first.ref, first.source, text, error.reason)
        return guards_of(leases, self._clock.now())
