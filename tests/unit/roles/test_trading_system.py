"""Every variable of trading_system and trading_namespace does what it says, and bad settings are refused by name."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

import pytest
import yaml
from ansible_collections.autotrade.deployment.plugins.module_utils.core.quantities import parse

Objects = dict[str, list[dict[str, Any]]]
DIGEST = "sha256:" + "a" * 64
IMAGE = {"repository": "registry.test/other", "tag": "9.9.9", "digest": DIGEST}


def of_kind(objects: list[dict[str, Any]], kind: str) -> dict[str, dict[str, Any]]:
    return {obj["metadata"]["name"]: obj for obj in objects if obj["kind"] == kind}


def pod(workload: dict[str, Any]) -> dict[str, Any]:
    return workload["spec"]["template"]["spec"]


def container(workload: dict[str, Any]) -> dict[str, Any]:
    return pod(workload)["containers"][0]


OVERRIDES: dict[str, Any] = {
    "trading_system_namespace": "elsewhere",
    "trading_system_overrides": {
        "model-inference": {"replicas": 7, "cpu": {"request": "625m"}, "priority": "batch", "mesh": False, "drain_seconds": 77},
        "model-training": {"gpus": 3, "node_classes": ["gpu", "cpu"], "architectures": ["arm64", "riscv64"]},
    },
    "trading_system_image_pull_secrets": [{"name": "image-pull"}],
    "trading_system_claims_class": "other-class",
    "trading_system_claims": {"data": "1Gi", "features": "2Gi", "models": "3Gi", "strategies": "4Gi"},
    "trading_system_endpoints": {
        "database_host": "db-host",
        "database_read_host": "db-read",
        "database_port": 1111,
        "database_name": "db-name",
        "redis_sentinel_host": "sentinel-host",
        "redis_sentinel_port": 2222,
        "redis_sentinel_master": "sentinel-master",
    },
    "trading_system_java_options": "-XX:+UseZGC",
    "trading_system_heap_dump_size": "3Gi",
    "trading_system_training_run": {"retries": 9, "deadline": 4321},
    "trading_system_readiness": {"delay": 11, "period": 6},
    "trading_system_liveness": {"delay": 22, "period": 12},
    "trading_system_startup_checks": 33,
    "trading_system_pre_stop_seconds": 14,
    "trading_system_node_loss_seconds": 44,
    "trading_system_progress_deadline": 555,
    "trading_system_user_id": 12345,
    "trading_system_gateway_namespace": "gateway-ns",
    "trading_system_monitoring_namespace": "monitoring-ns",
    "trading_system_mesh_namespace": "mesh-ns",
}


@pytest.fixture(scope="module")
def overridden(render: Callable[..., Objects]) -> list[dict[str, Any]]:
    return render(["trading_system"], **OVERRIDES)["trading_system"]


def test_overrides_reach_into_single_values(overridden: list[dict[str, Any]]) -> None:
    inference = of_kind(overridden, "Deployment")["model-inference"]
    assert inference["spec"]["replicas"] == 7
    assert container(inference)["resources"]["requests"]["cpu"] == "625m"
    assert parse(container(inference)["resources"]["requests"]["memory"]) == parse("1.5Gi"), "what is not overridden stays"
    assert pod(inference)["priorityClassName"] == "batch"
    assert inference["spec"]["template"]["metadata"]["labels"]["sidecar.istio.io/inject"] == "false"
    assert pod(inference)["terminationGracePeriodSeconds"] == 14 + 77 + 5
    training = of_kind(overridden, "Deployment")["model-training"]
    assert container(training)["resources"]["limits"]["nvidia.com/gpu"] == "3"
    terms = pod(training)["affinity"]["nodeAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"]["nodeSelectorTerms"]
    assert [one["values"] for one in terms[0]["matchExpressions"]] == [["gpu", "cpu"], ["arm64", "riscv64"]]


def test_overrides_reach_every_component(overridden: list[dict[str, Any]]) -> None:
    assert {obj["metadata"]["namespace"] for obj in overridden} == {"elsewhere"}
    assert all(one["imagePullSecrets"] == [{"name": "image-pull"}] for one in of_kind(overridden, "ServiceAccount").values())
    for deployment in of_kind(overridden, "Deployment").values():
        one, spec = container(deployment), pod(deployment)
        assert (one["readinessProbe"]["initialDelaySeconds"], one["readinessProbe"]["periodSeconds"]) == (11, 6)
        assert (one["livenessProbe"]["initialDelaySeconds"], one["livenessProbe"]["periodSeconds"]) == (22, 12)
        assert one["startupProbe"]["failureThreshold"] == 33
        assert one["lifecycle"]["preStop"]["sleep"]["seconds"] == 14
        assert {t["tolerationSeconds"] for t in spec["tolerations"] if t["effect"] == "NoExecute"} == {44}
        assert deployment["spec"]["progressDeadlineSeconds"] == 555
        assert spec["securityContext"]["runAsUser"] == spec["securityContext"]["runAsGroup"] == spec["securityContext"]["fsGroup"] == 12345


def test_overrides_reach_what_is_shared(overridden: list[dict[str, Any]]) -> None:
    claims = of_kind(overridden, "PersistentVolumeClaim").values()
    assert {one["spec"]["storageClassName"] for one in claims} == {"other-class"}
    assert {one["spec"]["resources"]["requests"]["storage"] for one in claims} == {"1Gi", "2Gi", "3Gi", "4Gi"}
    endpoints = of_kind(overridden, "ConfigMap")["trading-system-endpoints"]["data"]
    assert endpoints == {key.upper(): str(value) for key, value in OVERRIDES["trading_system_endpoints"].items()}
    java = of_kind(overridden, "Deployment")["java-component"]
    assert {"name": "JAVA_OPTS", "value": "-XX:+UseZGC"} in container(java)["env"]
    assert {"name": "heap-dumps", "emptyDir": {"sizeLimit": "3Gi"}} in pod(java)["volumes"]
    job = of_kind(overridden, "Job")["model-training-run"]["spec"]
    assert (job["backoffLimit"], job["activeDeadlineSeconds"]) == (9, 4321)
    policies = json.dumps(list(of_kind(overridden, "NetworkPolicy").values()))
    assert all(name in policies for name in ("gateway-ns", "monitoring-ns", "mesh-ns"))


def test_every_variable_of_the_role_is_overridden_here() -> None:
    elsewhere = {"components", "scale", "images", "only", "strategy", "blue_green", "canary", "live_deployment", "inference_zones", "wait_timeout"}
    with open("roles/trading_system/defaults/main.yml", encoding="utf-8") as file:
        names = set(yaml.safe_load(file))
    assert names == set(OVERRIDES) | {f"trading_system_{name}" for name in elsewhere}


def test_one_component_alone(render: Callable[..., Objects]) -> None:
    objects = render(["trading_system"], trading_system_only="data-acquisition, model-training")["trading_system"]
    assert set(of_kind(objects, "Deployment")) == {"data-acquisition", "model-training"}
    assert set(of_kind(objects, "Job")) == {"model-training-run"}
    assert set(of_kind(objects, "PersistentVolumeClaim")) == {"data-pvc", "features-pvc", "models-pvc", "strategies-pvc"}


@pytest.mark.requirement("D1")
def test_rolling_renews_pod_by_pod(rendered: Objects) -> None:
    deployments = of_kind(rendered["trading_system"], "Deployment")
    surges = {name: tuple(one["spec"]["strategy"]["rollingUpdate"].values()) for name, one in deployments.items()}
    assert surges.pop("model-training") == (0, 1), "a surge pod would wait for a GPU for ever"
    assert set(surges.values()) == {(1, 0)}
    assert "trading-strategy" in deployments


@pytest.mark.requirement("D2")
@pytest.mark.parametrize(("live", "idle"), [("blue", "green"), ("green", "blue")])
def test_blue_green_has_two_sides_and_one_live(render: Callable[..., Objects], live: str, idle: str) -> None:
    setting = {"live": live, "replicas": {"live": 4, "idle": 1}}
    objects = render(["trading_system"], trading_system_strategy="blue_green", trading_system_blue_green=setting)["trading_system"]
    deployments, services = of_kind(objects, "Deployment"), of_kind(objects, "Service")
    assert "trading-strategy" not in deployments
    assert [deployments[f"trading-strategy-{side}"]["spec"]["replicas"] for side in (live, idle)] == [4, 1]
    for side in ("blue", "green"):
        assert deployments[f"trading-strategy-{side}"]["spec"]["selector"]["matchLabels"] == {"app": "trading-strategy", "version": side}
    assert services["trading-strategy"]["spec"]["selector"] == {"app": "trading-strategy", "version": live}
    assert services["trading-strategy-preview"]["spec"]["selector"] == {"app": "trading-strategy", "version": idle}
    images = {side: container(deployments[f"trading-strategy-{side}"])["image"] for side in ("blue", "green")}
    assert images["blue"] != images["green"]


@pytest.mark.requirement("D3")
def test_canary_shares_by_weight(render: Callable[..., Objects]) -> None:
    setting = {"stable": "v1", "replicas": {"v1": 3, "v2": 2}, "weights": {"v1": 75, "v2": 25}}
    objects = render(["trading_system"], trading_system_strategy="canary", trading_system_canary=setting)["trading_system"]
    routes = of_kind(objects, "VirtualService")["trading-strategy"]["spec"]["http"][0]["route"]
    assert [(one["destination"]["subset"], one["weight"]) for one in routes] == [("v1", 75), ("v2", 25)]
    subsets = {one["name"]: one["labels"] for one in of_kind(objects, "DestinationRule")["trading-strategy"]["spec"]["subsets"]}
    deployments = of_kind(objects, "Deployment")
    for version, replicas in (("v1", 3), ("v2", 2)):
        deployment = deployments[f"trading-strategy-{version}"]
        assert deployment["spec"]["replicas"] == replicas
        assert subsets[version].items() <= deployment["spec"]["template"]["metadata"]["labels"].items()
    assert of_kind(objects, "Service")["trading-strategy"]["spec"]["selector"] == {"app": "trading-strategy"}


@pytest.mark.parametrize("strategy", ["rolling", "blue_green", "canary"])
def test_one_budget_selects_each_pod(render: Callable[..., Objects], strategy: str) -> None:
    """Kubernetes refuses to evict a pod that two budgets select."""
    objects = render(["trading_system"], trading_system_strategy=strategy)["trading_system"]
    budgets = [one["spec"]["selector"]["matchLabels"] for one in of_kind(objects, "PodDisruptionBudget").values()]
    for name, deployment in of_kind(objects, "Deployment").items():
        labels = deployment["spec"]["template"]["metadata"]["labels"].items()
        assert sum(selector.items() <= labels for selector in budgets) == 1, name


@pytest.mark.requirement("A5")
def test_one_replica_per_zone_leaves_no_room_for_a_surge(render: Callable[..., Objects]) -> None:
    inference = of_kind(render(["trading_system"], trading_system_inference_zones="required_per_zone")["trading_system"], "Deployment")["model-inference"]
    required = pod(inference)["affinity"]["podAntiAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"]
    assert [term["topologyKey"] for term in required] == ["topology.kubernetes.io/zone"]
    assert inference["spec"]["strategy"]["rollingUpdate"] == {"maxSurge": 0, "maxUnavailable": 1}


def test_a_tenth_of_the_size_is_still_valid(render: Callable[..., Objects], rendered: Objects) -> None:
    roles = ["trading_namespace", "trading_system"]
    small = render(roles, trading_system_scale=0.1)
    scaled = of_kind(small["trading_system"], "Deployment")
    for name, full in of_kind(rendered["trading_system"], "Deployment").items():
        for side, figures in container(full)["resources"].items():
            found = container(scaled[name])["resources"][side]
            for what in ("cpu", "memory"):
                assert re.fullmatch(r"\d+(m|Ki|Mi|Gi)?", found[what]), f"{name} {side}.{what} is {found[what]}"
                assert abs(parse(found[what]) / parse(figures[what]) * 10 - 1) < 0.05, f"{name} {side}.{what} is {found[what]}"
            assert found.get("nvidia.com/gpu") == figures.get("nvidia.com/gpu"), "a tenth of a GPU does not exist"
    quota = of_kind(small["trading_namespace"], "ResourceQuota")["trading-system-quota"]
    assert quota["spec"]["hard"]["requests.cpu"] == "64", "the ceiling is not scaled"


REFUSED = {
    "latest": ({"trading_system_images": {"data-acquisition": {**IMAGE, "tag": "latest"}}}, ["data-acquisition", "trading_system_images", "latest"]),
    "no digest": (
        {"trading_system_images": {"data-acquisition": {"repository": "r", "tag": "1"}}},
        ["data-acquisition", "trading_system_images", "digest"],
    ),
    "short digest": ({"trading_system_images": {"data-acquisition": {**IMAGE, "digest": "sha256:abc"}}}, ["data-acquisition", "64 hexadecimal"]),
    "no image": ({"trading_system_images": {"x": IMAGE}}, ["data-acquisition", "not set"]),
    "unknown component": ({"trading_system_only": "data-aquisition"}, ["data-aquisition", "trading_system_only"]),
    "unknown override": ({"trading_system_overrides": {"model-interference": {}}}, ["model-interference", "trading_system_overrides"]),
    "unknown strategy": ({"trading_system_strategy": "big_bang"}, ["big_bang", "blue_green"]),
    "weights": (
        {"trading_system_strategy": "canary", "trading_system_canary": {"stable": "v1", "replicas": {"v1": 3, "v2": 3}, "weights": {"v1": 90, "v2": 20}}},
        ["90 and 20", "trading_system_canary.weights"],
    ),
    "zones": (
        {"trading_system_inference_zones": "required_per_zone"},
        ["6 replicas", "zone-a, zone-b, zone-c", "trading_system_inference_zones"],
    ),
}


@pytest.mark.requirement("A8")
@pytest.mark.parametrize(("variables", "words"), REFUSED.values(), ids=REFUSED)
def test_refuses_by_name(apply_role: Callable[..., Any], variables: dict[str, Any], words: list[str]) -> None:
    answer = apply_role("trading_system", **{"trading_system_only": "data-acquisition", **variables})
    assert answer.returncode != 0, answer.stdout
    said = re.sub(r"\s+", " ", answer.stdout + answer.stderr)
    assert all(word in said for word in words), said


def test_the_whole_role_runs(apply_role: Callable[..., Any]) -> None:
    answer = apply_role("trading_system", trading_system_strategy="blue_green")
    assert answer.returncode == 0, answer.stdout


NAMESPACE_OVERRIDES: dict[str, Any] = {
    "trading_namespace_name": "elsewhere",
    "trading_namespace_pod_security": "baseline",
    "trading_namespace_mesh_injection": "disabled",
    "trading_namespace_limit_range": {
        "default": {"cpu": "700m", "memory": "700Mi"},
        "default_request": {"cpu": "300m", "memory": "300Mi"},
        "max": {"cpu": "3", "memory": "3Gi"},
    },
    "trading_namespace_priority_classes": {"trading-critical": 30, "trading-default": 20, "batch": 10},
    "trading_namespace_dns_namespace": "dns-ns",
    "trading_namespace_dns_app": "dns-app",
}


@pytest.mark.requirement("N1", "N3", "N6")
def test_namespace_overrides(render: Callable[..., Objects]) -> None:
    objects = render(["trading_namespace"], **NAMESPACE_OVERRIDES)["trading_namespace"]
    labels = of_kind(objects, "Namespace")["elsewhere"]["metadata"]["labels"]
    assert (labels["name"], labels["istio-injection"], labels["pod-security.kubernetes.io/enforce"]) == ("elsewhere", "disabled", "baseline")
    limits = of_kind(objects, "LimitRange")["elsewhere-limits"]["spec"]["limits"][0]
    assert (limits["default"]["cpu"], limits["defaultRequest"]["memory"], limits["max"]["cpu"]) == ("700m", "300Mi", "3")
    assert {name: one["value"] for name, one in of_kind(objects, "PriorityClass").items()} == NAMESPACE_OVERRIDES["trading_namespace_priority_classes"]
    policies = json.dumps(of_kind(objects, "NetworkPolicy"))
    assert "dns-ns" in policies and "dns-app" in policies


@pytest.mark.requirement("N2")
def test_quota_holds_the_eleven_figures(rendered: Objects) -> None:
    hard = of_kind(rendered["trading_namespace"], "ResourceQuota")["trading-system-quota"]["spec"]["hard"]
    assert hard == {
        "requests.cpu": "64",
        "requests.memory": "128Gi",
        "requests.nvidia.com/gpu": "4",
        "limits.cpu": "128",
        "limits.memory": "256Gi",
        "limits.nvidia.com/gpu": "8",
        "pods": "100",
        "services": "50",
        "persistentvolumeclaims": "50",
        "secrets": "100",
        "configmaps": "100",
    }
