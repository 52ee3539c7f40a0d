# Copyright (c) autotrade.deployment engineers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Reading of API objects that may be incomplete or of the wrong shape: every function answers, none raises.

A requirement check judges whatever stands in a cluster, so a string where a list is due is a finding, not a crash.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from typing import Any

from ansible_collections.autotrade.deployment.plugins.module_utils.core import quantities

Step = str | int
EMPTY: Mapping[str, Any] = {}


def value(obj: Any, *path: Step) -> Any:
    """What stands at ``path``; None where any step is missing or has the wrong shape."""
    for step in path:
        if isinstance(obj, Mapping) and isinstance(step, str):
            obj = obj.get(step)
        elif isinstance(obj, list) and isinstance(step, int) and -len(obj) <= step < len(obj):
            obj = obj[step]
        else:
            return None
    return obj


def mapping(obj: Any, *path: Step) -> Mapping[str, Any]:
    """The mapping at ``path``, empty when there is none."""
    found = value(obj, *path)
    return found if isinstance(found, Mapping) else EMPTY


def items(obj: Any, *path: Step) -> list[Mapping[str, Any]]:
    """The mappings in the list at ``path``; entries of another shape are left out."""
    found = value(obj, *path)
    return [entry for entry in found if isinstance(entry, Mapping)] if isinstance(found, list) else []


def texts(obj: Any, *path: Step) -> list[str]:
    """The strings in the list at ``path``."""
    found = value(obj, *path)
    return [entry for entry in found if isinstance(entry, str)] if isinstance(found, list) else []


def text(obj: Any, *path: Step) -> str:
    """The string at ``path``, empty when there is none."""
    found = value(obj, *path)
    return found if isinstance(found, str) else ""


def whole(obj: Any, *path: Step) -> int | None:
    """The integer at ``path``; a bool is not one."""
    found = value(obj, *path)
    return found if isinstance(found, int) and not isinstance(found, bool) else None


def amount(quantity: Any) -> Fraction | None:
    """A Kubernetes quantity as a number of its base unit (cores, bytes), None when it is not one."""
    if isinstance(quantity, bool) or not isinstance(quantity, (str, int, float)):
        return None
    try:
        return quantities.parse(quantity)
    except (ValueError, OverflowError):
        return None


def labels(obj: Any) -> Mapping[str, Any]:
    """The labels of an object or of a pod template."""
    return mapping(obj, "metadata", "labels")


def selects(selector: Any, target: Mapping[str, Any]) -> bool:
    """Whether a label selector (matchLabels, matchExpressions) matches; an empty one matches all, an absent one nothing."""
    if not isinstance(selector, Mapping):
        return False
    wanted = mapping(selector, "matchLabels")
    if any(target.get(key) != expected for key, expected in wanted.items()):
        return False
    return all(expression_holds(expression, target) for expression in items(selector, "matchExpressions"))


def expression_holds(expression: Mapping[str, Any], target: Mapping[str, Any]) -> bool:
    """One matchExpressions entry of a label or node selector (Gt and Lt included)."""
    key, operator = text(expression, "key"), text(expression, "operator")
    actual, allowed = target.get(key), texts(expression, "values")
    if operator in {"Gt", "Lt"}:
        left, right = amount(actual), amount(allowed[0] if allowed else None)
        return left is not None and right is not None and (left > right if operator == "Gt" else left < right)
    return {
        "In": actual in allowed,
        "NotIn": key not in target or actual not in allowed,
        "Exists": key in target,
        "DoesNotExist": key not in target,
    }.get(operator, False)


def strings_in(obj: Any, path: tuple[Step, ...] = ()) -> Iterator[tuple[tuple[Step, ...], str]]:
    """Every string in an object with the path that leads to it."""
    stack: list[tuple[tuple[Step, ...], Any]] = [(path, obj)]
    while stack:
        here, found = stack.pop()
        if isinstance(found, str):
            yield here, found
        elif isinstance(found, Mapping):
            stack.extend(((*here, str(key)), inner) for key, inner in found.items())
        elif isinstance(found, list):
            stack.extend(((*here, index), inner) for index, inner in enumerate(found))


def name_path(path: Sequence[Step]) -> str:
    """``("spec", "ports", 0)`` as ``spec.ports[0]``."""
    return "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in path).lstrip(".")
