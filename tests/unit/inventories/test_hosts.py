"""Hosts of the inventories for production: their groups, labels and programs, each by its own architecture."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible.errors import AnsibleFilterError
from ansible_collections.autotrade.deployment.plugins.filter.node_registration import node_registration
from ansible_collections.autotrade.deployment.plugins.module_utils.core.supply import Kind, Policy, Source
from ansible_collections.autotrade.deployment.plugins.module_utils.core.supply_index import Entry, render_index
from ansible_collections.autotrade.deployment.plugins.module_utils.core.supply_lock import parse_lock
from ansible_collections.autotrade.deployment.plugins.module_utils.core.supply_plan import Wanted, resolve
from ansible_collections.autotrade.deployment.plugins.module_utils.core.supply_programs import install_list

from tests.conftest import ROOT
from tests.support import clouds, inventories
from tests.support.clouds import CONFIGURATIONS, Machine, fleet, mixed

pytestmark = pytest.mark.requirement("C8")
cloudy = pytest.mark.parametrize("cloud", CONFIGURATIONS)
Json = dict[str, Any]
GROUPS = {"control_plane": 3, "cpu_nodes": 9, "gpu_nodes": 2, "storage_nodes": 2, "cluster_hosts": 16}


def of_cloud(cloud: str, machines: list[Machine]) -> Json:
    found: Json = clouds.inventory_of(ROOT / "inventories" / inventories.PLACES[cloud] / CONFIGURATIONS[cloud], machines)["all"]
    return found


# --- the cloud's answers


@cloudy
def test_instances_come_into_the_group_of_their_class(cloud: str) -> None:
    groups = of_cloud(cloud, fleet())["children"]
    assert {name: len(group["hosts"]) for name, group in groups.items()} == GROUPS
    members = [set(groups[name]["hosts"]) for name in GROUPS if name != "cluster_hosts"]
    assert set().union(*members) == set(groups["cluster_hosts"]["hosts"])
    assert sum(map(len, members)) == len(set().union(*members))


@cloudy
def test_other_clusters_and_stopped_instances_are_left_alone(cloud: str) -> None:
    strangers = [Machine("cpu", 1, cluster="other"), Machine("cpu", 2, running=False)]
    assert of_cloud(cloud, strangers)["hosts"] == {}


@cloudy
def test_instances_that_join_by_themselves_are_provisioned_by_nobody(cloud: str) -> None:
    found = of_cloud(cloud, [Machine("cpu", 1, joins="by-itself"), Machine("cpu", 2)])["children"]
    assert len(found["cpu_nodes"]["hosts"]) == 2
    assert len(found["cluster_hosts"]["hosts"]) == 1


@cloudy
def test_an_instance_tells_where_it_stands_and_what_it_is(cloud: str) -> None:
    (grace,) = of_cloud(cloud, mixed([Machine("gpu", 2)]))["hosts"].items()
    name, variables = grace
    assert variables["ansible_host"] == "10.10.2.12"
    assert (variables["node_class"], variables["node_arch"], variables["node_page_size"]) == ("gpu", "arm64", "64k")
    zone = {"gcp": "europe-west3-b", "aws": "eu-central-1b"}[cloud]
    assert variables["node_zone"] == zone
    machine = {"gcp": f"trading-prod-1/{zone}/{name}", "aws": f"/{zone}/{variables.get('aws_instance_id')}"}[cloud]
    assert variables["node_provider_id"] == f"{ {'gcp': 'gce', 'aws': 'aws'}[cloud] }://{machine}".replace("aws:////", "aws:///")


@cloudy
def test_an_instance_of_no_known_class_is_in_no_group_and_cannot_register(cloud: str) -> None:
    found = of_cloud(cloud, [Machine("cpu", 1)])
    (name,) = found["hosts"]
    stray = {name: {**found["hosts"][name], "node_class": "database"}}
    with pytest.raises(
        AnsibleFilterError, match="node_class is 'database'; expected node_zone, and node_class one of control-plane"
    ):
        node_registration(name, stray)


# --- every inventory


@pytest.fixture(params=["prod", "gcp", "aws"])
def hosts(request: pytest.FixtureRequest, tmp_path: Path) -> Mapping[str, Json]:
    """Host -> variables of a finished inventory; the GPU instances of clouds with Grace."""
    return inventories.hosts_of(inventories.finished(request.param, tmp_path, machines=mixed(fleet())))


def test_each_host_registers_with_class_zone_and_page_size(hosts: Mapping[str, Json]) -> None:
    labels = [node_registration(name, hosts)["labels"] for name in hosts]
    assert Counter(one["autotrade.deployment/node-class"] for one in labels) == {
        "control-plane": 3,
        "cpu": 9,
        "gpu": 2,
        "storage": 2,
    }
    assert len({one["topology.kubernetes.io/zone"] for one in labels}) == 3
    wide = {one["autotrade.deployment/node-class"] for one in labels if one["autotrade.deployment/page-size"] == "64k"}
    assert wide == {"gpu"}


def test_control_planes_and_databases_stand_in_different_zones(hosts: Mapping[str, Json]) -> None:
    for node_class, zones in (("control-plane", 3), ("storage", 2)):
        assert len({host["node_zone"] for host in hosts.values() if host["node_class"] == node_class}) == zones


def programs() -> Mapping[str, str]:
    """Path on the host -> program, of every role that installs some on a node."""
    found = {}
    for role in ("kubelet", "container_runtime"):
        found |= yaml.safe_load((ROOT / "roles" / role / "vars/main.yml").read_text(encoding="utf-8"))[f"__{role}_paths"]
    return {**found, "/usr/local/bin/etcdctl": "etcdctl", "/usr/local/bin/etcdutl": "etcdutl"}


def stored(names: list[str], arches: list[str]) -> str:
    """The index of a store that holds what an inventory asks for."""
    return render_index(
        [
            Entry(
                one,
                "binary",
                "v1",
                arch,
                "release",
                f"binaries/{one}/v1/{arch}/{one}",
                inventories.digest(one + arch)[7:],
                1,
                1,
                "i",
                "",
            )
            for one in names
            for arch in arches
        ]
    )


def test_each_host_gets_the_programs_of_its_own_architecture(hosts: Mapping[str, Json]) -> None:
    for host in hosts.values():
        arch = host.get("node_arch", "amd64")
        # Instances of both architectures take both; the example of the clouds asks for amd64 alone.
        arches = host["artifact_store_arches"] + (["arm64"] if host["cluster_platform"] != "bare_metal" else [])
        plan = install_list(programs(), stored(host["artifact_store_names"], arches), host["cluster_store_url"], arch)
        assert {one["sha256"] for one in plan} == {inventories.digest(name + arch)[7:] for name in programs().values()}
        assert all(f"/{arch}/" in one["url"] for one in plan)
    assert {host.get("node_arch", "amd64") for host in hosts.values()} == {"amd64", "arm64"}


def test_a_lock_with_every_programs_checksum_is_enough_and_no_program_is_built(hosts: Mapping[str, Json]) -> None:
    host = next(iter(hosts.values()))
    document = yaml.safe_load((ROOT / "roles/artifact_store/files/lock.yml").read_text(encoding="utf-8"))
    # As make lock leaves it: checksums of what a project publishes some for.
    for entry in document["artifacts"]:
        if entry["kind"] == "binary" and "release" in entry:
            entry["release"]["sha256"] = dict.fromkeys(entry["release"]["sha256"], "b" * 64)
    policy, unofficial = Policy(host["artifact_store_source"]), host["artifact_store_allow_unofficial"]
    arches = tuple(host["artifact_store_arches"])
    steps = resolve(parse_lock(document), Wanted(tuple(host["artifact_store_names"]), arches, policy, unofficial))
    assert {step.source for step in steps if step.artifact.kind is Kind.BINARY} == {Source.RELEASE}
    assert {step.artifact.name for step in steps} == set(host["artifact_store_names"])


def test_what_the_store_is_asked_for_is_in_the_lock_for_both_architectures(hosts: Mapping[str, Json]) -> None:
    lock = {one["name"]: one for one in yaml.safe_load((ROOT / "roles/artifact_store/files/lock.yml").read_text())["artifacts"]}
    wanted = next(iter(hosts.values()))["artifact_store_names"]
    assert set(wanted) <= set(lock)
    assert all(set(lock[name]["release"]["sha256"]) == {"amd64", "arm64"} for name in wanted if lock[name]["kind"] == "binary")
