"""Role storage_classes on bare metal: what it tells LINSTOR's operator is applied, awaited, and left alone the second time.

No operator runs here, and its resource definitions are constructed: they take every field. The project's own took these objects
once by hand (docs/what-was-run-where.md).
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.integration.booted import Cluster, boot, condition, module
from tests.integration.test_platform_roles import changed, run

pytestmark = pytest.mark.requirement("C4")
NAME = "linstor"
DEFINITIONS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
LINSTOR = "/apis/piraeus.io/v1/linstorclusters/linstorcluster"
SATELLITES = "/apis/piraeus.io/v1/linstorsatelliteconfigurations"
AVAILABLE = {
    "type": "Available",
    "status": "True",
    "reason": "AsExpected",
    "message": "Controller reachable",
    "lastTransitionTime": "2026-11-25T12:00:00Z",
}
POOL_HOSTS = ["cpu-1", "storage-1", "storage-2"]
ROLE: dict[str, Any] = {
    "cluster_platform": "bare_metal",
    "storage_classes_fast_driver": "linstor",
    "storage_classes_linstor_hosts": [*POOL_HOSTS, "control-plane-1"],
    "storage_classes_linstor_pool_hosts": POOL_HOSTS,
    # What the role would learn from an inventory with these hosts.
    "__storage_classes_pool_zones": ["zone-a", "zone-b", "zone-c"],
}


def definition(kind: str) -> dict[str, Any]:
    """A resource definition that takes every field."""
    anything = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    version = {
        "name": "v1",
        "served": True,
        "storage": True,
        "subresources": {"status": {}},
        "schema": {"openAPIV3Schema": anything},
    }
    names = {"kind": kind, "plural": f"{kind.lower()}s", "singular": kind.lower()}
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{kind.lower()}s.piraeus.io"},
        "spec": {"group": "piraeus.io", "scope": "Cluster", "names": names, "versions": [version]},
    }


@pytest.fixture(scope="module")
def bare(state_directory: Path) -> Iterator[Cluster]:
    """A cluster that knows no kinds but Kubernetes' own and those of LINSTOR's operator."""
    try:
        found = boot(state_directory, NAME, hosts={})
        for kind in ("LinstorCluster", "LinstorSatelliteConfiguration"):
            made = found.create(DEFINITIONS, definition(kind))
            path = f"{DEFINITIONS}/{made['metadata']['name']}"
            found.wait("established", path, lambda one: condition(one, "Established") == "True")
        yield found
    finally:
        module(state_directory, NAME, state="absent")


def test_linstors_controller_is_awaited_and_a_second_run_changes_nothing(bare: Cluster, tmp_path: Path) -> None:
    early = run(bare, tmp_path, "storage_classes", **ROLE, storage_classes_wait_timeout=3)
    assert early.returncode != 0
    said = " ".join(early.stdout.split())
    assert "LinstorCluster" in said
    assert "The API is not served yet." in said
    bare.patch(f"{LINSTOR}/status", {"status": {"conditions": [AVAILABLE]}})
    # The run that gave up waiting had applied everything.
    assert changed(run(bare, tmp_path, "storage_classes", **ROLE)) == 0
    pool = bare.get(f"{SATELLITES}/storage-pool")["spec"]
    assert pool["nodeAffinity"]["nodeSelectorTerms"][0]["matchExpressions"][0]["values"] == POOL_HOSTS
    assert pool["storagePools"] == [{"name": "ssd", "lvmPool": {"volumeGroup": "ssd"}}]
