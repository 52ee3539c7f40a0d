"""Whether a node is in service and its gate: over sessions as every module, page by page, and losing nobody's taint."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.autotrade.deployment.plugins.module_utils.edge import kube_session
from ansible_collections.autotrade.deployment.plugins.module_utils.edge.kube_errors import (
    ApiError,
    KubeError,
    NoClusterError,
    UnreachableError,
)
from ansible_collections.autotrade.deployment.plugins.module_utils.edge.node_service import info, lift

from tests.unit.plugins.module_utils.edge.node_world import NodeWorld, node, serve, touch

GATE = {"key": "autotrade.deployment/gpu-pending", "effect": "NoSchedule"}
OTHER = {"key": "example.com/other", "effect": "NoSchedule"}
LATER = {"key": "example.com/later", "effect": "NoExecute"}
ASKED = {"node": "gpu-1", "label_selectors": ["gate=test"], "resource": "nvidia.com/gpu", "taint": GATE}
NOTHING = {"changed": False, "opened": [], "waiting": [], "diff": {"before": "", "after": ""}}


def test_every_page_of_nodes_is_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    nodes = [node("gpu-1", GATE, gpus="1"), node("gpu-2", GATE), node("gpu-3", OTHER, GATE, gpus="1")]
    world = serve(monkeypatch, NodeWorld(*nodes))
    result = lift(ASKED, check_mode=False)
    assert (result["changed"], result["opened"], result["waiting"]) == (True, ["gpu-1", "gpu-3"], ["gpu-2"])
    assert [one["spec"]["taints"] for one in nodes] == [[], [GATE], [OTHER]]
    assert lift(ASKED, check_mode=False)["opened"] == []
    assert world.ended == 2


def test_check_mode_foretells_and_writes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    world = serve(monkeypatch, NodeWorld(node("gpu-1", GATE, gpus="1")))
    assert lift(ASKED, check_mode=True)["opened"] == ["gpu-1"]
    assert {method for method, _path in world.asked} == {"GET"}


def test_a_taint_that_somebody_adds_meanwhile_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    world = serve(monkeypatch, NodeWorld(node("gpu-1", GATE, gpus="1")))

    def meanwhile(there: dict[str, Any]) -> None:
        if LATER not in there["spec"]["taints"]:
            there["spec"]["taints"] = [*there["spec"]["taints"], LATER]
            touch(there)

    world.before_patch = meanwhile
    lift(ASKED, check_mode=False)
    assert world.nodes["gpu-1"]["spec"]["taints"] == [LATER]


def test_somebody_who_is_always_quicker_is_told_of(monkeypatch: pytest.MonkeyPatch) -> None:
    world = serve(monkeypatch, NodeWorld(node("gpu-1", GATE, gpus="1")))
    world.before_patch = touch
    with pytest.raises(ApiError, match="modified"):
        lift(ASKED, check_mode=False)
    assert [method for method, _path in world.asked].count("PATCH") == 5
    assert world.ended == 1


def test_a_node_that_leaves_meanwhile_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    world = serve(monkeypatch, NodeWorld(node("gpu-1", GATE, gpus="1")))

    def leaves(there: dict[str, Any]) -> None:
        del world.nodes[there["metadata"]["name"]]
        raise ApiError(409, "Conflict", "the object has been modified")

    world.before_patch = leaves
    with pytest.raises(KubeError, match="no node gpu-1; expected"):
        lift(ASKED, check_mode=False)


def test_a_cluster_that_is_not_there_yet_has_no_nodes_in_check_mode_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    def connect(_params: Any) -> Any:
        raise NoClusterError("no kubeconfig")

    monkeypatch.setattr(kube_session, "connect", connect)
    assert lift(ASKED, check_mode=True) == NOTHING
    with pytest.raises(NoClusterError):
        lift(ASKED, check_mode=False)


def test_a_server_that_went_away_is_an_error_in_check_mode_too(monkeypatch: pytest.MonkeyPatch) -> None:
    def connect(_params: Any) -> Any:
        raise UnreachableError("https://nodes", "refused", 10, met=True)

    monkeypatch.setattr(kube_session, "connect", connect)
    with pytest.raises(UnreachableError):
        lift(ASKED, check_mode=True)


def test_no_pods_may_be_listed_as_null(monkeypatch: pytest.MonkeyPatch) -> None:
    world = serve(monkeypatch, NodeWorld(node("gpu-1"), pods=None))
    world.nodes["gpu-1"]["spec"]["unschedulable"] = True
    assert info(ASKED) == {"changed": False, "exists": True, "in_service": False, "cordoned": True, "pods": []}
    assert world.ended == 1


def test_a_node_that_is_not_there_is_in_nobodys_service(monkeypatch: pytest.MonkeyPatch) -> None:
    serve(monkeypatch, NodeWorld())
    assert info(ASKED) == {"changed": False, "exists": False, "in_service": False, "cordoned": False, "pods": []}
