# Copyright (c) autotrade.deployment engineers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Which pods network policies let talk to which: what rules open, and flows of which only one end is open."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ansible_collections.autotrade.deployment.plugins.module_utils.core.requirements.model import Cluster, where_is
from ansible_collections.autotrade.deployment.plugins.module_utils.core.requirements.reading import (
    items,
    labels,
    mapping,
    selects,
    text,
    texts,
    value,
    whole,
)
from ansible_collections.autotrade.deployment.plugins.module_utils.core.requirements.workloads import Workload

Labels = Mapping[str, Any]
ISTIOD = 15012
ANONYMOUS = re.compile(r"\[auth\.anonymous\][^\[]*^\s*enabled\s*=\s*true", re.MULTILINE)


@dataclass(frozen=True)
class Flow:
    """A flow between the trading system and the platform: who needs it, to or from where, on which port."""

    name: str
    direction: str
    component: str
    other_namespace: str
    port: int


# An empty component means every pod of the namespace that is in the mesh.
PLATFORM_FLOWS = (
    Flow("proxies fetch their configuration from istiod", "egress", "", "istio-system", ISTIOD),
    Flow("Prometheus scrapes the components", "ingress", "trading-strategy", "monitoring", 0),
    Flow("Prometheus scrapes the database", "ingress", "timescaledb", "monitoring", 0),
    Flow("Prometheus scrapes the cache", "ingress", "redis", "monitoring", 0),
)


def opens(rule: Mapping[str, Any], protocol: str, port: int) -> bool:
    """Whether a rule opens a port; a rule without ports opens all."""
    if "ports" not in rule:
        return True
    return any(_covers(one, protocol, port) for one in items(rule, "ports"))


def _covers(one: Mapping[str, Any], protocol: str, port: int) -> bool:
    if (text(one, "protocol") or "TCP") != protocol:
        return False
    first, last = whole(one, "port"), whole(one, "endPort")
    return "port" not in one or (first is not None and first <= port <= (last or first))


def opens_only(rule: Mapping[str, Any], protocol: str, port: int) -> bool:
    """Whether it opens that port and no other."""
    ports = items(rule, "ports")
    return len(ports) == 1 and _covers(ports[0], protocol, port) and "port" in ports[0] and "endPort" not in ports[0]


def names_pods(rule: Mapping[str, Any], side: str, peer: Labels) -> bool:
    """Whether a peer of the rule is exactly the pods with these labels in the same namespace."""
    return any(mapping(one, "podSelector", "matchLabels") == peer and "namespaceSelector" not in one for one in items(rule, side))


def names_component(policy: Mapping[str, Any], workload: Workload) -> bool:
    """Whether a policy is about this component: it selects its pods, and would not if they had another ``app``."""
    selector = value(policy, "spec", "podSelector")
    return selects(selector, workload.labels) and not selects(selector, {**workload.labels, "app": ""})


def denies_all(policy: Mapping[str, Any]) -> bool:
    """Default deny in both directions."""
    both = {"Ingress", "Egress"} <= set(texts(policy, "spec", "policyTypes"))
    return both and _selects_everything(policy) and not items(policy, "spec", "ingress") and not items(policy, "spec", "egress")


def denies_ingress(policy: Mapping[str, Any]) -> bool:
    """Default deny of ingress at least."""
    return (
        "Ingress" in texts(policy, "spec", "policyTypes") and _selects_everything(policy) and not items(policy, "spec", "ingress")
    )


def _selects_everything(policy: Mapping[str, Any]) -> bool:
    selector = value(policy, "spec", "podSelector")
    return isinstance(selector, Mapping) and not any(selector.values())


def applies(policy: Mapping[str, Any], direction: str) -> bool:
    """Whether a policy restricts a direction; Egress counts as stated by its rules when policyTypes are absent."""
    stated = texts(policy, "spec", "policyTypes") or ["Ingress", *(["Egress"] if "egress" in mapping(policy, "spec") else [])]
    return direction.capitalize() in stated


def rules_for(policies: list[Mapping[str, Any]], direction: str, pod: Labels) -> list[Mapping[str, Any]]:
    """All rules of a direction that apply to a pod with these labels."""
    chosen = [one for one in policies if applies(one, direction) and selects(value(one, "spec", "podSelector"), pod)]
    return [rule for one in chosen for rule in items(one, "spec", direction)]


def restricted(policies: list[Mapping[str, Any]], direction: str, pod: Labels) -> bool:
    """Whether any policy restricts this direction for the pod."""
    return any(applies(one, direction) and selects(value(one, "spec", "podSelector"), pod) for one in policies)


def resolves(policies: list[Mapping[str, Any]], pod: Labels) -> bool:
    """Whether the pod reaches DNS by UDP and TCP."""
    if not restricted(policies, "egress", pod):
        return True
    rules = [rule for rule in rules_for(policies, "egress", pod) if _to_dns(rule)]
    return all(any(opens(rule, protocol, 53) for rule in rules) for protocol in ("UDP", "TCP"))


def _to_dns(rule: Mapping[str, Any]) -> bool:
    peers = items(rule, "to")
    return not peers or any("ipBlock" in peer or "namespaceSelector" in peer for peer in peers)


def dns_problems(policy: Mapping[str, Any]) -> Iterator[str]:
    """Problems of one policy that must open DNS itself."""
    rules = [rule for rule in items(policy, "spec", "egress") if _to_dns(rule)]
    for protocol in ("UDP", "TCP"):
        if not any(opens(rule, protocol, 53) and "ports" in rule for rule in rules):
            yield f"{where_is(policy)}: no egress rule to DNS on {protocol} 53, so no name resolves (its template)"


def half_open(cluster: Cluster, namespace: str) -> Iterator[str]:
    """Flows inside the namespace that one end's policy opens on a port and the other end's does not."""
    policies, workloads = cluster.of_kind("NetworkPolicy", namespace), cluster.workloads(namespace)
    for source in workloads:
        for target in workloads:
            if source.component == target.component:
                continue
            out = _open_ports(rules_for(policies, "egress", source.labels), "to", target.labels)
            into = _open_ports(rules_for(policies, "ingress", target.labels), "from", source.labels)
            for port in sorted(out - into):
                yield f"{source.where} may send to {target.component} on TCP {port}, but no ingress rule there lets it in"
            for port in sorted(into - out):
                yield f"{target.where} lets {source.component} in on TCP {port}, but no egress rule there lets it out"


def _open_ports(rules: list[Mapping[str, Any]], side: str, peer: Labels) -> set[int]:
    """TCP ports that rules open for pods with these labels, by rules that name pods of the same namespace (not of all)."""
    return {
        port
        for rule in rules
        if any(_names(one, peer) for one in items(rule, side))
        for one in items(rule, "ports")
        if (text(one, "protocol") or "TCP") == "TCP" and (port := whole(one, "port")) is not None
    }


def _names(peer: Mapping[str, Any], pod: Labels) -> bool:
    selector = mapping(peer, "podSelector")
    return "namespaceSelector" not in peer and any(selector.values()) and selects(selector, pod)


def platform_problems(cluster: Cluster, namespace: str, flow: Flow) -> Iterator[str]:
    """A problem for each workload whose policies do not open a flow to or from the platform."""
    policies = cluster.of_kind("NetworkPolicy", namespace)
    side = "to" if flow.direction == "egress" else "from"
    for workload in cluster.workloads(namespace):
        if (flow.component and workload.component != flow.component) or (flow.port == ISTIOD and not _meshed(cluster, workload)):
            continue
        rules = [
            rule for rule in rules_for(policies, flow.direction, workload.labels) if _reaches(rule, side, flow.other_namespace)
        ]
        if not any(not flow.port or opens(rule, "TCP", flow.port) for rule in rules):
            port = f" on TCP {flow.port}" if flow.port else ""
            yield f"{workload.where}: no {flow.direction} rule {side} namespace {flow.other_namespace}{port} ({flow.name})"


def _meshed(cluster: Cluster, workload: Workload) -> bool:
    home = labels(cluster.get("Namespace", workload.namespace))
    inside = home.get("istio-injection") == "enabled" or "istio.io/rev" in home
    return inside and str(workload.labels.get("sidecar.istio.io/inject", "true")) != "false"


def _reaches(rule: Mapping[str, Any], side: str, namespace: str) -> bool:
    """Whether a rule's peers include pods of another namespace, by its name's label or by any selector that takes all."""
    peers = items(rule, side)
    there = {"kubernetes.io/metadata.name": namespace, "name": namespace}
    return not peers or any(selects(value(one, "namespaceSelector"), there) for one in peers)


def anonymous_grafana(body: str) -> bool:
    """Whether a grafana.ini lets everybody in."""
    return ANONYMOUS.search(body) is not None
