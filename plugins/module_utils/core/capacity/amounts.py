# Copyright (c) autotrade.deployment engineers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Amounts of resources by name, in base units (cores, bytes, pieces), and how people read them."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import Any

from ansible_collections.autotrade.deployment.plugins.module_utils.core.quantities import written
from ansible_collections.autotrade.deployment.plugins.module_utils.core.requirements.reading import amount, mapping

Resources = dict[str, Fraction]
ZERO = Fraction(0)
_GI = 2**30


def resources_at(obj: Any, *path: str) -> Resources:
    """The resource list at ``path``; what is no quantity is left out."""
    found = {name: amount(quantity) for name, quantity in mapping(obj, *path).items()}
    return {str(name): value for name, value in found.items() if value is not None}


def added(*lists: Mapping[str, Fraction]) -> Resources:
    """The sum, name by name."""
    total: Resources = {}
    for one in lists:
        for name, value in one.items():
            total[name] = total.get(name, ZERO) + value
    return total


def largest(*lists: Mapping[str, Fraction]) -> Resources:
    """The greatest value of each name."""
    top: Resources = {}
    for one in lists:
        for name, value in one.items():
            top[name] = max(top.get(name, value), value)
    return top


def times(one: Mapping[str, Fraction], count: int) -> Resources:
    """Every value multiplied."""
    return {name: value * count for name, value in one.items()}


def in_bytes(name: str) -> bool:
    """Whether a resource (or the figure of a quota that counts it) is measured in bytes."""
    kind = name.removeprefix("requests.").removeprefix("limits.")
    return kind.startswith("hugepages-") or kind.endswith(("memory", "storage"))


def shown(name: str, value: Fraction) -> str:
    """``107.7Gi`` for what is measured in bytes, ``48.86`` for everything else: for people, rounded."""
    return f"{float(value / _GI):.4g}Gi" if in_bytes(name) else f"{float(value):.6g}"


def exact(name: str, value: Fraction) -> str:
    """The value as the API server writes it: for machines."""
    return written(value, binary=in_bytes(name))


def shown_all(resources: Mapping[str, Fraction]) -> str:
    """All of them in one line."""
    return ", ".join(f"{name} {shown(name, value)}" for name, value in resources.items())
