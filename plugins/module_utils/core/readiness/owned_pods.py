# Copyright (c) autotrade.deployment engineers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The pods of a workload: which of the given ones are its own and current, and what they say about its progress."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from ansible_collections.autotrade.deployment.plugins.module_utils.core.objects import (
    KubeObject,
    dig,
    dig_list,
    dig_map,
    dig_text,
    labels_of,
)
from ansible_collections.autotrade.deployment.plugins.module_utils.core.readiness.model import Facts, Readiness, State, failed
from ansible_collections.autotrade.deployment.plugins.module_utils.core.readiness.pods import CANNOT_START, UNSCHEDULABLE, pod

REVISION_LABEL = "controller-revision-hash"
_COMPARED = ("image", "command", "args", "env", "envFrom")


def with_pods(facts: Facts, answer: Readiness) -> Readiness:
    """``answer`` of a workload in progress, sharpened by its pods.

    A failed pod of the current revision fails the workload and is quoted; pods that are going or have no node yet do not
    (a node may still come), they only explain. A Job retries its own failed pods: only containers that cannot start count.
    """
    if answer.state is not State.IN_PROGRESS:
        return answer
    explained = ""
    for member in pods_of(facts):
        verdict = pod(replace(facts, obj=member))
        name = f"Pod {dig(member, 'metadata', 'name')}"
        if verdict.state is State.FAILED and _counts(facts.obj, verdict):
            return failed(verdict.reason, f"{name}: {verdict.message}. {answer.message}")
        if verdict.state is not State.READY and not explained:
            explained = f". {name}: {verdict.message}"
    return replace(answer, message=answer.message.rstrip(".") + explained) if explained else answer


def pods_of(facts: Facts) -> tuple[KubeObject, ...]:
    """Pods of the workload's current revision that are not going, in the order of their names."""
    mine = (member for member in facts.pods if _selected(facts.obj, member) and _current(facts.obj, member))
    alive = (member for member in mine if dig(member, "metadata", "deletionTimestamp") is None)
    return tuple(sorted(alive, key=lambda member: str(dig(member, "metadata", "name"))))


def on_revision(facts: Facts, revision: str) -> int | None:
    """How many of the given pods are on the revision; None where no pods were given."""
    members = [member for member in facts.pods if _selected(facts.obj, member)]
    if not members:
        return None
    return sum(1 for member in members if labels_of(member).get(REVISION_LABEL) == revision)


def _counts(workload: KubeObject, verdict: Readiness) -> bool:
    if verdict.reason == UNSCHEDULABLE:
        return False
    return workload.get("kind") != "Job" or verdict.reason in CANNOT_START


def _selected(workload: KubeObject, member: KubeObject) -> bool:
    if dig(member, "metadata", "namespace") != dig(workload, "metadata", "namespace"):
        return False
    uid = dig(workload, "metadata", "uid")
    if uid and any(dig(owner, "uid") == uid for owner in dig_list(member, "metadata", "ownerReferences")):
        return True
    selector = dig(workload, "spec", "selector")
    return isinstance(selector, Mapping) and _matches(selector, labels_of(member))


def _matches(selector: Mapping[str, Any], labels: Mapping[str, str]) -> bool:
    wanted = dig_map(selector, "matchLabels")
    expressions = dig_list(selector, "matchExpressions")
    if not wanted and not expressions:
        return False
    return all(labels.get(key) == value for key, value in wanted.items()) and all(
        _holds(expression, labels) for expression in expressions
    )


def _holds(expression: Any, labels: Mapping[str, str]) -> bool:
    key, values = dig_text(expression, "key"), dig_list(expression, "values")
    operators = {
        "In": labels.get(key) in values,
        "NotIn": labels.get(key) not in values,
        "Exists": key in labels,
        "DoesNotExist": key not in labels,
    }
    return bool(operators.get(dig_text(expression, "operator")))


def _current(workload: KubeObject, member: KubeObject) -> bool:
    if workload.get("kind") == "Job":
        return True
    revision = dig(workload, "status", "updateRevision")
    if revision:
        return bool(labels_of(member).get(REVISION_LABEL) == revision)
    # A Deployment does not name its current revision: a pod of an older template differs in what it runs or in its marks.
    template = dig_map(workload, "spec", "template")
    marks = (("metadata", "labels"), ("metadata", "annotations"))
    return all(_marked(dig_map(template, *path), dig_map(member, *path)) for path in marks) and all(
        _same_container(*pair) for pair in _containers(template, member)
    )


def _marked(wanted: Mapping[str, Any], given: Mapping[str, Any]) -> bool:
    return all(given.get(key) == value for key, value in wanted.items())


def _containers(template: Mapping[str, Any], member: KubeObject) -> Iterator[tuple[Any, Any]]:
    for field in ("containers", "initContainers"):
        running = {dig_text(container, "name"): container for container in dig_list(member, "spec", field)}
        for container in dig_list(template, "spec", field):
            yield container, running.get(dig_text(container, "name"))


def _same_container(wanted: Any, running: Any) -> bool:
    return all(_held(dig(wanted, field), dig(running, field)) for field in _COMPARED)


def _held(wanted: Any, running: Any) -> bool:
    if isinstance(wanted, list) and isinstance(running, list):
        return all(item in running for item in wanted)
    return wanted is None or bool(wanted == running)
