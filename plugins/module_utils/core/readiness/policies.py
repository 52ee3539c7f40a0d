# Copyright (c) autotrade.deployment engineers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Budgets, quotas and namespaces: what they allow is part of the answer."""

from __future__ import annotations

from ansible_collections.autotrade.deployment.plugins.module_utils.core.objects import KubeObject, dig, dig_int, dig_map, dig_text
from ansible_collections.autotrade.deployment.plugins.module_utils.core.quantities import is_quantity, parse
from ansible_collections.autotrade.deployment.plugins.module_utils.core.readiness import reasons
from ansible_collections.autotrade.deployment.plugins.module_utils.core.readiness.conditions import condition, conditions
from ansible_collections.autotrade.deployment.plugins.module_utils.core.readiness.model import (
    Facts,
    Readiness,
    failed,
    in_progress,
    ready,
    waiting,
)


def disruption_budget(facts: Facts) -> Readiness:
    """Rule for a PodDisruptionBudget.

    One that allows nothing is waiting, never in progress: it is applied before its pods, and must not hold them up.
    """
    obj = facts.obj
    if dig(obj, "status", "observedGeneration") is None:
        return in_progress(reasons.NOT_OBSERVED, "The controller has not computed the budget yet.")
    broken = condition(obj, "DisruptionAllowed")
    if broken.reason == "SyncFailed":
        return failed(broken.reason, broken.sentence("The budget cannot be computed."))
    allowed = dig_int(obj, "status", "disruptionsAllowed")
    healthy, needed = dig_int(obj, "status", "currentHealthy"), dig_int(obj, "status", "desiredHealthy")
    text = f"Allowed disruptions: {allowed} (healthy: {healthy}, needed: {needed})"
    if dig_int(obj, "status", "expectedPods") == 0:
        return waiting(reasons.NO_PODS, "No pod matches the selector yet. " + text)
    return ready(reasons.READY, text) if allowed > 0 else waiting(reasons.NO_DISRUPTIONS, text)


def resource_quota(facts: Facts) -> Readiness:
    """Rule for a ResourceQuota: ready once the controller counts against the limits of the spec."""
    hard, counted = dig_map(facts.obj, "spec", "hard"), dig_map(facts.obj, "status", "hard")
    late = sorted(name for name in hard if not _equal(hard[name], counted.get(name)))
    if late:
        return in_progress(reasons.NOT_SYNCED, f"Not counted yet: {', '.join(late)}")
    used = dig_map(facts.obj, "status", "used")
    return ready(reasons.READY, ", ".join(f"{name}: {used.get(name, '0')}/{hard[name]}" for name in sorted(hard)) or "No limits.")


def _equal(wanted: object, given: object) -> bool:
    if not (is_quantity(wanted) and is_quantity(given)):
        return wanted == given
    return parse(str(wanted)) == parse(str(given))


def namespace(facts: Facts) -> Readiness:
    """Rule for a Namespace that is not being deleted."""
    phase = dig_text(facts.obj, "status", "phase")
    if phase == "Active":
        return ready("Active", "The namespace takes objects.")
    return in_progress(reasons.PENDING, f"Phase {phase or 'not set'}.")


def what_holds_namespace(obj: KubeObject) -> str:
    """Why a namespace that is being deleted is still there; empty where the API server does not say."""
    return "; ".join(entry.sentence(entry.type) for entry in conditions(obj) if entry.true)
