# Copyright (c) autotrade.deployment engineers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Field conflicts of server-side apply as data: path, the other manager, our value and theirs."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ansible_collections.autotrade.deployment.plugins.module_utils.core.objects import KubeObject
from ansible_collections.autotrade.deployment.plugins.module_utils.core.secret_text import HIDDEN

REASON = "FieldManagerConflict"
REPLICAS = ".spec.replicas"
_MANAGER = re.compile(r'conflict with "(?P<manager>(?:[^"\\]|\\.)*)"')
_SELECT = re.compile(r'\[(?P<select>(?:[^\]"]|"(?:[^"\\]|\\.)*")*)\]')
_PAIR = re.compile(r'(?P<key>[^=,]+)=(?P<value>"(?:[^"\\]|\\.)*"|[^,]+)')


@dataclass(frozen=True)
class Conflict:
    """One field that another manager holds with another value. Values of Secrets are hidden."""

    path: str
    manager: str
    ours: Any
    theirs: Any

    def __str__(self) -> str:
        return f"{self.path} is held by {self.manager!r} (theirs {self.theirs!r}, ours {self.ours!r})"

    def as_result(self) -> dict[str, Any]:
        return {"path": self.path, "manager": self.manager, "ours": self.ours, "theirs": self.theirs}


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
    # A key may hold dots itself, as labels do: the longest key that the path goes on with is the one that is meant.
    keys = [key for key in obj if rest == key or rest.startswith((f"{key}.", f"{key}["))] if isinstance(obj, Mapping) else []
    longest = max(keys, key=len, default=None)
    return None if longest is None else value_at(obj[longest], rest.removeprefix(longest))


def _selected(value: Any, select: str) -> Any:
    if not isinstance(value, Sequence) or isinstance(value, str):
        return None
    if select.isdigit():
        return value[int(select)] if int(select) < len(value) else None
    wanted = {m["key"].strip(): m["value"].strip('"') for m in _PAIR.finditer(select)}
    if not wanted:
        literal = select.removeprefix("=").strip('"')
        return next((entry for entry in value if str(entry) == literal), None)
    return next((e for e in value if isinstance(e, Mapping) and all(str(e.get(k)) == v for k, v in wanted.items())), None)


def covered(conflicts: Iterable[Conflict], paths: Iterable[str]) -> bool:
    """Whether every conflict lies at or below one of the paths that the user allows us to take."""
    allowed = [f".{path.lstrip('.')}" for path in paths]
    return all(any(c.path == a or c.path.startswith((f"{a}.", f"{a}[")) for a in allowed) for c in conflicts)
