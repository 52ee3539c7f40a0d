# Copyright (c) autotrade.deployment engineers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the API server makes of a pod template: the pod that is charged and placed.

In the order of the API server 1.36: defaults (SetDefaults_Pod of pkg/apis/core/v1), LimitRanges of the namespace (plugin
LimitRanger), priority and overhead of its classes (plugins Priority and RuntimeClass), then the mesh's webhook, after which
defaults and LimitRanges come once more, as for every object that a webhook has changed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ansible_collections.autotrade.deployment.plugins.module_utils.core.capacity.amounts import exact
from ansible_collections.autotrade.deployment.plugins.module_utils.core.capacity.mesh import injected, proxy
from ansible_collections.autotrade.deployment.plugins.module_utils.core.capacity.pods import (
    LIMITS,
    QOS_RESOURCES,
    REQUESTS,
    at_pod_level,
    container_total,
)
from ansible_collections.autotrade.deployment.plugins.module_utils.core.requirements.model import Cluster
from ansible_collections.autotrade.deployment.plugins.module_utils.core.requirements.reading import (
    EMPTY,
    items,
    mapping,
    text,
    value,
    whole,
)

Pod = dict[str, Any]
Sides = Mapping[str, Any]
Change = Callable[[Mapping[str, Sides]], Mapping[str, Sides]]
CONTAINER_LISTS = ("containers", "initContainers")
# The two classes that every cluster has (pkg/apis/scheduling).
SYSTEM_PRIORITIES = {"system-cluster-critical": 2_000_000_000, "system-node-critical": 2_000_001_000}


def admitted(template: Mapping[str, Any], namespace: str, cluster: Cluster) -> Pod:
    """The pod of a template in a namespace of ``cluster``, which holds the LimitRanges and classes that apply to it."""
    metadata = {**mapping(template, "metadata"), "namespace": namespace}
    pod: Pod = {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": dict(mapping(template, "spec"))}
    ranges = cluster.of_kind("LimitRange", namespace)
    pod = _limited(_defaulted(pod), ranges)
    pod["spec"] = _classed(pod["spec"], cluster)
    if not injected(pod, cluster.get("Namespace", namespace) or EMPTY):
        return pod
    spec = {**pod["spec"], "initContainers": [proxy(pod, cluster.settings.scale), *items(pod, "spec", "initContainers")]}
    return _limited(_defaulted({**pod, "spec": spec}), ranges)


def _defaulted(pod: Pod) -> Pod:
    """Requests that are not set are the limits, for each container and then for the pod's own resources."""
    spec = _each_container(pod["spec"], lambda resources: _sides({**resources[LIMITS], **resources[REQUESTS]}, resources[LIMITS]))
    if value(spec, "resources") is None:
        return {**pod, "spec": spec}
    requests, limits = mapping(spec, "resources", REQUESTS), mapping(spec, "resources", LIMITS)
    if requests or limits:
        huge = {
            name: exact(name, found)
            for name, found in container_total({"spec": spec}, LIMITS).items()
            if name.startswith("hugepages-") and name not in requests
        }
        limits = {**huge, **limits}
    if limits:
        summed = container_total({"spec": spec}, REQUESTS)
        overcommitted = {name: exact(name, found) for name, found in summed.items() if name in QOS_RESOURCES}
        own = {name: found for name, found in limits.items() if at_pod_level(name)}
        requests = {**own, **overcommitted, **requests}
    return {**pod, "spec": {**spec, "resources": _sides(requests, limits)}}


def _limited(pod: Pod, ranges: list[Mapping[str, Any]]) -> Pod:
    """Defaults of each LimitRange in turn for containers that say nothing (PodMutateLimitFunc)."""
    spec = pod["spec"]
    for found in ranges:
        requests, limits = _range_defaults(found)
        spec = _each_container(spec, _with_defaults(requests, limits))
    return {**pod, "spec": spec}


def _with_defaults(requests: Sides, limits: Sides) -> Change:
    return lambda own: _sides({**requests, **own[REQUESTS]}, {**limits, **own[LIMITS]})


def _range_defaults(found: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Default requests and limits per container; what a LimitRange leaves out follows SetDefaults_LimitRangeItem."""
    requests: dict[str, Any] = {}
    limits: dict[str, Any] = {}
    for entry in items(found, "spec", "limits"):
        if text(entry, "type") == "Container":
            limit = {**mapping(entry, "max"), **mapping(entry, "default")}
            limits |= limit
            requests |= {**mapping(entry, "min"), **limit, **mapping(entry, "defaultRequest")}
    return requests, limits


def _classed(spec: Mapping[str, Any], cluster: Cluster) -> dict[str, Any]:
    """Priority, overhead and placement that the pod's classes bring along."""
    priority_class = _priority_class(spec, cluster)
    runtime = cluster.get("RuntimeClass", text(spec, "runtimeClassName")) or EMPTY
    known = SYSTEM_PRIORITIES.get(text(spec, "priorityClassName"), 0)
    return {
        **spec,
        "priority": known or whole(priority_class, "value") or 0,
        "preemptionPolicy": text(spec, "preemptionPolicy") or text(priority_class, "preemptionPolicy") or "PreemptLowerPriority",
        "overhead": dict(mapping(runtime, "overhead", "podFixed") or mapping(spec, "overhead")),
        "nodeSelector": {**mapping(spec, "nodeSelector"), **mapping(runtime, "scheduling", "nodeSelector")},
        "tolerations": [*items(spec, "tolerations"), *items(runtime, "scheduling", "tolerations")],
    }


def _priority_class(spec: Mapping[str, Any], cluster: Cluster) -> Mapping[str, Any] | None:
    name = text(spec, "priorityClassName")
    if name:
        return cluster.get("PriorityClass", name)
    chosen = [one for one in cluster.of_kind("PriorityClass") if value(one, "globalDefault") is True]
    return min(chosen, key=lambda one: whole(one, "value") or 0, default=None)


def _sides(requests: Sides, limits: Sides) -> dict[str, Sides]:
    return {REQUESTS: dict(requests), LIMITS: dict(limits)}


def _each_container(spec: Mapping[str, Any], change: Change) -> dict[str, Any]:
    """The spec with the resources of every container changed."""
    changed = dict(spec)
    for key in CONTAINER_LISTS:
        found = items(spec, key)
        if found:
            sides = [_sides(mapping(one, "resources", REQUESTS), mapping(one, "resources", LIMITS)) for one in found]
            changed[key] = [
                {**one, "resources": {**mapping(one, "resources"), **change(own)}} for one, own in zip(found, sides, strict=True)
            ]
    return changed
