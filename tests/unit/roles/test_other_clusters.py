"""A host that belongs to another cluster is left alone before anything is changed on it, whatever the preflight was told."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.conftest import ROOT, run_playbook

REFUSE = "autotrade.deployment.cluster_membership"


def first_play() -> dict[str, Any]:
    plays = yaml.safe_load((ROOT / "playbooks/provision.yml").read_text(encoding="utf-8"))
    found: dict[str, Any] = next(play for play in plays if play["name"] == "Prepare every host")
    return found


def test_the_first_thing_on_a_host_is_to_see_whose_it_is() -> None:
    task = first_play()["tasks"][0]
    assert task["ansible.builtin.import_role"] == {"name": REFUSE, "tasks_from": "refuse"}
    # Every later play of hosts is reached by one of these tags.
    assert {*first_play()["tags"], *task["tags"]} >= {"provision", "nodes", "control_plane", "membership"}


@pytest.mark.parametrize(("standing", "fails"), [("stranger", True), ("member", False), ("begun", False), ("absent", False)])
def test_strangers_are_refused_and_no_others(standing: str, fails: bool, tmp_path: Path) -> None:
    role = {"ansible.builtin.import_role": {"name": REFUSE, "tasks_from": "refuse"}}
    (tmp_path / "play.yml").write_text(json.dumps([{"hosts": "localhost", "gather_facts": False, "tasks": [role]}]))
    seen = {"cluster_membership_look": {"standing": standing, "refusal": "this host is a member of cluster staging."}}
    answer = run_playbook(tmp_path / "play.yml", seen, "--start-at-task", "Refuse a host of another cluster")
    assert (answer.returncode != 0) is fails, answer.stdout
    assert ("localhost: this host is a member of cluster staging. Nothing was changed" in answer.stdout) is fails
