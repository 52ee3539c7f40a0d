"""Secrets, database, cache, monitoring and autoscaling as they are rendered, and what their roles refuse."""

from __future__ import annotations

import base64
import json
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

ROLES = ["secrets", "database", "cache", "monitoring", "autoscaling"]
Objects = dict[str, list[dict[str, Any]]]
Render = Callable[..., Objects]


@pytest.fixture(scope="module")
def objects(render: Render) -> Objects:
    return render(ROLES)


def find(objects: list[dict[str, Any]], kind: str, name: str) -> dict[str, Any]:
    return next(obj for obj in objects if (obj["kind"], obj["metadata"]["name"]) == (kind, name))


def pod_specs(objects: Objects) -> Iterator[tuple[str, dict[str, Any]]]:
    for obj in (obj for role in objects.values() for obj in role):
        template = obj.get("spec", {}).get("jobTemplate", obj).get("spec", {}).get("template")
        if template:
            yield obj["metadata"]["name"], template["spec"]


@pytest.mark.requirement("S6")
def test_exported_secrets_carry_keys_and_no_values(objects: Objects) -> None:
    secret = find(objects["secrets"], "Secret", "timescaledb-credentials")
    assert set(secret["data"]) == {"username", "password", "superuser-password", "replication-password", "patroni-password"}
    assert [key for key, value in secret["data"].items() if value] == ["username"]
    config = find(objects["monitoring"], "Secret", "alertmanager-configuration")["data"]["alertmanager.yaml"]
    assert all(set(receiver) == {"name"} for receiver in yaml.safe_load(base64.b64decode(config))["receivers"])


@pytest.mark.requirement("S6")
def test_external_secrets_leave_no_value_in_the_cluster_manifests(render: Render) -> None:
    objects = render(["secrets"], secrets_source="external", secrets_external_server="https://vault.test:8200")["secrets"]
    assert {obj["kind"] for obj in objects} == {"ServiceAccount", "SecretStore", "ExternalSecret"}
    assert {obj["metadata"]["name"] for obj in objects if obj["kind"] == "ExternalSecret"} == {
        "timescaledb-credentials",
        "redis-credentials",
        "grafana-admin",
    }


@pytest.mark.requirement("S1", "S3", "S7")
@pytest.mark.parametrize(
    ("role", "name", "storage_class", "replicas"),
    [("database", "timescaledb", "fast", 3), ("cache", "redis", "standard", 3), ("monitoring", "prometheus", "standard", 2)],
)
def test_state_is_persistent(objects: Objects, role: str, name: str, storage_class: str, replicas: int) -> None:
    spec = find(objects[role], "StatefulSet", name)["spec"]
    assert spec["replicas"] == replicas
    assert spec["persistentVolumeClaimRetentionPolicy"] == {"whenDeleted": "Retain", "whenScaled": "Retain"}
    assert [claim["spec"]["storageClassName"] for claim in spec["volumeClaimTemplates"]] == [storage_class]


@pytest.mark.requirement("S1")
def test_the_database_replicates_synchronously(objects: Objects) -> None:
    config = yaml.safe_load(find(objects["database"], "ConfigMap", "timescaledb-configuration")["data"]["patroni.yaml"])
    dcs = config["bootstrap"]["dcs"]
    assert (dcs["synchronous_mode"], dcs["synchronous_mode_strict"], dcs["synchronous_node_count"]) == (True, True, 1)
    assert config["scope"] == find(objects["database"], "Service", "timescaledb-primary")["metadata"]["name"]
    assert "selector" not in find(objects["database"], "Service", "timescaledb-primary")["spec"]


@pytest.mark.requirement("S1")
def test_patroni_may_write_only_its_own_endpoints(objects: Objects) -> None:
    rules = find(objects["database"], "Role", "timescaledb-patroni")["rules"]
    writing = [rule for rule in rules if "endpoints" in rule["resources"] and "patch" in rule["verbs"]]
    assert [name for rule in writing for name in rule["resourceNames"] if not name.startswith("timescaledb-primary")] == []
    assert writing


@pytest.mark.requirement("S1", "A8")
def test_a_changed_configuration_restarts_the_instances(objects: Objects, render: Render) -> None:
    def marks(role: str, rendered: Objects) -> set[str]:
        found = (
            obj["spec"]["template"]["metadata"].get("annotations", {}) for obj in rendered[role] if obj["kind"] == "StatefulSet"
        )
        return {annotations["autotrade.deployment/configuration-hash"] for annotations in found}

    changed = render(["database", "cache"], database_archive_command="wal-g wal-push %p", cache_fsync="always")
    assert marks("database", objects).isdisjoint(marks("database", changed))
    assert marks("cache", objects).isdisjoint(marks("cache", changed))


@pytest.mark.requirement("A8", "S6")
def test_no_password_reaches_an_argument(objects: Objects) -> None:
    for name, spec in pod_specs(objects):
        for container in [*spec.get("initContainers", []), *spec["containers"]]:
            words = [*container.get("command", []), *container.get("args", [])]
            assert not [word for word in words if re.search(r"PASSWORD|\$\(REDISCLI_AUTH\)", word)], name


@pytest.mark.requirement("A8")
def test_shell_scripts_parse(objects: Objects) -> None:
    scripts = [
        (name, text)
        for role in ("database", "cache")
        for obj in objects[role]
        if obj["kind"] == "ConfigMap"
        for name, text in obj["data"].items()
        if name.endswith(".sh")
    ]
    assert len(scripts) == 6
    for name, text in scripts:
        result = subprocess.run(["sh", "-n"], input=text, capture_output=True, text=True, check=False, timeout=600)
        assert result.returncode == 0, f"{name}: {result.stderr}"


@pytest.mark.requirement("S4")
def test_prometheus_accepts_its_configuration(objects: Objects, tmp_path: Path) -> None:
    promtool = shutil.which("promtool")
    if promtool is None:
        pytest.fail("promtool is not on the PATH; install it with: apt-get install -y prometheus (and disable its service)")
    data = find(objects["monitoring"], "ConfigMap", "prometheus-configuration")["data"]
    config = yaml.safe_load(data["prometheus.yaml"])
    config.pop("scrape_config_files")
    files = [name for name in data if name.startswith("scrape-")]
    config["scrape_configs"] = [job for name in files for job in yaml.safe_load(data[name])["scrape_configs"]]
    config["rule_files"] = []
    # Debian's promtool is built without Kubernetes discovery: its part is judged here, the rest by promtool.
    for job in config["scrape_configs"]:
        assert {found["role"] for found in job.pop("kubernetes_sd_configs")} <= {"node", "pod", "endpointslice"}
        job["static_configs"] = [{"targets": ["example:80"]}]
    (tmp_path / "prometheus.yaml").write_text(yaml.safe_dump(config))
    command = [promtool, "check", "config", "--syntax-only", str(tmp_path / "prometheus.yaml")]
    result = subprocess.run(command, capture_output=True, text=True, check=False, timeout=600)
    assert result.returncode == 0, result.stdout + result.stderr
    rules = [str(tmp_path / name) for name in ("recordings.yaml", "alerts.yaml", "extra.yaml")]
    for path in rules:
        Path(path).write_text(data[Path(path).name])
    result = subprocess.run([promtool, "check", "rules", *rules], capture_output=True, text=True, check=False, timeout=600)
    assert result.returncode == 0, result.stdout + result.stderr


@pytest.mark.requirement("S4")
def test_every_job_that_a_rule_names_is_scraped(objects: Objects) -> None:
    data = find(objects["monitoring"], "ConfigMap", "prometheus-configuration")["data"]
    jobs = {
        job["job_name"] for name in data if name.startswith("scrape-") for job in yaml.safe_load(data[name])["scrape_configs"]
    }
    asked = {job for jobs in re.findall(r'\bjob=~?"([^"]+)"', data["alerts.yaml"]) for job in jobs.split("|")}
    # The monitoring's own pods are one job that takes each pod's name.
    assert asked - jobs == {"alertmanager"}


@pytest.mark.requirement("S8")
def test_alerts_go_where_the_variables_say(render: Render) -> None:
    rendered = render(["monitoring"], monitoring_receivers=[{"name": "a"}, {"name": "b"}, {"name": "watchdog"}],
                      monitoring_default_receiver="a", monitoring_critical_receiver="b")["monitoring"]  # fmt: skip
    config = yaml.safe_load(base64.b64decode(find(rendered, "Secret", "alertmanager-configuration")["data"]["alertmanager.yaml"]))
    routes = {route["matchers"][0]: route["receiver"] for route in config["route"]["routes"]}
    assert config["route"]["receiver"] == "a"
    assert routes == {'alertname="Watchdog"': "watchdog", 'severity="critical"': "b"}


@pytest.mark.requirement("S4", "X4")
def test_grafana_asks_who_it_is_and_knows_the_dashboards(objects: Objects) -> None:
    data = find(objects["monitoring"], "ConfigMap", "grafana-configuration")["data"]
    assert "[auth.anonymous]\nenabled = false" in data["grafana.ini"]
    dashboards = find(objects["monitoring"], "ConfigMap", "grafana-dashboards")["data"]
    assert {json.loads(text)["uid"] for text in dashboards.values()} == {
        "trading-overview",
        "trading-rollout",
        "trading-capacity",
    }


@pytest.mark.requirement("H2")
def test_the_literal_autoscaler_can_be_had(render: Render) -> None:
    rendered = render(["autoscaling"], autoscaling_trading_strategy_source="pods_metric")["autoscaling"]
    spec = find(rendered, "HorizontalPodAutoscaler", "trading-strategy-hpa")["spec"]
    assert spec["metrics"][1]["pods"]["target"] == {"type": "AverageValue", "averageValue": "1000"}
    assert not [obj for obj in rendered if obj["kind"] == "ScaledObject"]


@pytest.mark.requirement("H2")
def test_the_autoscaler_follows_the_live_deployment(render: Render) -> None:
    rendered = render(["autoscaling"], trading_system_strategy="blue_green", trading_system_blue_green={"live": "green"})[
        "autoscaling"
    ]
    assert find(rendered, "ScaledObject", "trading-strategy")["spec"]["scaleTargetRef"]["name"] == "trading-strategy-green"


@pytest.mark.requirement("H3")
def test_no_two_autoscalers_on_one_resource(objects: Objects) -> None:
    resources = {
        obj["spec"]["targetRef"]["name"]: (
            obj["spec"]["updatePolicy"]["updateMode"],
            obj["spec"]["resourcePolicy"]["containerPolicies"][0]["controlledResources"],
        )
        for obj in objects["autoscaling"]
        if obj["kind"] == "VerticalPodAutoscaler"
    }
    assert len(resources) == 13
    assert {name for name, (mode, _) in resources.items() if mode == "Off"} == {"timescaledb", "redis", "model-training"}
    assert [resources[name][1] for name in ("feature-engineering", "trading-strategy")] == [["memory"], ["memory"]]


REFUSED = {
    "no password": ("secrets", {"secrets_cache_password": ""}, ["secrets_cache_password is empty", "ansible-vault"]),
    "short password": ("secrets", {"secrets_grafana_password": "short"}, ["secrets_grafana_password", "12"]),
    "vault without tls": (
        "secrets",
        {"secrets_source": "external", "secrets_external_server": "http://vault"},
        ["secrets_external_server", "https://"],
    ),
    "two synchronous instances": (
        "database",
        {"database_replicas": 2, "database_min_available": 1},
        ["database_replicas is 2", "three"],
    ),
    "a database image without a digest": (
        "database",
        {"database_images": {"timescaledb": {"repository": "r", "tag": "1", "digest": ""}}},
        ["database_images.timescaledb", "digest"],
    ),
    "an even number of sentinels": ("cache", {"cache_replicas": 4}, ["cache_replicas is 4", "odd"]),
    "nobody to page": ("monitoring", {"monitoring_receivers": []}, ["on-call, watchdog", "monitoring_receivers"]),
    "a resized database": (
        "autoscaling",
        {"autoscaling_vertical_modes": {"timescaledb": "Initial", "redis": "Off", "model-training": "Off"}},
        ["autoscaling_vertical_modes.timescaledb", "Off"],
    ),
}


ODD_PASSWORD = "a\"b'c\\d$e%f: #"


@pytest.fixture(scope="module")
def refused(run_role: Callable[..., dict[str, str]]) -> dict[str, str]:
    """What each case failed with; one run of each role."""
    by_role: dict[str, dict[str, Any]] = {"secrets": {"odd characters": {"secrets_cache_password": ODD_PASSWORD}}}
    for name, (role, variables, _) in REFUSED.items():
        by_role.setdefault(role, {})[name] = variables
    return {name: said for role, cases in by_role.items() for name, said in run_role(role, cases).items()}


@pytest.mark.requirement("S1", "S3", "S6", "S8", "H3")
@pytest.mark.parametrize("name", REFUSED)
def test_refuses_by_name(refused: dict[str, str], name: str) -> None:
    said = re.sub(r"\s+", " ", refused.get(name, "accepted"))
    assert all(word in said for word in REFUSED[name][2]), said


@pytest.mark.requirement("S6")
def test_a_password_may_have_odd_characters(refused: dict[str, str]) -> None:
    assert "odd characters" not in refused
