# Copyright (c) autotrade.deployment engineers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Readiness of one object: the rules of kstatus in their order, first hit wins."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from ansible_collections.autotrade.deployment.plugins.module_utils.core.objects import KubeObject
from ansible_collections.autotrade.deployment.plugins.module_utils.core.readiness import custom, generic, reasons
from ansible_collections.autotrade.deployment.plugins.module_utils.core.readiness.model import (
    CustomRule,
    Facts,
    Patience,
    Readiness,
    State,
)
from ansible_collections.autotrade.deployment.plugins.module_utils.core.readiness.owned_pods import with_pods
from ansible_collections.autotrade.deployment.plugins.module_utils.core.readiness.table import OWNERS_OF_PODS, RULES


def assess(
    obj: KubeObject | None,
    now: datetime,
    *,
    pods: Sequence[KubeObject] = (),
    related: Sequence[KubeObject] = (),
    rules: Mapping[str, CustomRule] | None = None,
    patience: Patience | None = None,
) -> Readiness:
    """State, reason and message of ``obj`` at ``now`` (aware, UTC). None is an object that does not exist.

    ``pods``: pods of the namespace; those of the workload are picked out, so that a failure quotes the pod. ``related``:
    StorageClasses, by which a claim knows that it waits for its first consumer. ``rules``: by ``Kind.group`` (``Kind`` for
    the core group), each in place of the built-in rule.
    """
    if obj is None:
        return Readiness(State.NOT_FOUND, reasons.NOT_FOUND, "The object does not exist.")
    facts = Facts(obj, now, tuple(pods), tuple(related), patience or Patience())
    answer = generic.going(facts) or generic.outdated(facts)
    if answer:
        return answer
    rule = custom.rule_for(obj, rules or {})
    if rule:
        return custom.judge(rule, obj)
    return generic.declared(facts) or _by_kind(facts)


def _by_kind(facts: Facts) -> Readiness:
    group = generic.group_of(facts.obj)
    key = f"{facts.obj.get('kind')}.{group}" if group else str(facts.obj.get("kind"))
    answer = RULES.get(key, generic.by_ready_condition)(facts)
    return with_pods(facts, answer) if key in OWNERS_OF_PODS else answer
