"""What an example leaves to its user is refused before a host is touched, all of it at once; a finished inventory is accepted."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.conftest import ROOT
from tests.support import inventories

pytestmark = pytest.mark.requirement("C8")

EVERYWHERE = [
    "cluster_store_url names store.example.com",
    "monitoring_receivers[0].webhook_configs[0].url is empty",
    "gateway_host names api.trading.example.com",
    "control_plane_encryption_key does not hold 32 bytes in base64",
    "gpu_node_images.device_plugin is nvcr.io/nvidia/k8s-device-plugin:v0.20.0 with the digest ''",
    "database_images.timescaledb is",
    "cache_images.exporter is",
    "monitoring_images.node_exporter is",
    "secrets_database_superuser_password is empty or shorter than 12 characters",
    "The image of model-inference is",
    "trading_system_images.data-pipeline.repository names registry.example.com",
    "tigera-operator.yaml (Calico's operator) has the sha256 no file; expected the one of a file that you have checked",
]
HERE = {
    "prod": [
        "host gpu-2.example.com names gpu-2.example.com and 192.0.2.32",
        "cluster_endpoint_address names 192.0.2.100",
        "storage_node_volume_groups of storage-1.example.com.ssd[1] names nvme-2.example.com: reserved for examples",
    ],
    "gcp": [
        "cluster_endpoint_address names 192.0.2.100",
        "cloud_controller_images.gcp is registry.k8s.io/cloud-provider-gcp/cloud-controller-manager:v35.0.0",
    ],
    "aws": [
        "cluster_endpoint_address names api.trading.example.com",
        "cloud_controller_images.aws is registry.k8s.io/provider-aws/cloud-controller-manager:v1.36.1",
        "storage_classes_aws_efs_id is ''",
    ],
}


def told(answer: Any) -> str:
    return " ".join((answer.stdout + answer.stderr).split())


@pytest.mark.parametrize("name", HERE)
def test_everything_that_is_left_open_is_told_at_once(name: str, tmp_path: Path) -> None:
    answer = inventories.play(inventories.started(name, tmp_path), [inventories.settings_play()])
    said = told(answer)
    assert answer.returncode != 0
    assert not [part for part in EVERYWHERE + HERE[name] if part not in said], said[-4000:]
    assert "Finalization" not in said


@pytest.mark.parametrize(
    ("file", "change", "said"),
    [
        (
            "cluster.yml",
            ("cluster_endpoint_address: 10.20.0.100", "cluster_endpoint_address: ''"),
            "cluster_endpoint_address is empty",
        ),
        ("platform_manifests.yml", ("sha256: ", "sha256: 0"), "metallb-native.yaml (MetalLB) has the sha256"),
        (
            "platform_manifests.yml",
            ("digests:", "elsewhere:"),
            "(MetalLB) runs quay.io/tigera/operator:v1.42.4; expected each by its",
        ),
        ("vault.yml", ("-cache", ""), "secrets_cache_password is empty or shorter"),
    ],
)
def test_one_thing_that_is_wrong_is_the_one_that_is_told(file: str, change: tuple[str, str], said: str, tmp_path: Path) -> None:
    inventory = inventories.finished("prod", tmp_path)
    path = inventory / "group_vars/all" / file
    text = path.read_text(encoding="utf-8")
    changed = text.replace(*change) if file != "vault.yml" else text.replace("never-to-be-shown-cache", "short")
    assert changed != text
    path.write_text(changed, encoding="utf-8")
    answer = inventories.play(inventory, [inventories.settings_play()])
    assert answer.returncode != 0
    assert said in told(answer)
    assert "never-to-be-shown" not in told(answer)


def test_mirrors_are_asked_of_the_hosts_that_have_them_and_told_once(tmp_path: Path) -> None:
    inventory = inventories.finished("prod", tmp_path)
    path = inventory / "group_vars/cluster_hosts.yml"
    mirrors = 'mirrors: {docker.io: ["https://mirror.example.com"]}'
    path.write_text(path.read_text().replace("mirrors: {}", mirrors))
    (inventory / "group_vars/gpu_nodes.yml").write_text(
        'container_runtime_registry_mirrors: {quay.io: ["https://gpu.example.com"]}\n'
    )
    answer = inventories.play(inventory, [inventories.settings_play()])
    said = told(answer)
    assert answer.returncode != 0
    assert "leaves 2 settings open" in said, said[-3000:]
    assert "container_runtime_registry_mirrors of control-plane-1.trading.internal.docker.io[0] names mirror.example.com" in said
    assert "container_runtime_registry_mirrors of gpu-1.trading.internal.quay.io[0] names gpu.example.com" in said


@pytest.mark.parametrize("name", ["tracing", "logging"])
def test_a_component_that_is_switched_on_is_asked_and_one_that_is_not_is_not(name: str, tmp_path: Path) -> None:
    inventory = inventories.finished("prod", tmp_path)
    bad = {f"{name}_images": {"one": {"repository": "registry.trading.internal/one", "tag": "latest", "digest": ""}}}
    for on in (True, False):
        play = {**inventories.settings_play(), "vars": {f"{name}_enabled": on, **bad}}
        said = told(inventories.play(inventory, [play]))
        assert (f"{name}_images.one is registry.trading.internal/one:latest" in said) is on, said[-3000:]


def test_a_pool_on_too_few_hosts_is_refused(tmp_path: Path) -> None:
    inventory = inventories.finished("prod", tmp_path)
    path = inventory / "hosts.yml"
    hosts = yaml.safe_load(path.read_text(encoding="utf-8"))
    del hosts["all"]["children"]["cluster_hosts"]["children"]["cpu_nodes"]["hosts"]["cpu-1.trading.internal"][
        "storage_node_volume_groups"
    ]
    path.write_text(yaml.safe_dump(hosts), encoding="utf-8")
    said = told(inventories.play(inventory, [inventories.settings_play()]))
    assert "has disks on [storage-1.trading.internal, storage-2.trading.internal], in 2 zone(s); expected 3 host(s)" in said
    assert "leaves 1 settings open" in said


def test_google_clouds_network_has_to_be_named(tmp_path: Path) -> None:
    inventory = inventories.finished("gcp", tmp_path)
    path = inventory / "group_vars/all/cluster.yml"
    path.write_text(path.read_text().replace("cloud_controller_gcp_network: trading", "cloud_controller_gcp_network: ''"))
    said = told(inventories.play(inventory, [inventories.settings_play()]))
    assert "cloud_controller_gcp_network is ''; expected a name as Google Cloud shows it" in said


def test_the_lab_and_the_simulated_cluster_are_not_asked(tmp_path: Path) -> None:
    answer = inventories.play(tmp_path / "none,", [{**inventories.settings_play(), "vars": {"cluster_platform": "lab"}}])
    assert answer.returncode == 0, told(answer)


def test_settings_are_judged_before_hosts_are_measured() -> None:
    plays = yaml.safe_load((ROOT / "playbooks/preflight.yml").read_text(encoding="utf-8"))
    roles = [
        task["ansible.builtin.import_role"]["name"]
        for one in plays
        for task in one["tasks"]
        if "ansible.builtin.import_role" in task
    ]
    assert roles == ["autotrade.deployment.settings_preflight", "autotrade.deployment.node_preflight"]


def test_no_secret_stands_in_an_inventory() -> None:
    for path in (ROOT / "inventories/prod").rglob("*.yml"):
        settings = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
        secret = {name: value for name, value in settings.items() if "password" in name or "encryption_key" in name}
        assert all("vault_" in str(value) for value in secret.values()), path
