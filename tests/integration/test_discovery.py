"""What is kept of discovery belongs to one cluster, also where a new one has its address, its authority and its certificates."""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from ansible_collections.autotrade.deployment.plugins.module_utils.core.api_resources import ResourceType
from ansible_collections.autotrade.deployment.plugins.module_utils.edge.kube_api import KubeApi
from ansible_collections.autotrade.deployment.plugins.module_utils.edge.kube_session import Answered, session

from tests.integration.applying import definition
from tests.integration.booted import Cluster, Json, condition, connect, living, module, store

CRDS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
VERSION = "tests.example.com/v1"


@pytest.fixture(autouse=True)
def _own_cache(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("AUTOTRADE_STORE", str(store()))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


def listed(cluster: Cluster, kind: str) -> Answered[ResourceType | None]:
    """One run that looks for a kind and lists it, or the pods where it is not served."""

    def work(api: KubeApi) -> ResourceType | None:
        found = api.discovery().find(VERSION, kind)
        pod = api.discovery().find("v1", "Pod")
        assert pod is not None
        api.list(found or pod, "default")
        return found

    return session({"kubeconfig": str(cluster.kubeconfig)}, work)


def define(cluster: Cluster, kind: str) -> str:
    crd = definition(kind)
    path = f"{CRDS}/{crd['metadata']['name']}"
    cluster.create(CRDS, crd)
    cluster.wait("established", path, lambda found: condition(found, "Established") == "True")
    return path


def test_a_new_definition_costs_one_request_of_its_group_and_then_none(cluster: Cluster) -> None:
    kind = f"Widget{uuid.uuid4().hex[:6]}"
    # Discovery, who the server is, and the LIST.
    assert listed(cluster, kind).requests == {"GET": 4}
    path = define(cluster, kind)
    try:
        found = listed(cluster, kind)
        assert (found.requests, found.result is None) == ({"GET": 2}, False)
        assert listed(cluster, kind).requests == {"GET": 1}
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
    # With data of their own, because prepared data would make both the same cluster, down to every UID.
    first = module(state, "again", cache_directory=str(tmp_path / "first"))
    define(connect(first), "Widget")
    assert listed(connect(first), "Widget").result is not None
    module(state, "again", state="stopped")
    Path(first["directory"], "etcd", "member", "snap", "db").write_bytes(os.urandom(65536))
    second = module(state, "again", cache_directory=str(tmp_path / "second"), reset_corrupt_data=True)
    assert (second["server"], authority(second)) == (first["server"], authority(first))
    assert listed(connect(second), "Widget").result is None
