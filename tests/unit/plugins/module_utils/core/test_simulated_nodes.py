"""Node objects from the inventory's hosts."""

from __future__ import annotations

import json
from typing import Any

import pytest
from ansible_collections.autotrade.deployment.plugins.module_utils.core.simulated_nodes import NodeSettingError, node_objects

GPU: dict[str, Any] = {
    "node_class": "gpu",
    "node_zone": "zone-a",
    "node_arch": "arm64",
    "node_page_size": "64k",
    "node_size": {"cpu": "16", "memory": "128Gi", "nvidia.com/gpu": "1"},
    "node_labels": {"team": "models"},
}
CPU: dict[str, Any] = {"node_class": "cpu", "node_zone": "zone-b", "node_size": {"cpu": 8, "memory": "32Gi"}}
PLAYED = "simulation.autotrade.deployment"


@pytest.mark.requirement("C1", "C6", "N6")
def test_a_gpu_node() -> None:
    (node,) = node_objects({"gpu-1": GPU}, "v1.36.3")
    metadata = node["metadata"]
    assert metadata["labels"] == {
        "kubernetes.io/hostname": "gpu-1",
        "kubernetes.io/os": "linux",
        "kubernetes.io/arch": "arm64",
        "topology.kubernetes.io/zone": "zone-a",
        "autotrade.deployment/node-class": "gpu",
        "autotrade.deployment/page-size": "64k",
        "nvidia.com/gpu.present": "true",
        "team": "models",
    }
    annotations = metadata["annotations"]
    assert json.loads(annotations[f"{PLAYED}/capacity"]) == {"cpu": "16", "memory": "128Gi", "nvidia.com/gpu": "1", "pods": "110"}
    assert json.loads(annotations[f"{PLAYED}/taints"]) == [{"key": "nvidia.com/gpu", "value": "present", "effect": "NoSchedule"}]
    assert annotations[f"{PLAYED}/kubelet-version"] == "v1.36.3"


def test_status_and_taints_are_left_to_the_kubelet() -> None:
    (node,) = node_objects({"cpu-1": CPU}, "v1")
    assert set(node) == {"apiVersion", "kind", "metadata"}


def test_addresses_differ() -> None:
    nodes = node_objects({f"cpu-{number}": CPU for number in range(600)}, "v1")
    assert len({node["metadata"]["annotations"][f"{PLAYED}/address"] for node in nodes}) == 600


def test_the_same_hosts_give_the_same_objects() -> None:
    assert node_objects({"a": CPU, "b": GPU}, "v1") == node_objects({"a": CPU, "b": GPU}, "v1")


def test_every_fault_is_named_at_once() -> None:
    with pytest.raises(NodeSettingError) as caught:
        node_objects({"a": {"node_class": "big"}, "b": CPU | {"node_arch": "sparc", "node_zone": ""}}, "v1")
    message = str(caught.value)
    for part in (
        "host a: node_class is 'big'",
        "host a: node_size",
        "host a: node_zone",
        "host b: node_arch is 'sparc'",
        "host b: node_zone",
    ):
        assert part in message
