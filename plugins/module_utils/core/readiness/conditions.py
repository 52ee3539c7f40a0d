# Copyright (c) autotrade.deployment engineers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Reading of ``status.conditions``."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from ansible_collections.autotrade.deployment.plugins.module_utils.core.objects import KubeObject, dig_int, dig_list
from ansible_collections.autotrade.deployment.plugins.module_utils.core.readiness.times import parse_time


@dataclass(frozen=True)
class Condition:
    """One condition; ``status`` is empty where the object does not have it."""

    type: str
    status: str = ""
    reason: str = ""
    message: str = ""
    since: datetime | None = None
    observed_generation: int | None = None

    @property
    def true(self) -> bool:
        """Whether the condition is present and True."""
        return self.status == "True"

    @property
    def false(self) -> bool:
        """Whether the condition is present and False."""
        return self.status == "False"

    def sentence(self, fallback: str) -> str:
        """Its message, else its reason, else ``fallback``."""
        return self.message or self.reason or fallback


def conditions(obj: KubeObject) -> tuple[Condition, ...]:
    """Conditions of the object in their order; entries of another shape are left out."""
    return tuple(_read(dig_list(obj, "status", "conditions")))


def condition(obj: KubeObject, kind: str) -> Condition:
    """The condition of type ``kind``, an empty one where the object does not have it."""
    return pick(conditions(obj), kind)


def pick(entries: tuple[Condition, ...], kind: str) -> Condition:
    """The first condition of type ``kind``, an empty one where there is none."""
    return next((entry for entry in entries if entry.type == kind), Condition(kind))


def read_all(entries: Any) -> tuple[Condition, ...]:
    """Conditions of a list that stands elsewhere than in ``status.conditions``."""
    return tuple(_read(entries))


def _read(entries: Any) -> Iterator[Condition]:
    for entry in entries:
        if isinstance(entry, Mapping):
            yield Condition(
                type=_text(entry, "type"),
                status=_text(entry, "status"),
                reason=_text(entry, "reason"),
                message=_text(entry, "message"),
                since=parse_time(entry.get("lastTransitionTime")),
                observed_generation=dig_int(entry, "observedGeneration") or None,
            )


def _text(entry: Mapping[str, Any], key: str) -> str:
    value = entry.get(key)
    return value if isinstance(value, str) else ""
