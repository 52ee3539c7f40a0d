# Copyright (c) autotrade.deployment engineers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Filter ``left_open``: what of an example inventory its user has not filled in yet."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any

from ansible_collections.autotrade.deployment.plugins.module_utils.core import placeholders


def left_open(settings: Mapping[str, Any], required: Collection[str] = ()) -> list[str]:
    """One sentence for each part of these settings (name -> value) that is a placeholder, or empty and required."""
    return [
        sentence
        for name, value in settings.items()
        for sentence in placeholders.left_open(name, value, required=name in required)
    ]


class FilterModule:
    """The filters of this file."""

    def filters(self) -> dict[str, Callable[..., list[str]]]:
        """Return the filters by name."""
        return {"left_open": left_open}
