# Copyright (c) autotrade.deployment engineers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Pods: ready, on the way, or failed with the container and the reason that the kubelet gives."""

from __future__ import annotations

from datetime import timedelta

from ansible_collections.autotrade.deployment.plugins.module_utils.core.objects import dig_list, dig_text
from ansible_collections.autotrade.deployment.plugins.module_utils.core.readiness import reasons
from ansible_collections.autotrade.deployment.plugins.module_utils.core.readiness.conditions import condition
from ansible_collections.autotrade.deployment.plugins.module_utils.core.readiness.containers import Container, containers
from ansible_collections.autotrade.deployment.plugins.module_utils.core.readiness.model import (
    Facts,
    Readiness,
    failed,
    in_progress,
    ready,
    waiting,
)
from ansible_collections.autotrade.deployment.plugins.module_utils.core.readiness.times import age_of, elapsed

CRASH_LOOP = "CrashLoopBackOff"
UNSCHEDULABLE = "Unschedulable"

# The kubelet's own words for "this container cannot be started as it is written".
CANNOT_START = frozenset(
    {
        "CreateContainerConfigError",
        "CreateContainerError",
        "ErrImageNeverPull",
        "ErrImagePull",
        "ImageInspectError",
        "ImagePullBackOff",
        "InvalidImageName",
        "PostStartHookError",
        "PreCreateHookError",
        "PreStartHookError",
        "RegistryUnavailable",
        "RunContainerError",
        "SignatureValidationFailed",
    }
)


def pod(facts: Facts) -> Readiness:
    """Rule for a pod. A failed pod is failed, unlike in kstatus, where it counts as current."""
    obj = facts.obj
    phase = dig_text(obj, "status", "phase")
    if phase == "Succeeded":
        return ready(reasons.COMPLETED, "All containers ended with success.")
    if phase == "Failed":
        return _failed_pod(facts)
    scheduled = condition(obj, "PodScheduled")
    if scheduled.false:
        return _unscheduled(facts, scheduled.reason, scheduled.message)
    stuck = _stuck_container(facts)
    if stuck:
        return stuck
    if phase == "Running" and condition(obj, "Ready").true:
        return ready(reasons.READY, "All containers are ready.")
    return in_progress(*_not_ready(facts, phase))


def _failed_pod(facts: Facts) -> Readiness:
    reason = dig_text(facts.obj, "status", "reason", default=reasons.POD_FAILED)
    message = dig_text(facts.obj, "status", "message")
    ended = [f"container {one.name} {one.ended}" for one in containers(facts.obj) if one.ended]
    return failed(reason, "; ".join([*([message] if message else []), *ended]) or "The pod failed.")


def _unscheduled(facts: Facts, reason: str, message: str) -> Readiness:
    text = f"No node yet: {message or reason}"
    if reason != UNSCHEDULABLE:
        return waiting(reason, text) if reason == "SchedulingGated" else in_progress(reason or reasons.PENDING, text)
    if age_of(facts.obj, facts.now) > facts.patience.unschedulable:
        return failed(UNSCHEDULABLE, text)
    return in_progress(UNSCHEDULABLE, text)


def _stuck_container(facts: Facts) -> Readiness | None:
    for container in containers(facts.obj):
        reason, text = _trouble(container)
        if not reason:
            continue
        at_once = reason == CRASH_LOOP and not container.init
        if at_once or _not_ready_for(facts) > facts.patience.grace:
            return failed(reason, text)
        return in_progress(reason, text)
    return None


def _trouble(container: Container) -> tuple[str, str]:
    if container.waiting == CRASH_LOOP or container.waiting in CANNOT_START:
        text = f"container {container.name}: {container.waiting}: {container.message}"
        last = f" (it {container.ended_before}; restarts: {container.restarts})" if container.ended_before else ""
        return container.waiting, text + last
    if container.init and container.ended:
        return container.ended_reason, f"container {container.name} {container.ended}"
    return "", ""


def _not_ready_for(facts: Facts) -> timedelta:
    # Waiting states have no time of their own; an old pod that got into trouble carries it in its Ready condition.
    unready = condition(facts.obj, "Ready")
    if unready.false and unready.since:
        return elapsed(unready.since, facts.now)
    return age_of(facts.obj, facts.now)


def _not_ready(facts: Facts, phase: str) -> tuple[str, str]:
    for container in containers(facts.obj):
        if container.waiting:
            return container.waiting, f"container {container.name}: {container.waiting}"
        if container.init and container.running:
            return reasons.PENDING, f"container {container.name}: init container is running"
        if container.running and not container.ready:
            return reasons.CONTAINERS_NOT_READY, f"container {container.name}: running, its readiness probe has not passed"
    gates = [dig_text(gate, "conditionType") for gate in dig_list(facts.obj, "spec", "readinessGates")]
    closed = [gate for gate in gates if not condition(facts.obj, gate).true]
    if phase == "Running" and closed:
        return reasons.NOT_READY, f"readiness gate not open: {', '.join(closed)}"
    return reasons.PENDING if phase != "Running" else reasons.NOT_READY, f"phase {phase or 'not set'}, not ready yet"
