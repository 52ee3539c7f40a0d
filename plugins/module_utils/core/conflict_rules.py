# Copyright (c) autotrade.deployment engineers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What to do where another manager holds a field with another value: fail, take it or yield, by rules that name paths."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum
from fnmatch import fnmatchcase
from functools import lru_cache

from ansible_collections.autotrade.deployment.plugins.module_utils.core.field_paths import FieldPathError

_TOKEN = re.compile(
    r"""\['(?P<single>[^']*)'\] | \["(?P<double>[^"]*)"\]      # ['a.b/c'], a name that holds dots
      | (?P<any>\.\*(?=$|[.\[]) | \[\*\])                      # any one name or list item
      | (?P<select>\[(?:[^\]"]|"(?:[^"\\]|\\.)*")+\])          # [name="app"], as the API server writes it
      | (?P<name>\.[^.\[]+)""",
    re.VERBOSE,
)
_ANY = r'(?:\.[^.\[]+|\[(?:[^\]"]|"(?:[^"\\]|\\.)*")*\])'


class Policy(str, Enum):
    """``FAIL`` reports the conflict, ``TAKE`` makes the field ours, ``YIELD`` leaves it to its manager."""

    FAIL = "fail"
    TAKE = "take"
    YIELD = "yield"

    def __str__(self) -> str:
        return self.value


@dataclass(frozen=True)
class ConflictRule:
    """One rule: the fields at or below ``path`` where one of ``managers`` holds them; without managers, whoever does.

    The path is written as conflict messages write it, ``*`` stands for one name or list item. A manager's name may hold
    ``*`` for any text. Raises FieldPathError for a path that cannot be read, or that means the whole object.
    """

    path: str
    policy: Policy
    managers: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        _pattern(self.path)

    def covers(self, path: str, manager: str) -> bool:
        """Whether the rule is about this path (as the API server writes it) and this manager."""
        if self.managers and not any(fnmatchcase(manager, known) for known in self.managers):
            return False
        return _pattern(self.path).match(path) is not None


def policy_for(rules: Iterable[ConflictRule], path: str, manager: str, default: Policy = Policy.FAIL) -> Policy:
    """Policy of the first rule that covers the conflict; ``default`` where none does."""
    return next((rule.policy for rule in rules if rule.covers(path, manager)), default)


def taking(paths: Iterable[str]) -> tuple[ConflictRule, ...]:
    """Rules that take these paths from whoever holds them."""
    return tuple(ConflictRule(path, Policy.TAKE) for path in paths)


@lru_cache(maxsize=256)
def _pattern(path: str) -> re.Pattern[str]:
    text = path.strip().removeprefix("$")
    text = text if text.startswith((".", "[")) else f".{text}"
    parts: list[str] = []
    position = 0
    while position < len(text) and (match := _TOKEN.match(text, position)):
        parts.append(_part(match))
        position = match.end()
    if text == "." or parts[:1] == [_ANY]:
        raise FieldPathError(
            f"found the path {path!r}, which means every field of an object. Nothing is taken or yielded globally, because that"
            " would silence conflicts that nobody has looked at: name the fields, such as .spec.replicas"
        )
    if position < len(text):
        raise FieldPathError(
            f"found the path {path!r}, expected a field path as conflict messages write it, such as .spec.replicas,"
            ' .spec.template.spec.containers[name="app"].image or .metadata.labels.*'
        )
    return re.compile("".join(parts) + r"(?=$|[.\[])")


def _part(match: re.Match[str]) -> str:
    if match["any"]:
        return _ANY
    if match["select"] or match["name"]:
        return re.escape(match.group())
    return re.escape("." + (match["single"] or match["double"] or ""))
