"""Each check against constructed clusters with one fault: the message names the object, what was found and what was expected."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest
from ansible_collections.autotrade.deployment.plugins.module_utils.core.requirements.model import (
    REGISTRY,
    Settings,
    State,
    check,
    passed,
)

from tests.unit.plugins.module_utils.core.requirements.clusters import (
    IMAGE,
    account,
    budget,
    container,
    judge,
    node,
    obj,
    policy,
    workload,
)

GOOD = (workload("app"), account("app"), budget("app-pdb", "app"))


def spoiled(**spec: Any) -> tuple[dict[str, Any], ...]:
    """The good objects with another pod spec."""
    return (workload("app", **spec), *GOOD[1:])


def test_the_constructed_workload_keeps_every_rule() -> None:
    assert judge("A8", *GOOD).state is State.PASSED


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"image": "app:latest"}, "image is app:latest, expected repository:tag@sha256:digest"),
        ({"image": IMAGE.replace(":1.0@", ":latest@")}, "expected a version and not latest"),
        ({"image": IMAGE.replace(":1.0@", "@")}, "expected repository:tag@sha256:digest"),
        ({"resources": {"limits": {"cpu": "1", "memory": "1Gi"}}}, "resources.requests.cpu is not set"),
        ({"resources": {"requests": {"cpu": "2", "memory": "1Gi"}, "limits": {"cpu": "1", "memory": "1Gi"}}}, "above its limit"),
        ({"livenessProbe": None}, "livenessProbe is not set"),
        ({"readinessProbe": {"periodSeconds": 5}}, "readinessProbe is {'periodSeconds': 5}, expected a probe"),
        ({"securityContext": {}}, "securityContext.runAsNonRoot is not set, expected True"),
        ({"securityContext": {"privileged": True}}, "securityContext.privileged is True, expected False"),
        ({"securityContext": {"readOnlyRootFilesystem": False}}, "readOnlyRootFilesystem is False, expected True"),
    ],
)
def test_a_container_that_breaks_a_rule_is_named(change: dict[str, Any], expected: str) -> None:
    finding = judge("A8", *spoiled(containers=[container("app", **change)]))
    assert finding.state is State.FAILED
    assert "Deployment trading-system/app, container app: " in finding.message
    assert expected in finding.message


def test_init_containers_are_judged_and_need_no_probes() -> None:
    bare = {**container("prepare"), "readinessProbe": None, "livenessProbe": None}
    assert judge("A8", *spoiled(initContainers=[bare])).state is State.PASSED
    finding = judge("A8", *spoiled(initContainers=[{**bare, "resources": {}}]))
    assert "init container prepare: resources.requests.cpu is not set" in finding.message


def test_a_sidecar_needs_probes() -> None:
    sidecar = {**container("proxy"), "restartPolicy": "Always", "livenessProbe": None}
    assert "init container proxy: livenessProbe is not set" in judge("A8", *spoiled(initContainers=[sidecar])).message


def test_a_database_may_not_run_on_wide_pages() -> None:
    finding = judge("A8", workload("redis"), account("redis"), budget("redis-pdb", "redis"))
    assert "may run on a host with 64 KiB pages" in finding.message


@pytest.mark.parametrize(
    ("budgets", "expected"),
    [
        ((), "2 replicas and no PodDisruptionBudget selects its pods"),
        ((budget("a", "app"), budget("b", "app")), "the budgets a, b select the same pods"),
        ((budget("a", "app", minAvailable=2),), "never allows an eviction with 2 replicas"),
        ((budget("a", "app", minAvailable="51%"),), "never allows an eviction with 2 replicas"),
        ((budget("a", "app", maxUnavailable=0),), "never allows an eviction with 2 replicas"),
        ((budget("a", "app", maxUnavailable="100%"),), "allows all 2 pods of Deployment trading-system/app to go at once"),
        ((budget("a", "app", minAvailable=1, maxUnavailable=1),), "neither minAvailable nor maxUnavailable, or both"),
        ((budget("a", "app"), budget("b", "nobody")), "PodDisruptionBudget trading-system/b: selects no workload"),
    ],
)
def test_budgets(budgets: tuple[dict[str, Any], ...], expected: str) -> None:
    finding = judge("H4", workload("app"), *budgets)
    assert finding.state is State.FAILED
    assert expected in finding.message


def test_a_live_budget_without_healthy_pods_is_named() -> None:
    live = budget("a", "app") | {"status": {"currentHealthy": 0, "desiredHealthy": 1, "disruptionsAllowed": 0}}
    live["metadata"]["uid"] = "1"
    assert "0 healthy pods where 1 must be" in judge("H4", workload("app"), live).message


def test_memory_in_decimal_is_not_the_specified_quota() -> None:
    quota = obj("ResourceQuota", "trading-system-quota", spec={"hard": {"requests.memory": "128G"}})
    message = judge("N2", quota).message
    assert "spec.hard[requests.memory] is 128G, expected 128Gi (trading_namespace_quota)" in message
    assert message.count("is not set, expected") == 10


def test_nodes_below_their_class_are_all_named_at_once() -> None:
    finding = judge("C1", node("a", memory="16Gi", cpu="4"), node("b"))
    assert "2 cpu nodes" in finding.message
    assert "Node a: cpu is 4, expected at least 8 for class cpu" in finding.message
    assert "Node a: memory is 16Gi, expected at least 32G for class cpu" in finding.message
    assert "0 storage nodes" in finding.message


def test_memory_has_five_percent_tolerance() -> None:
    assert "memory" not in judge("C1", node("a", memory="30.5G")).message
    assert "memory is 30.3G" in judge("C1", node("a", memory="30.3G")).message


def test_two_zones_warn_and_do_not_fail() -> None:
    finding = judge("C7", node("a"), node("b", zone="zone-b"))
    assert finding.state is State.PASSED
    assert "WARNING: under three zones" in finding.message


def test_what_is_confined_to_full_nodes_is_named() -> None:
    quota = obj("ResourceQuota", "q", spec={"hard": {"requests.cpu": "100"}})
    finding = judge("N4", workload("app", replicas=9), quota, node("a"))
    assert finding.state is State.FAILED
    assert "cpu: app request 9 and may only run on a, which have room for 8" in finding.message


def test_a_suspended_job_asks_for_nothing() -> None:
    quota = obj("ResourceQuota", "q", spec={"hard": {"requests.cpu": "1"}})
    job = workload("run", kind="Job")
    job["spec"]["suspend"] = True
    assert judge("N4", job, quota).state is State.PASSED
    job["spec"]["suspend"] = False
    assert judge("N4", workload("x"), job, quota).state is State.FAILED


def test_scaled_requests_are_compared_with_the_scaled_figure() -> None:
    def shaped(cpu: str) -> str:
        app = workload("data-validation", containers=[container("data-validation", resources={"requests": {"cpu": cpu}})])
        return judge("A7", app, settings=Settings(scale=Fraction(1, 10))).message

    assert "resources.requests.cpu" not in shaped("50m")
    assert "resources.requests.cpu is 500m, expected 0.5 x 0.1 (trading_system_scale)" in shaped("500m")


def to(app: str, port: int) -> dict[str, Any]:
    return {"to": [{"podSelector": {"matchLabels": {"app": app}}}], "ports": [{"protocol": "TCP", "port": port}]}


def test_a_flow_that_only_one_end_opens_is_named() -> None:
    policies = (policy("deny", None), policy("a", "a", egress=[to("b", 80)]), policy("b", "b"))
    message = judge("X2", workload("a"), workload("b"), *policies).message
    assert "Deployment trading-system/a may send to b on TCP 80, but no ingress rule there lets it in" in message
    assert "lets its pods reach DNS" in message


def test_dns_by_udp_alone_is_not_enough() -> None:
    dns = {"to": [{"namespaceSelector": {}}], "ports": [{"protocol": "UDP", "port": 53}]}
    message = judge("X1", policy("data-acquisition-policy", "data-acquisition", egress=[dns])).message
    assert "no egress rule to DNS on TCP 53" in message
    assert "DNS on UDP" not in message


@pytest.mark.parametrize("value", ["hunter2", "postgres://u:hunter2@db/x"])
def test_a_literal_secret_is_found_and_not_repeated(value: str) -> None:
    name = "DB_PASSWORD" if "://" not in value else "DB_URL"
    finding = judge("S6", workload("app", containers=[container("app", env=[{"name": name, "value": value}])]))
    assert f"env {name} holds a literal value" in finding.message
    assert "hunter2" not in finding.message


@pytest.mark.parametrize(("name", "value"), [("PASSWORD_FILE", "/etc/secret"), ("TOKEN_TTL", "60"), ("DB_PASSWORD", "$(OTHER)")])
def test_what_only_leads_to_a_secret_is_none(name: str, value: str) -> None:
    finding = judge("S6", workload("app", containers=[container("app", env=[{"name": name, "value": value}])]))
    assert "literal" not in finding.message


def test_pods_on_one_host_are_named() -> None:
    app = workload("app", topologySpreadConstraints=[_spread()])
    pods = [_pod(number, "a") for number in range(2)]
    message = judge("H5", app, node("a"), node("b"), *pods).message
    assert "pods over kubernetes.io/hostname are {'a': 2}, expected skew 1 at most" in message
    assert "the loss of one host is the loss of the component" in message


def test_placement_is_not_judged_without_pods() -> None:
    finding = judge("H5", workload("app", topologySpreadConstraints=[_spread()]), node("a"))
    assert finding.state is State.NOT_RUN


def _spread() -> dict[str, Any]:
    selector = {"matchLabels": {"app": "app"}}
    return {
        "maxSkew": 1,
        "topologyKey": "kubernetes.io/hostname",
        "whenUnsatisfiable": "DoNotSchedule",
        "labelSelector": selector,
    }


def _pod(number: int, host: str) -> dict[str, Any]:
    metadata = {"labels": {"app": "app"}, "ownerReferences": [{"kind": "ReplicaSet", "name": "app"}]}
    return obj("Pod", f"app-{number}", metadata=metadata, spec={"nodeName": host})


JAEGER = workload("jaeger", kind="StatefulSet", replicas=1)
ASKED = {"protocol": "TCP", "port": 16686}
SHIPPER = workload("fluent-bit", kind="DaemonSet")
OUTPUT = "pipeline:\n  outputs:\n  - tls: true\n    tls.verify: on\n    http_passwd: ${P}\n"


@pytest.mark.parametrize(
    ("rule", "open_to_all"),
    [
        ({"from": [{"podSelector": {"matchLabels": {"app": "grafana"}}}], "ports": [ASKED]}, False),
        ({"from": [{"namespaceSelector": {}, "podSelector": {"matchLabels": {"app": "grafana"}}}], "ports": [ASKED]}, False),
        ({"from": [{"namespaceSelector": {}}], "ports": [{"port": 4317}]}, False),
        ({"from": [{"namespaceSelector": {}}], "ports": [ASKED]}, True),
        ({"from": [{"namespaceSelector": {}}]}, True),
        ({"ports": [ASKED]}, True),
    ],
)
def test_who_may_ask_for_traces_is_named(rule: dict[str, Any], open_to_all: bool) -> None:
    finding = judge("S5", JAEGER, policy("jaeger", "jaeger", ingress=[rule]))
    assert (finding.state is State.FAILED) == open_to_all
    assert ("every pod may reach port 16686" in finding.message) == open_to_all


def test_traces_without_a_policy_are_open() -> None:
    assert "no NetworkPolicy restricts who reaches port 16686" in judge("S5", JAEGER).message


def test_tracing_and_logs_may_be_absent() -> None:
    assert judge("S5", *GOOD).state is State.NOT_RUN


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("", "", ""),
        ("tls: true", "tls: off", "tls of the output is not true"),
        ("tls.verify: on", "", "tls.verify of the output is not true"),
        ("${P}", "hunter2", "the password stands in the file"),
        ("outputs", "inputs", "no ConfigMap of its namespace names an output"),
    ],
)
def test_logs_travel_by_tls_under_a_hidden_password(old: str, new: str, expected: str) -> None:
    finding = judge("S5", SHIPPER, obj("ConfigMap", "pipeline", data={"fluent-bit.yaml": OUTPUT.replace(old, new)}))
    assert finding.state is (State.FAILED if expected else State.PASSED)
    assert expected in finding.message
    assert "hunter2" not in finding.message


def test_an_id_has_one_check() -> None:
    with pytest.raises(ValueError, match="requirement C3 has two checks"):
        check("C3", "again")(lambda _cluster: passed(""))
    assert REGISTRY["C3"].title != "again"
