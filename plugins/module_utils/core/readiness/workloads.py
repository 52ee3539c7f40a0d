# Copyright (c) autotrade.deployment engineers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Deployment, StatefulSet, DaemonSet, ReplicaSet and ReplicationController.

The rules and their order are kstatus' own, with these differences: nothing is ready before its controller has observed
it, a paused rollout is its own state, minReadySeconds is waited for, a StatefulSet's revisions are always compared at
partition 0, and OnDelete counts the pods on the new revision.
"""

from __future__ import annotations

from collections.abc import Iterable

from ansible_collections.autotrade.deployment.plugins.module_utils.core.objects import KubeObject, dig, dig_int, dig_text
from ansible_collections.autotrade.deployment.plugins.module_utils.core.readiness import reasons
from ansible_collections.autotrade.deployment.plugins.module_utils.core.readiness.conditions import condition
from ansible_collections.autotrade.deployment.plugins.module_utils.core.readiness.model import (
    Facts,
    Readiness,
    failed,
    in_progress,
    paused,
    ready,
    waiting,
)
from ansible_collections.autotrade.deployment.plugins.module_utils.core.readiness.owned_pods import on_revision
from ansible_collections.autotrade.deployment.plugins.module_utils.core.readiness.times import elapsed

# The API's way to write "no deadline" (MaxInt32).
_NO_DEADLINE = 2**31 - 1
_Step = tuple[bool, str, str]


def deployment(facts: Facts) -> Readiness:
    """Rule for a Deployment."""
    obj = facts.obj
    progressing = condition(obj, "Progressing")
    if progressing.reason == "ProgressDeadlineExceeded":
        return failed(progressing.reason, progressing.sentence("The rollout made no progress within its deadline."))
    answer = _unobserved(obj) or _rejected_pods(facts) or _first(_deployment_steps(obj)) or _deployment_conditions(obj)
    if dig(obj, "spec", "paused", default=False):
        return paused(reasons.PAUSED, f"The rollout is paused. {answer.message}")
    return answer


def _deployment_steps(obj: KubeObject) -> Iterable[_Step]:
    want, have = _wanted(obj), _count(obj, "replicas")
    updated, available, is_ready = _count(obj, "updatedReplicas"), _count(obj, "availableReplicas"), _count(obj, "readyReplicas")
    yield want > have, reasons.LESS_REPLICAS, f"Replicas: {have}/{want}"
    yield want > updated, reasons.LESS_UPDATED, f"Updated: {updated}/{want}"
    yield have > want, reasons.EXTRA_PODS, f"Pods still to go: {have - want}"
    yield _soaking(obj, updated, is_ready, available), reasons.SOAKING, _soak_text(obj, available, updated)
    yield updated > available, reasons.LESS_AVAILABLE, f"Available: {available}/{updated}"
    yield want > is_ready, reasons.LESS_READY, f"Ready: {is_ready}/{want}"


def _deployment_conditions(obj: KubeObject) -> Readiness:
    progressing, available = condition(obj, "Progressing"), condition(obj, "Available")
    deadline = dig(obj, "spec", "progressDeadlineSeconds")
    if deadline not in (None, _NO_DEADLINE) and not (progressing.true and progressing.reason == "NewReplicaSetAvailable"):
        return in_progress(reasons.NOT_PROGRESSED, progressing.sentence("The new ReplicaSet is not reported as available yet."))
    if not available.true:
        return in_progress(reasons.NOT_AVAILABLE, available.sentence("The Deployment is not reported as available yet."))
    return ready(reasons.READY, f"Available: {_count(obj, 'availableReplicas')}/{_wanted(obj)}")


def stateful_set(facts: Facts) -> Readiness:
    """Rule for a StatefulSet, which never reports failure itself: only its pods can say that it failed."""
    obj = facts.obj
    answer = _unobserved(obj) or _first(_stateful_set_steps(obj))
    if answer:
        return answer
    if dig(obj, "spec", "updateStrategy", "type") == "OnDelete":
        return _on_delete(facts)
    return _partitioned(obj)


def _stateful_set_steps(obj: KubeObject) -> Iterable[_Step]:
    want, have = _wanted(obj), _count(obj, "replicas")
    is_ready, available = _count(obj, "readyReplicas"), _count(obj, "availableReplicas")
    yield want > have, reasons.LESS_REPLICAS, f"Replicas: {have}/{want}"
    yield want > is_ready, reasons.LESS_READY, f"Ready: {is_ready}/{want}"
    yield have > want, reasons.EXTRA_PODS, f"Pods still to go: {have - want}"
    yield _soaking(obj, want, is_ready, available), reasons.SOAKING, _soak_text(obj, available, want)


def _on_delete(facts: Facts) -> Readiness:
    want, revision = _wanted(facts.obj), dig_text(facts.obj, "status", "updateRevision")
    counted = on_revision(facts, revision)
    updated = _count(facts.obj, "updatedReplicas") if counted is None else counted
    if updated < want:
        return waiting(reasons.ON_DELETE, f"On the new revision: {updated}/{want}; the other pods change when they are deleted")
    return ready(reasons.READY, f"Ready and on the new revision: {updated}/{want}")


def _partitioned(obj: KubeObject) -> Readiness:
    want, updated = _wanted(obj), _count(obj, "updatedReplicas")
    partition = dig_int(obj, "spec", "updateStrategy", "rollingUpdate", "partition")
    if partition and updated < want - partition:
        return in_progress(reasons.PARTITION, f"Updated: {updated}/{want - partition} (partition {partition})")
    current, new = dig(obj, "status", "currentRevision"), dig(obj, "status", "updateRevision")
    if not partition and current != new:
        return in_progress(reasons.REVISION, f"Updated: {updated}/{want}, from revision {current} to {new}")
    return ready(reasons.READY, f"Ready: {_count(obj, 'readyReplicas')}/{want}")


def daemon_set(facts: Facts) -> Readiness:
    """Rule for a DaemonSet."""
    obj = facts.obj
    answer = _unobserved(obj)
    if answer is None and dig(obj, "status", "desiredNumberScheduled") is None:
        answer = in_progress(reasons.NOT_OBSERVED, "The number of nodes that need the pod is not known yet.")
    if answer is None:
        answer = _first(_daemon_set_steps(obj))
    if answer:
        return answer
    want, updated = _count(obj, "desiredNumberScheduled"), _count(obj, "updatedNumberScheduled")
    if updated < want:
        return waiting(reasons.ON_DELETE, f"On the new revision: {updated}/{want}; the other pods change when they are deleted")
    return ready(reasons.READY, f"Ready: {_count(obj, 'numberReady')}/{want} nodes")


def _daemon_set_steps(obj: KubeObject) -> Iterable[_Step]:
    want, scheduled = _count(obj, "desiredNumberScheduled"), _count(obj, "currentNumberScheduled")
    updated, available, is_ready = (
        _count(obj, "updatedNumberScheduled"),
        _count(obj, "numberAvailable"),
        _count(obj, "numberReady"),
    )
    by_hand = dig(obj, "spec", "updateStrategy", "type") == "OnDelete"
    yield want > scheduled, reasons.LESS_SCHEDULED, f"Scheduled: {scheduled}/{want} nodes"
    yield want > updated and not by_hand, reasons.LESS_UPDATED, f"Updated: {updated}/{want} nodes"
    yield _soaking(obj, want, is_ready, available), reasons.SOAKING, _soak_text(obj, available, want)
    yield want > available, reasons.LESS_AVAILABLE, f"Available: {available}/{want} nodes"
    yield want > is_ready, reasons.LESS_READY, f"Ready: {is_ready}/{want} nodes"


def replica_set(facts: Facts) -> Readiness:
    """Rule for a ReplicaSet or a ReplicationController."""
    obj = facts.obj
    want, have, labeled = _wanted(obj), _count(obj, "replicas"), _count(obj, "fullyLabeledReplicas")
    available, is_ready = _count(obj, "availableReplicas"), _count(obj, "readyReplicas")
    steps: tuple[_Step, ...] = (
        (want > labeled, reasons.LESS_LABELED, f"Labeled: {labeled}/{want}"),
        (_soaking(obj, want, is_ready, available), reasons.SOAKING, _soak_text(obj, available, want)),
        (want > available, reasons.LESS_AVAILABLE, f"Available: {available}/{want}"),
        (want > is_ready, reasons.LESS_READY, f"Ready: {is_ready}/{want}"),
        (have > want, reasons.EXTRA_PODS, f"Pods still to go: {have - want}"),
    )
    return _unobserved(obj) or _rejected_pods(facts) or _first(steps) or ready(reasons.READY, f"Ready: {is_ready}/{want}")


def _rejected_pods(facts: Facts) -> Readiness | None:
    """Pods that the API server refuses (quota, pod security, webhook): a surge may pass by itself, so first with patience."""
    rejected = condition(facts.obj, "ReplicaFailure")
    if not rejected.true:
        return None
    answer = failed if elapsed(rejected.since, facts.now) > facts.patience.grace else in_progress
    return answer(rejected.reason or "ReplicaFailure", rejected.sentence("Pods cannot be created."))


def _unobserved(obj: KubeObject) -> Readiness | None:
    if dig(obj, "status", "observedGeneration") is None:
        return in_progress(reasons.NOT_OBSERVED, "The controller has not seen the object yet.")
    return None


def _first(steps: Iterable[_Step]) -> Readiness | None:
    return next((in_progress(reason, text) for holds, reason, text in steps if holds), None)


def _wanted(obj: KubeObject) -> int:
    return dig_int(obj, "spec", "replicas", default=1)


def _count(obj: KubeObject, field: str) -> int:
    return dig_int(obj, "status", field)


def _soaking(obj: KubeObject, want: int, is_ready: int, available: int) -> bool:
    return dig_int(obj, "spec", "minReadySeconds") > 0 and is_ready >= want > available


def _soak_text(obj: KubeObject, available: int, want: int) -> str:
    seconds = dig_int(obj, "spec", "minReadySeconds")
    return f"Ready, but not for the {seconds} s of minReadySeconds yet: {available}/{want}"
