"""Extended resources without a device plugin: written once, beside what the kubelet writes."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.autotrade.deployment.plugins.module_utils.edge import kube_session
from ansible_collections.autotrade.deployment.plugins.module_utils.edge.kube_errors import ApiError, KubeError, NoClusterError
from ansible_collections.autotrade.deployment.plugins.module_utils.edge.node_resources import run

from tests.unit.plugins.module_utils.edge.node_world import NodeWorld, node, serve, touch

WANTED = {"node": "gpu-1", "resources": {"nvidia.com/gpu": 1}}
DIFF = {"before": {"nvidia.com/gpu": "0"}, "after": {"nvidia.com/gpu": "1"}}


def test_what_is_missing_is_advertised_once(monkeypatch: pytest.MonkeyPatch) -> None:
    world = serve(monkeypatch, NodeWorld(node("gpu-1")))
    foretold = run(WANTED, check_mode=True)
    assert world.nodes["gpu-1"]["status"]["capacity"]["nvidia.com/gpu"] == "0"
    assert run(WANTED, check_mode=False) == foretold
    assert foretold == {"changed": True, "capacity": {"cpu": "8", "nvidia.com/gpu": "1"}, "diff": DIFF}
    assert world.nodes["gpu-1"]["status"]["capacity"] == foretold["capacity"]
    assert ("PATCH", "/api/v1/nodes/gpu-1/status") in world.asked
    assert not run(WANTED, check_mode=False)["changed"]
    assert world.ended == 3


def test_what_the_kubelet_writes_meanwhile_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    world = serve(monkeypatch, NodeWorld(node("gpu-1")))

    def meanwhile(there: dict[str, Any]) -> None:
        if there["status"]["capacity"]["cpu"] == "8":
            there["status"]["capacity"] = {**there["status"]["capacity"], "cpu": "6"}
            touch(there)

    world.before_patch = meanwhile
    run(WANTED, check_mode=False)
    assert world.nodes["gpu-1"]["status"]["capacity"] == {"cpu": "6", "nvidia.com/gpu": "1"}


def test_a_node_without_any_capacity_gets_its_first(monkeypatch: pytest.MonkeyPatch) -> None:
    world = serve(monkeypatch, NodeWorld({**node("gpu-1"), "status": {}}))
    run(WANTED, check_mode=False)
    assert world.nodes["gpu-1"]["status"] == {"capacity": {"nvidia.com/gpu": "1"}}


def test_a_node_that_is_not_there_yet_advertises_nothing_in_check_mode_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    serve(monkeypatch, NodeWorld())
    assert run(WANTED, check_mode=True)["diff"]["before"] == {"nvidia.com/gpu": None}
    with pytest.raises(KubeError, match="no node gpu-1; expected"):
        run(WANTED, check_mode=False)


def test_a_refusal_is_no_missing_node(monkeypatch: pytest.MonkeyPatch) -> None:
    world = serve(monkeypatch, NodeWorld(node("gpu-1")))

    def refused(*_arguments: Any, **_options: Any) -> Any:
        raise ApiError(403, "Forbidden", "may not")

    monkeypatch.setattr(world, "json", refused)
    with pytest.raises(ApiError, match="may not"):
        run(WANTED, check_mode=True)


def test_a_cluster_that_is_not_there_yet_has_no_node_in_check_mode_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    def connect(_params: Any) -> Any:
        raise NoClusterError("no kubeconfig")

    monkeypatch.setattr(kube_session, "connect", connect)
    assert run(WANTED, check_mode=True)["capacity"] == {"nvidia.com/gpu": "1"}
    with pytest.raises(NoClusterError):
        run(WANTED, check_mode=False)
