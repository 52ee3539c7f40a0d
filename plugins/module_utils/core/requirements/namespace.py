# Copyright (c) autotrade.deployment engineers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""N: namespace, quota, defaults, priorities (specification, sections 4 and 9.2)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ansible_collections.autotrade.deployment.plugins.module_utils.core.capacity.amounts import shown_all
from ansible_collections.autotrade.deployment.plugins.module_utils.core.capacity.autoscalers import autoscaled
from ansible_collections.autotrade.deployment.plugins.module_utils.core.capacity.judging import Fit, Judge
from ansible_collections.autotrade.deployment.plugins.module_utils.core.capacity.standing import alone, total
from ansible_collections.autotrade.deployment.plugins.module_utils.core.requirements.exceptions import excused
from ansible_collections.autotrade.deployment.plugins.module_utils.core.requirements.model import (
    Cluster,
    Verdict,
    check,
    differs,
    expect,
    expect_amount,
    judged,
    missing,
    name_of,
    where_is,
)
from ansible_collections.autotrade.deployment.plugins.module_utils.core.requirements.nodes import CLASS, GPU
from ansible_collections.autotrade.deployment.plugins.module_utils.core.requirements.reading import (
    amount,
    items,
    labels,
    mapping,
    text,
    value,
    whole,
)
from ansible_collections.autotrade.deployment.plugins.module_utils.core.requirements.workloads import Workload

QUOTA: Mapping[str, str] = {
    "requests.cpu": "64",
    "requests.memory": "128Gi",
    "requests.nvidia.com/gpu": "4",
    "limits.cpu": "128",
    "limits.memory": "256Gi",
    "limits.nvidia.com/gpu": "8",
    "pods": "100",
    "services": "50",
    "persistentvolumeclaims": "50",
    "secrets": "100",
    "configmaps": "100",
}
PRIORITIES: Mapping[str, int] = {"trading-critical": 1000000, "trading-default": 100000, "batch": 1000}
STORAGE_TAINT = "autotrade.deployment/storage"
JAVA_REPLICAS = 3
JAVA_FLAGS = ("-XX:+UseG1GC", "-XX:MaxGCPauseMillis=200", "-XX:+UseStringDeduplication", "-XX:+HeapDumpOnOutOfMemoryError")


@check("N1", "Namespace with restricted pod security")
def namespace(cluster: Cluster) -> Verdict:
    """The namespace, its label and its Pod Security Admission level."""
    name = cluster.settings.namespace
    found = cluster.get("Namespace", name)
    if found is None:
        return judged([missing("Namespace", name, None, "the role trading_namespace applies it (trading_namespace_name)")], "")
    wanted = {
        "name": (name, "trading_namespace_name"),
        "pod-security.kubernetes.io/enforce": ("restricted", "trading_namespace_pod_security"),
    }
    problems = [
        differs(where_is(found), f"label {key}", labels(found).get(key), expected, setting)
        for key, (expected, setting) in wanted.items()
        if labels(found).get(key) != expected
    ]
    problems += [
        f"{container.where} is injected by istio-init, which restricted pods may not run; expected istio-cni (role service_mesh)"
        for container in cluster.containers(name)
        if container.name == "istio-init"
    ]
    return judged(problems, f"Namespace {name}: label name={name}, Pod Security Admission restricted")


@check("N2", "ResourceQuota with all eleven figures")
def quota(cluster: Cluster) -> Verdict:
    """trading-system-quota figure by figure."""
    found = cluster.get("ResourceQuota", "trading-system-quota", cluster.settings.namespace)
    if found is None:
        return judged(
            [missing("ResourceQuota", "trading-system-quota", cluster.settings.namespace, "role trading_namespace")], ""
        )
    hard = mapping(found, "spec", "hard")
    problems = [
        problem
        for key, expected in QUOTA.items()
        for problem in expect_amount(where_is(found), hard.get(key), f"spec.hard[{key}]", expected, "trading_namespace_quota")
    ]
    problems += [
        f"{where_is(found)}: spec.hard[{key}] is not in the specification (trading_namespace_quota)"
        for key in hard
        if key not in QUOTA
    ]
    if value(found, "spec", "scopes") or value(found, "spec", "scopeSelector"):
        problems.append(f"{where_is(found)}: has a scope, expected none: it must count every pod (role trading_namespace)")
    note = "Kubernetes accepts limits.nvidia.com/gpu and never counts it"
    return judged(problems, f"{where_is(found)}: all {len(QUOTA)} figures; {note}")


@check("N3", "LimitRange with defaults")
def limit_range(cluster: Cluster) -> Verdict:
    """Defaults for containers that state nothing, so that the quota admits them."""
    entries = [
        (found, entry)
        for found in cluster.of_kind("LimitRange", cluster.settings.namespace)
        for entry in items(found, "spec", "limits")
        if text(entry, "type") == "Container"
    ]
    if not entries:
        return judged(
            [
                missing(
                    "LimitRange",
                    "for containers",
                    cluster.settings.namespace,
                    "role trading_namespace (trading_namespace_limit_range)",
                )
            ],
            "",
        )
    problems = [problem for found, entry in entries for problem in _defaults(where_is(found), entry)]
    seen = "; ".join(f"{name_of(found)}: requests {dict(mapping(entry, 'defaultRequest'))}" for found, entry in entries)
    return judged(problems, seen)


def _defaults(where: str, entry: Mapping[str, Any]) -> Iterator[str]:
    for resource in ("cpu", "memory"):
        request, limit = (amount(value(entry, key, resource)) for key in ("defaultRequest", "default"))
        for key, found in (("defaultRequest", request), ("default", limit)):
            if not found:
                yield differs(
                    where, f"{key}.{resource}", value(entry, key, resource), "a quantity", "trading_namespace_limit_range"
                )
        if request and limit and request > limit:
            yield f"{where}: defaultRequest.{resource} is above default.{resource} (trading_namespace_limit_range)"


@check("N4", "The sum of all components fits quota and nodes")
def capacity(cluster: Cluster) -> Verdict:
    """Steady state against the quota and, node class by node class, against the nodes; HPA maximum as a warning."""
    name = cluster.settings.namespace
    if not cluster.workloads(name):
        return judged([f"no workload stands in namespace {name}, so there is nothing to sum (role trading_system)"], "")
    judge = Judge(alone(cluster))
    steady = judge.judgement("steady")
    problems = []
    if not cluster.of_kind("ResourceQuota", name):
        problems.append(f"no ResourceQuota stands in namespace {name} (role trading_namespace)")
    if steady.fit is Fit.DOES_NOT_FIT:
        problems.append(steady.message.rstrip("."))
    (most,) = judge.cases("autoscaler_maximum")
    warnings = [f"at HPA maximum {figure}" for figure in judge.charges.figures(most.demands) if not figure.fits]
    warning = f" (WARNING: {'; '.join(warnings)})" if warnings else ""
    unseen = "" if cluster.nodes else "the nodes' room, as these objects hold no nodes"
    return judged(problems, f"steady state: {shown_all(total(judge.plan.steady, name))}{warning}", unseen)


@check("N5", "Java memory")
def java_memory(cluster: Cluster) -> Verdict:
    """java-component: flags, heap by percentage, heap dump on a volume, figures."""
    found = cluster.workload("Deployment", "java-component")
    if found is None:
        return judged([missing("Deployment", "java-component", cluster.settings.namespace, "role trading_system")], "")
    options = next((text(one, "value") for one in items(found.main, "env") if text(one, "name") == "JAVA_OPTS"), "")
    flags = options.split()
    setting = "trading_system_overrides.java-component"
    problems = [f"{found.where}: JAVA_OPTS lacks {flag} ({setting})" for flag in JAVA_FLAGS if flag not in flags]
    problems += _heap(found, flags, setting)
    if found.replicas != JAVA_REPLICAS and not autoscaled(cluster, found):
        problems.append(differs(found.where, "spec.replicas", found.replicas, JAVA_REPLICAS, setting))
    scale = cluster.settings.scale
    for side, figures in {"requests": ("1", "2Gi"), "limits": ("2", "4Gi")}.items():
        for resource, expected in zip(("cpu", "memory"), figures, strict=True):
            path = f"resources.{side}.{resource}"
            problems += expect_amount(found.where, value(found.main, *path.split(".")), path, expected, setting, scale=scale)
    return judged(problems, f"{found.where}: 3 replicas, {options}")


def _heap(found: Workload, flags: list[str], setting: str) -> Iterator[str]:
    if not any(flag.startswith("-XX:MaxRAMPercentage=") for flag in flags):
        yield f"{found.where}: JAVA_OPTS lacks -XX:MaxRAMPercentage, so the heap does not follow the limit ({setting})"
    if any(flag.startswith(("-Xmx", "-Xms")) for flag in flags):
        yield f"{found.where}: JAVA_OPTS fixes the heap with -Xmx or -Xms, expected -XX:MaxRAMPercentage alone ({setting})"
    dump = next((flag.split("=", 1)[1] for flag in flags if flag.startswith("-XX:HeapDumpPath=")), "")
    mounts = {text(mount, "mountPath"): text(mount, "name") for mount in items(found.main, "volumeMounts")}
    inside = [mounts[path] for path in mounts if path and (dump == path or dump.startswith(path.rstrip("/") + "/"))]
    lasting = {
        text(volume, "name")
        for volume in items(found.spec, "volumes")
        if any(key in volume for key in ("persistentVolumeClaim", "ephemeral", "emptyDir"))
        and text(volume, "emptyDir", "medium") != "Memory"
    }
    if not dump:
        yield f"{found.where}: JAVA_OPTS lacks -XX:HeapDumpPath ({setting})"
    elif dump.startswith("/tmp") or not set(inside) & lasting:
        yield f"{found.where}: the heap dump goes to {dump}, expected a volume of its own that survives the restart ({setting})"


@check("N6", "Priority classes, taints and tolerations")
def priorities(cluster: Cluster) -> Verdict:
    """Three priority classes, every pod of the trading system in one, special nodes tainted and tolerated by their own."""
    problems = list(_priority_classes(cluster))
    for workload in cluster.workloads(cluster.settings.namespace):
        found = text(workload.spec, "priorityClassName")
        if found not in PRIORITIES and not excused("N6", workload):
            problems.append(
                f"{workload.where}: priorityClassName is {found or 'not set'}, expected one of {', '.join(PRIORITIES)}"
            )
        problems += _gpu_toleration(workload)
    for node in cluster.nodes:
        problems += _taint(node)
    unseen = "" if cluster.nodes else "the nodes' taints, as these objects hold no nodes"
    return judged(
        problems, " > ".join(PRIORITIES) + "; every workload has one; GPU and storage nodes are kept for their own", unseen
    )


def _priority_classes(cluster: Cluster) -> Iterator[str]:
    for name, expected in PRIORITIES.items():
        found = cluster.get("PriorityClass", name)
        if found is None:
            yield missing("PriorityClass", name, None, "role trading_namespace (trading_namespace_priority_classes)")
            continue
        if whole(found, "value") is None:
            yield differs(where_is(found), "value", value(found, "value"), expected, "trading_namespace_priority_classes")
        if value(found, "globalDefault"):
            yield from expect(where_is(found), found, "globalDefault", False, "trading_namespace_priority_classes")
    values = [whole(cluster.get("PriorityClass", name), "value") for name in PRIORITIES]
    ordered = [one for one in values if one is not None]
    if len(ordered) == len(PRIORITIES) and not ordered[0] > ordered[1] > ordered[2]:
        yield f"PriorityClasses {', '.join(PRIORITIES)}: values {ordered}, expected falling (trading_namespace_priority_classes)"


def _gpu_toleration(workload: Workload) -> Iterator[str]:
    tolerates = workload.tolerates({"key": GPU, "value": "present", "effect": "NoSchedule"})
    needs = bool(workload.limit(GPU))
    if needs and not tolerates:
        yield f"{workload.where}: asks for {GPU} and does not tolerate the taint {GPU}=present:NoSchedule (role trading_system)"
    if tolerates and not needs and workload.kind != "DaemonSet":
        yield f"{workload.where}: tolerates the taint {GPU} without asking for a GPU, so it would take a GPU node's room"


def _taint(node: Mapping[str, Any]) -> Iterator[str]:
    wanted = {"gpu": GPU, "storage": STORAGE_TAINT, "control-plane": "node-role.kubernetes.io/control-plane"}
    key = wanted.get(text(node, "metadata", "labels", CLASS))
    if key and not any(
        text(taint, "key") == key and text(taint, "effect") == "NoSchedule" for taint in items(node, "spec", "taints")
    ):
        yield f"{where_is(node)}: spec.taints lacks {key}:NoSchedule, expected on every node of its class (inventory)"
