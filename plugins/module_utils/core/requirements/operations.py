# Copyright (c) autotrade.deployment engineers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""V: test, validate, operate (specification, sections 9.7 and 11): what happens over time, which objects show in part."""

from __future__ import annotations

from ansible_collections.autotrade.deployment.plugins.module_utils.core.capacity.amounts import shown_all
from ansible_collections.autotrade.deployment.plugins.module_utils.core.capacity.situations import Plan
from ansible_collections.autotrade.deployment.plugins.module_utils.core.capacity.standing import alone, total
from ansible_collections.autotrade.deployment.plugins.module_utils.core.requirements.model import (
    Cluster,
    Verdict,
    check,
    judged,
    not_run,
)
from ansible_collections.autotrade.deployment.plugins.module_utils.core.requirements.reading import amount, mapping
from ansible_collections.autotrade.deployment.plugins.module_utils.core.requirements.summary import components


@check("V1", "The deployment runs, and scaling was tested")
def deployment(cluster: Cluster) -> Verdict:
    """Every component of the trading system ready; that scaling works shows only under load."""
    if not cluster.observed:
        return not_run("nothing runs in rendered manifests; run it against the cluster")
    found = components(cluster)
    problems = [
        f"{one.kind} {one.name}: {one.ready} of {one.wanted} pods are ready (readiness_info says why)"
        for one in found
        if one.ready < one.wanted
    ]
    if not found:
        problems = [f"namespace {cluster.settings.namespace} has no component (role trading_system)"]
    return judged(
        problems,
        f"{len(found)} components with {sum(one.ready for one in found)} pods are ready",
        "that it scales, which a load test proves",
    )


@check("V2", "High availability was validated")
def high_availability(cluster: Cluster) -> Verdict:
    """Shows only when something is taken away."""
    return not_run(f"{len(cluster.nodes)} nodes seen; that the loss of one is survived shows only when a drill takes it away")


@check("V3", "Fail-over scenarios were tested")
def fail_over(_cluster: Cluster) -> Verdict:
    """Shows only in a drill's report."""
    return not_run("the reports of fail-over drills are the proof; objects do not hold them")


@check("V4", "Resource utilization: requested, limit, quota")
def utilization(cluster: Cluster) -> Verdict:
    """What the quota has counted against what it allows; what pods really use needs the metrics of a live cluster."""
    quotas = [q for q in cluster.of_kind("ResourceQuota", cluster.settings.namespace) if mapping(q, "status", "used")]
    if not quotas:
        asked = shown_all(total(Plan(alone(cluster)).steady, cluster.settings.namespace))
        return not_run(f"no quota has counted anything yet; these objects ask for {asked}")
    shares = []
    for quota in quotas:
        used, hard = mapping(quota, "status", "used"), mapping(quota, "status", "hard")
        pairs = ((key, amount(used[key]), amount(hard.get(key))) for key in sorted(used))
        shares += [f"{key} {float(part / whole):.0%}" for key, part, whole in pairs if part is not None and whole]
    return not_run(f"quota used: {', '.join(shares)}; what pods really use comes from metrics, which are not objects")


@check("V5", "On-call runbook and drills")
def runbook(_cluster: Cluster) -> Verdict:
    """A playbook, not objects."""
    return not_run("the runbook is a playbook; that each alert has its entry is proved by its own tests")


@check("V6", "Life cycle: upgrade, replace, back up, rotate")
def life_cycle(_cluster: Cluster) -> Verdict:
    """Playbooks over time."""
    return not_run("upgrade, replacement, restore and rotation are playbooks; each is proved by running it")


@check("V7", "Rendered manifests for GitOps")
def gitops(_cluster: Cluster) -> Verdict:
    """An export of the collection, not objects of a cluster."""
    return not_run("the export of rendered manifests is a playbook; its own tests prove it")


@check("V8", "Installed from a built collection")
def consumption(_cluster: Cluster) -> Verdict:
    """How the collection was installed is not visible in the cluster."""
    return not_run("how the collection was installed is not visible in the cluster; the matrix of its tests proves it")
