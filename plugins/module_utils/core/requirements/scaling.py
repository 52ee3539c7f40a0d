# Copyright (c) autotrade.deployment engineers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""H: autoscaling, disruption budgets and placement (specification, sections 6 and 9.6)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from fractions import Fraction
from math import ceil
from typing import Any

from ansible_collections.autotrade.deployment.plugins.module_utils.core.requirements.applications import HOSTNAME
from ansible_collections.autotrade.deployment.plugins.module_utils.core.requirements.cluster import GPU, ZONE
from ansible_collections.autotrade.deployment.plugins.module_utils.core.requirements.exceptions import excused
from ansible_collections.autotrade.deployment.plugins.module_utils.core.requirements.hygiene import ours
from ansible_collections.autotrade.deployment.plugins.module_utils.core.requirements.model import (
    Cluster,
    Verdict,
    check,
    differs,
    expect,
    judged,
    missing,
    name_of,
    not_run,
    shown,
    where_is,
)
from ansible_collections.autotrade.deployment.plugins.module_utils.core.requirements.reading import (
    amount,
    items,
    labels,
    mapping,
    selects,
    text,
    texts,
    value,
    whole,
)
from ansible_collections.autotrade.deployment.plugins.module_utils.core.requirements.sums import autoscaler_of
from ansible_collections.autotrade.deployment.plugins.module_utils.core.requirements.workloads import (
    REPLICATED_KINDS,
    Workload,
)

ENGINEERING, STRATEGY = "autoscaling_feature_engineering", "autoscaling_trading_strategy"
CPU_PERCENT, PER_POD = 70, 1000
UNMANAGED = ("timescaledb", "redis")


@check("H1", "HPA of feature-engineering")
def hpa_cpu(cluster: Cluster) -> Verdict:
    """cpu 70 percent, 3 to 10."""
    name, namespace = "feature-engineering-hpa", cluster.settings.namespace
    found = cluster.get("HorizontalPodAutoscaler", name, namespace)
    if found is None:
        return judged([missing("HorizontalPodAutoscaler", name, namespace, "role autoscaling")], "")
    problems = [
        *_bounds(found, "minReplicas", "maxReplicas", ENGINEERING),
        *_target(cluster, found, "feature-engineering"),
        *_cpu_metric(found, ENGINEERING),
    ]
    if len(items(found, "spec", "metrics")) != 1:
        problems.append(
            f"{where_is(found)}: {len(items(found, 'spec', 'metrics'))} metrics, expected cpu alone (role autoscaling)"
        )
    return judged(problems, f"{where_is(found)}: cpu 70 %, 3 to 10", "that it scales, which a load test proves")


def _bounds(found: Mapping[str, Any], least: str, most: str, setting: str) -> Iterator[str]:
    yield from expect(where_is(found), found, f"spec.{least}", 3, setting)
    yield from expect(where_is(found), found, f"spec.{most}", 10, setting)


def _target(cluster: Cluster, found: Mapping[str, Any], name: str) -> Iterator[str]:
    target = mapping(found, "spec", "scaleTargetRef")
    kind = text(target, "kind") or "Deployment"
    workload = cluster.workload(kind, text(target, "name")) if kind in REPLICATED_KINDS else None
    if workload is None or workload.component != name:
        seen = f"{kind} {text(target, 'name')}"
        yield f"{where_is(found)}: spec.scaleTargetRef is {seen}, expected the Deployment of {name} (role autoscaling)"


def _cpu_metric(found: Mapping[str, Any], setting: str) -> Iterator[str]:
    wanted = [
        m for m in items(found, "spec", "metrics") if text(m, "type") == "Resource" and text(m, "resource", "name") == "cpu"
    ]
    if not wanted:
        yield f"{where_is(found)}: spec.metrics holds no cpu (role autoscaling)"
    for metric in wanted:
        yield from expect(f"{where_is(found)}, metric cpu", metric, "resource.target.type", "Utilization", setting)
        yield from expect(f"{where_is(found)}, metric cpu", metric, "resource.target.averageUtilization", CPU_PERCENT, setting)


@check("H2", "HPA of trading-strategy on cpu and requests per second")
def hpa_custom(cluster: Cluster) -> Verdict:
    """A ScaledObject that names its HPA, or the HPA with a Pods metric as the specification writes it."""
    namespace, name = cluster.settings.namespace, "trading-strategy"
    scaled = [s for s in cluster.of_kind("ScaledObject", namespace) if text(s, "spec", "scaleTargetRef", "name").startswith(name)]
    hpa = cluster.get("HorizontalPodAutoscaler", f"{name}-hpa", namespace)
    if not scaled and hpa is None:
        return judged([missing("ScaledObject or HorizontalPodAutoscaler", f"{name}-hpa", namespace, "role autoscaling")], "")
    problems: list[str] = []
    if len(scaled) > 1:
        problems.append(
            f"ScaledObjects {[name_of(one) for one in scaled]} scale the same component, expected one (role autoscaling)"
        )
    for found in scaled:
        problems += [
            *_bounds(found, "minReplicaCount", "maxReplicaCount", STRATEGY),
            *_target(cluster, found, name),
            *_triggers(found),
        ]
        path = "spec.advanced.horizontalPodAutoscalerConfig.name"
        problems += expect(where_is(found), found, path, f"{name}-hpa", "role autoscaling")
    if not scaled and hpa is not None:
        problems += [
            *_bounds(hpa, "minReplicas", "maxReplicas", STRATEGY),
            *_target(cluster, hpa, name),
            *_cpu_metric(hpa, STRATEGY),
            *_pods_metric(hpa),
        ]
    if scaled and cluster.observed and hpa is None:
        problems.append(
            missing("HorizontalPodAutoscaler", f"{name}-hpa", namespace, "KEDA makes it from the ScaledObject; is KEDA running?")
        )
    how = "ScaledObject (metric type External)" if scaled else "HorizontalPodAutoscaler (metric type Pods)"
    return judged(
        problems, f"{name}-hpa by {how}: cpu 70 %, requests_per_second 1000, 3 to 10", "that the metric is really served"
    )


def _triggers(found: Mapping[str, Any]) -> Iterator[str]:
    where, triggers = where_is(found), items(found, "spec", "triggers")
    cpu = [one for one in triggers if text(one, "type") == "cpu"]
    served = [one for one in triggers if text(one, "type") == "prometheus"]
    if len(cpu) != 1 or len(served) != 1 or len(triggers) != len(cpu) + len(served):
        yield f"{where}: triggers are {[text(one, 'type') for one in triggers]}, expected cpu and prometheus (role autoscaling)"
    for one in cpu:
        yield from expect(f"{where}, trigger cpu", one, "metricType", "Utilization", STRATEGY)
        if amount(value(one, "metadata", "value")) != CPU_PERCENT:
            yield differs(f"{where}, trigger cpu", "metadata.value", value(one, "metadata", "value"), "70", STRATEGY)
    for one in served:
        if amount(value(one, "metadata", "threshold")) != PER_POD:
            yield differs(
                f"{where}, trigger prometheus",
                "metadata.threshold",
                value(one, "metadata", "threshold"),
                "1000",
                STRATEGY,
            )
        query, address = value(one, "metadata", "query"), text(one, "metadata", "serverAddress")
        if "requests_per_second" not in str(query):
            yield f"{where}, trigger prometheus: query {shown(query)} lacks requests_per_second (role autoscaling)"
        if not address.startswith(("http://", "https://")):
            yield f"{where}, trigger prometheus: serverAddress is {address or 'not set'}, expected Prometheus' URL"
        if text(one, "metricType") not in ("", "AverageValue"):
            yield differs(
                f"{where}, trigger prometheus",
                "metricType",
                value(one, "metricType"),
                "AverageValue (per pod)",
                "role autoscaling",
            )


def _pods_metric(found: Mapping[str, Any]) -> Iterator[str]:
    pods = [m for m in items(found, "spec", "metrics") if text(m, "pods", "metric", "name") == "requests_per_second"]
    if not pods or amount(value(pods[0], "pods", "target", "averageValue")) != PER_POD:
        yield f"{where_is(found)}: no Pods metric requests_per_second with averageValue 1000 (role autoscaling)"


@check("H3", "Vertical recommendations where no HPA scales the same resource")
def vertical(cluster: Cluster) -> Verdict:
    """A VPA for each component without an HPA; it only recommends for database, cache and GPU."""
    namespace = cluster.settings.namespace
    found = cluster.of_kind("VerticalPodAutoscaler", namespace)
    problems: list[str] = []
    covered = set()
    for one in found:
        target = mapping(one, "spec", "targetRef")
        workload = (
            cluster.workload(text(target, "kind"), text(target, "name")) if text(target, "kind") in REPLICATED_KINDS else None
        )
        if workload is None:
            problems.append(
                f"{where_is(one)}: spec.targetRef {text(target, 'kind')} {text(target, 'name')} does not exist (role autoscaling)"
            )
            continue
        covered.add((workload.kind, workload.name))
        problems += _vertical(cluster, one, workload)
    for workload in cluster.workloads(namespace):
        due = workload.kind in REPLICATED_KINDS and autoscaler_of(cluster, workload) is None and not excused("H3", workload)
        if due and (workload.kind, workload.name) not in covered:
            problems.append(f"{workload.where}: no VerticalPodAutoscaler and no HPA targets it (autoscaling_vertical_modes)")
    return judged(problems, f"{len(found)} VerticalPodAutoscalers", "that recommendations arrive")


def _vertical(cluster: Cluster, found: Mapping[str, Any], workload: Workload) -> Iterator[str]:
    mode = text(found, "spec", "updatePolicy", "updateMode") or "the default (Recreate)"
    careful = workload.component in UNMANAGED or workload.needs(GPU, "limits")
    if careful and mode != "Off":
        yield f"{where_is(found)}: updateMode is {mode}, expected Off for {workload.component} (role autoscaling)"
    controlled = {
        one
        for policy in items(found, "spec", "resourcePolicy", "containerPolicies")
        for one in texts(policy, "controlledResources")
    }
    if mode != "Off" and autoscaler_of(cluster, workload) is not None and (not controlled or "cpu" in controlled):
        yield f"{where_is(found)}: controls cpu, which an HPA of {workload.where} scales on (controlledResources, updateMode)"


@check("H4", "Exactly one disruption budget for every replicated workload")
def budgets(cluster: Cluster) -> Verdict:
    """By the labels of the template: none, two, or one that never allows anything is a problem; live, what each allows."""
    problems = [
        problem
        for workload in cluster.workloads()
        if workload.kind in REPLICATED_KINDS and ours(cluster, workload)
        for problem in _budget_of(cluster, workload)
    ]
    budgets_here = [one for one in cluster.of_kind("PodDisruptionBudget") if _selects_ours(cluster, one)]
    problems += [
        f"{where_is(one)}: selects no workload, so it protects nothing (spec.selector)"
        for one in cluster.of_kind("PodDisruptionBudget", cluster.settings.namespace)
        if one not in budgets_here
    ]
    seen = f"{len(budgets_here)} budgets"
    if cluster.observed:
        problems += [problem for one in budgets_here for problem in _allows(one)]
        allowed = ", ".join(f"{name_of(one)} allows {value(one, 'status', 'disruptionsAllowed')}" for one in budgets_here)
        return judged(problems, f"{seen}: {allowed}")
    return judged(problems, seen, "what each allows now, and what a drain would break")


def _selects_ours(cluster: Cluster, budget: Mapping[str, Any]) -> bool:
    namespace = text(budget, "metadata", "namespace")
    return any(selects(value(budget, "spec", "selector"), w.labels) for w in cluster.workloads(namespace) if ours(cluster, w))


def _budget_of(cluster: Cluster, workload: Workload) -> Iterator[str]:
    found = [
        b
        for b in cluster.of_kind("PodDisruptionBudget", workload.namespace)
        if selects(value(b, "spec", "selector"), workload.labels)
    ]
    if workload.replicas > 1 and not found:
        yield f"{workload.where}: {workload.replicas} replicas and no PodDisruptionBudget selects its pods (its role)"
    if len(found) > 1:
        names = ", ".join(sorted(name_of(one) for one in found))
        yield f"{workload.where}: the budgets {names} select the same pods, so no eviction is ever answered; expected one"
    for budget in found if len(found) == 1 and workload.replicas > 1 else []:
        allowed = _room(budget, workload.replicas)
        if allowed is None:
            yield f"{where_is(budget)}: has neither minAvailable nor maxUnavailable, or both (its role)"
        elif allowed < 1:
            yield f"{where_is(budget)}: never allows an eviction with {workload.replicas} replicas, so no drain ends (its role)"
        elif allowed >= workload.replicas:
            yield f"{where_is(budget)}: allows all {workload.replicas} pods of {workload.where} to go at once (its role)"


def _room(budget: Mapping[str, Any], replicas: int) -> int | None:
    """How many pods may go when all are healthy, with Kubernetes' rounding (percentages round up)."""
    least, most = value(budget, "spec", "minAvailable"), value(budget, "spec", "maxUnavailable")
    if (least is None) == (most is None):
        return None
    count = _count(least if most is None else most, replicas)
    if count is None:
        return None
    return replicas - count if most is None else count


def _count(stated: Any, replicas: int) -> int | None:
    if isinstance(stated, str) and stated.endswith("%"):
        share = amount(stated[:-1])
        return None if share is None else ceil(share * replicas / Fraction(100))
    return stated if isinstance(stated, int) and not isinstance(stated, bool) else None


def _allows(budget: Mapping[str, Any]) -> Iterator[str]:
    healthy, desired = whole(budget, "status", "currentHealthy"), whole(budget, "status", "desiredHealthy")
    if healthy is None or desired is None:
        yield f"{where_is(budget)}: status is empty, the disruption controller has not seen it yet"
    elif healthy < desired:
        yield f"{where_is(budget)}: {healthy} healthy pods where {desired} must be, so no eviction is allowed (readiness_info)"


@check("H5", "Placement of the running pods")
def placement(cluster: Cluster) -> Verdict:
    """Every replicated workload states a spread; where pods run, they are held against it."""
    found = [w for w in cluster.workloads() if ours(cluster, w) and w.kind in REPLICATED_KINDS and w.replicas > 1]
    problems = [problem for workload in found for problem in _states_spread(workload)]
    zones = {text(node, "metadata", "name"): labels(node) for node in cluster.nodes}
    placed = [pod for pod in cluster.pods() if text(pod, "spec", "nodeName")]
    if problems or not placed or not zones:
        reason = "templates state their spread; placement is verified on running pods, and these objects hold none"
        return judged(problems, "") if problems else not_run(reason)
    for workload in found:
        problems += _placed(cluster, workload, zones)
    return judged(problems, f"{len(placed)} pods of {len(found)} replicated workloads stand where their constraints want them")


def _states_spread(workload: Workload) -> Iterator[str]:
    if excused("H5", workload):
        return
    if not any(workload.spreads(topology) or workload.repels_itself(topology) for topology in (HOSTNAME, ZONE)):
        yield f"{workload.where}: neither topology spread nor anti-affinity keeps its {workload.replicas} pods apart (its role)"


def _placed(cluster: Cluster, workload: Workload, nodes: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    pods = [p for p in cluster.pods(workload.namespace) if selects(value(workload.obj, "spec", "selector"), labels(p))]
    hosts = [text(pod, "spec", "nodeName") for pod in pods if text(pod, "spec", "nodeName") in nodes]
    if len(hosts) < workload.replicas:
        yield f"{workload.where}: {len(hosts)} of {workload.replicas} pods stand on a node (readiness_info says why)"
    for host in sorted({host for host in hosts if not workload.chooses(nodes[host])}):
        yield f"{workload.where}: a pod runs on {host}, which its node affinity rules out"
    for topology in (HOSTNAME, ZONE):
        counts = Counter(str(nodes[host].get(topology, host)) for host in hosts)
        eligible = {str(labels(n).get(topology, "")) for n in cluster.nodes if workload.may_run_on(n)}
        yield from _skewed(workload, topology, counts, eligible)
    if workload.replicas > 1 and len(hosts) > 1 and len(set(hosts)) == 1:
        yield f"{workload.where}: all {len(hosts)} pods run on {hosts[0]}, so the loss of one host is the loss of the component"


def _skewed(workload: Workload, topology: str, counts: Counter[str], eligible: set[str]) -> Iterator[str]:
    if workload.repels_itself(topology, required_only=True) and any(count > 1 for count in counts.values()):
        yield f"{workload.where}: required anti-affinity over {topology} and yet {dict(counts)}"
    for constraint in workload.spreads(topology):
        if text(constraint, "whenUnsatisfiable") != "DoNotSchedule" or not eligible:
            continue
        per_domain = [counts.get(domain, 0) for domain in eligible]
        allowed = whole(constraint, "maxSkew") or 1
        if max(per_domain) - min(per_domain) > allowed:
            yield f"{workload.where}: pods over {topology} are {dict(sorted(counts.items()))}, expected skew {allowed} at most"


@check("H6", "Cluster autoscaling in the cloud")
def cluster_autoscaling(cluster: Cluster) -> Verdict:
    """Rendered for cloud inventories only."""
    found = [w for w in cluster.workloads() if "cluster-autoscaler" in w.name]
    if not found:
        return not_run("no cluster autoscaler is here; it belongs to cloud inventories")
    problems = [
        problem
        for workload in found
        for problem in expect(workload.where, workload.spec, "priorityClassName", "system-cluster-critical", "its role")
    ]
    return judged(problems, found[0].where, "that nodes come and go")
