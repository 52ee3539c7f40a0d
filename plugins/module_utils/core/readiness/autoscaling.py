# Copyright (c) autotrade.deployment engineers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Autoscalers. One that has no metrics or no pods yet is waiting: it scales as soon as they come."""

from __future__ import annotations

from ansible_collections.autotrade.deployment.plugins.module_utils.core.objects import dig, dig_int
from ansible_collections.autotrade.deployment.plugins.module_utils.core.readiness import reasons
from ansible_collections.autotrade.deployment.plugins.module_utils.core.readiness.conditions import condition
from ansible_collections.autotrade.deployment.plugins.module_utils.core.readiness.generic import reported
from ansible_collections.autotrade.deployment.plugins.module_utils.core.readiness.model import (
    Facts,
    Readiness,
    failed,
    in_progress,
    paused,
    ready,
    waiting,
)
from ansible_collections.autotrade.deployment.plugins.module_utils.core.readiness.times import elapsed


def horizontal(facts: Facts) -> Readiness:
    """Rule for a HorizontalPodAutoscaler."""
    obj = facts.obj
    able, active = condition(obj, "AbleToScale"), condition(obj, "ScalingActive")
    if not able.status:
        return in_progress(reasons.NO_CONDITION, "The autoscaler has not looked at its target yet.")
    if able.false:
        answer = failed if elapsed(able.since, facts.now) > facts.patience.grace else in_progress
        return answer(able.reason or "AbleToScale", able.sentence("The target cannot be scaled."))
    if active.reason == "ScalingDisabled":
        return paused(active.reason, active.sentence("The target has no replicas, so scaling is off."))
    if not active.true:
        return waiting(active.reason or "ScalingActive", active.sentence("There are no metrics yet."))
    current, wanted = dig_int(obj, "status", "currentReplicas"), dig_int(obj, "status", "desiredReplicas")
    low, high = dig_int(obj, "spec", "minReplicas", default=1), dig(obj, "spec", "maxReplicas")
    return ready(reasons.READY, f"Replicas: {current}, wanted {wanted} ({low} to {high})")


def vertical(facts: Facts) -> Readiness:
    """Rule for a VerticalPodAutoscaler."""
    wrong = condition(facts.obj, "ConfigUnsupported")
    if wrong.true:
        return failed("ConfigUnsupported", wrong.sentence("The target or the policy is not supported."))
    lonely = condition(facts.obj, "NoPodsMatched")
    if lonely.true:
        return waiting("NoPodsMatched", lonely.sentence("No pod matches the target yet."))
    if condition(facts.obj, "RecommendationProvided").true:
        return ready(reasons.READY, "A recommendation is there.")
    return waiting(reasons.NO_CONDITION, "No recommendation yet.")


def scaled_object(facts: Facts) -> Readiness:
    """Rule for KEDA's ScaledObject and ScaledJob."""
    stopped = condition(facts.obj, "Paused")
    if stopped.true:
        return paused(reasons.PAUSED, stopped.sentence("Scaling is paused."))
    return reported(facts)
