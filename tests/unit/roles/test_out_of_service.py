"""A member that pods may run on is left alone, and one that the API server does not know is not taken for a free host."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.conftest import ROOT, run_playbook

RESTART = "restart.yml"
FREE = {"exists": True, "in_service": False, "cordoned": True, "pods": []}
UNKNOWN = {**FREE, "exists": False, "cordoned": False}
BUSY = {**FREE, "in_service": True, "pods": ["trading-system/model-inference-0"]}
ROLES = {"gpu_node": "out_of_service", "kubelet": "forget"}


def asked(folder: Path, role: str, standing: str, answer: dict[str, Any]) -> tuple[bool, str]:
    """Whether the role refuses, and what it says, once host and API server have answered so."""
    named = {"name": f"autotrade.deployment.{role}", "tasks_from": ROLES[role]}
    play = {"hosts": "localhost", "gather_facts": False, "tasks": [{"ansible.builtin.import_role": named}]}
    (folder / "play.yml").write_text(json.dumps([play]), encoding="utf-8")
    extra = {"cluster_name": "trading", "cluster_kubeconfig": "/nowhere/conf"}
    answers = {"__cluster_membership_service": answer, "__cluster_membership_standing": {"standing": standing}}
    more = {"__gpu_node_host": {"restart": ["page-size-differs: 64 KiB"]}, "__kubelet_pinning": {"forget": []}}
    first = "Refuse a member that the API server does not know"
    done = run_playbook(folder / "play.yml", {**extra, **answers, **more}, "--check", "--start-at-task", first)
    said = " ".join(done.stdout.split())
    assert "Error while" not in said, said
    return "Refuse" in said.rpartition("TASK [")[2] and done.returncode != 0, said


@pytest.mark.parametrize("role", ROLES)
def test_a_member_that_the_api_server_does_not_know_is_not_taken_for_free(role: str, tmp_path: Path) -> None:
    refused, said = asked(tmp_path, role, "member", UNKNOWN)
    assert refused, said
    assert "is a member of trading, and the API server that /nowhere/conf leads to has no such node" in said


@pytest.mark.parametrize("role", ROLES)
def test_a_member_in_service_is_left_alone(role: str, tmp_path: Path) -> None:
    refused, said = asked(tmp_path, role, "member", BUSY)
    assert refused, said
    assert "kubectl drain localhost" in said


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize(("standing", "answer"), [("member", FREE), ("absent", {"skipped": True})])
def test_a_drained_member_and_a_host_without_a_cluster_are_not_refused(
    role: str, standing: str, answer: dict[str, Any], tmp_path: Path
) -> None:
    refused, said = asked(tmp_path, role, standing, answer)
    assert not refused, said


def test_right_before_the_restart_it_is_asked_again() -> None:
    (block,) = yaml.safe_load((ROOT / "roles/gpu_node/tasks" / RESTART).read_text(encoding="utf-8"))
    names = [task["name"] for task in block["block"]]
    before = block["block"][names.index("Note what the restart is for") - 1]
    assert before["ansible.builtin.include_tasks"] == "out_of_service.yml"
    assert before["when"] == "__gpu_node_restarts | bool"
