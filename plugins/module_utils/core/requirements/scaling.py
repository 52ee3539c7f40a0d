# Copyright (c) autotrade.deployment engineers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""H: autoscaling, disruption budgets and placement (specification, sections 6 and 9.6)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ansible_collections.autotrade.deployment.plugins.module_utils.core.capacity.autoscalers import autoscaler_of
from ansible_collections.autotrade.deployment.plugins.module_utils.core.requirements.exceptions import excused
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
from ansible_collections.autotrade.deployment.plugins.module_utils.core.requirements.nodes import GPU
from ansible_collections.autotrade.deployment.plugins.module_utils.core.requirements.reading import (
    amount,
    items,
    mapping,
    text,
    texts,
    value,
)
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
    if not cluster.workloads(namespace):
        problems.append(
            f"no workload stands in namespace {namespace}, so there is nothing to recommend for (role trading_system)"
        )
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
    careful = workload.component in UNMANAGED or workload.limit(GPU)
    if careful and mode != "Off":
        yield f"{where_is(found)}: updateMode is {mode}, expected Off for {workload.component} (role autoscaling)"
    controlled = {
        one
        for policy in items(found, "spec", "resourcePolicy", "containerPolicies")
        for one in texts(policy, "controlledResources")
    }
    if mode != "Off" and autoscaler_of(cluster, workload) is not None and (not controlled or "cpu" in controlled):
        yield f"{where_is(found)}: controls cpu, which an HPA of {workload.where} scales on (controlledResources, updateMode)"


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
