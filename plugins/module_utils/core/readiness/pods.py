# Copyright (c) autotrade.deployment engineers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Pods: ready, on the way, or failed with the container and the reason that the kubelet gives."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Any

from ansible_collections.autotrade.deployment.plugins.module_utils.core.objects import dig, dig_list
from ansible_collections.autotrade.deployment.plugins.module_utils.core.readiness import reasons
from ansible_collections.autotrade.deployment.plugins.module_utils.core.readiness.conditions import condition
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
    phase = dig(obj, "status", "phase", default="")
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
    reason = dig(facts.obj, "status", "reason", default=reasons.POD_FAILED)
    message = dig(facts.obj, "status", "message", default="")
    ended = [text for status in _statuses(facts) if (text := _exit(status))]
    return failed(reason, "; ".join([*([message] if message else []), *ended]) or "The pod failed.")


def _unscheduled(facts: Facts, reason: str, message: str) -> Readiness:
    text = f"No node yet: {message or reason}"
    if reason != UNSCHEDULABLE:
        return waiting(reason, text) if reason == "SchedulingGated" else in_progress(reason or reasons.PENDING, text)
    if age_of(facts.obj, facts.now) > facts.patience.unschedulable:
        return failed(UNSCHEDULABLE, text)
    return in_progress(UNSCHEDULABLE, text)


def _stuck_container(facts: Facts) -> Readiness | None:
    for status in _statuses(facts):
        reason, text = _trouble(status)
        if not reason:
            continue
        at_once = reason == CRASH_LOOP and (not status["init"] or status["sidecar"])
        if at_once or _not_ready_for(facts) > facts.patience.grace:
            return failed(reason, text)
        return in_progress(reason, text)
    return None


def _trouble(status: Mapping[str, Any]) -> tuple[str, str]:
    name, state = status["name"], status["state"]
    reason = dig(state, "waiting", "reason", default="")
    if reason == CRASH_LOOP or reason in CANNOT_START:
        text = f"container {name}: {reason}: {dig(state, 'waiting', 'message', default='no details')}"
        last = _exit({**status, "state": status["last"]})
        return reason, f"{text} (last {last}; restarts: {status['restarts']})" if last else text
    if status["init"] and not status["sidecar"] and dig(state, "terminated", "exitCode", default=0) != 0:
        return dig(state, "terminated", "reason", default="Error"), _exit(status)
    return "", ""


def _exit(status: Mapping[str, Any]) -> str:
    end = dig(status["state"], "terminated")
    code = dig(end, "exitCode", default=0)
    if end is None or code == 0:
        return ""
    detail = f": {dig(end, 'message')}" if dig(end, "message") else ""
    return f"container {status['name']} ended with code {code}, {dig(end, 'reason', default='Error')}{detail}"


def _not_ready_for(facts: Facts) -> timedelta:
    # Waiting states have no time of their own; an old pod that got into trouble carries it in its Ready condition.
    unready = condition(facts.obj, "Ready")
    if unready.false and unready.since:
        return elapsed(unready.since, facts.now)
    return age_of(facts.obj, facts.now)


def _not_ready(facts: Facts, phase: str) -> tuple[str, str]:
    for status in _statuses(facts):
        reason = dig(status["state"], "waiting", "reason")
        if reason:
            return reason, f"container {status['name']}: {reason}"
        if status["init"] and not status["sidecar"] and dig(status["state"], "running"):
            return reasons.PENDING, f"container {status['name']}: init container is running"
    for status in _statuses(facts):
        if dig(status["state"], "running") and not status["ready"] and not status["init"]:
            return reasons.CONTAINERS_NOT_READY, f"container {status['name']}: running, its readiness probe has not passed"
    gates = [dig(gate, "conditionType", default="") for gate in dig_list(facts.obj, "spec", "readinessGates")]
    closed = [gate for gate in gates if not condition(facts.obj, gate).true]
    if phase == "Running" and closed:
        return reasons.NOT_READY, f"readiness gate not open: {', '.join(closed)}"
    return reasons.PENDING if phase != "Running" else reasons.NOT_READY, f"phase {phase or 'not set'}, not ready yet"


def _statuses(facts: Facts) -> Iterator[dict[str, Any]]:
    restarting = {
        dig(container, "name")
        for container in dig_list(facts.obj, "spec", "initContainers")
        if dig(container, "restartPolicy") == "Always"
    }
    for field, init in (("initContainerStatuses", True), ("containerStatuses", False)):
        for status in dig_list(facts.obj, "status", field):
            yield {
                "name": dig(status, "name", default="(no name)"),
                "init": init,
                "sidecar": dig(status, "name") in restarting,
                "ready": dig(status, "ready", default=False),
                "state": dig(status, "state", default={}),
                "last": dig(status, "lastState", default={}),
                "restarts": dig(status, "restartCount", default=0),
            }
