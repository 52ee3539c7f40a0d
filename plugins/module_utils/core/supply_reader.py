# Copyright (c) autotrade.deployment engineers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Taking values out of a parsed lock file, with every mistake noted by its path."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from ansible_collections.autotrade.deployment.plugins.module_utils.core.supply import (
    Problem,
)


class Reader:
    """Collects problems while values are taken out, so that a caller never stops at the first one."""

    def __init__(self) -> None:
        self.problems: list[Problem] = []

    def wrong(self, where: str, found: object, expected: str, remedy: str = "") -> None:
        """Note a mistake."""
        self.problems.append(Problem(where, "nothing" if found in (None, "") else repr(found), expected, remedy))

    def mapping(self, value: object, where: str, known: tuple[str, ...]) -> Mapping[str, Any]:
        """A mapping with no other keys than ``known``; empty where it is none."""
        if not isinstance(value, Mapping):
            self.wrong(where, value, f"a mapping with {', '.join(known)}")
            return {}
        for key in value:
            if key not in known:
                self.wrong(where, key, f"one of the keys {', '.join(known)}")
        return value

    def sequence(self, value: object, where: str) -> list[Any]:
        """A list; empty where it is none."""
        if isinstance(value, list):
            return value
        self.wrong(where, value, "a list")
        return []

    def text(self, source: Mapping[str, Any], key: str, where: str, shape: re.Pattern[str] | None, expected: str) -> str:
        """A text that is not empty and of the given shape; empty where it is none."""
        value = source.get(key)
        if isinstance(value, str) and value and (shape is None or shape.fullmatch(value)):
            return value
        self.wrong(f"{where}.{key}", value, expected)
        return ""

    def optional_text(self, source: Mapping[str, Any], key: str, where: str) -> str:
        """A text, or an empty one where the key is missing."""
        return self.text(source, key, where, None, "a text") if key in source else ""

    def number(self, source: Mapping[str, Any], key: str, where: str, default: float) -> float:
        """A number greater than 0."""
        value = source.get(key, default)
        if isinstance(value, (int, float)) and not isinstance(value, bool) and value > 0:
            return float(value)
        self.wrong(f"{where}.{key}", value, "a number greater than 0")
        return default

    def per_arch(self, value: object, where: str, arches: tuple[str, ...], shape: re.Pattern[str]) -> dict[str, str]:
        """One text per architecture, empty where it is not known."""
        found = self.mapping(value, where, arches)
        for arch, text in found.items():
            if arch in arches and not (isinstance(text, str) and (not text or shape.fullmatch(text))):
                self.wrong(f"{where}.{arch}", text, f"{shape.pattern} in full, or an empty text where it is not known yet")
        return {arch: str(found.get(arch) or "") for arch in arches}

    def texts(self, value: object, where: str) -> list[str]:
        """A list of texts that are not empty."""
        found = self.sequence(value, where)
        for index, text in enumerate(found):
            if not isinstance(text, str) or not text:
                self.wrong(f"{where}[{index}]", text, "a text")
        return [str(text) for text in found]

    def pairs(self, value: object, where: str, shape: re.Pattern[str], expected: str) -> tuple[tuple[str, str], ...]:
        """The keys, each of the given shape, and the texts of a mapping, in the order of the keys."""
        if not isinstance(value, Mapping):
            self.wrong(where, value, f"a mapping from {expected} to a text")
            return ()
        for key, text in value.items():
            if not isinstance(key, str) or not shape.fullmatch(key):
                self.wrong(where, key, expected)
            if not isinstance(text, str):
                self.wrong(f"{where}[{key}]", text, "a text")
        return tuple(sorted((str(key), str(text)) for key, text in value.items()))
