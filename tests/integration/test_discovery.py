"""What is kept of discovery belongs to one cluster, also where a new one has its address, its authority and its certificates."""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from ansible_collections.autotrade.deployment.plugins.module_utils.edge.kube_api import HttpKubeApi
from ansible_collections.autotrade.deployment.plugins.module_utils.edge.kube_login import Options, resolve
from ansible_collections.autotrade.deployment.plugins.module_utils.edge.kube_transport import Transport

from tests.integration.applying import definition
from tests.integration.booted import Cluster, Json, condition, connect, living, module

CRDS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
VERSION = "tests.example.com/v1"


def api(cluster: Cluster, folder: Path) -> HttpKubeApi:
    return HttpKubeApi(Transport(resolve(Options(kubeconfig=str(cluster.kubeconfig)))), folder)


def define(cluster: Cluster, kind: str) -> str:
    crd = definition(kind)
    path = f"{CRDS}/{crd['metadata']['name']}"
    cluster.create(CRDS, crd)
    cluster.wait("established", path, lambda found: condition(found, "Established") == "True")
    return path


def test_a_new_definition_costs_one_request_of_its_group(cluster: Cluster, tmp_path: Path) -> None:
    api(cluster, tmp_path / "cache").discovery().find("v1", "Pod")
    kind = f"Widget{uuid.uuid4().hex[:6]}"
    path = define(cluster, kind)
    try:
        warm = api(cluster, tmp_path / "cache")
        assert warm.discovery().find(VERSION, kind) is not None
        # Which server it is, and the group.
        assert warm.requests() == {"GET": 2}
    finally:
        cluster.delete(path)


@pytest.fixture
def state(tmp_path: Path) -> Iterator[Path]:
    """A cluster of its own; no process may outlive the test."""
    path = tmp_path / "state"
    yield path
    module(path, "again", state="absent")
    assert living(path) == []


def authority(result: Json) -> bytes:
    return Path(result["directory"], "pki", "ca.crt").read_bytes()


def test_a_cluster_created_anew_at_the_same_address_is_another_one(state: Path, tmp_path: Path) -> None:
    # With caches of their own, because prepared data would make both the same cluster, down to every UID.
    first = module(state, "again", cache_directory=str(tmp_path / "first"))
    define(connect(first), "Widget")
    cache = tmp_path / "cache"
    assert api(connect(first), cache).discovery().find(VERSION, "Widget") is not None
    module(state, "again", state="stopped")
    Path(first["directory"], "etcd", "member", "snap", "db").write_bytes(os.urandom(65536))
    second = module(state, "again", cache_directory=str(tmp_path / "second"), reset_corrupt_data=True)
    assert (second["server"], authority(second)) == (first["server"], authority(first))
    assert api(connect(second), cache).discovery().find(VERSION, "Widget") is None
