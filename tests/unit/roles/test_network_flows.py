"""docs/network-flows.md says what the rendered policies do, and each flow is open at both ends."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[3]
Objects = dict[str, list[dict[str, Any]]]
Flow = tuple[str, str, int]
PUBLIC, EVERYONE, GATEWAY = "outside the private ranges", "every component", "gateway"
PLATFORM = {"default-deny", "allow-dns", "allow-mesh-control", "allow-metrics-scrape"}
# The instances among themselves, and the backup's own way to the database.
INTERNAL = {"timescaledb", "timescaledb-backup", "redis"}


@pytest.fixture(scope="module")
def policies(render: Callable[..., Objects]) -> dict[str, dict[str, Any]]:
    objects = render(["trading_namespace", "trading_system", "database", "cache"])
    return {obj["metadata"]["name"]: obj["spec"] for role in objects.values() for obj in role if obj["kind"] == "NetworkPolicy"}


def apps(selector: dict[str, Any]) -> list[str]:
    if "app" in selector.get("matchLabels", {}):
        return [selector["matchLabels"]["app"]]
    named = [value for one in selector.get("matchExpressions", []) if one["key"] == "app" for value in one["values"]]
    return named or [EVERYONE]


def peers(rule: list[dict[str, Any]]) -> Iterator[str]:
    for peer in rule:
        if "ipBlock" in peer:
            yield PUBLIC
        elif "namespaceSelector" in peer:
            yield peer["namespaceSelector"]["matchLabels"]["kubernetes.io/metadata.name"]
        else:
            yield from apps(peer["podSelector"])


def flows(policies: dict[str, dict[str, Any]], direction: str) -> set[Flow]:
    found: set[Flow] = set()
    for name, spec in policies.items():
        for app in [] if name in PLATFORM else apps(spec["podSelector"]):
            for rule in spec.get(direction, []):
                for peer in peers(rule["from" if direction == "ingress" else "to"]):
                    ends = (peer, app) if direction == "ingress" else (app, peer)
                    found |= {(*ends, port["port"]) for port in rule["ports"]}
    return {flow for flow in found if flow[0] not in INTERNAL and flow[1] != "kube-system" and flow[0] != "monitoring"}


def documented() -> set[Flow]:
    text = (ROOT / "docs" / "network-flows.md").read_text(encoding="utf-8")
    rows = [
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in text.split("For every pod")[0].splitlines()
        if line.startswith("| ")
    ]
    return {(source, target, int(port)) for source, target, ports, _why in rows[1:] for port in ports.split(",")}


@pytest.mark.requirement("X2")
def test_the_table_lists_each_flow_that_a_component_may_open(policies: dict[str, dict[str, Any]]) -> None:
    assert {flow for flow in documented() if flow[0] != GATEWAY} == flows(policies, "egress")


@pytest.mark.requirement("X2")
def test_each_flow_is_open_at_its_other_end(policies: dict[str, dict[str, Any]]) -> None:
    expected = {flow for flow in documented() if flow[1] not in (PUBLIC, EVERYONE)}
    assert expected == flows(policies, "ingress")
    scrape = policies["allow-metrics-scrape"]["ingress"]
    assert {"podSelector": {"matchLabels": {"app": "metrics-collection"}}} in [peer for rule in scrape for peer in rule["from"]]


@pytest.mark.requirement("X1")
def test_data_acquisition_has_the_specifications_policy_and_dns(policies: dict[str, dict[str, Any]]) -> None:
    spec = policies["data-acquisition-policy"]
    engineering = [{"podSelector": {"matchLabels": {"app": "feature-engineering"}}}]
    private = ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"]
    assert spec["ingress"] == [{"from": engineering, "ports": [{"protocol": "TCP", "port": 8080}]}]
    assert spec["egress"][:2] == [
        {"to": engineering, "ports": [{"protocol": "TCP", "port": 8080}]},
        {"to": [{"ipBlock": {"cidr": "0.0.0.0/0", "except": private}}], "ports": [{"protocol": "TCP", "port": 443}]},
    ]
    assert [(one["protocol"], one["port"]) for one in spec["egress"][2]["ports"]] == [("UDP", 53), ("TCP", 53)]
    assert len(spec["egress"]) == 3


@pytest.mark.requirement("X2")
def test_everything_else_is_denied(policies: dict[str, dict[str, Any]]) -> None:
    assert policies["default-deny"] == {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}
    assert all(set(spec["policyTypes"]) == {"Ingress", "Egress"} for name, spec in policies.items() if name.endswith("-policy"))
