"""Every variable of trading_system does what it says."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible_collections.autotrade.deployment.plugins.module_utils.core.quantities import parse

from tests.support.manifests import Objects, container, of_kind, pod

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture(scope="module")
def own(render: Callable[..., Objects]) -> Objects:
    return render(["trading_namespace", "trading_system"])


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
    "trading_system_pre_stop_seconds": "14",
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
        assert (
            spec["securityContext"]["runAsUser"]
            == spec["securityContext"]["runAsGroup"]
            == spec["securityContext"]["fsGroup"]
            == 12345
        )


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
    elsewhere = {
        "components",
        "scale",
        "images",
        "only",
        "strategy",
        "blue_green",
        "canary",
        "inference_zones",
        "wait_timeout",
        "training_run_replaced",
        "prune",
        "prune_rules",
    }
    names = set(yaml.safe_load((ROOT / "roles/trading_system/defaults/main.yml").read_text(encoding="utf-8")))
    assert names == set(OVERRIDES) | {f"trading_system_{name}" for name in elsewhere}


def test_one_component_alone(render: Callable[..., Objects]) -> None:
    objects = render(["trading_system"], trading_system_only="data-acquisition, model-training")["trading_system"]
    assert set(of_kind(objects, "Deployment")) == {"data-acquisition", "model-training"}
    assert set(of_kind(objects, "Job")) == {"model-training-run"}
    assert set(of_kind(objects, "PersistentVolumeClaim")) == {"data-pvc", "features-pvc", "models-pvc", "strategies-pvc"}


def test_a_tenth_of_the_size_is_still_valid(render: Callable[..., Objects], own: Objects) -> None:
    roles = ["trading_namespace", "trading_system"]
    small = render(roles, trading_system_scale=0.1)
    scaled = of_kind(small["trading_system"], "Deployment")
    for name, full in of_kind(own["trading_system"], "Deployment").items():
        for side, figures in container(full)["resources"].items():
            found = container(scaled[name])["resources"][side]
            for what in ("cpu", "memory"):
                assert re.fullmatch(r"\d+(m|Ki|Mi|Gi)?", found[what]), f"{name} {side}.{what} is {found[what]}"
                assert abs(parse(found[what]) / parse(figures[what]) * 10 - 1) < 0.05, f"{name} {side}.{what} is {found[what]}"
            assert found.get("nvidia.com/gpu") == figures.get("nvidia.com/gpu"), "a tenth of a GPU does not exist"
    quota = of_kind(small["trading_namespace"], "ResourceQuota")["trading-system-quota"]
    assert quota["spec"]["hard"]["requests.cpu"] == "64", "the ceiling is not scaled"
