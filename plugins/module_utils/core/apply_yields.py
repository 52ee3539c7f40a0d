# Copyright (c) autotrade.deployment engineers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Leaves fields to the managers that hold them, where a rule says yield, so that a second run has nothing to send."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from ansible_collections.autotrade.deployment.plugins.module_utils.core.apply_conflicts import (
    Conflict,
    value_at,
    without_value,
)
from ansible_collections.autotrade.deployment.plugins.module_utils.core.changes import Change, diff
from ansible_collections.autotrade.deployment.plugins.module_utils.core.conflict_rules import ConflictRule, Policy, policy_for
from ansible_collections.autotrade.deployment.plugins.module_utils.core.field_sets import fields_of, leaf_paths, other_records
from ansible_collections.autotrade.deployment.plugins.module_utils.core.objects import KubeObject


@dataclass(frozen=True)
class Yielded:
    """What is left to be sent, to whom fields were left, and where their value is not the one of the manifest."""

    obj: KubeObject
    managers: frozenset[str] = frozenset()
    conflicts: tuple[Conflict, ...] = ()


def without_yielded(
    desired: KubeObject, live: KubeObject, manager: str, rules: Sequence[ConflictRule], masks: Iterable[str] = ()
) -> Yielded:
    """The manifest without the fields that another manager holds and a rule yields; ``masks`` hide values in the conflicts.

    A field that we hold as well with the same value stays ours: there is nothing to yield.
    """
    if all(rule.policy is not Policy.YIELD for rule in rules):
        return Yielded(desired)
    ours = frozenset(path for record in fields_of(live, manager) for path in leaf_paths(record))
    rest: KubeObject = desired
    holders: dict[str, str] = {}
    for path, holder in _held_by_others(live, manager):
        wanted = value_at(rest, path)
        co_owned = path in ours and wanted == value_at(live, path)
        if wanted is not None and not co_owned and policy_for(rules, path, holder) is Policy.YIELD:
            rest, holders[path] = without_value(rest, path), holder
    differing = [path for path in holders if value_at(desired, path) != value_at(live, path)]
    shown = diff(live, desired, masks) if differing else Change()
    conflicts = (
        Conflict(path, holders[path], value_at(shown.after, path), value_at(shown.before, path), Policy.YIELD)
        for path in differing
    )
    return Yielded(rest, frozenset(holders.values()), tuple(conflicts))


def _held_by_others(live: KubeObject, manager: str) -> Iterator[tuple[str, str]]:
    for entry, record in other_records(live, manager):
        yield from ((path, str(entry.get("manager", ""))) for path in leaf_paths(record))
