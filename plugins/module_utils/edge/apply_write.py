# Copyright (c) autotrade.deployment engineers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Sends one object twice: as a strict dry run, whose answer is the plan, and as the write that the plan foresees."""

from __future__ import annotations

from dataclasses import dataclass, replace

from ansible_collections.autotrade.deployment.plugins.module_utils.core.apply_conflicts import (
    Conflict,
    conflicts_of,
    decided,
    without_value,
)
from ansible_collections.autotrade.deployment.plugins.module_utils.core.apply_model import Item, Method, Outcome, Problem, Step
from ansible_collections.autotrade.deployment.plugins.module_utils.core.apply_plan import Around, step_of
from ansible_collections.autotrade.deployment.plugins.module_utils.core.changes import alike, diff
from ansible_collections.autotrade.deployment.plugins.module_utils.core.conflict_rules import ConflictRule, Policy
from ansible_collections.autotrade.deployment.plugins.module_utils.core.field_migration import (
    Migration,
    document_patch,
    migration_of,
    without_stale,
)
from ansible_collections.autotrade.deployment.plugins.module_utils.core.field_sets import same_record
from ansible_collections.autotrade.deployment.plugins.module_utils.core.objects import KubeObject, dig, dig_map
from ansible_collections.autotrade.deployment.plugins.module_utils.core.retries import backoff
from ansible_collections.autotrade.deployment.plugins.module_utils.edge.apply_live import UnreadableError
from ansible_collections.autotrade.deployment.plugins.module_utils.edge.apply_refusal import Redactor, conflict_text, with_remedy
from ansible_collections.autotrade.deployment.plugins.module_utils.edge.clock import Clock
from ansible_collections.autotrade.deployment.plugins.module_utils.edge.kube_api import KubeApi
from ansible_collections.autotrade.deployment.plugins.module_utils.edge.kube_errors import ApiError, KubeError
from ansible_collections.autotrade.deployment.plugins.module_utils.edge.kube_transport import encode

UNAUTHORIZED, NOT_FOUND, CONFLICT = 401, 404, 409
# A definition that is Established is served by every API server a little later.
NEW_KIND_PATIENCE_S = 10.0
# Others may write the same object at the same time; each of them is done soon.
CONFLICT_PATIENCE_S = 30.0
# Without the yielded fields, then by force for the taken ones; more rounds only where someone writes in between.
ROUNDS = 4


@dataclass(frozen=True)
class Refused:
    """The server said no to one object."""

    problem: Problem


@dataclass(frozen=True)
class Manner:
    """How to write: as which manager, with which rules for conflicts, hiding which fields, or only asking.

    ``earlier``: managers whose fields are taken over with the first apply.
    """

    manager: str
    rules: tuple[ConflictRule, ...] = ()
    masks: tuple[str, ...] = ()
    check: bool = False
    earlier: tuple[str, ...] = ()


@dataclass(frozen=True)
class Prediction:
    """What would become of one item. ``step`` and ``body`` are what will be sent: without the fields that are left to others."""

    item: Item
    step: Step
    outcome: Outcome
    body: bytes = b""


class Writer:
    """Safe to use from several threads. ``around`` is widened once, before the first prediction."""

    def __init__(self, api: KubeApi, clock: Clock, manner: Manner) -> None:
        self._api, self._clock = api, clock
        self.around = Around(manner.manager, manner.rules, manner.earlier, manner.masks)
        self._manager, self._masks = manner.manager, manner.masks
        self.check = manner.check
        self.redactor = Redactor(manner.masks)
        self._hopeless = False

    def decide(self, item: Item, live: KubeObject | None) -> Prediction | Step:
        """The prediction where nobody has to be asked, else the step to ask the server about."""
        step = step_of(item, live, self.around)
        if step.method is Method.UNCHANGED:
            return Prediction(item, step, _unchanged(step))
        return self.unvalidated(item, live) if item.kind is None else step

    def predict(self, item: Item, step: Step) -> Prediction | Refused | None:
        """What the server would make of the item; None when it was not asked, because an earlier answer ended all hope.

        Raises KubeError where the server cannot be asked at all.
        """
        if self._hopeless:
            return None
        try:
            return self._asked(item, step)
        except ApiError as error:
            if self.check and error.status == NOT_FOUND:
                return self.unvalidated(item, step.live)
            return self._refused(step, error)

    def unvalidated(self, item: Item, live: KubeObject | None) -> Prediction:
        """What would be done, as far as anyone knows before the object's kind or namespace is there."""
        step = step_of(item, live, self.around)
        if step.method is Method.UNCHANGED:
            return Prediction(item, step, _unchanged(step))
        change = diff(live, step.item.obj, self._masks)
        return Prediction(item, step, Outcome(item, step.method, True, live, change, unvalidated=True))

    def write(self, prediction: Prediction) -> Outcome | Refused | None:
        """The object as it is afterwards, or why not; None when it was not sent, because an earlier answer ended all hope."""
        if self._hopeless:
            return None
        try:
            return self._written(prediction)
        except ApiError as error:
            return self._refused(prediction.step, error)
        except KubeError as error:
            return self._unanswered(prediction.item, error, "written")

    def delete(self, item: Item, live: KubeObject | None) -> Outcome | Refused | None:
        """Deletes this very object, nothing that took its name since; None when it was not sent, as with ``write``."""
        if live is None or item.kind is None:
            return Outcome(item, Method.ABSENT, False)
        if self._hopeless:
            return None
        self.redactor.remember(live)
        try:
            self._api.delete(item.kind, {**live, "metadata": dig_map(live, "metadata")}, dry_run=self.check)
        except ApiError as error:
            return self._refused(Step(item, Method.DELETE, live), error)
        except KubeError as error:
            return self._unanswered(item, error, "deleted")
        return Outcome(item, Method.DELETE, True, live, diff(live, None, self._masks))

    def cut(self, item: Item, error: KubeError, what: str) -> Problem:
        """The run ends here, after it has written: ``what`` is told of the first object that this is about."""
        reason = getattr(error, "reason", "") or type(error).__name__
        return Problem(item.ref, item.source, self.hide(f"{what}: {with_remedy(error)}"), reason)

    def unreadable(self, error: UnreadableError) -> Problem:
        """Before anything was written."""
        self.redactor.remember(error.item.obj)
        return self._refused(Step(error.item, Method.UNCHANGED), error.refused).problem

    def hide(self, text: str) -> str:
        """The text without any secret that this run has seen."""
        return self.redactor.hide(text)

    def _unanswered(self, item: Item, error: KubeError, done: str) -> Refused:
        self._hopeless = True
        text = self.hide(f"{error}. It was sent and not answered: it may or may not be {done}; run again")
        return Refused(Problem(item.ref, item.source, text, type(error).__name__))

    def _asked(self, item: Item, step: Step) -> Prediction | Refused:
        for _round in range(ROUNDS):
            body = encode(step.item.obj)
            try:
                after = self._send(step.item, body, force=_takes(step), dry_run=True)
            except ApiError as error:
                conflicts = self._conflicts(step, error)
                if not conflicts:
                    raise
                if any(conflict.decided is Policy.FAIL for conflict in conflicts):
                    return self._refused(step, error, conflicts)
                step = _resolved(step, conflicts)
                continue
            return Prediction(item, step, self._foreseen(step, after), body)
        raise ApiError(CONFLICT, "Conflict", "other managers change fields of the object again and again")

    def _foreseen(self, step: Step, after: KubeObject) -> Outcome:
        migration = step.migration or self._migration(step, after)
        if migration:
            after = self._without_stale(step, after, migration)
        change = diff(step.live, after, self._masks)
        if step.live and not migration and not change.changed and same_record(step.live, after, self._manager):
            return _unchanged(step)
        migrated = migration.managers if migration else ()
        return Outcome(step.item, step.method, True, after, change, conflicts=step.conflicts, notes=step.notes, migrated=migrated)

    def _without_stale(self, step: Step, after: KubeObject, migration: Migration) -> KubeObject:
        """What stale fields leave behind is for the server to say: it may fill in defaults, or refuse."""
        rest = without_stale(after, migration, self._manager)
        operations = document_patch(step.live or {}, rest)
        if step.item.kind is None or rest == after or not operations:
            return rest
        return self._api.patch(step.item.kind, step.item.obj, operations, self._manager, dry_run=True)

    def _migration(self, step: Step, live: KubeObject) -> Migration | None:
        return migration_of(step.item.obj, live, self._manager, self.around.earlier)

    def _written(self, prediction: Prediction) -> Outcome | Refused:
        started, attempt = self._clock.monotonic(), 0
        while True:
            try:
                return self._as_it_went(prediction, self._commit(prediction))
            except ApiError as error:
                if error.status != CONFLICT or self._clock.monotonic() - started > CONFLICT_PATIENCE_S:
                    raise
            self._clock.sleep(backoff(attempt))
            attempt += 1
            again = self._planned_again(prediction.item)
            if isinstance(again, Refused):
                return again
            if not again.outcome.changed:
                # Under our name it became what it should be since it was judged: most likely by a write whose answer was lost.
                return replace(prediction.outcome, live=again.outcome.live)
            prediction = again

    def _planned_again(self, item: Item) -> Prediction | Refused:
        """The object was changed since it was judged, so it is judged anew."""
        kind, ref = item.kind, item.ref
        live = self._api.get(kind, ref.namespace, ref.name) if kind else None
        step = step_of(item, live, self.around)
        return Prediction(item, step, _unchanged(step)) if step.method is Method.UNCHANGED else self._asked(item, step)

    def _commit(self, prediction: Prediction) -> KubeObject:
        step, version = prediction.step, _version(prediction.outcome.live)
        if step.migration:
            version = _version(self._migrated(step, step.migration, version))
        if _takes(step):
            # Force takes whatever is in conflict when it arrives; the version holds it to the conflicts that were judged.
            locked = {**step.item.obj, "metadata": {**dig_map(step.item.obj, "metadata"), "resourceVersion": version}}
            after = self._send(step.item, encode(locked), force=True)
        else:
            after = self._send(step.item, prediction.body)
        late = self._migration(step, after)
        if late is None:
            return after
        self._migrated(step, late, _version(after))
        return self._send(step.item, prediction.body)

    def _migrated(self, step: Step, migration: Migration, version: str) -> KubeObject:
        if step.item.kind is None:
            raise ValueError(f"{step.item.ref} has no kind that is served")
        return self._api.patch(step.item.kind, step.item.obj, migration.patch(version), self._manager)

    def _as_it_went(self, prediction: Prediction, after: KubeObject) -> Outcome:
        step, foreseen = prediction.step, prediction.outcome
        if step.live is not None and _version(after) == _version(foreseen.live):
            return _unchanged(step, after)
        change = foreseen.change if alike(foreseen.live, after) else diff(step.live, after, self._masks)
        return replace(foreseen, live=after, change=change)

    def _send(self, item: Item, body: bytes, *, force: bool = False, dry_run: bool = False) -> KubeObject:
        if item.kind is None:
            raise ValueError(f"{item.ref} has no kind that is served")
        started, attempt = self._clock.monotonic(), 0
        while True:
            try:
                return self._api.apply(item.kind, item.obj, self._manager, force=force, dry_run=dry_run, body=body)
            except ApiError as error:
                new_kind = item.deferred and error.status == NOT_FOUND
                if not new_kind or self._clock.monotonic() - started > NEW_KIND_PATIENCE_S:
                    raise
            self._clock.sleep(backoff(attempt))
            attempt += 1

    def _conflicts(self, step: Step, error: ApiError) -> tuple[Conflict, ...]:
        if error.status != CONFLICT:
            return ()
        causes = [(cause.reason, cause.field, cause.message) for cause in error.causes]
        shown = diff(step.live, step.item.obj, self._masks)
        # What the diff hides is not quoted here either, so its sides are asked for the values.
        conflicts = conflicts_of(causes, {**shown.after, "kind": step.item.ref.kind}, shown.before)
        return decided(conflicts, self.around.rules, step.migration.managers if step.migration else ())

    def _refused(self, step: Step, error: ApiError, conflicts: tuple[Conflict, ...] = ()) -> Refused:
        if error.status == UNAUTHORIZED:
            self._hopeless = True
        conflicts = conflicts or self._conflicts(step, error)
        text = conflict_text(conflicts) if conflicts else self.redactor.explained(step.item.obj, error)
        reason = error.reason or str(error.status)
        return Refused(Problem(step.item.ref, step.item.source, self.hide(text), reason, (*step.conflicts, *conflicts)))


def _unchanged(step: Step, live: KubeObject | None = None) -> Outcome:
    return Outcome(step.item, Method.UNCHANGED, False, live or step.live, conflicts=step.conflicts, notes=step.notes)


def _takes(step: Step) -> bool:
    return any(conflict.decided is Policy.TAKE for conflict in step.conflicts)


def _resolved(step: Step, conflicts: tuple[Conflict, ...]) -> Step:
    """The step with these decisions: yielded fields are no longer in what is sent."""
    obj = step.item.obj
    for conflict in conflicts:
        if conflict.decided is Policy.YIELD:
            obj = without_value(obj, conflict.path)
    return replace(step, item=step.item.wanting(obj), conflicts=(*step.conflicts, *conflicts))


def _version(obj: KubeObject | None) -> str:
    return str(dig(obj, "metadata", "resourceVersion", default=""))
