"""Every role rendered with each inventory for production, checks and argument specs included, and judged by the requirements."""

from __future__ import annotations

import re
from functools import lru_cache
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible_collections.autotrade.deployment.plugins.module_utils.core.requirements.evaluation import evaluate
from ansible_collections.autotrade.deployment.plugins.module_utils.core.requirements.model import Cluster, State

from tests.conftest import ROOT
from tests.requirements.simulation import Placing, nodes_of
from tests.support import inventories

Objects = list[dict[str, Any]]
PROVIDERS = {"prod": "", "gcp": "gce://", "aws": "aws:///"}
named = pytest.mark.parametrize("name", PROVIDERS)
# Images of other projects' operators are theirs; these roles name their own.
IMAGES = ("images_platform.yml", "images_components.yml")


@pytest.fixture
def cluster(exported: Any, tmp_path: Path, name: str) -> Cluster:
    """The objects, the inventory's hosts as nodes, and a pod on a node for each replica."""
    objects: Objects = [obj for found in exported(name).values() for obj in found]
    nodes = nodes_of(str(inventories.finished(name, tmp_path)))
    for node in nodes:
        node["spec"]["providerID"] = PROVIDERS[name] and PROVIDERS[name] + node["metadata"]["name"]
    objects += nodes
    return Cluster(objects + list(Placing(Cluster(objects)).pods()))


@pytest.mark.requirement("C8")
@named
def test_no_requirement_fails(cluster: Cluster, name: str) -> None:
    failed = {finding.id: finding.message for finding in evaluate(cluster) if finding.state is State.FAILED}
    assert failed == {}


@pytest.mark.requirement("C8", "C9")
@pytest.mark.parametrize(("name", "pools", "controllers"), [("prod", 1, 0), ("gcp", 0, 1), ("aws", 0, 1)])
def test_services_get_addresses_from_metallb_or_from_the_cloud(exported: Any, name: str, pools: int, controllers: int) -> None:
    kinds = [(obj["kind"], obj["metadata"]["name"]) for found in exported(name).values() for obj in found]
    assert sum(kind == "IPAddressPool" for kind, _name in kinds) == pools
    assert sum(one == ("DaemonSet", "cloud-controller-manager") for one in kinds) == controllers


@pytest.mark.requirement("C4")
@pytest.mark.parametrize(
    ("name", "provisioners"),
    [
        ("prod", ["linstor.csi.linbit.com"] * 3),
        ("gcp", ["pd.csi.storage.gke.io", "filestore.csi.storage.gke.io", "pd.csi.storage.gke.io"]),
        ("aws", ["ebs.csi.aws.com", "efs.csi.aws.com", "ebs.csi.aws.com"]),
    ],
)
def test_storage_classes_are_those_of_the_platform(exported: Any, name: str, provisioners: list[str]) -> None:
    found = [obj for obj in exported(name)["storage_classes"] if obj["kind"] == "StorageClass"]
    classes = {obj["metadata"]["name"]: obj["provisioner"] for obj in found}
    assert [classes[one] for one in ("fast", "shared", "standard")] == provisioners


@pytest.mark.requirement("C4", "S1")
def test_linstor_finds_its_pool_on_as_many_hosts_as_the_database_has_instances(exported: Any, tmp_path: Path) -> None:
    objects = exported("prod")["storage_classes"]
    (configuration,) = (obj for obj in objects if obj["metadata"]["name"] == "storage-pool")
    (pool,) = configuration["spec"]["storagePools"]
    (term,) = configuration["spec"]["nodeAffinity"]["nodeSelectorTerms"]
    (expression,) = term["matchExpressions"]
    hosts = {
        name: host
        for name, host in inventories.hosts_of(inventories.finished("prod", tmp_path)).items()
        if host.get("storage_node_volume_groups", {}).get(pool["lvmPool"]["volumeGroup"])
    }
    assert (expression["key"], set(expression["values"])) == ("kubernetes.io/hostname", set(hosts))
    (database,) = (obj for obj in exported("prod")["database"] if obj["kind"] == "StatefulSet")
    assert database["spec"]["volumeClaimTemplates"][0]["spec"]["storageClassName"] == "fast"
    assert len(hosts) >= database["spec"]["replicas"]
    assert {host["node_class"] for host in hosts.values()} <= {"storage", "cpu"}
    assert len({host["node_zone"] for host in hosts.values()}) == 3
    pools = {obj["parameters"]["linstor.csi.linbit.com/storagePool"] for obj in objects if obj["kind"] == "StorageClass"}
    assert pools == {pool["name"]}


@pytest.mark.requirement("C3")
@pytest.mark.parametrize(("name", "encapsulation"), [("prod", "VXLANCrossSubnet"), ("gcp", "VXLAN"), ("aws", "VXLANCrossSubnet")])
def test_pods_packets_travel_as_the_network_carries_them(exported: Any, name: str, encapsulation: str) -> None:
    (installation,) = exported(name)["pod_network"]
    (pool,) = installation["spec"]["calicoNetwork"]["ipPools"]
    assert pool["encapsulation"] == encapsulation


# --- both architectures


def may_run_on_grace(workload: Any) -> bool:
    node = {"autotrade.deployment/node-class": "gpu", "nvidia.com/gpu.present": "true", "kubernetes.io/arch": "arm64"}
    taint = {"key": "nvidia.com/gpu", "value": "present", "effect": "NoSchedule"}
    return bool(workload.tolerates(taint) and workload.chooses({**node, "autotrade.deployment/page-size": "64k"}))


@lru_cache(maxsize=1)
def marked() -> set[str]:
    """The repositories that the inventory marks with arm64."""
    text = "".join((ROOT / "inventories/prod/group_vars/all" / file).read_text(encoding="utf-8") for file in IMAGES)
    return set(re.findall(r"^  [\w-]+: # arm64\n    repository: (\S+)$", text, flags=re.MULTILINE))


@pytest.mark.requirement("C5", "C8")
@pytest.mark.parametrize("name", ["prod"])
def test_the_inventory_says_which_images_need_both_architectures(cluster: Cluster, name: str) -> None:
    on_grace = {
        container.spec["image"].partition("@")[0].rpartition(":")[0].replace("trading.internal", "example.com")
        for workload in cluster.workloads()
        if may_run_on_grace(workload)
        for container in workload.containers
    }
    assert on_grace == marked() != set()


@pytest.mark.requirement("A8")
@named
def test_every_image_is_named_by_its_digest(exported: Any, name: str) -> None:
    text = yaml.safe_dump([obj for found in exported(name).values() for obj in found])
    images = re.findall(r"^\s*-? ?image: (\S+)$", text, flags=re.MULTILINE)
    assert len(images) > 20
    assert [image for image in images if not re.search(r":[\w.-]+@sha256:[0-9a-f]{64}$", image)] == []
