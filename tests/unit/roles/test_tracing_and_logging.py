"""The roles that are off by default: what they apply when they are on, what they refuse, and that no password gets out."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import yaml

from tests.conftest import OPTIONAL_ROLES

Objects = dict[str, list[dict[str, Any]]]
Render = Callable[..., Objects]
pytestmark = pytest.mark.requirement("S5")
PASSWORD = OPTIONAL_ROLES["logging"]["logging_password"]
HOST = {"logging_enabled": True, "logging_host": "logs.example.com"}
ON: dict[str, Any] = {**HOST, "logging_password": PASSWORD}
UNPINNED = {"repository": "r", "tag": "latest", "digest": ""}
REFUSED: dict[str, tuple[str, dict[str, Any], str]] = {
    "an unpinned Jaeger": ("tracing", {"tracing_enabled": True, "tracing_images": {"jaeger": UNPINNED}}, "skopeo inspect"),
    "a retention in days": ("tracing", {"tracing_enabled": True, "tracing_retention": "3d"}, "tracing_retention is '3d'"),
    "an unpinned Fluent Bit": ("logging", {**ON, "logging_images": {"fluent_bit": UNPINNED}}, "skopeo inspect"),
    "no server": ("logging", {**ON, "logging_host": ""}, "logging_host is ''"),
    "an address with a scheme": ("logging", {**ON, "logging_host": "https://logs"}, "without scheme"),
    "no password": ("logging", HOST, "are both empty"),
    "two passwords": ("logging", {**ON, "logging_existing_secret": "logs"}, "are both set"),
    "an output that does not exist": ("logging", {**ON, "logging_output": "syslog"}, "syslog"),
}
ACCEPTED: dict[str, tuple[str, dict[str, Any]]] = {
    "tracing off": ("tracing", {"tracing_images": {"jaeger": UNPINNED}}),
    "logging off": ("logging", {"logging_images": {"fluent_bit": UNPINNED}}),
    "tracing on": ("tracing", {"tracing_enabled": True}),
    "logging on": ("logging", ON),
}


def find(objects: list[dict[str, Any]], kind: str, name: str) -> dict[str, Any]:
    return next(one for one in objects if one["kind"] == kind and one["metadata"]["name"] == name)


def pipeline(objects: list[dict[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load(find(objects, "ConfigMap", "fluent-bit-configuration")["data"]["fluent-bit.yaml"])
    return found


@pytest.fixture(scope="module")
def tracing(render: Render) -> list[dict[str, Any]]:
    return render(["tracing"])["tracing"]


@pytest.fixture(scope="module")
def logging(render: Render) -> list[dict[str, Any]]:
    return render(["logging"], **ON)["logging"]


@pytest.fixture(scope="module")
def refused(run_role: Callable[..., dict[str, str]]) -> dict[str, str]:
    answers: dict[str, str] = {}
    for role in ("tracing", "logging"):
        cases = {name: variables for name, (owner, variables, *_) in (REFUSED | ACCEPTED).items() if owner == role}
        answers |= run_role(role, cases)
    return answers


@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_work_is_refused(refused: dict[str, str], case: str) -> None:
    assert REFUSED[case][2] in " ".join(refused[case].split())


@pytest.mark.parametrize("case", ACCEPTED)
def test_what_can_work_is_accepted(refused: dict[str, str], case: str) -> None:
    assert refused.get(case) is None


def test_jaeger_keeps_its_spans_on_a_volume(tracing: list[dict[str, Any]]) -> None:
    spec = find(tracing, "StatefulSet", "jaeger")["spec"]
    (claim,) = spec["volumeClaimTemplates"]
    assert (spec["replicas"], claim["spec"]["storageClassName"]) == (1, "standard")
    (container,) = spec["template"]["spec"]["containers"]
    mounts = {mount["name"]: mount["mountPath"] for mount in container["volumeMounts"]}
    config = yaml.safe_load(find(tracing, "ConfigMap", "jaeger-configuration")["data"]["jaeger.yaml"])
    store = config["extensions"]["jaeger_storage"]["backends"]["badger"]["badger"]
    assert all(path.startswith(f"{mounts['data']}/") for path in store["directories"].values())
    assert (store["ephemeral"], store["ttl"]) == (False, {"spans": "72h"})


def test_every_port_of_jaeger_is_one_that_its_configuration_opens(tracing: list[dict[str, Any]]) -> None:
    config = find(tracing, "ConfigMap", "jaeger-configuration")["data"]["jaeger.yaml"]
    (container,) = find(tracing, "StatefulSet", "jaeger")["spec"]["template"]["spec"]["containers"]
    ports = {port["name"]: port["containerPort"] for port in container["ports"]}
    assert not [port for port in ports.values() if f":{port}" not in config and f"port: {port}" not in config]
    targets = {port["targetPort"] for one in tracing if one["kind"] == "Service" for port in one["spec"]["ports"]}
    assert targets <= set(ports)


def test_only_grafana_may_ask_jaeger(tracing: list[dict[str, Any]]) -> None:
    rules = find(tracing, "NetworkPolicy", "jaeger-policy")["spec"]["ingress"]
    asking = [rule["from"] for rule in rules if any(port["port"] == 16686 for port in rule["ports"])]
    assert asking == [[{"podSelector": {"matchLabels": {"app": "grafana"}}}]]
    assert {one["spec"].get("type", "ClusterIP") for one in tracing if one["kind"] == "Service"} == {"ClusterIP"}


def test_spans_may_leave_the_trading_system_and_arrive(tracing: list[dict[str, Any]]) -> None:
    leaving = find(tracing, "NetworkPolicy", "allow-tracing")
    arriving = find(tracing, "NetworkPolicy", "jaeger-policy")["spec"]["ingress"][0]
    assert leaving["metadata"]["namespace"] in arriving["from"][0]["namespaceSelector"]["matchExpressions"][0]["values"]
    assert leaving["spec"]["egress"][0]["ports"] == arriving["ports"]


def test_an_exported_tree_holds_no_password(logging: list[dict[str, Any]]) -> None:
    assert find(logging, "Secret", "log-store-credentials")["data"]["password"] == ""
    assert PASSWORD not in str(logging)


def test_the_pipeline_names_where_the_password_lies(logging: list[dict[str, Any]]) -> None:
    config = pipeline(logging)
    (output,) = config["pipeline"]["outputs"]
    files = {entry["name"]: entry["uri"] for entry in config["env"]}
    assert output["http_passwd"].strip("${}") in files
    spec = find(logging, "DaemonSet", "fluent-bit")["spec"]["template"]["spec"]
    (secret,) = [volume["secret"]["secretName"] for volume in spec["volumes"] if "secret" in volume]
    (mount,) = [mount["mountPath"] for mount in spec["containers"][0]["volumeMounts"] if mount["name"] == "credentials"]
    keys = find(logging, "Secret", secret)["data"]
    assert set(files.values()) == {f"file://{mount}/{key}" for key in keys}
    assert "env" not in spec["containers"][0]


@pytest.mark.parametrize(("output", "port"), [("opensearch", 9200), ("loki", 3100)])
def test_both_servers_are_reached_by_tls_alone(render: Render, output: str, port: int) -> None:
    objects = render(["logging"], **ON, logging_output=output)["logging"]
    (target,) = pipeline(objects)["pipeline"]["outputs"]
    assert (target["name"], target["host"], target["port"]) == (output, "logs.example.com", port)
    assert [target[key] for key in ("tls", "tls.verify", "tls.verify_hostname")] == [True, True, True]
    (rule, _dns) = find(objects, "NetworkPolicy", "fluent-bit-policy")["spec"]["egress"]
    assert port in [one["port"] for one in rule["ports"]]


def test_settings_reach_the_pipeline(render: Render) -> None:
    objects = render(
        ["logging"],
        **HOST,
        logging_existing_secret="theirs",
        logging_ca="-----BEGIN CERTIFICATE-----\nAA\n-----END CERTIFICATE-----\n",
        logging_output="loki",
        logging_tenant="trading",
        logging_source_namespaces=["trading-system", "gateway"],
    )["logging"]
    config = pipeline(objects)["pipeline"]
    assert config["inputs"][0]["path"] == "/var/log/containers/*_trading-system_*.log,/var/log/containers/*_gateway_*.log"
    assert config["outputs"][0]["tenant_id"] == "trading"
    assert config["outputs"][0]["tls.ca_file"] == "/etc/log-store-authorities/ca.crt"
    assert "AA\n" in find(objects, "ConfigMap", "log-store-authorities")["data"]["ca.crt"]
    assert not [one for one in objects if one["kind"] == "Secret"]
    volumes = find(objects, "DaemonSet", "fluent-bit")["spec"]["template"]["spec"]["volumes"]
    assert {"secretName": "theirs", "defaultMode": 0o400} in [volume.get("secret") for volume in volumes]


def test_fluent_bit_may_read_pods_and_nothing_else(logging: list[dict[str, Any]]) -> None:
    (rule,) = find(logging, "ClusterRole", "logging-fluent-bit")["rules"]
    assert rule == {"apiGroups": [""], "resources": ["pods", "namespaces"], "verbs": ["get", "list", "watch"]}
    (container,) = find(logging, "DaemonSet", "fluent-bit")["spec"]["template"]["spec"]["containers"]
    assert container["securityContext"]["capabilities"] == {"drop": ["ALL"]}
    assert {"name": "logs", "mountPath": "/var/log", "readOnly": True} in container["volumeMounts"]
