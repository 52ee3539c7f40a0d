"""A node is out of service only when nothing runs there and nothing can come; its gate opens once, for a device that is there."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.autotrade.deployment.plugins.module_utils.core.node_service import (
    allocates,
    held_by,
    in_service,
    taints_after,
    waiting,
)

GATE = {"key": "autotrade.deployment/gpu-pending", "effect": "NoSchedule"}
CLASS = {"key": "nvidia.com/gpu", "value": "present", "effect": "NoSchedule"}


def pod(name: str, **changes: Any) -> dict[str, Any]:
    return {
        "metadata": {"name": name, "namespace": "a", **changes.pop("metadata", {})},
        "status": {"phase": "Running"},
        **changes,
    }


def node(*taints: dict[str, str], gpus: str | None = "1", cordoned: bool = False) -> dict[str, Any]:
    allocatable = {} if gpus is None else {"nvidia.com/gpu": gpus}
    return {"spec": {"taints": list(taints), "unschedulable": cordoned}, "status": {"allocatable": allocatable}}


PLAIN = pod("web", metadata={"ownerReferences": [{"kind": "ReplicaSet"}]})
DAEMON = pod("exporter", metadata={"ownerReferences": [{"kind": "DaemonSet"}]})
STATIC = pod("proxy", metadata={"annotations": {"kubernetes.io/config.mirror": "x"}, "ownerReferences": [{"kind": "Node"}]})
OVER = pod("job", status={"phase": "Succeeded"})


def test_only_what_a_drain_would_evict_holds_a_node() -> None:
    assert held_by([PLAIN, DAEMON, STATIC, OVER, pod("bare")]) == ("a/bare", "a/web")


@pytest.mark.parametrize(
    ("cordoned", "pods", "serves"),
    [(True, [DAEMON, STATIC, OVER], False), (True, [PLAIN], True), (False, [], True), (False, [PLAIN], True)],
)
def test_a_node_serves_until_it_is_cordoned_and_empty(cordoned: bool, pods: list[dict[str, Any]], serves: bool) -> None:
    assert in_service(node(cordoned=cordoned), pods) is serves


@pytest.mark.parametrize(("gpus", "has"), [(None, False), ("0", False), ("1", True), ("8", True), ("many", False)])
def test_what_a_node_has_to_give(gpus: str | None, has: bool) -> None:
    assert allocates(node(gpus=gpus), "nvidia.com/gpu") is has


@pytest.mark.parametrize(
    ("found", "after"),
    [
        (node(CLASS, GATE), [CLASS]),
        (node(CLASS, GATE, gpus="0"), None),
        (node(CLASS, GATE, gpus=None), None),
        (node(CLASS), None),
        (node({**GATE, "effect": "NoExecute"}), None),
        (node({**GATE, "value": "true"}), []),
    ],
)
def test_the_gate_opens_for_a_device_and_leaves_other_taints_alone(
    found: dict[str, Any], after: list[dict[str, str]] | None
) -> None:
    assert taints_after(found, GATE, "nvidia.com/gpu") == after


def test_who_still_waits() -> None:
    nodes = {"a": node(GATE), "b": node(GATE, gpus="0"), "c": node(CLASS, gpus="0")}
    assert list(waiting(nodes, GATE, "nvidia.com/gpu")) == ["b"]
