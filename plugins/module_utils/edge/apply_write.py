# Copyright (c) autotrade.deployment engineers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Writes one object: server-side apply or delete, the answers of a server that refuses, and what may be shown of them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from ansible_collections.autotrade.deployment.plugins.module_utils.core.apply_conflicts import Conflict, conflicts_of, covered
from ansible_collections.autotrade.deployment.plugins.module_utils.core.apply_model import Item, Method, Outcome, Problem, Step
from ansible_collections.autotrade.deployment.plugins.module_utils.core.changes import diff
from ansible_collections.autotrade.deployment.plugins.module_utils.core.objects import KubeObject, dig, dig_map
from ansible_collections.autotrade.deployment.plugins.module_utils.core.retries import backoff
from ansible_collections.autotrade.deployment.plugins.module_utils.core.secret_text import hidden, refusal, values
from ansible_collections.autotrade.deployment.plugins.module_utils.edge.clock import Clock
from ansible_collections.autotrade.deployment.plugins.module_utils.edge.kube_api import KubeApi
from ansible_collections.autotrade.deployment.plugins.module_utils.edge.kube_errors import ApiError, KubeError

CONFLICT = 409
NOT_FOUND = 404
# A definition that is Established is served by every API server a little later.
NEW_KIND_PATIENCE_S = 10.0


@dataclass(frozen=True)
class Refused:
    """The server said no to one object."""

    problem: Problem


@dataclass(frozen=True)
class Manner:
    """How to write: as which manager, taking which field paths from others, hiding which fields, or only asking."""

    manager: str
    forced: tuple[str, ...] = ()
    masks: tuple[str, ...] = ()
    check: bool = False


class Writer:
    """Safe to use from several threads. In check mode every write is a server-side dry run."""

    def __init__(self, api: KubeApi, clock: Clock, manner: Manner) -> None:
        self._api, self._clock = api, clock
        self._manager, self._forced, self._masks = manner.manager, manner.forced, manner.masks
        self._check = manner.check
        self._secrets: dict[str, None] = {}

    def write(self, step: Step) -> Outcome | Refused:
        """The object as it is afterwards, or why not."""
        self._remember(step.item.obj)
        if step.method is Method.UNCHANGED:
            return Outcome(step.item, Method.UNCHANGED, False, step.live)
        if step.item.kind is None or (self._check and step.item.deferred):
            return self._unvalidated(step)
        try:
            after = self._apply(step, force=False)
        except ApiError as error:
            if self._check and _namespace_missing(error):
                return self._unvalidated(step)
            return self._refused(step, error)
        except KubeError as error:
            return Refused(Problem(step.item.ref, step.item.source, str(error), type(error).__name__))
        return self._written(step, after)

    def delete(self, item: Item, live: KubeObject | None) -> Outcome | Refused:
        """Deletes this very object, nothing that took its name since."""
        if live is None or item.kind is None:
            return Outcome(item, Method.ABSENT, False)
        self._remember(live)
        try:
            self._api.delete(item.kind, {**live, "metadata": dig_map(live, "metadata")}, dry_run=self._check)
        except KubeError as error:
            return Refused(Problem(item.ref, item.source, self.hide(str(error)), getattr(error, "reason", "")))
        return Outcome(item, Method.DELETE, True, live, diff(live, None, self._masks))

    def _unvalidated(self, step: Step) -> Outcome:
        return Outcome(step.item, Method.CREATE, True, None, diff(None, step.item.obj, self._masks), unvalidated=True)

    def _written(self, step: Step, after: KubeObject) -> Outcome:
        change = diff(step.live, after, self._masks)
        moved = dig(step.live, "metadata", "resourceVersion") != dig(after, "metadata", "resourceVersion")
        changed = step.live is None or (change.changed if self._check else moved)
        return Outcome(step.item, step.method if changed else Method.UNCHANGED, changed, after, change)

    def _apply(self, step: Step, force: bool) -> KubeObject:
        if step.item.kind is None:
            raise ValueError(f"{step.item.ref} has no kind that is served")
        started, attempt = self._clock.monotonic(), 0
        while True:
            try:
                return self._api.apply(step.item.kind, step.item.obj, self._manager, force=force, dry_run=self._check)
            except ApiError as error:
                new_kind = step.item.deferred and error.status == NOT_FOUND
                if not new_kind or self._clock.monotonic() - started > NEW_KIND_PATIENCE_S:
                    raise
            self._clock.sleep(backoff(attempt))
            attempt += 1

    def _refused(self, step: Step, error: ApiError) -> Outcome | Refused:
        conflicts = self._conflicts(step, error) if error.status == CONFLICT else ()
        if conflicts and self._forced and covered(conflicts, self._forced):
            try:
                return self._written(step, self._apply(step, force=True))
            except KubeError as again:
                return Refused(Problem(step.item.ref, step.item.source, self.hide(str(again)), getattr(again, "reason", "")))
        message = _conflict_text(conflicts) if conflicts else self._message(step.item.obj, error)
        return Refused(Problem(step.item.ref, step.item.source, message, error.reason or str(error.status), conflicts))

    def _conflicts(self, step: Step, error: ApiError) -> tuple[Conflict, ...]:
        found = conflicts_of(((c.reason, c.field, c.message) for c in error.causes), step.item.obj, step.live)
        shown = diff(step.live, step.item.obj, self._masks)
        # The masks of the diff hold for conflicts as well: what it hides is not quoted here.
        again = conflicts_of(((c.reason, c.field, c.message) for c in error.causes), shown.after, shown.before)
        return tuple(replace(c, ours=s.ours, theirs=s.theirs) for c, s in zip(found, again, strict=True))

    def _message(self, obj: KubeObject, error: ApiError) -> str:
        text = self.hide(error.message)
        if obj.get("kind") == "Secret":
            text = refusal(text)
        return f"{text}. {_remedy(error)}" if _remedy(error) else text

    def hide(self, text: str) -> str:
        """The text without any value of a Secret that this run has seen."""
        return hidden(text, self._secrets)

    def _remember(self, obj: KubeObject) -> None:
        if obj.get("kind") == "Secret":
            self._secrets.update(dict.fromkeys(values(obj)))


def _namespace_missing(error: ApiError) -> bool:
    return error.status == NOT_FOUND


def _conflict_text(conflicts: Iterable[Conflict]) -> str:
    listed = "; ".join(str(conflict) for conflict in conflicts)
    return (
        f"another manager holds fields with other values: {listed}. Take the fields out of the manifest, or name their paths in"
        " force_conflicts to take them over, or set field_manager when that manager was an earlier name of ours"
    )


def _remedy(error: ApiError) -> str:
    table = {
        401: "The credentials are refused or have expired: renew api_key, client_cert or the kubeconfig",
        403: "Grant the right to the user, or change what the policy, quota or pod security level forbids",
        413: "The object is too large for the API server (about 1.5 MB): split it",
    }
    return table.get(error.status, "")
