# Copyright (c) autotrade.deployment engineers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What one apply run works on and what it reports, as data."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from ansible_collections.autotrade.deployment.plugins.module_utils.core.api_resources import ResourceType
from ansible_collections.autotrade.deployment.plugins.module_utils.core.apply_conflicts import Conflict
from ansible_collections.autotrade.deployment.plugins.module_utils.core.changes import Change
from ansible_collections.autotrade.deployment.plugins.module_utils.core.conflict_rules import Policy
from ansible_collections.autotrade.deployment.plugins.module_utils.core.field_migration import Migration
from ansible_collections.autotrade.deployment.plugins.module_utils.core.objects import KubeObject, ObjectRef
from ansible_collections.autotrade.deployment.plugins.module_utils.core.readiness.model import Readiness

MOST_NAMED, MOST_TOLD = 10, 100
# Where a diff shows ownership that moves; no field of an object has such a name.
OWNERS = "(field managers)"


class Method(str, Enum):
    """What was done (or would be done) to one object."""

    CREATE = "create"
    APPLY = "apply"
    UNCHANGED = "unchanged"
    DELETE = "delete"
    ABSENT = "absent"
    PRUNE = "prune"
    KEPT = "kept"

    def __str__(self) -> str:
        return self.value


_WITHOUT_CHANGE = (Method.ABSENT, Method.KEPT)
_DELETIONS = (Method.DELETE, Method.PRUNE)


@dataclass(frozen=True)
class Item:
    """One wanted object. ``kind`` is None while no server serves it; ``deferred`` when its CRD is in the same set."""

    obj: KubeObject
    ref: ObjectRef
    source: str
    kind: ResourceType | None
    deferred: bool = False

    def wanting(self, obj: KubeObject) -> Item:
        """The same item with another content."""
        return Item(obj, self.ref, self.source, self.kind, self.deferred)


@dataclass(frozen=True)
class Step:
    """The decision for one item, from what is wanted and what is there; ``conflicts`` are those decided so far.

    ``notes`` say to a person what is left to others.
    """

    item: Item
    method: Method
    live: KubeObject | None = None
    doubt: str = ""
    conflicts: tuple[Conflict, ...] = ()
    migration: Migration | None = None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Outcome:
    """What became of one item. ``migrated``: earlier managers whose fields became ours."""

    item: Item
    method: Method
    changed: bool
    live: KubeObject | None = None
    change: Change | None = None
    unvalidated: bool = False
    readiness: Readiness | None = None
    conflicts: tuple[Conflict, ...] = ()
    notes: tuple[str, ...] = ()
    migrated: tuple[str, ...] = ()

    def as_result(self) -> dict[str, Any]:
        ref = self.item.ref
        result: dict[str, Any] = {
            "api_version": ref.api_version,
            "kind": ref.kind,
            "namespace": ref.namespace,
            "name": ref.name,
            "method": str(self.method),
            "changed": self.changed,
            "unvalidated": self.unvalidated,
            "migrated": bool(self.migrated),
            "source": self.item.source,
        }
        if self.change is not None and self.changed:
            result["paths"] = list(self.change.paths)
        if self.conflicts:
            result["conflicts"] = [conflict.as_result() for conflict in self.conflicts]
        if self.notes:
            result["notes"] = list(self.notes)
        if self.readiness is not None:
            result["state"] = str(self.readiness.state)
            result["reason"] = self.readiness.reason
            result["message"] = self.readiness.message
        return result

    def as_diff(self) -> dict[str, Any]:
        change = self.change or Change()
        title = f"{self.item.ref} ({self.item.source})" + (" unvalidated" if self.unvalidated else "")
        before, after = change.before, change.after
        if moves := self._moves():
            before, after = {**before, OWNERS: moves}, {**after, OWNERS: dict.fromkeys(moves, "ours")}
        return {"before_header": title, "after_header": title, "before": before, "after": after}

    def _moves(self) -> dict[str, str]:
        """Which fields become ours, and whose they were."""
        moves = {conflict.path: conflict.manager for conflict in self.conflicts if conflict.decided is Policy.TAKE}
        return {**moves, **({"(every other field)": ", ".join(self.migrated)} if self.migrated else {})}


@dataclass(frozen=True)
class Problem:
    """Why one object could not be applied or did not get ready."""

    ref: ObjectRef
    source: str
    message: str
    reason: str = ""
    conflicts: tuple[Conflict, ...] = ()

    def __str__(self) -> str:
        return f"{self.ref} ({self.source}): {self.message}"

    def as_result(self) -> dict[str, Any]:
        return {
            "api_version": self.ref.api_version,
            "kind": self.ref.kind,
            "namespace": self.ref.namespace,
            "name": self.ref.name,
            "source": self.source,
            "reason": self.reason,
            "message": self.message,
            "conflicts": [conflict.as_result() for conflict in self.conflicts],
        }


@dataclass(frozen=True)
class Report:
    """The whole run. It failed when there are problems; what was written before stands in ``outcomes``.

    ``warnings`` are the API server's own. ``unwritten`` was to change (or, with ``removing``, to go) and was not reached.
    With ``check`` nothing was done, and the outcomes foretell.
    """

    outcomes: tuple[Outcome, ...]
    problems: tuple[Problem, ...] = ()
    title: str = ""
    warnings: tuple[str, ...] = field(default_factory=tuple)
    unwritten: tuple[ObjectRef, ...] = ()
    removing: bool = False
    check: bool = False

    @property
    def changed(self) -> bool:
        return any(outcome.changed for outcome in self.outcomes)

    @property
    def message(self) -> str:
        """All problems, one line each, what was already written and what was not."""
        lines = [self.title, *(f"- {problem}" for problem in self.problems[:MOST_TOLD])]
        if len(self.problems) > MOST_TOLD:
            lines.append(f"- and {len(self.problems) - MOST_TOLD} more, all of them in problems of the result")
        if self.check:
            # What the outcomes foretell would not be begun.
            return "\n".join(lines)
        if written := [o.item.ref for o in self.outcomes if o.changed and o.method not in _DELETIONS]:
            lines.append(f"Written before that: {_named(written)}")
        if deleted := [o.item.ref for o in self.outcomes if o.changed and o.method in _DELETIONS]:
            lines.append(f"Deleted before that: {_named(deleted)}")
        if self.unwritten:
            lines.append(f"Not {'deleted' if self.removing else 'written'}: {_named(self.unwritten)}")
        return "\n".join(lines)


def migration_warnings(outcomes: Iterable[Outcome], *, check: bool = False) -> tuple[str, ...]:
    """Says that earlier managers were replaced, because fields which they alone kept are gone with them."""
    found = [outcome for outcome in outcomes if outcome.migrated]
    if not found:
        return ()
    names = ", ".join(sorted({name for outcome in found for name in outcome.migrated}))
    verb = "would become" if check else "became"
    return (
        f"Fields that {names} had written {verb} ours (option migrate_managers), and those among them that are not in the"
        f" manifests go: {_named([outcome.item.ref for outcome in found])}",
    )


def _named(refs: Sequence[ObjectRef]) -> str:
    more = f" and {len(refs) - MOST_NAMED} more" if len(refs) > MOST_NAMED else ""
    return ", ".join(map(str, refs[:MOST_NAMED])) + more


def counts(outcomes: Iterable[Outcome]) -> dict[str, int]:
    """How many objects were treated by each method."""
    table = {str(method): 0 for method in Method}
    for outcome in outcomes:
        table[str(outcome.method if outcome.changed or outcome.method in _WITHOUT_CHANGE else Method.UNCHANGED)] += 1
    return table
