# Copyright (c) autotrade.deployment engineers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Gateway API: classes, gateways and routes, by the conditions that its specification defines."""

from __future__ import annotations

from ansible_collections.autotrade.deployment.plugins.module_utils.core.objects import (
    KubeObject,
    dig,
    dig_int,
    dig_list,
    dig_text,
)
from ansible_collections.autotrade.deployment.plugins.module_utils.core.readiness import reasons
from ansible_collections.autotrade.deployment.plugins.module_utils.core.readiness.conditions import (
    Condition,
    conditions,
    pick,
    read_all,
)
from ansible_collections.autotrade.deployment.plugins.module_utils.core.readiness.model import (
    Facts,
    Readiness,
    failed,
    in_progress,
    ready,
    worst,
)
from ansible_collections.autotrade.deployment.plugins.module_utils.core.readiness.times import elapsed

# Reasons of a False condition that the specification describes as passing.
_PASSING = frozenset({"Pending", "Waiting", "AddressNotAssigned", "NoResources"})


def gateway_class(facts: Facts) -> Readiness:
    """Rule for a GatewayClass."""
    return _all_true(facts, conditions(facts.obj), ("Accepted",), "class")


def gateway(facts: Facts) -> Readiness:
    """Rule for a Gateway: accepted, and programmed into the data plane."""
    return _all_true(facts, conditions(facts.obj), ("Accepted", "Programmed"), "gateway")


def route(facts: Facts) -> Readiness:
    """Rule for an HTTPRoute and its relatives: every parent must accept it and resolve what it refers to."""
    parents = dig_list(facts.obj, "spec", "parentRefs")
    answers = [_parent(facts, parent) for parent in parents]
    if not answers:
        return ready(reasons.EXISTS, "The route is attached to no parent.")
    return worst(answers)


def _parent(facts: Facts, parent: object) -> Readiness:
    name = f"parent {dig_text(parent, 'name', default='(no name)')}"
    for status in dig_list(facts.obj, "status", "parents"):
        if _same_parent(facts.obj, parent, dig(status, "parentRef")):
            return _all_true(facts, read_all(dig_list(status, "conditions")), ("Accepted", "ResolvedRefs"), name)
    return in_progress(reasons.NO_CONDITION, f"{name}: not judged yet.")


def _same_parent(route_object: KubeObject, wanted: object, judged: object) -> bool:
    home = dig(route_object, "metadata", "namespace")
    same = all(dig(wanted, field) == dig(judged, field) for field in ("name", "sectionName", "port"))
    return same and dig(wanted, "namespace", default=home) == dig(judged, "namespace", default=home)


def _all_true(facts: Facts, entries: tuple[Condition, ...], kinds: tuple[str, ...], what: str) -> Readiness:
    generation = dig_int(facts.obj, "metadata", "generation")
    for kind in kinds:
        entry = pick(entries, kind)
        if not entry.status or (entry.observed_generation or generation) != generation:
            return in_progress(reasons.NO_CONDITION, f"{what}: {kind} is not judged for this generation yet.")
        if not entry.true:
            return _refused(facts, entry, what)
    return ready(reasons.ACCEPTED, f"{what}: {' and '.join(kinds)}.")


def _refused(facts: Facts, entry: Condition, what: str) -> Readiness:
    text = f"{what}: {entry.type} is {entry.status}: {entry.sentence('no reason given')}"
    lasting = entry.false and entry.reason not in _PASSING and elapsed(entry.since, facts.now) > facts.patience.grace
    return (failed if lasting else in_progress)(entry.reason or entry.type, text)
