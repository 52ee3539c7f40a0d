# Copyright (c) autotrade.deployment engineers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Which objects of a set no API server can judge before something else of the set is written."""

from __future__ import annotations

import re
from collections.abc import Iterable, Set

from ansible_collections.autotrade.deployment.plugins.module_utils.core.api_resources import from_definition
from ansible_collections.autotrade.deployment.plugins.module_utils.core.apply_model import Item, Method, Outcome, Problem
from ansible_collections.autotrade.deployment.plugins.module_utils.core.objects import ObjectRef

CRD = "CustomResourceDefinition"
_NAMESPACES = ("", "Namespace")
# Reasons of refusals that may be about another object; what is wrong in the object itself is BadRequest or Invalid.
_ABOUT_OTHERS = ("Forbidden", "NotFound")
# How admission writes a kind where it does not use the kind's own name.
_SPOKEN = {"ResourceQuota": "quota"}


def is_foundation(item: Item) -> bool:
    """Whether other objects may exist only after this one: a Namespace or a CustomResourceDefinition."""
    return item.ref.kind == CRD or item.ref.key[:2] == _NAMESPACES


def deferred(items: Iterable[Item], foundations: Iterable[Outcome]) -> frozenset[ObjectRef]:
    """Items whose definition would be created or changed, or whose namespace would be created, by the same run."""
    changing = [outcome for outcome in foundations if outcome.changed]
    kinds = {t for o in changing if o.item.ref.kind == CRD for t in from_definition(o.item.obj)}
    spaces = {o.item.ref.name for o in changing if o.item.ref.key[:2] == _NAMESPACES and o.method is Method.CREATE}
    return frozenset(
        item.ref
        for item in items
        if not is_foundation(item) and (item.deferred or item.kind in kinds or item.ref.namespace in spaces)
    )


def promised(problem: Problem, changing: Set[ObjectRef]) -> ObjectRef | None:
    """The object that the refusal is about, where the same run writes it before it is the refused one's turn.

    Admission refuses a Pod whose ServiceAccount, PriorityClass or RuntimeClass is not there yet, a RoleBinding whose Role is
    not, and anything beyond a quota that is about to be raised. The API has no field that says so: kind and name are looked
    for in the text. A changing Namespace excuses every refusal in it, because its labels choose the pod security level.
    """
    if problem.reason not in _ABOUT_OTHERS:
        return None
    said = problem.message.lower()
    for other in changing - {problem.ref}:
        if other.key[:2] == _NAMESPACES and other.name == problem.ref.namespace:
            return other
        if _SPOKEN.get(other.kind, other.kind).lower() in said and _names(problem.message, other.name):
            return other
    return None


def _names(text: str, name: str) -> bool:
    return re.search(rf"(?<![\w.-]){re.escape(name)}(?![\w-])", text) is not None
