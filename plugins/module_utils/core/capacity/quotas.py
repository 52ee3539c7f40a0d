# Copyright (c) autotrade.deployment engineers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a ResourceQuota counts, object by object.

The rules are those of Kubernetes 1.36: pkg/quota/v1/evaluator/core (pods, services, claims) and the object counts of
k8s.io/apiserver pkg/quota/v1/generic. Not counted here: dynamic resource claims (resource.k8s.io).
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from fractions import Fraction
from typing import Any

from ansible_collections.autotrade.deployment.plugins.module_utils.core.capacity.amounts import (
    ZERO,
    Resources,
    added,
    resources_at,
)
from ansible_collections.autotrade.deployment.plugins.module_utils.core.capacity.pods import best_effort, pod_limits, pod_requests
from ansible_collections.autotrade.deployment.plugins.module_utils.core.readiness.times import parse_time
from ansible_collections.autotrade.deployment.plugins.module_utils.core.requirements.model import group_of
from ansible_collections.autotrade.deployment.plugins.module_utils.core.requirements.reading import (
    items,
    mapping,
    text,
    texts,
    value,
    whole,
)

ONE = Fraction(1)
# API group and kind -> what count/<plural>.<group> calls it. Kinds that controllers write in numbers of their own are left out.
COUNTED_KINDS: Mapping[str, str] = {
    "Pod": "pods",
    "Service": "services",
    "PersistentVolumeClaim": "persistentvolumeclaims",
    "ConfigMap": "configmaps",
    "Secret": "secrets",
    "ServiceAccount": "serviceaccounts",
    "ResourceQuota": "resourcequotas",
    "LimitRange": "limitranges",
    "ReplicationController": "replicationcontrollers",
    "Deployment": "deployments.apps",
    "StatefulSet": "statefulsets.apps",
    "DaemonSet": "daemonsets.apps",
    "Job": "jobs.batch",
    "CronJob": "cronjobs.batch",
    "HorizontalPodAutoscaler": "horizontalpodautoscalers.autoscaling",
    "PodDisruptionBudget": "poddisruptionbudgets.policy",
    "NetworkPolicy": "networkpolicies.networking.k8s.io",
    "Ingress": "ingresses.networking.k8s.io",
    "Role": "roles.rbac.authorization.k8s.io",
    "RoleBinding": "rolebindings.rbac.authorization.k8s.io",
}
# Names from before there was count/<plural>.
OLD_COUNTS = ("configmaps", "resourcequotas", "replicationcontrollers", "secrets")
COMPUTE = ("cpu", "memory", "ephemeral-storage")
PLAIN_KEYS = (
    *OLD_COUNTS,
    *COMPUTE,
    "pods",
    "persistentvolumeclaims",
    "requests.storage",
    "services",
    "services.loadbalancers",
    "services.nodeports",
)
ENDED = ("Succeeded", "Failed")
CLASS_SUFFIX = ".storageclass.storage.k8s.io/"
TERMINATING_SCOPES = {"Terminating": True, "NotTerminating": False}
BEST_EFFORT_SCOPES = {"BestEffort": True, "NotBestEffort": False}


def used(quota: Mapping[str, Any], objects: Iterable[Mapping[str, Any]], now: datetime) -> Resources:
    """What a quota's ``status.used`` becomes with these objects of its namespace: a figure for every key of its spec."""
    total = added(*(charge(obj, now) for obj in objects if in_scopes(quota, obj)))
    return {key: total.get(key, ZERO) for key in mapping(quota, "spec", "hard")}


def hard(quota: Mapping[str, Any]) -> Resources:
    """The figures that a quota allows."""
    return resources_at(quota, "spec", "hard")


def counted(key: str) -> bool:
    """Whether a key of a quota is worked out here. ``limits.nvidia.com/gpu`` is none: Kubernetes accepts and ignores it."""
    if key.startswith("count/"):
        return key.removeprefix("count/") in COUNTED_KINDS.values()
    side, _dot, name = key.partition(".")
    if side in ("requests", "limits") and name in COMPUTE:
        return True
    by_class = key.partition(CLASS_SUFFIX)[2] in ("persistentvolumeclaims", "requests.storage")
    huge = key.removeprefix("requests.").startswith("hugepages-")
    return key in PLAIN_KEYS or by_class or huge or (side == "requests" and extended(name))


def charge(obj: Mapping[str, Any], now: datetime) -> Resources:
    """What one object is charged with."""
    plural = COUNTED_KINDS.get(text(obj, "kind"), "")
    # A kind of the same name may stand in another group.
    if not plural or plural.partition(".")[2] != group_of(obj):
        return {}
    own = {"Pod": pod_charge, "Service": _service_charge, "PersistentVolumeClaim": _claim_charge}.get(text(obj, "kind"))
    counted = {f"count/{plural}": ONE, **({plural: ONE} if plural in OLD_COUNTS else {})}
    return {**counted, **(own(obj, now) if own else {})}


def pod_charge(pod: Mapping[str, Any], now: datetime) -> Resources:
    """A pod that has ended, or is overdue to be gone, is charged with nothing but its place among all pods (PodUsageFunc)."""
    if text(pod, "status", "phase") in ENDED or _overdue(pod, now):
        return {}
    result = {"pods": ONE}
    for name, amount in pod_requests(pod).items():
        if name in COMPUTE or name.startswith("hugepages-"):
            result |= {name: amount, f"requests.{name}": amount}
        elif extended(name):
            result[f"requests.{name}"] = amount
    return result | {f"limits.{name}": amount for name, amount in pod_limits(pod).items() if name in COMPUTE}


def extended(name: str) -> bool:
    """Whether a resource is an extended one such as nvidia.com/gpu (IsExtendedResourceName of pkg/apis/core/v1/helper)."""
    return "/" in name and "kubernetes.io/" not in name and not name.startswith("requests.")


def _overdue(pod: Mapping[str, Any], now: datetime) -> bool:
    """Its deletion time, which already holds the grace period, has passed by that period once more (QuotaV1Pod)."""
    deletion = parse_time(value(pod, "metadata", "deletionTimestamp"))
    grace = whole(pod, "metadata", "deletionGracePeriodSeconds")
    return deletion is not None and grace is not None and now > deletion + timedelta(seconds=grace)


def _service_charge(service: Mapping[str, Any], _now: datetime) -> Resources:
    kind, ports = text(service, "spec", "type"), items(service, "spec", "ports")
    balanced = kind == "LoadBalancer"
    if balanced and value(service, "spec", "allocateLoadBalancerNodePorts") is False:
        ports = [port for port in ports if port.get("nodePort")]
    node_ports = len(ports) if balanced or kind == "NodePort" else 0
    return {"services": ONE, "services.loadbalancers": Fraction(balanced), "services.nodeports": Fraction(node_ports)}


def _claim_charge(claim: Mapping[str, Any], _now: datetime) -> Resources:
    result = {"persistentvolumeclaims": ONE}
    asked = resources_at(claim, "spec", "resources", "requests").get("storage")
    if asked is not None:
        allocated = resources_at(claim, "status", "allocatedResources").get("storage", ZERO)
        result["requests.storage"] = Fraction(math.ceil(max(asked, allocated)))
    annotation = mapping(claim, "metadata", "annotations").get("volume.beta.kubernetes.io/storage-class")
    storage_class = annotation or text(claim, "spec", "storageClassName")
    return result | ({f"{storage_class}{CLASS_SUFFIX}{key}": found for key, found in result.items()} if storage_class else {})


def in_scopes(quota: Mapping[str, Any], obj: Mapping[str, Any]) -> bool:
    """Whether every scope of a quota matches an object; only pods and claims can match any."""
    wanted = [{"scopeName": scope, "operator": "Exists"} for scope in texts(quota, "spec", "scopes")]
    return all(_matches(scope, obj) for scope in [*wanted, *items(quota, "spec", "scopeSelector", "matchExpressions")])


def _matches(scope: Mapping[str, Any], obj: Mapping[str, Any]) -> bool:
    kind, name = text(obj, "kind"), text(scope, "scopeName")
    if kind == "PersistentVolumeClaim":
        return name == "VolumeAttributesClass" and any(_selected(scope, one) for one in _attribute_classes(obj))
    if kind != "Pod":
        return False
    if name in TERMINATING_SCOPES:
        deadline = whole(obj, "spec", "activeDeadlineSeconds")
        return (deadline is not None and deadline >= 0) is TERMINATING_SCOPES[name]
    if name in BEST_EFFORT_SCOPES:
        return best_effort(obj) is BEST_EFFORT_SCOPES[name]
    if name == "PriorityClass":
        return _selected(scope, text(obj, "spec", "priorityClassName"))
    return name == "CrossNamespacePodAffinity" and _crosses_namespaces(obj)


def _selected(scope: Mapping[str, Any], found: str) -> bool:
    """One value, or none (empty), against a scope's operator."""
    values = texts(scope, "values")
    return {
        "Exists": bool(found),
        "DoesNotExist": not found,
        "In": bool(found) and found in values,
        "NotIn": not found or found not in values,
    }.get(text(scope, "operator"), False)


def _attribute_classes(claim: Mapping[str, Any]) -> list[str]:
    names = {
        text(claim, "spec", "volumeAttributesClassName"),
        text(claim, "status", "currentVolumeAttributesClassName"),
        text(claim, "status", "modifyVolumeStatus", "targetVolumeAttributesClassName"),
    }
    return sorted(names - {""}) or [""]


def _crosses_namespaces(pod: Mapping[str, Any]) -> bool:
    affinity = mapping(pod, "spec", "affinity")
    for kind in ("podAffinity", "podAntiAffinity"):
        terms = items(affinity, kind, "requiredDuringSchedulingIgnoredDuringExecution")
        weighted = items(affinity, kind, "preferredDuringSchedulingIgnoredDuringExecution")
        for term in [*terms, *(mapping(one, "podAffinityTerm") for one in weighted)]:
            if term.get("namespaces") or term.get("namespaceSelector") is not None:
                return True
    return False
