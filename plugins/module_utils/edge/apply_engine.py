# Copyright (c) autotrade.deployment engineers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""One pass over a set of objects: read, decide, write wave by wave, wait for each wave, report."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace

from ansible_collections.autotrade.deployment.plugins.module_utils.core.api_resources import from_definition
from ansible_collections.autotrade.deployment.plugins.module_utils.core.apply_gate import Fail
from ansible_collections.autotrade.deployment.plugins.module_utils.core.apply_model import Item, Outcome, Problem, Report, Step
from ansible_collections.autotrade.deployment.plugins.module_utils.core.apply_plan import (
    CRD,
    defined_kinds,
    item_of,
    scale_targets,
    step_of,
    waits_for_scaler,
)
from ansible_collections.autotrade.deployment.plugins.module_utils.core.manifests import Sourced, waves
from ansible_collections.autotrade.deployment.plugins.module_utils.core.objects import (
    ManifestError,
    ManifestSetError,
    ObjectRef,
    ref_of,
)
from ansible_collections.autotrade.deployment.plugins.module_utils.core.readiness.model import Readiness
from ansible_collections.autotrade.deployment.plugins.module_utils.edge import apply_live
from ansible_collections.autotrade.deployment.plugins.module_utils.edge.apply_evidence import explain
from ansible_collections.autotrade.deployment.plugins.module_utils.edge.apply_live import Live
from ansible_collections.autotrade.deployment.plugins.module_utils.edge.apply_progress import Progress
from ansible_collections.autotrade.deployment.plugins.module_utils.edge.apply_wait import Gate, Waiting
from ansible_collections.autotrade.deployment.plugins.module_utils.edge.apply_write import Manner, Refused, Writer
from ansible_collections.autotrade.deployment.plugins.module_utils.edge.clock import Clock
from ansible_collections.autotrade.deployment.plugins.module_utils.edge.kube_api import KubeApi

THREADS = 8


@dataclass(frozen=True)
class Settings:
    """What the user chose."""

    manner: Manner
    namespace: str | None = None
    wait: bool = False
    waiting: Waiting = field(default_factory=lambda: Waiting(120.0))


class ApplyEngine:
    """``apply`` and ``remove`` each make one pass. Problems with objects are in the report; KubeError means no pass at all."""

    def __init__(self, api: KubeApi, settings: Settings, clock: Clock, progress: Progress) -> None:
        self._api, self._settings, self._clock, self._progress = api, settings, clock, progress
        self._pool = ThreadPoolExecutor(THREADS)
        self._writer = Writer(api, clock, settings.manner)
        self._live = Live()
        self._check_problems: list[Problem] = []
        self._gate = Gate(api, clock, settings.waiting, self._live, progress)

    def apply(self, sourced: Sequence[Sourced]) -> Report:
        """Creates and changes what differs, nothing else."""
        try:
            return self._warned(self._apply(sourced))
        finally:
            self._close()

    def remove(self, sourced: Sequence[Sourced]) -> Report:
        """Deletes what is there, in the reverse order of apply."""
        try:
            return self._warned(self._remove(sourced))
        finally:
            self._close()

    def _warned(self, report: Report) -> Report:
        return replace(report, warnings=tuple(map(self._writer.hide, self._api.warnings())))

    def _close(self) -> None:
        self._gate.close()
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _apply(self, sourced: Sequence[Sourced]) -> Report:
        items = self._items(sourced)
        unknown = [item for item in items.values() if item.kind is None]
        if unknown and not self._settings.manner.check:
            return Report(
                (), tuple(map(self._unknown, unknown)), "The API server does not serve every kind; nothing was written."
            )
        self._read(item for item in items.values() if not item.deferred)
        scaled = self._scaled(items.values())
        outcomes: list[Outcome] = []
        ordered = waves(item.obj for item in items.values())
        for number, wave in enumerate(ordered, 1):
            members = [items[ref_of(obj)] for obj in wave.objects]
            done, problems = self._wave(members, scaled, (number, len(ordered)), wave.name)
            outcomes += done
            if problems and not self._settings.manner.check:
                return Report(tuple(outcomes), tuple(problems), f"Wave {number} of {len(ordered)} ({wave.name}) failed.")
            self._check_problems += problems
        title = "The API server would refuse these objects." if self._check_problems else ""
        return Report(tuple(outcomes), tuple(self._check_problems), title)

    def _items(self, sourced: Sequence[Sourced]) -> dict[ObjectRef, Item]:
        discovery, defined = self._api.discovery(), defined_kinds(s.obj for s in sourced)
        namespace = self._settings.namespace or self._api.default_namespace
        items: dict[ObjectRef, Item] = {}
        errors: list[ManifestError] = []
        for one in sourced:
            ref = one.ref
            served = discovery.find(ref.api_version, ref.kind)
            try:
                item = item_of(one, served, defined.find(ref.api_version, ref.kind), namespace)
            except ManifestError as error:
                errors.append(error)
                continue
            items[item.ref] = item
        if errors:
            raise ManifestSetError(errors)
        return items

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

    def _scaled(self, items: Iterable[Item]) -> frozenset[tuple[str, str, str]]:
        """Workloads whose replicas belong to an autoscaler of the set or of the cluster (asked only where it matters)."""
        items = tuple(items)
        ours = scale_targets(item.obj for item in items)
        open_ = [item for item in waits_for_scaler(items, self._live.objects) if item.ref.key[1:] not in ours]
        return ours | scale_targets(apply_live.autoscalers(self._api, (item.ref.namespace for item in open_), self._pool))

    def _wave(
        self, members: list[Item], scaled: frozenset[tuple[str, str, str]], wave: tuple[int, int], name: str
    ) -> tuple[list[Outcome], list[Problem]]:
        if not self._settings.manner.check:
            self._read(item for item in members if item.deferred)
        steps = [step_of(item, self._live.objects.get(item.ref), self._settings.manner.manager, scaled) for item in members]
        self._progress.say(wave, 0, len(steps), f"{name}: applying")
        outcomes, problems = self._write(steps)
        if problems or self._settings.manner.check:
            return outcomes, problems
        return self._settled(outcomes, wave, name)

    def _write(self, steps: Sequence[Step]) -> tuple[list[Outcome], list[Problem]]:
        outcomes: list[Outcome] = []
        problems: list[Problem] = []
        for result in self._pool.map(self._writer.write, steps):
            if isinstance(result, Refused):
                problems.append(result.problem)
            else:
                outcomes.append(result)
                if result.live is not None and not self._settings.manner.check:
                    self._live.objects[result.item.ref] = result.live
        return outcomes, problems

    def _settled(self, outcomes: list[Outcome], wave: tuple[int, int], name: str) -> tuple[list[Outcome], list[Problem]]:
        """Waits where the user wants it; definitions are waited for always, because what follows needs them."""
        items = [o.item for o in outcomes if self._settings.wait or o.item.ref.kind == CRD]
        verdict, judged = self._gate.ready(items, wave, name)
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
        outcomes: list[Outcome] = []
        ordered = tuple(reversed(waves(item.obj for item in items.values())))
        for number, wave in enumerate(ordered, 1):
            members = [items[ref_of(obj)] for obj in wave.objects]
            self._progress.say((number, len(ordered)), 0, len(members), f"{wave.name}: deleting")
            results = list(self._pool.map(self._writer.delete, members, [self._live.objects.get(m.ref) for m in members]))
            outcomes += [r for r in results if isinstance(r, Outcome)]
            problems = [r.problem for r in results if isinstance(r, Refused)]
            if not problems and self._settings.wait and not self._settings.manner.check:
                problems = self._gone(members, (number, len(ordered)), wave.name)
            if problems:
                return Report(tuple(outcomes), tuple(problems), f"Deleting {wave.name} failed.")
        return Report(tuple(outcomes))

    def _gone(self, members: list[Item], wave: tuple[int, int], name: str) -> list[Problem]:
        verdict, judged = self._gate.gone(members, wave, name)
        if not isinstance(verdict, Fail):
            return []
        limit = self._settings.waiting.timeout
        return [
            Problem(ref, "", f"is still there after {limit:g} s (wait_timeout): {judged[ref].message}", "Timeout")
            for ref in verdict.culprits
        ]
