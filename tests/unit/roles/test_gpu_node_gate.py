"""The order of a deployment: no node with a GPU waits for an exporter, nor for another node's GPU."""

from __future__ import annotations

from typing import Any

import yaml

from tests.conftest import ROOT


def plays() -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = yaml.safe_load((ROOT / "playbooks/deploy.yml").read_text(encoding="utf-8"))
    return found


def test_the_gate_is_opened_before_anything_of_the_role_is_waited_for() -> None:
    (role,) = [one for one in plays()[0]["roles"] if one["role"].endswith(".gpu_node")]
    assert role["gpu_node_wait"] is False
    assert plays()[0]["tasks"][0]["ansible.builtin.import_role"]["tasks_from"] == "gate"


def test_who_is_late_is_told_last() -> None:
    (task,) = plays()[-1]["tasks"]
    assert task["ansible.builtin.import_role"] == {"name": "autotrade.deployment.gpu_node", "tasks_from": "ready"}
    first = yaml.safe_load((ROOT / "roles/gpu_node/tasks/gate.yml").read_text(encoding="utf-8"))[0]
    assert "autotrade.deployment.node_gate" in first
