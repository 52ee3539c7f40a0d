# Copyright (c) autotrade.deployment engineers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Field conflicts of server-side apply as data: path, the other manager, our value and theirs."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from ansible_collections.autotrade.deployment.plugins.module_utils.core.api_values import KEY_DEFAULTS
from ansible_collections.autotrade.deployment.plugins.module_utils.core.conflict_rules import ConflictRule, Policy, policy_for
from ansible_collections.autotrade.deployment.plugins.module_utils.core.objects import KubeObject
from ansible_collections.autotrade.deployment.plugins.module_utils.core.secret_text import HIDDEN

REASON = "FieldManagerConflict"
REPLICAS = ".spec.replicas"
_MANAGER = re.compile(r'conflict with "(?P<manager>(?:[^"\\]|\\.)*)"')
_SELECT = re.compile(r'\[(?P<select>(?:[^\]"]|"(?:[^"\\]|\\.)*")*)\]')
_PAIR = re.compile(r'(?P<key>[^=,]+)=(?P<value>"(?:[^"\\]|\\.)*"|[^,]+)')


@dataclass(frozen=True)
class Conflict:
    """One field that another manager holds with another value, and what was decided. Values of Secrets are hidden."""

    path: str
    manager: str
    ours: Any
    theirs: Any
    decided: Policy = Policy.FAIL

    def __str__(self) -> str:
        return f"{self.path} is held by {self.manager!r} (theirs {self.theirs!r}, ours {self.ours!r})"

    def as_result(self) -> dict[str, Any]:
        values = {"path": self.path, "manager": self.manager, "ours": self.ours, "theirs": self.theirs}
        return {**values, "decided": str(self.decided)}


def conflicts_of(causes: Iterable[tuple[str, str, str]], ours: KubeObject, theirs: KubeObject | None) -> tuple[Conflict, ...]:
    """Conflicts among the causes ``(reason, field, message)`` of a 409 answer."""
    return tuple(_conflict(field, message, ours, theirs) for reason, field, message in causes if reason == REASON)


def _conflict(path: str, message: str, ours: KubeObject, theirs: KubeObject | None) -> Conflict:
    match = _MANAGER.search(message)
    manager = match["manager"] if match else message
    if ours.get("kind") == "Secret":
        return Conflict(path, manager, HIDDEN, HIDDEN)
    return Conflict(path, manager, value_at(ours, path), value_at(theirs, path))


def value_at(obj: Any, path: str) -> Any:
    """Value at a path as the API server writes it, such as ``.spec.containers[name="app"].image``; None where there is none."""
    if not path or obj is None:
        return obj
    if match := _SELECT.match(path):
        return value_at(_selected(obj, match["select"]), path[match.end() :])
    rest = path.removeprefix(".")
    longest = _longest_key(obj, rest)
    return None if longest is None else value_at(obj[longest], rest.removeprefix(longest))


def _longest_key(obj: Any, path: str) -> str | None:
    """A key may hold dots itself, as labels do: the longest key that the path goes on with is the one that is meant."""
    keys = [key for key in obj if path == key or path.startswith((f"{key}.", f"{key}["))] if isinstance(obj, Mapping) else []
    return max(keys, key=len, default=None)


def _selected(value: Any, select: str) -> Any:
    if not isinstance(value, Sequence) or isinstance(value, str):
        return None
    if select.isdigit():
        return value[int(select)] if int(select) < len(value) else None
    wanted = {m["key"].strip(): m["value"].strip('"') for m in _PAIR.finditer(select)}
    if not wanted:
        literal = select.removeprefix("=").strip('"')
        return next((entry for entry in value if str(entry) == literal), None)
    return next((entry for entry in value if isinstance(entry, Mapping) and _has_keys(entry, wanted)), None)


def _has_keys(item: Mapping[str, Any], wanted: Mapping[str, str]) -> bool:
    return all(str(item.get(key, KEY_DEFAULTS.get(key))) == value for key, value in wanted.items())


def without_value(obj: Any, path: str) -> Any:
    """The object without the field at a path as the API server writes it; as it is where there is no such field."""
    if match := _SELECT.match(path):
        return _without_item(obj, match["select"], path[match.end() :])
    rest = path.removeprefix(".")
    key = _longest_key(obj, rest)
    if key is None:
        return obj
    if rest == key:
        return {name: value for name, value in obj.items() if name != key}
    return {**obj, key: without_value(obj[key], rest.removeprefix(key))}


def _without_item(items: Any, select: str, path: str) -> Any:
    chosen = _selected(items, select)
    if chosen is None:
        return items
    if not path:
        return [item for item in items if item is not chosen]
    return [without_value(item, path) if item is chosen else item for item in items]


def decided(conflicts: Iterable[Conflict], rules: Sequence[ConflictRule], earlier: Collection[str] = ()) -> tuple[Conflict, ...]:
    """The conflicts with what the rules decide for each; where none speaks, fields of ``earlier`` managers are taken."""
    return tuple(_decided(conflict, rules, earlier) for conflict in conflicts)


def _decided(conflict: Conflict, rules: Sequence[ConflictRule], earlier: Collection[str]) -> Conflict:
    default = Policy.TAKE if conflict.manager in earlier else Policy.FAIL
    return replace(conflict, decided=policy_for(rules, conflict.path, conflict.manager, default))
