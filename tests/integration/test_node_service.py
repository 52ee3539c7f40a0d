"""Whether a node is in service, and its gate, asked of and written to a real API server."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.autotrade.deployment.plugins.module_utils.edge.node_service import info, lift

from tests.conftest import run_playbook
from tests.integration.booted import Cluster, pod

NODE = "gate-1"
PATH = f"/api/v1/nodes/{NODE}"
GATE = {"key": "autotrade.deployment/gpu-pending", "effect": "NoSchedule"}
OTHER = {"key": "example.com/other", "effect": "NoSchedule"}


@pytest.fixture
def node(cluster: Cluster) -> Iterator[str]:
    """A node that no kubelet plays, so that its status is what a test writes."""
    metadata = {"name": NODE, "labels": {"gate": "test"}}
    cluster.create("/api/v1/nodes", {"kind": "Node", "apiVersion": "v1", "metadata": metadata, "spec": {"taints": [OTHER, GATE]}})
    yield NODE
    cluster.delete(PATH)


def asked(cluster: Cluster, **changes: Any) -> dict[str, Any]:
    gate = {"label_selectors": ["gate=test"], "resource": "nvidia.com/gpu", "taint": GATE}
    return {"kubeconfig": str(cluster.kubeconfig), "node": NODE, **gate, **changes}


def give(cluster: Cluster, number: str) -> None:
    amounts = {"nvidia.com/gpu": number}
    cluster.patch(f"{PATH}/status", {"status": {"capacity": amounts, "allocatable": amounts}})


def keys(cluster: Cluster) -> list[str]:
    return [taint["key"] for taint in cluster.get(PATH)["spec"].get("taints", [])]


@pytest.mark.requirement("C6")
def test_the_gate_opens_with_the_first_gpu_and_once(cluster: Cluster, node: str) -> None:
    assert lift(asked(cluster), check_mode=False) == {
        "changed": False,
        "opened": [],
        "waiting": [node],
        "diff": {"before": "", "after": ""},
    }
    give(cluster, "1")
    foretold = lift(asked(cluster), check_mode=True)
    assert (foretold["opened"], GATE["key"] in keys(cluster)) == ([node], True)
    assert lift(asked(cluster), check_mode=False) == foretold
    assert GATE["key"] not in keys(cluster)
    assert OTHER["key"] in keys(cluster)
    assert not lift(asked(cluster), check_mode=False)["changed"]
    # A GPU that is lost later is the device plugin's to tell.
    give(cluster, "0")
    assert not lift(asked(cluster), check_mode=False)["changed"]


def test_a_node_is_out_of_service_when_cordoned_and_empty(cluster: Cluster, node: str, namespace: str) -> None:
    assert info(asked(cluster))["in_service"]
    cluster.patch(PATH, {"spec": {"unschedulable": True}})
    assert info(asked(cluster)) == {"changed": False, "exists": True, "in_service": False, "cordoned": True, "pods": []}
    body = pod("held", nodeName=node)
    cluster.create(f"/api/v1/namespaces/{namespace}/pods", body)
    found = info(asked(cluster))
    assert (found["in_service"], found["pods"]) == (True, [f"{namespace}/held"])
    cluster.delete(f"/api/v1/namespaces/{namespace}/pods/held?gracePeriodSeconds=0")


def test_a_node_that_is_not_there_serves_nobody(cluster: Cluster) -> None:
    assert info(asked(cluster, node="nowhere")) == {
        "changed": False,
        "exists": False,
        "in_service": False,
        "cordoned": False,
        "pods": [],
    }


def test_a_cluster_that_is_not_there_yet_has_no_nodes_in_check_mode(cluster: Cluster) -> None:
    nowhere = {**asked(cluster), "kubeconfig": "/nonexistent/kubeconfig"}
    assert lift(nowhere, check_mode=True)["opened"] == []


@pytest.fixture
def closed(cluster: Cluster) -> Iterator[str]:
    """A GPU node of the simulated inventory that has registered with its gate closed."""
    path = "/api/v1/nodes/gpu-1"
    before = cluster.get(path)["spec"]["taints"]
    cluster.patch(path, {"spec": {"taints": [*before, GATE]}})
    yield path
    cluster.patch(path, {"spec": {"taints": before}})


def open_gates(
    cluster: Cluster, folder: Path, *arguments: str, then: tuple[str, ...] = (), **settings: Any
) -> subprocess.CompletedProcess[str]:
    """The last tasks of role gpu_node, as playbooks/deploy.yml runs them."""
    role = "autotrade.deployment.gpu_node"
    play = {
        "hosts": "localhost",
        "gather_facts": False,
        "module_defaults": {"group/autotrade.deployment.cluster": {"kubeconfig": str(cluster.kubeconfig)}},
        "tasks": [{"ansible.builtin.include_role": {"name": role, "tasks_from": name}} for name in ("gate", *then)],
    }
    playbook = folder / "play.yml"
    playbook.write_text(json.dumps([play]), encoding="utf-8")
    return run_playbook(playbook, settings, *arguments)


@pytest.mark.requirement("C6")
def test_a_node_whose_gpu_is_late_keeps_no_other_closed_and_is_told_last(cluster: Cluster, closed: str, tmp_path: Path) -> None:
    labels = cluster.get(closed)["metadata"]["labels"]
    late = {"kind": "Node", "apiVersion": "v1", "metadata": {"name": "late-1", "labels": labels}, "spec": {"taints": [GATE]}}
    cluster.create("/api/v1/nodes", late)
    try:
        done = open_gates(cluster, tmp_path, gpu_node_wait_timeout=3)
        assert done.returncode == 0, done.stdout
        assert done.stdout.index("changed: [localhost]") < done.stdout.index("Wait until every GPU node has one")
        assert GATE not in cluster.get(closed)["spec"]["taints"]
        told = open_gates(cluster, tmp_path, then=("ready",), gpu_node_wait_timeout=3)
        assert told.returncode != 0
        said = " ".join(told.stdout.partition("Tell which nodes have no GPU to lend")[2].split())
        assert "by the taint autotrade.deployment/gpu-pending, because they have no allocatable nvidia.com/gpu after 3 s" in said
        assert "late-1" in said
    finally:
        cluster.delete("/api/v1/nodes/late-1")


@pytest.mark.requirement("C6")
def test_the_role_opens_the_nodes_whose_gpu_is_there_and_no_second_time(cluster: Cluster, closed: str, tmp_path: Path) -> None:
    def is_closed() -> bool:
        return any(taint["key"] == GATE["key"] for taint in cluster.get(closed)["spec"]["taints"])

    foretold = open_gates(cluster, tmp_path, "--check", "--diff")
    assert "changed=1" in foretold.stdout, foretold.stdout
    assert is_closed()
    done = open_gates(cluster, tmp_path)
    assert "changed=1" in done.stdout, done.stdout
    assert not is_closed()
    again = open_gates(cluster, tmp_path)
    assert (again.returncode, "changed=0" in again.stdout) == (0, True), again.stdout
