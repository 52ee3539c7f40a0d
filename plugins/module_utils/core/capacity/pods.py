# Copyright (c) autotrade.deployment engineers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What one pod asks for, by the API's own rule.

The rule is PodRequests and PodLimits of k8s.io/component-helpers/resource (1.36): init containers run one after the other, those
with ``restartPolicy: Always`` (KEP-753) keep running beside all that follows; resources of the pod itself (KEP-2837) take the
place of the sum; overhead comes on top; while a running container is being resized, the larger figure counts (KEP-1287).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible_collections.autotrade.deployment.plugins.module_utils.core.capacity.amounts import (
    Resources,
    added,
    largest,
    resources_at,
)
from ansible_collections.autotrade.deployment.plugins.module_utils.core.requirements.reading import items, text, value

REQUESTS, LIMITS = "requests", "limits"
QOS_RESOURCES = ("cpu", "memory")


def pod_requests(pod: Mapping[str, Any], *, pod_resize: bool = False) -> Resources:
    """Requests of a pod as the API server keeps it (requests already defaulted).

    The scheduler also looks at a resize of the pod's own resources that is under way (``pod_resize``), the quota does not.
    """
    total = _aggregated(pod, REQUESTS)
    own = pod_level(pod, REQUESTS)
    if pod_resize and own and value(pod, "status", "resources") is not None:
        acted, allocated = resources_at(pod, "status", "resources", REQUESTS), resources_at(pod, "status", "allocatedResources")
        resized = largest(*([acted, allocated] if _infeasible(pod) else [own, acted, allocated]))
        own = {name: resized.get(name, found) for name, found in own.items()}
    return added({**total, **own}, resources_at(pod, "spec", "overhead"))


def pod_limits(pod: Mapping[str, Any]) -> Resources:
    """Limits of a pod; overhead counts only where there is a limit."""
    total = {**_aggregated(pod, LIMITS), **pod_level(pod, LIMITS)}
    overhead = resources_at(pod, "spec", "overhead")
    return {name: found + (overhead.get(name, 0) if found else 0) for name, found in total.items()}


def container_total(pod: Mapping[str, Any], side: str) -> Resources:
    """The sum over the containers as they stand in the spec, without the pod's own resources and overhead."""
    return _aggregated({"spec": pod.get("spec")}, side)


def pod_level(pod: Mapping[str, Any], side: str) -> Resources:
    """The pod's own resources, of which the API knows cpu, memory and huge pages."""
    return {name: found for name, found in resources_at(pod, "spec", "resources", side).items() if at_pod_level(name)}


def at_pod_level(name: str) -> bool:
    """Whether a resource can be given for the pod as a whole."""
    return name in QOS_RESOURCES or name.startswith("hugepages-")


def best_effort(pod: Mapping[str, Any]) -> bool:
    """Whether the quality of service is BestEffort: no cpu or memory is requested or limited (pkg/apis/core/v1/helper/qos)."""
    known = text(pod, "status", "qosClass")
    if known:
        return known == "BestEffort"
    parts = [value(pod, "spec")] if value(pod, "spec", "resources") is not None else _containers(pod)
    figures = (resources_at(part, "resources", side) for part in parts for side in (REQUESTS, LIMITS))
    return not any(figure.get(name, 0) > 0 for figure in figures for name in QOS_RESOURCES)


def sidecar(container: Mapping[str, Any]) -> bool:
    """Whether an init container keeps running."""
    return text(container, "restartPolicy") == "Always"


def _aggregated(pod: Mapping[str, Any], side: str) -> Resources:
    running = added(*(_effective(pod, container, side) for container in items(pod, "spec", "containers")))
    beside: Resources = {}
    peak: Resources = {}
    for container in items(pod, "spec", "initContainers"):
        if sidecar(container):
            own = _effective(pod, container, side)
            running, beside = added(running, own), added(beside, own)
            peak = largest(peak, beside)
        else:
            peak = largest(peak, added(beside, resources_at(container, "resources", side)))
    return largest(running, peak)


def _effective(pod: Mapping[str, Any], container: Mapping[str, Any], side: str) -> Resources:
    wanted = resources_at(container, "resources", side)
    status = _status(pod, text(container, "name"))
    if value(status, "resources") is None:
        return wanted
    acted = resources_at(status, "resources", side)
    if side == REQUESTS:
        acted = largest(acted, resources_at(status, "allocatedResources"))
    return acted if _infeasible(pod) else largest(wanted, acted)


def _status(pod: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = [*items(pod, "status", "containerStatuses"), *items(pod, "status", "initContainerStatuses")]
    return next((one for one in found if text(one, "name") == name), {})


def _infeasible(pod: Mapping[str, Any]) -> bool:
    pending = [one for one in items(pod, "status", "conditions") if text(one, "type") == "PodResizePending"]
    return bool(pending) and text(pending[0], "reason") == "Infeasible"


def _containers(pod: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return [*items(pod, "spec", "containers"), *items(pod, "spec", "initContainers")]
