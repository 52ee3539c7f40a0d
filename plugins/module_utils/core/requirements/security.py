# Copyright (c) autotrade.deployment engineers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""X: network policies, edge, access and mesh (specification, sections 3.2, 9.5 and 11.2)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ansible_collections.autotrade.deployment.plugins.module_utils.core.requirements import flows
from ansible_collections.autotrade.deployment.plugins.module_utils.core.requirements.hygiene import PART_OF
from ansible_collections.autotrade.deployment.plugins.module_utils.core.requirements.model import (
    Cluster,
    Verdict,
    check,
    differs,
    expect,
    judged,
    missing,
    name_of,
    namespace_of,
    shown,
    where_is,
)
from ansible_collections.autotrade.deployment.plugins.module_utils.core.requirements.reading import (
    items,
    labels,
    mapping,
    text,
    texts,
    value,
)

GATEWAY_GROUP = "gateway.networking.k8s.io"
PRIVATE_RANGES = {"10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"}
READING = frozenset({"get", "list", "watch"})
TEAMS = ("viewer", "deployer", "on-call")


@check("X1", "Network policy of data-acquisition")
def data_acquisition_policy(cluster: Cluster) -> Verdict:
    """In from feature-engineering:8080; out to it, to 443 outside RFC 1918, and to DNS."""
    name, namespace = "data-acquisition-policy", cluster.settings.namespace
    found = cluster.get("NetworkPolicy", name, namespace)
    if found is None:
        return judged([missing("NetworkPolicy", name, namespace, "role trading_system or access_control")], "")
    where, peer = where_is(found), {"app": "feature-engineering"}
    problems = [*expect(where, found, "spec.podSelector.matchLabels", {"app": "data-acquisition"}, "its template")]
    if sorted(texts(found, "spec", "policyTypes")) != ["Egress", "Ingress"]:
        problems.append(
            differs(where, "spec.policyTypes", value(found, "spec", "policyTypes"), ["Ingress", "Egress"], "its template")
        )
    for direction, side in (("ingress", "from"), ("egress", "to")):
        if not any(
            flows.names_pods(rule, side, peer) and flows.opens(rule, "TCP", 8080) for rule in items(found, "spec", direction)
        ):
            problems.append(f"{where}: no {direction} rule for feature-engineering on TCP 8080 (its template)")
    problems += [*_outside(found), *flows.dns_problems(found)]
    if any(not rule.get("from") for rule in items(found, "spec", "ingress")):
        problems.append(f"{where}: an ingress rule without from lets everybody in (its template)")
    return judged(
        problems,
        f"{where}: feature-engineering:8080 both ways, 443 outside private ranges, DNS",
        "that packets obey, which probes prove",
    )


def _outside(policy: Mapping[str, Any]) -> Iterator[str]:
    where = where_is(policy)
    blocks = [
        (rule, mapping(peer, "ipBlock"))
        for rule in items(policy, "spec", "egress")
        for peer in items(rule, "to")
        if "ipBlock" in peer
    ]
    world = [(rule, block) for rule, block in blocks if text(block, "cidr") == "0.0.0.0/0"]
    if not any(flows.opens(rule, "TCP", 443) for rule, _block in world):
        yield f"{where}: no egress rule to 0.0.0.0/0 on TCP 443 (its template)"
    for rule, block in world:
        lacking = PRIVATE_RANGES - set(texts(block, "except"))
        if lacking:
            yield f"{where}: egress to 0.0.0.0/0 does not except {', '.join(sorted(lacking))} (its template)"
        if not flows.opens_only(rule, "TCP", 443):
            yield f"{where}: egress to 0.0.0.0/0 is open on {shown(rule.get('ports'))}, expected TCP 443 alone (its template)"


@check("X2", "Default deny and a policy for each component")
def network_policies(cluster: Cluster) -> Verdict:
    """Default deny, a policy for each component, both ends of each flow open, DNS wherever egress is closed."""
    namespace = cluster.settings.namespace
    policies = cluster.of_kind("NetworkPolicy", namespace)
    denies = [one for one in policies if flows.denies_all(one)]
    problems = []
    if not denies:
        problems.append(
            f"no NetworkPolicy in {namespace} denies all ingress and egress (podSelector {{}}, both policyTypes, no rules)"
        )
    for workload in cluster.workloads(namespace):
        if not any(flows.names_component(one, workload) for one in policies):
            problems.append(
                f"{workload.where}: no NetworkPolicy of its own selects its pods (label app: {workload.component or 'not set'})"
            )
        elif not flows.resolves(policies, workload.labels):
            problems.append(f"{workload.where}: no NetworkPolicy lets its pods reach DNS (UDP and TCP 53), so no name resolves")
    problems += flows.half_open(cluster, namespace)
    problems += [problem for flow in flows.PLATFORM_FLOWS for problem in flows.platform_problems(cluster, namespace, flow)]
    count = f"{len(policies)} policies, {len(denies)} of them default deny"
    return judged(
        problems,
        f"{count}; every workload has its own, DNS included",
        "that packets obey, which probes of the reachability matrix prove",
    )


@check("X3", "Entrance with TLS and renewal")
def entrance(cluster: Cluster) -> Verdict:
    """Gateway API with an HTTPS listener, a route, a certificate that renews, an issuer."""
    gateways = cluster.of_kind("Gateway", group=GATEWAY_GROUP)
    if not gateways:
        return judged([missing("Gateway", "(Gateway API)", "gateway", "role gateway")], "")
    problems = [problem for gateway in gateways for problem in _listeners(cluster, gateway)]
    routes = cluster.of_kind("HTTPRoute", group=GATEWAY_GROUP)
    names = {name_of(gateway) for gateway in gateways}
    if not any(text(parent, "name") in names for route in routes for parent in items(route, "spec", "parentRefs")):
        problems.append(
            "no HTTPRoute is attached to a Gateway (spec.parentRefs), so nothing is reachable from outside (role gateway)"
        )
    problems += [problem for certificate in cluster.of_kind("Certificate") for problem in _certificate(cluster, certificate)]
    problems += [
        f"{where_is(one)}: Ingress is served by nothing here, expected Gateway API (role gateway)"
        for one in cluster.of_kind("Ingress", cluster.settings.namespace)
    ]
    unseen = "" if cluster.observed else "that certificates are issued"
    return judged(
        problems, f"{len(gateways)} gateways, {len(routes)} routes, {len(cluster.of_kind('Certificate'))} certificates", unseen
    )


def _listeners(cluster: Cluster, gateway: Mapping[str, Any]) -> Iterator[str]:
    secure = [one for one in items(gateway, "spec", "listeners") if text(one, "protocol") in ("HTTPS", "TLS")]
    if not secure:
        yield f"{where_is(gateway)}: no listener speaks HTTPS (role gateway)"
    certified = {(namespace_of(c), text(c, "spec", "secretName")) for c in cluster.of_kind("Certificate")}
    for listener in secure:
        where = f"{where_is(gateway)}, listener {text(listener, 'name')}"
        references = items(listener, "tls", "certificateRefs")
        if not references:
            yield f"{where}: tls.certificateRefs is empty (role gateway)"
        for reference in references:
            wanted = (text(reference, "namespace") or namespace_of(gateway), text(reference, "name"))
            if wanted not in certified:
                yield f"{where}: no Certificate writes Secret {'/'.join(wanted)} (role certificates)"


def _certificate(cluster: Cluster, certificate: Mapping[str, Any]) -> Iterator[str]:
    where, issuer = where_is(certificate), mapping(certificate, "spec", "issuerRef")
    kind = text(issuer, "kind") or "Issuer"
    namespace = namespace_of(certificate) if kind == "Issuer" else None
    if cluster.get(kind, text(issuer, "name"), namespace) is None:
        yield f"{where}: its issuer {kind} {text(issuer, 'name')} does not exist (certificates_issuer)"
    if not text(certificate, "spec", "renewBefore") and value(certificate, "spec", "renewBeforePercentage") is None:
        yield f"{where}: spec.renewBefore is not set, so renewal is left to a default (role certificates)"
    ready = [text(c, "status") for c in items(certificate, "status", "conditions") if text(c, "type") == "Ready"]
    if cluster.observed and ready and ready != ["True"]:
        yield f"{where}: condition Ready is {ready[0]}, expected True (cert-manager's events say why)"


@check("X4", "Access by team, closed consoles")
def access(cluster: Cluster) -> Verdict:
    """Roles of three teams without wildcards, authentication at the gateway, no open console."""
    problems = [problem for team in TEAMS for problem in _team(cluster, team)]
    problems += [*_gateway_authentication(cluster), *_consoles(cluster)]
    unseen = "the API audit log and encryption at rest, which are settings of the API server"
    return judged(problems, f"roles {', '.join(TEAMS)}; JWT at the gateway; consoles closed", unseen)


def _team(cluster: Cluster, team: str) -> Iterator[str]:
    roles = [
        r
        for kind in ("Role", "ClusterRole")
        for r in cluster.of_kind(kind)
        if name_of(r).endswith(team) and labels(r).get(PART_OF[0]) == PART_OF[1]
    ]
    bound = {
        text(b, "roleRef", "name")
        for kind in ("RoleBinding", "ClusterRoleBinding")
        for b in cluster.of_kind(kind)
        if value(b, "subjects")
    }
    if not roles:
        yield f"no Role or ClusterRole is named for the team {team} (role access_control)"
    for role in roles:
        if name_of(role) not in bound:
            yield f"{where_is(role)}: no binding gives it to anybody (access_control_{team.replace('-', '_')}_group)"
        for rule in items(role, "rules"):
            yield from _rule(role, rule, team)


def _rule(role: Mapping[str, Any], rule: Mapping[str, Any], team: str) -> Iterator[str]:
    verbs, resources = set(texts(rule, "verbs")), set(texts(rule, "resources"))
    # To read every kind of a named group is no wider than that group; the core group also holds the Secrets.
    groups = set(texts(rule, "apiGroups"))
    if "*" in verbs | groups or ("*" in resources and ("" in groups or verbs - READING)):
        yield f"{where_is(role)}: a rule has a wildcard in verbs, groups or core resources, expected names (role access_control)"
    dangerous = verbs & {"escalate", "bind", "impersonate"}
    if dangerous:
        yield f"{where_is(role)}: a rule allows {', '.join(sorted(dangerous))}, which gives away every right"
    if team == "viewer" and verbs - READING:
        yield f"{where_is(role)}: a viewer may {', '.join(sorted(verbs - READING))}, expected get, list, watch"
    if "secrets" in resources and verbs:
        yield f"{where_is(role)}: team {team} may {', '.join(sorted(verbs))} secrets, expected no team to (role access_control)"
    if team == "viewer" and resources & {"pods/exec", "pods/attach", "pods/portforward"}:
        yield f"{where_is(role)}: a viewer may enter pods ({', '.join(sorted(resources))})"


def _gateway_authentication(cluster: Cluster) -> Iterator[str]:
    homes = {namespace_of(one) for one in cluster.of_kind("Gateway", group=GATEWAY_GROUP)}
    rules = [r for r in cluster.of_kind("RequestAuthentication") if namespace_of(r) in homes]
    if not any(text(rule, "issuer") for one in rules for rule in items(one, "spec", "jwtRules")):
        yield "no RequestAuthentication with an issuer stands beside the Gateway (gateway_token_issuer)"
    demands = [p for p in cluster.of_kind("AuthorizationPolicy") if namespace_of(p) in homes]
    if not any(_demands_principal(policy) for policy in demands):
        yield "no AuthorizationPolicy beside the Gateway demands a principal, so a request without a token passes (role gateway)"


def _demands_principal(policy: Mapping[str, Any]) -> bool:
    wanted = "notRequestPrincipals" if text(policy, "spec", "action") == "DENY" else "requestPrincipals"
    return any(texts(source, "source", wanted) for rule in items(policy, "spec", "rules") for source in items(rule, "from"))


def _consoles(cluster: Cluster) -> Iterator[str]:
    namespace = cluster.settings.monitoring_namespace
    for service in cluster.of_kind("Service", namespace):
        if text(service, "spec", "type") not in ("", "ClusterIP"):
            yield f"{where_is(service)}: type {text(service, 'spec', 'type')} opens a console to all, expected ClusterIP"
    for container in cluster.containers(namespace):
        for one in items(container.spec, "env"):
            if text(one, "name") == "GF_AUTH_ANONYMOUS_ENABLED" and text(one, "value").lower() == "true":
                yield f"{container.where}: GF_AUTH_ANONYMOUS_ENABLED is true, expected false (role monitoring)"
    for found in cluster.of_kind("ConfigMap", namespace):
        for key, body in mapping(found, "data").items():
            if isinstance(body, str) and flows.anonymous_grafana(body):
                yield f"{where_is(found)}, {key}: [auth.anonymous] enabled = true, expected false (role monitoring)"
    if not any(flows.denies_ingress(policy) for policy in cluster.of_kind("NetworkPolicy", namespace)):
        yield f"no NetworkPolicy in {namespace} denies ingress by default, so every pod reaches its consoles (role monitoring)"


@check("X5", "Mesh with strict mutual TLS")
def mesh(cluster: Cluster) -> Verdict:
    """Namespace in the mesh, strict for all of it, nothing that turns TLS off again, each exception by port or selector."""
    namespace = cluster.settings.namespace
    home = labels(cluster.get("Namespace", namespace))
    problems = []
    if (
        home.get("istio-injection") != "enabled"
        and "istio.io/rev" not in home
        and home.get("istio.io/dataplane-mode") != "ambient"
    ):
        problems.append(
            f"Namespace {namespace}: no label istio-injection or istio.io/rev puts its pods into the mesh (trading_namespace)"
        )
    found = cluster.of_kind("PeerAuthentication", namespace)
    whole_namespace = [one for one in found if not mapping(one, "spec", "selector")]
    if not any(text(one, "spec", "mtls", "mode") == "STRICT" for one in whole_namespace):
        problems.append(f"no PeerAuthentication of the whole namespace {namespace} says STRICT (role service_mesh)")
    problems += [
        f"{where_is(one)}: mode {text(one, 'spec', 'mtls', 'mode')} for whole pods, expected STRICT (role service_mesh)"
        for one in found
        if text(one, "spec", "mtls", "mode") in ("PERMISSIVE", "DISABLE")
    ]
    problems += [
        f"{where_is(one)}: TLS mode DISABLE for {text(one, 'spec', 'host')}, which strict pods refuse (role service_mesh)"
        for one in cluster.of_kind("DestinationRule", namespace)
        if text(one, "spec", "trafficPolicy", "tls", "mode") == "DISABLE"
        and not _outside_mesh(cluster, text(one, "spec", "host"))
    ]
    exceptions = [
        f"{name_of(one)} {dict(mapping(one, 'spec', 'portLevelMtls'))}" for one in found if mapping(one, "spec", "portLevelMtls")
    ]
    seen = (
        f"exceptions by port: {'; '.join(exceptions) or 'none'}; outside the mesh: {', '.join(_left_out(cluster)) or 'nothing'}"
    )
    return judged(problems, f"STRICT in {namespace}; {seen}", "that plain requests are refused, which probes prove")


def _left_out(cluster: Cluster) -> list[str]:
    workloads = cluster.workloads(cluster.settings.namespace)
    return sorted({w.component or w.name for w in workloads if str(w.labels.get("sidecar.istio.io/inject", "true")) == "false"})


def _outside_mesh(cluster: Cluster, host: str) -> bool:
    return host.split(".", maxsplit=1)[0].startswith(tuple(_left_out(cluster)) or ("\0",))
