# Copyright (c) autotrade.deployment engineers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""One pass over a set of objects: read, decide, write wave by wave, wait for each wave, report."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace

from ansible_collections.autotrade.deployment.plugins.module_utils.core.api_resources import from_definition
from ansible_collections.autotrade.deployment.plugins.module_utils.core.apply_dependencies import Stage, stages
from ansible_collections.autotrade.deployment.plugins.module_utils.core.apply_gate import Fail
from ansible_collections.autotrade.deployment.plugins.module_utils.core.apply_model import (
    Item,
    Outcome,
    Problem,
    Report,
    migration_warnings,
)
from ansible_collections.autotrade.deployment.plugins.module_utils.core.apply_plan import CRD, defined_kinds, item_of
from ansible_collections.autotrade.deployment.plugins.module_utils.core.manifests import Sourced, duplicates
from ansible_collections.autotrade.deployment.plugins.module_utils.core.objects import (
    ManifestError,
    ManifestSetError,
    ObjectRef,
)
from ansible_collections.autotrade.deployment.plugins.module_utils.core.readiness.model import Readiness
from ansible_collections.autotrade.deployment.plugins.module_utils.edge import apply_live
from ansible_collections.autotrade.deployment.plugins.module_utils.edge.apply_delete import Remover
from ansible_collections.autotrade.deployment.plugins.module_utils.edge.apply_evidence import explain
from ansible_collections.autotrade.deployment.plugins.module_utils.edge.apply_live import Live, UnreadableError
from ansible_collections.autotrade.deployment.plugins.module_utils.edge.apply_outside import Outside
from ansible_collections.autotrade.deployment.plugins.module_utils.edge.apply_predict import Plan, Planner, Tools
from ansible_collections.autotrade.deployment.plugins.module_utils.edge.apply_progress import Progress
from ansible_collections.autotrade.deployment.plugins.module_utils.edge.apply_set import (
    NoSet,
    SetKeeper,
    SetSettings,
    SetTools,
)
from ansible_collections.autotrade.deployment.plugins.module_utils.edge.apply_wait import Gate, Waiting
from ansible_collections.autotrade.deployment.plugins.module_utils.edge.apply_write import Manner, Prediction, Refused, Writer
from ansible_collections.autotrade.deployment.plugins.module_utils.edge.clock import Clock
from ansible_collections.autotrade.deployment.plugins.module_utils.edge.kube_api import KubeApi
from ansible_collections.autotrade.deployment.plugins.module_utils.edge.kube_errors import KubeError

THREADS = 16


@dataclass(frozen=True)
class Settings:
    """What the user chose."""

    manner: Manner
    namespace: str | None = None
    wait: bool = False
    waiting: Waiting = field(default_factory=lambda: Waiting(120.0))
    applyset: SetSettings | None = None


class ApplyEngine:
    """``apply`` and ``remove`` each make one pass. Problems with objects are in the report; KubeError means no pass at all."""

    def __init__(self, api: KubeApi, settings: Settings, clock: Clock, progress: Progress) -> None:
        self._api, self._settings, self._clock, self._progress = api, settings, clock, progress
        self._pool = ThreadPoolExecutor(THREADS)
        self._writer = Writer(api, clock, settings.manner)
        self._live = Live()
        self._planner = Planner(Tools(api, clock, self._writer, self._pool), self._live, settings.manner)
        self._gate = Gate(api, clock, settings.waiting, self._live, progress)
        self._outside = Outside(api, self._gate)
        self._set = self._keeper()

    def apply(self, sourced: Sequence[Sourced]) -> Report:
        """Creates and changes what differs, nothing else."""
        try:
            return self._warned(self._apply(sourced))
        except UnreadableError as error:
            return self._warned(Report((), (self._writer.unreadable(error),), "Nothing was written."))
        finally:
            self._close()

    def remove(self, sourced: Sequence[Sourced]) -> Report:
        """Deletes what is there, in the reverse order of apply."""
        try:
            return self._warned(self._remove(sourced))
        except UnreadableError as error:
            return self._warned(Report((), (self._writer.unreadable(error),), "Nothing was deleted."))
        finally:
            self._close()

    def _warned(self, report: Report) -> Report:
        warnings = (*report.warnings, *map(self._writer.hide, self._api.warnings()))
        return replace(report, warnings=warnings, check=self._settings.manner.check)

    def _keeper(self) -> NoSet:
        chosen, manager = self._settings.applyset, self._settings.manner.manager
        if chosen is None:
            return NoSet()
        return SetKeeper(
            chosen, SetTools(self._api, self._writer, self._gate, self._progress, self._pool, self._settings.wait, manager)
        )

    def _close(self) -> None:
        self._gate.close()
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _apply(self, sourced: Sequence[Sourced]) -> Report:
        items = self._read_items(self._set.members(sourced))
        unknown = [item for item in items.values() if item.kind is None]
        if unknown and not self._settings.manner.check:
            return Report(
                (), tuple(map(self._unknown, unknown)), "The API server does not serve every kind; nothing was written."
            )
        ordered = stages(items.values())
        missing = self._outside.look(ordered, self._pool)
        refused = [*self._set.begin(items.values()), *self._set.strangers(items.values(), self._live.objects)]
        if refused or (missing and not self._settings.manner.check):
            return Report((), (*refused, *missing), "Nothing was written.")
        members = [item for stage in ordered for item in stage.items]
        self._progress.say((0, len(ordered)), 0, len(members), "planning: asking the API server about what would change")
        plan = self._planner.plan(members)
        if self._settings.manner.check:
            # An earlier task, which did nothing now, may be meant to create what is missing.
            return self._foretold(plan, members, tuple(map(str, missing)))
        if plan.problems:
            return Report((), plan.problems, "The API server refuses these objects; nothing was written.")
        return self._carried_out(plan, items, ordered)

    def _foretold(self, plan: Plan, members: Sequence[Item], warnings: tuple[str, ...]) -> Report:
        foreseen = plan.outcomes(item.ref for item in members)
        warnings = (*warnings, *migration_warnings(foreseen, check=True))
        if plan.problems:
            return Report(foreseen, plan.problems, "The API server would refuse these objects.", warnings)
        return self._finished(foreseen, warnings)

    def _carried_out(self, plan: Plan, items: Mapping[ObjectRef, Item], ordered: Sequence[Stage]) -> Report:
        outcomes: list[Outcome] = []
        for number, stage in enumerate(ordered, 1):
            done, problems = self._stage(plan, stage, (number, len(ordered)))
            outcomes += done
            if problems:
                title = f"Wave {number} of {len(ordered)} ({stage.name}) failed."
                left = _unwritten(plan, items, outcomes, problems)
                return Report((*outcomes, *self._set.begun()), tuple(problems), title, migration_warnings(outcomes), left)
        return self._finished(outcomes, migration_warnings(outcomes))

    def _finished(self, outcomes: Sequence[Outcome], warnings: tuple[str, ...]) -> Report:
        finish = self._set.finish(outcomes)
        done = "" if self._settings.manner.check else "The objects are as they should be. "
        title = f"{done}What left the set stays." if finish.problems else ""
        return Report((*outcomes, *finish.outcomes), finish.problems, title, (*warnings, *finish.warnings))

    def _read_items(self, sourced: Sequence[Sourced]) -> dict[ObjectRef, Item]:
        items = self._items(sourced)
        self._read(item for item in items.values() if not item.deferred)
        find = self._api.discovery().find
        if all(item.kind is None or item.deferred or find(item.kind.api_version, item.kind.kind) for item in items.values()):
            return items
        # A definition that was kept in mind is gone; it may come again with this very set.
        return self._items(sourced)

    def _items(self, sourced: Sequence[Sourced]) -> dict[ObjectRef, Item]:
        discovery, defined = self._api.discovery(), defined_kinds(s.obj for s in sourced)
        namespace = self._settings.namespace or self._api.default_namespace
        found: list[Item] = []
        errors: list[ManifestError] = []
        for one in sourced:
            ref = one.ref
            served = discovery.find(ref.api_version, ref.kind)
            try:
                item = item_of(one, served, defined.find(ref.api_version, ref.kind), namespace)
            except ManifestError as error:
                errors.append(error)
                continue
            found.append(item)
        if errors := errors or list(duplicates(found)):
            raise ManifestSetError(errors)
        return {item.ref: item for item in found}

    def _unknown(self, item: Item) -> Problem:
        hint = self._api.discovery().suggest(item.ref.kind)
        text = f"the API server serves no {item.ref.kind} in {item.ref.api_version} ({hint})"
        return Problem(
            item.ref,
            item.source,
            f"{text}. Correct apiVersion or kind, or install the CustomResourceDefinition first.",
            "UnknownKind",
        )

    def _read(self, items: Iterable[Item]) -> None:
        found = apply_live.read(self._api, items, self._pool)
        self._live.objects.update(found.objects)
        self._live.versions.update(found.versions)

    def _stage(self, plan: Plan, stage: Stage, position: tuple[int, int]) -> tuple[list[Outcome], list[Problem]]:
        """Never raises KubeError: what was written before it must be told."""
        try:
            found, problems = self._judged(plan, stage, position)
        except KubeError as error:
            return [], [self._writer.cut(stage.items[0], error, "was not reached")]
        outcomes, problems = ([], problems) if problems else self._write(found)
        if problems:
            return outcomes, problems
        try:
            return self._settled(outcomes, position, stage)
        except KubeError as error:
            return outcomes, [
                self._writer.cut(stage.items[0], error, "is as it should be, but if its wave is ready was not seen")
            ]

    def _judged(self, plan: Plan, stage: Stage, position: tuple[int, int]) -> tuple[list[Prediction], list[Problem]]:
        """What to send for this stage, or why it must not begin."""
        late = [item for item in stage.items if item.ref in plan.deferred]
        self._read(late)
        refused = self._set.strangers(late, self._live.objects) or self._outside.wait(stage, position)
        if refused:
            return [], refused
        judged = self._planner.judge(late)
        if problems := list(judged.problems) or self._set.widen():
            return [], problems
        self._progress.say(position, 0, len(stage.items), f"{stage.name}: applying")
        found = {**plan.predictions, **judged.predictions}
        return [found[item.ref] for item in stage.items], []

    def _write(self, predictions: Sequence[Prediction]) -> tuple[list[Outcome], list[Problem]]:
        outcomes: list[Outcome] = []
        problems: list[Problem] = []
        written = self._pool.map(self._writer.write, [one for one in predictions if one.outcome.changed])
        for prediction in predictions:
            result = next(written) if prediction.outcome.changed else prediction.outcome
            if isinstance(result, Refused):
                problems.append(result.problem)
            elif result is not None:
                outcomes.append(result)
                if result.live is not None:
                    self._live.objects[result.item.ref] = result.live
        return outcomes, problems

    def _settled(self, outcomes: list[Outcome], position: tuple[int, int], stage: Stage) -> tuple[list[Outcome], list[Problem]]:
        """Waits where the user wants it, and always for definitions and for what another object depends on."""
        items = [o.item for o in outcomes if self._settings.wait or o.item.ref.kind == CRD or o.item.ref in stage.awaited]
        verdict, judged = self._gate.ready(items, position, stage.name)
        for outcome in outcomes:
            if outcome.item.ref.kind == CRD and outcome.changed:
                self._api.discovery().learn(from_definition(outcome.item.obj))
        judged_outcomes = [replace(o, readiness=judged.get(o.item.ref)) for o in outcomes]
        if isinstance(verdict, Fail):
            # On a slow machine the deadline may come before the pods were read.
            self._gate.look_around(items)
            return judged_outcomes, self._failures(judged_outcomes, verdict, judged)
        return judged_outcomes, []

    def _failures(self, outcomes: list[Outcome], verdict: Fail, judged: dict[ObjectRef, Readiness]) -> list[Problem]:
        sources = {o.item.ref: o.item.source for o in outcomes}
        return [self._failure(ref, sources.get(ref, ""), judged[ref], verdict.timed_out) for ref in verdict.culprits]

    def _failure(self, ref: ObjectRef, source: str, readiness: Readiness, timed_out: bool) -> Problem:
        verb = f"is not ready after {self._settings.waiting.timeout:g} s (wait_timeout)" if timed_out else "failed"
        lines = [f"{verb}: {readiness.reason}: {readiness.message}"]
        lines += explain(self._api, self._live.objects.get(ref), self._gate.surroundings, self._clock.now())
        return Problem(ref, source, self._writer.hide("\n  ".join(lines)), "Timeout" if timed_out else readiness.reason)

    def _remove(self, sourced: Sequence[Sourced]) -> Report:
        items = {ref: item for ref, item in self._items(sourced).items() if item.kind is not None and not item.deferred}
        self._read(items.values())
        refused = self._set.begin(items.values())
        if refused:
            return Report((), tuple(refused), "Nothing was deleted.")
        wait, check = self._settings.wait, self._settings.manner.check
        remover = Remover(self._writer.delete, self._gate, self._live, self._progress, self._pool, wait, check)
        removal = remover.remove(items.values())
        if removal.problems:
            told = {o.item.ref for o in removal.outcomes} | {problem.ref for problem in removal.problems}
            left = tuple(ref for ref in items if ref in self._live.objects and ref not in told)
            return Report(removal.outcomes, removal.problems, removal.title, unwritten=left, removing=True)
        finish = self._set.retire(removal.outcomes)
        return Report((*removal.outcomes, *finish.outcomes), finish.problems, "", finish.warnings)


def _unwritten(
    plan: Plan, items: Mapping[ObjectRef, Item], outcomes: Sequence[Outcome], problems: Sequence[Problem]
) -> tuple[ObjectRef, ...]:
    """What was to change and was not reached; objects with a problem of their own are told there."""
    reached = {outcome.item.ref for outcome in outcomes} | {problem.ref for problem in problems}
    foreseen = {ref for ref, prediction in plan.predictions.items() if prediction.outcome.changed}
    return tuple(ref for ref in items if ref not in reached and (ref in foreseen or ref in plan.deferred))
