"""C: the cluster: nodes, network, storage, GPU plugin."""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import ROOT
from tests.requirements.conftest import Holds
from tests.sabotage.registry import chosen
from tests.support import inventories

PLATFORMS = {"prod": "bare_metal", "gcp": "gcp", "aws": "aws"}


@pytest.mark.requirement("C1")
def test_node_classes_in_number_and_size(holds: Holds) -> None:
    holds("C1")


@pytest.mark.requirement("C3")
def test_calico_has_the_specified_pool(holds: Holds) -> None:
    holds("C3")


@pytest.mark.requirement("C4")
def test_storage_classes_keep_their_volumes(holds: Holds) -> None:
    holds("C4")


@pytest.mark.requirement("C5")
def test_device_plugin_runs_on_gpu_nodes_only(holds: Holds) -> None:
    holds("C5")


@pytest.mark.requirement("C6")
def test_gpu_nodes_are_kept_and_measured(holds: Holds) -> None:
    holds("C6")


@pytest.mark.requirement("C7")
def test_every_node_has_a_zone(holds: Holds) -> None:
    holds("C7")


@pytest.fixture(params=PLATFORMS)
def hosts(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[str, Mapping[str, Any]]:
    """The platform, and host -> variables of an inventory for production, which a sabotage may have damaged before."""
    copy = tmp_path / "checkout"
    shutil.copytree(ROOT / "inventories", copy / "inventories", symlinks=True)
    entry = chosen()
    if entry is not None and entry.damage is not None:
        entry.damage(copy)
    return PLATFORMS[request.param], inventories.hosts_of(inventories.started(request.param, tmp_path, source=copy))


@pytest.mark.requirement("C8")
def test_an_inventory_for_production_has_every_class_in_three_zones(hosts: tuple[str, Mapping[str, Any]]) -> None:
    classes = Counter(host["node_class"] for host in hosts[1].values())
    assert set(classes) == {"control-plane", "cpu", "gpu", "storage"}
    assert classes["control-plane"] % 2 == 1
    assert all(classes[name] >= least for name, least in {"control-plane": 3, "cpu": 3, "gpu": 2, "storage": 2}.items())
    assert len({host["node_zone"] for host in hosts[1].values()}) == 3


@pytest.mark.requirement("C8")
def test_an_inventory_for_production_takes_releases_and_holds_no_secret(hosts: tuple[str, Mapping[str, Any]]) -> None:
    for host in hosts[1].values():
        assert host["cluster_platform"] == hosts[0]
        assert (host["artifact_store_source"], host["artifact_store_allow_unofficial"]) == ("auto", False)
        secret = {name: value for name, value in host.items() if name.endswith(("_password", "_encryption_key"))}
        assert len(secret) == 7
        assert all("vault_" in value for value in secret.values())


@pytest.mark.requirement("C9")
def test_services_get_addresses(holds: Holds) -> None:
    holds("C9")
