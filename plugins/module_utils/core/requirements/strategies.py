# Copyright (c) autotrade.deployment engineers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""D: the deployment strategies as far as objects show them (specification, section 5)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ansible_collections.autotrade.deployment.plugins.module_utils.core.requirements.applications import (
    SHAPES,
    deployments_of,
    strategy,
)
from ansible_collections.autotrade.deployment.plugins.module_utils.core.requirements.hygiene import ours
from ansible_collections.autotrade.deployment.plugins.module_utils.core.requirements.model import (
    Cluster,
    Verdict,
    check,
    differs,
    expect,
    judged,
    missing,
    not_run,
    shown,
    where_is,
)
from ansible_collections.autotrade.deployment.plugins.module_utils.core.requirements.reading import (
    items,
    labels,
    mapping,
    selects,
    text,
    value,
    whole,
)
from ansible_collections.autotrade.deployment.plugins.module_utils.core.requirements.workloads import Workload

WHOLE = 100
LIVE = "trading-strategy"


@check("D1", "Rolling updates")
def rolling(cluster: Cluster) -> Verdict:
    """Update strategy of every Deployment, StatefulSet and DaemonSet of the collection."""
    found = [w for w in cluster.workloads() if ours(cluster, w) and w.kind in ("Deployment", "StatefulSet", "DaemonSet")]
    if not any(workload.kind == "Deployment" for workload in found):
        return judged(["no Deployment is there to judge (role trading_system)"], "")
    problems = [problem for workload in found for problem in _update_strategy(cluster, workload)]
    counts = ", ".join(f"{sum(w.kind == kind for w in found)} {kind}s" for kind in ("Deployment", "StatefulSet", "DaemonSet"))
    return judged(
        problems, f"{counts} roll", "that a StatefulSet loses no request at its Service, which a rollout under load proves"
    )


def _update_strategy(cluster: Cluster, workload: Workload) -> Iterator[str]:
    if workload.kind == "Deployment" and workload.namespace == cluster.settings.namespace:
        shape = SHAPES.get(workload.component)
        yield from strategy(workload, shape.surge if shape else (1, 0), f"trading_system_overrides.{workload.component}")
    elif workload.kind == "Deployment":
        if text(workload.obj, "spec", "strategy", "type") not in ("", "RollingUpdate") and workload.replicas > 1:
            yield differs(
                workload.where, "spec.strategy.type", value(workload.obj, "spec", "strategy", "type"), "RollingUpdate", "its role"
            )
    elif workload.kind == "StatefulSet":
        yield from expect(workload.where, workload.obj, "spec.updateStrategy.type", "RollingUpdate", "its role")
        if whole(workload.obj, "spec", "updateStrategy", "rollingUpdate", "partition"):
            yield f"{workload.where}: a partition is set, so a rollout would leave old pods behind (its role)"
    else:
        yield from expect(workload.where, workload.obj, "spec.updateStrategy.type", "RollingUpdate", "its role")


@check("D2", "Blue and green with a preview Service")
def blue_green(cluster: Cluster) -> Verdict:
    """Two Deployments, the live Service on one of them, a preview Service on the other."""
    colours = {text(w.template, "metadata", "labels", "version"): w for w in deployments_of(cluster, LIVE)}
    if not {"blue", "green"} & set(colours):
        return not_run(
            "trading-strategy is not rolled out as blue and green (trading_system_strategy); the switch is proved by a rollout"
        )
    problems = [
        missing("Deployment", f"{LIVE}-{colour}", cluster.settings.namespace, "role trading_system")
        for colour in ("blue", "green")
        if colour not in colours
    ]
    live, preview = (cluster.get("Service", name, cluster.settings.namespace) for name in (LIVE, f"{LIVE}-preview"))
    chosen = text(live, "spec", "selector", "version")
    if chosen not in colours:
        problems.append(
            f"Service {LIVE}: selector version is {chosen or 'not set'}, expected blue or green (role trading_system)"
        )
    if preview is None:
        problems.append(missing("Service", f"{LIVE}-preview", cluster.settings.namespace, "role trading_system"))
    elif text(preview, "spec", "selector", "version") in (chosen, ""):
        problems.append(
            f"{where_is(preview)}: selects {chosen or 'no version'}, expected the colour that is not live (role trading_system)"
        )
    return judged(problems, f"live: {chosen}", "the switch and the way back, which a rollout proves")


@check("D3", "Canary by weights and subsets")
def canary(cluster: Cluster) -> Verdict:
    """VirtualService weights and DestinationRule subsets v1 and v2."""
    namespace = cluster.settings.namespace
    service, rule = cluster.get("VirtualService", LIVE, namespace), cluster.get("DestinationRule", LIVE, namespace)
    if service is None and rule is None:
        return not_run(
            "trading-strategy is not rolled out as a canary (trading_system_strategy); the weights are proved by a rollout"
        )
    problems = []
    for kind, found in (("VirtualService", service), ("DestinationRule", rule)):
        if found is None:
            problems.append(missing(kind, LIVE, namespace, "role service_mesh or trading_system"))
    problems += [*_weights(cluster, service), *_subsets(rule)]
    weights = [whole(route, "weight") for http in items(service, "spec", "http") for route in items(http, "route")]
    return judged(problems, f"weights {weights}", "the share of requests that really arrives, which a rollout under load proves")


def _weights(cluster: Cluster, service: Mapping[str, Any] | None) -> Iterator[str]:
    if service is None:
        return
    routes = [
        (text(r, "destination", "subset"), whole(r, "weight"))
        for http in items(service, "spec", "http")
        for r in items(http, "route")
    ]
    if [subset for subset, _weight in routes] != ["v1", "v2"]:
        yield f"{where_is(service)}: routes lead to {shown([s for s, _w in routes])}, expected subsets v1 and v2"
    weights = [weight if weight is not None else -1 for _subset, weight in routes]
    # A rollout moves the weights: the first step is 90 to 10, and before it nothing is sent to a v2 that does not exist.
    if sum(weights) != WHOLE or (not cluster.observed and weights not in ([90, 10], [WHOLE, 0])):
        yield f"{where_is(service)}: weights are {weights}, expected 90 and 10 (100 and 0 before the first step)"


def _subsets(rule: Mapping[str, Any] | None) -> Iterator[str]:
    if rule is None:
        return
    subsets = {text(one, "name"): dict(labels({"metadata": one})) for one in items(rule, "spec", "subsets")}
    for version in ("v1", "v2"):
        if subsets.get(version) != {"version": version}:
            yield f"{where_is(rule)}: subset {version} is {shown(subsets.get(version))}, expected labels version: {version}"


@check("D4", "A rollout that refuses, pauses, rolls back and loses nothing")
def safe_rollout(cluster: Cluster) -> Verdict:
    """Behaviour over time; no object shows it."""
    pausable = [w for w in cluster.workloads(cluster.settings.namespace) if w.kind == "Deployment"]
    kept = [w.where for w in pausable if whole(w.obj, "spec", "revisionHistoryLimit") == 0]
    if kept:
        return judged(
            [f"{where}: revisionHistoryLimit is 0, so there is nothing to roll back to (role trading_system)" for where in kept],
            "",
        )
    return not_run(
        "refusal, pause, rollback and lost requests show only while a rollout runs under load; objects do not hold them"
    )


def service_selects(service: Mapping[str, Any] | None, workload: Workload) -> bool:
    """Whether a Service leads to the workload's pods."""
    selector = mapping(service, "spec", "selector")
    return bool(selector) and selects({"matchLabels": selector}, workload.labels)
