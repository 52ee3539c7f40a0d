"""Sabotages of network policies, edge, access and mesh."""

from __future__ import annotations

from tests.sabotage.registry import Object, every, find, sabotage

POLICY = "data-acquisition-policy"


@sabotage("X1", "names do not resolve")
def _(objects: list[Object]) -> None:
    spec = find(objects, "NetworkPolicy", POLICY)["spec"]
    spec["egress"] = [rule for rule in spec["egress"] if not any(port.get("port") == 53 for port in rule.get("ports", []))]


@sabotage("X1", "names resolve by UDP alone")
def _(objects: list[Object]) -> None:
    for rule in find(objects, "NetworkPolicy", POLICY)["spec"]["egress"]:
        rule["ports"] = [p for p in rule.get("ports", []) if not (p.get("port") == 53 and p.get("protocol") == "TCP")]


@sabotage("X1", "private networks are within reach")
def _(objects: list[Object]) -> None:
    for rule in find(objects, "NetworkPolicy", POLICY)["spec"]["egress"]:
        for peer in rule.get("to", []):
            if peer.get("ipBlock", {}).get("cidr") == "0.0.0.0/0":
                peer["ipBlock"]["except"] = ["10.0.0.0/8"]


@sabotage("X1", "another component may call it")
def _(objects: list[Object]) -> None:
    for rule in find(objects, "NetworkPolicy", POLICY)["spec"]["ingress"]:
        for peer in rule.get("from", []):
            if peer.get("podSelector", {}).get("matchLabels") == {"app": "feature-engineering"}:
                peer["podSelector"]["matchLabels"] = {"app": "data-pipeline"}


@sabotage("X2", "nothing is denied by default")
def _(objects: list[Object]) -> None:
    objects[:] = [
        o for o in objects if not (o["kind"] == "NetworkPolicy" and not o["spec"]["podSelector"] and not o["spec"].get("ingress"))
    ]


@sabotage("X2", "a component has no policy")
def _(objects: list[Object]) -> None:
    objects[:] = [
        o
        for o in objects
        if not (o["kind"] == "NetworkPolicy" and o["spec"]["podSelector"].get("matchLabels", {}).get("app") == "position-sizing")
    ]


@sabotage("X2", "one end of a flow is closed")
def _(objects: list[Object]) -> None:
    for policy in every(objects, "NetworkPolicy"):
        if policy["spec"]["podSelector"].get("matchLabels", {}).get("app") == "timescaledb":
            policy["spec"]["ingress"] = []


@sabotage("X3", "the entrance speaks plain HTTP")
def _(objects: list[Object]) -> None:
    for gateway in every(objects, "Gateway"):
        for listener in gateway["spec"]["listeners"]:
            listener["protocol"] = "HTTP"
            listener.pop("tls", None)


@sabotage("X3", "nobody issues the certificate")
def _(objects: list[Object]) -> None:
    for certificate in every(objects, "Certificate"):
        certificate["spec"]["issuerRef"]["name"] = "nobody"


@sabotage("X3", "the certificate is never renewed")
def _(objects: list[Object]) -> None:
    for certificate in every(objects, "Certificate"):
        certificate["spec"].pop("renewBefore", None)
        certificate["spec"].pop("renewBeforePercentage", None)


@sabotage("X4", "viewers read secrets")
def _(objects: list[Object]) -> None:
    for role in every(objects, "ClusterRole"):
        if role["metadata"]["name"].endswith("viewer"):
            role["rules"].append({"apiGroups": [""], "resources": ["secrets"], "verbs": ["get"]})


@sabotage("X4", "deployers may do everything")
def _(objects: list[Object]) -> None:
    for role in [o for o in objects if o["kind"] in ("Role", "ClusterRole") and o["metadata"]["name"].endswith("deployer")]:
        role["rules"].append({"apiGroups": ["*"], "resources": ["*"], "verbs": ["*"]})


@sabotage("X4", "a request without a token passes the gateway")
def _(objects: list[Object]) -> None:
    objects[:] = [o for o in objects if o["kind"] != "RequestAuthentication"]


@sabotage("X4", "Grafana is open")
def _(objects: list[Object]) -> None:
    for service in every(objects, "Service"):
        if "grafana" in service["metadata"]["name"]:
            service["spec"]["type"] = "NodePort"


@sabotage("X5", "plain requests are accepted")
def _(objects: list[Object]) -> None:
    for authentication in every(objects, "PeerAuthentication"):
        authentication["spec"]["mtls"] = {"mode": "PERMISSIVE"}


@sabotage("X5", "the namespace is outside the mesh")
def _(objects: list[Object]) -> None:
    labels = find(objects, "Namespace", "trading-system")["metadata"]["labels"]
    for key in ("istio-injection", "istio.io/rev"):
        labels.pop(key, None)
