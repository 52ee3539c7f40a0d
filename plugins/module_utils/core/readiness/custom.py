# Copyright (c) autotrade.deployment engineers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Rules that the user gives for a kind, as expressions on the object."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible_collections.autotrade.deployment.plugins.module_utils.core.objects import KubeObject
from ansible_collections.autotrade.deployment.plugins.module_utils.core.readiness import reasons
from ansible_collections.autotrade.deployment.plugins.module_utils.core.readiness.generic import group_of
from ansible_collections.autotrade.deployment.plugins.module_utils.core.readiness.model import (
    CustomRule,
    Readiness,
    State,
    failed,
    in_progress,
    ready,
)


def rule_for(obj: KubeObject, rules: Mapping[str, CustomRule]) -> CustomRule | None:
    """The rule under ``Kind.group`` (``Kind`` for the core group), or None."""
    group = group_of(obj)
    return rules.get(f"{obj.get('kind')}.{group}" if group else str(obj.get("kind")))


def judge(rule: CustomRule, obj: KubeObject) -> Readiness:
    """Answer of the rule; unknown with the expression's error where it cannot be evaluated."""
    try:
        if rule.failed and _holds(rule.search(rule.failed, obj)):
            return failed(reasons.CUSTOM_RULE, _message(rule, obj, f"The expression {rule.failed} holds."))
        if _holds(rule.search(rule.ready, obj)):
            return ready(reasons.CUSTOM_RULE, _message(rule, obj, f"The expression {rule.ready} holds."))
        return in_progress(reasons.CUSTOM_RULE, _message(rule, obj, f"The expression {rule.ready} does not hold yet."))
    except ValueError as error:
        text = f"The readiness rule for {obj.get('kind')} cannot be evaluated: {error}. Correct its expressions."
        return Readiness(State.UNKNOWN, reasons.RULE_ERROR, text)


def _holds(value: Any) -> bool:
    # JMESPath's own truth: 0 is true, empty texts and containers are not.
    return value is not None and value is not False and value not in ("", [], {})


def _message(rule: CustomRule, obj: KubeObject, fallback: str) -> str:
    text = rule.search(rule.message, obj) if rule.message else None
    return text if isinstance(text, str) and text else fallback
