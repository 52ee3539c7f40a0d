# Copyright (c) autotrade.deployment engineers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""H, what keeps a component alive: disruption budgets and placement (specification, sections 6.2, 6.3 and 9.6)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from fractions import Fraction
from math import ceil
from typing import Any

from ansible_collections.autotrade.deployment.plugins.module_utils.core.requirements.exceptions import excused
from ansible_collections.autotrade.deployment.plugins.module_utils.core.requirements.hygiene import ours
from ansible_collections.autotrade.deployment.plugins.module_utils.core.requirements.model import (
    Cluster,
    Verdict,
    check,
    judged,
    name_of,
    not_run,
    where_is,
)
from ansible_collections.autotrade.deployment.plugins.module_utils.core.requirements.nodes import ZONE
from ansible_collections.autotrade.deployment.plugins.module_utils.core.requirements.reading import (
    amount,
    labels,
    selects,
    text,
    value,
    whole,
)
from ansible_collections.autotrade.deployment.plugins.module_utils.core.requirements.spreading import HOSTNAME
from ansible_collections.autotrade.deployment.plugins.module_utils.core.requirements.workloads import (
    REPLICATED_KINDS,
    Workload,
)

NOTHING = "no replicated workload is there to judge (role trading_system)"


@check("H4", "Exactly one disruption budget for every replicated workload")
def budgets(cluster: Cluster) -> Verdict:
    """By the labels of the template: none, two, or one that never allows anything is a problem; live, what each allows."""
    found = [w for w in cluster.workloads() if w.kind in REPLICATED_KINDS and ours(cluster, w)]
    if not found:
        return judged([NOTHING], "")
    problems = [problem for workload in found for problem in _budget_of(cluster, workload)]
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
