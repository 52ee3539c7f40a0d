"""After a GPU host that did not come back no other one is restarted, and the rest of the run goes on without both."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[3]
# Nobody answers there.
SILENT = {"ansible_connection": "ssh", "ansible_host": "127.0.0.1", "ansible_port": 1, "gpu_node_restart_timeout": 1}
NEEDS = {"kind": "coherent", "restart": ["page-size-differs: 64 KiB"], "note": {"path": "/nonexistent/note", "content": "x"}}
PLAYS = (
    "Start hosts with GPUs anew where it is needed, one after the other",
    "Go on without hosts whose GPU is not as it should be",
)


def plays(folder: Path) -> list[dict[str, Any]]:
    """The plays of playbooks/provision.yml that concern restarts, and one that notes who is left."""
    found: list[dict[str, Any]] = yaml.safe_load((ROOT / "playbooks" / "provision.yml").read_text(encoding="utf-8"))
    chosen = {play["name"]: play for play in found}
    left = {"ansible.builtin.copy": {"dest": f"{folder}/left-{{{{ inventory_hostname }}}}", "content": "", "mode": "0600"}}
    last = {"name": "Go on", "hosts": "cluster_hosts", "gather_facts": False, "tasks": [{**left, "check_mode": False}]}
    return [*(chosen[name] for name in PLAYS), last]


def run(folder: Path, hosts: dict[str, dict[str, Any]], *arguments: str) -> tuple[set[str], str]:
    """Who goes on, and what was said. In check mode unless told otherwise, so nobody is restarted."""
    (folder / "plays.yml").write_text(yaml.safe_dump(plays(folder)), encoding="utf-8")
    variables = {"ansible_connection": "local", "ansible_python_interpreter": sys.executable, "cluster_platform": "bare_metal"}
    variables["cluster_kubeconfig"] = "/nonexistent"
    groups = {"gpu_nodes": {"hosts": hosts}, "cpu_nodes": {"hosts": {"cpu-1": {}}}}
    inventory = {"all": {"vars": variables, "children": {"cluster_hosts": {"children": groups}}}}
    (folder / "hosts.json").write_text(json.dumps(inventory), encoding="utf-8")
    program = str(Path(sys.executable).parent / "ansible-playbook")
    answer = subprocess.run(
        [program, str(folder / "plays.yml"), "-i", str(folder / "hosts.json"), *(arguments or ["--check"])],
        cwd=ROOT,
        env={**os.environ, "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg"), "ANSIBLE_NOCOLOR": "1"},
        text=True,
        capture_output=True,
        timeout=300,
        check=False,
    )
    return {path.name.removeprefix("left-") for path in folder.glob("left-*")}, answer.stdout + answer.stderr


def test_a_host_that_needs_it_comes_to_its_restart_with_a_note_before(tmp_path: Path) -> None:
    _left, said = run(tmp_path, {"gpu-2": {"__gpu_node_host": NEEDS}})
    assert said.index("See whether the host is a member") < said.index("Note what the restart is for")
    assert "changed: [gpu-2]" in said.partition("Note what the restart is for")[2].partition("TASK")[0], said
    # As far as it can be taken here: Ansible does not restart the machine that it runs on.
    assert "local connection would reboot the control node" in said


def test_after_a_host_that_was_lost_no_other_is_restarted_and_others_go_on(tmp_path: Path) -> None:
    lost = {"__gpu_node_host": {"kind": "none"}, "__gpu_node_failure": "gpu-1 did not come back"}
    left, said = run(tmp_path, {"gpu-1": lost, "gpu-2": {"__gpu_node_host": NEEDS}})
    assert left == {"cpu-1"}, said
    assert "gpu-2 is not restarted (page-size-differs: 64 KiB), because gpu-1 failed before it" in said


@pytest.mark.parametrize(
    ("begin", "message"),
    [
        ("See that the host answers", "timed out waiting for ping"),
        ("Restart", "gpu-1 was to start anew (page-size-differs: 64 KiB) and does not answer; expected it back within 1 s"),
    ],
)
def test_a_host_that_is_silent_before_its_restart_or_after_it_is_left_out_and_others_go_on(
    begin: str, message: str, tmp_path: Path
) -> None:
    left, said = run(tmp_path, {"gpu-1": {**SILENT, "__gpu_node_host": NEEDS}}, "--start-at-task", begin)
    assert left == {"cpu-1"}, said
    assert message in " ".join(said.rpartition("TASK [Leave")[2].split()), said


def test_a_host_that_falls_silent_once_it_is_back_is_left_out_and_others_go_on(tmp_path: Path) -> None:
    silent = {**SILENT, "__gpu_node_host": {**NEEDS, "restart": []}}
    left, said = run(tmp_path, {"gpu-1": silent}, "--start-at-task", "See that nothing is left to put right")
    assert left == {"cpu-1"}, said
    assert "gpu-1 does not answer" in " ".join(said.rpartition("TASK [Leave")[2].split()), said


@pytest.mark.parametrize(("over", "forgotten"), [(True, True), (False, False)])
def test_a_note_whose_reason_is_gone_is_removed(over: bool, forgotten: bool, tmp_path: Path) -> None:
    note = tmp_path / "note.json"
    note.write_text("{}")
    host = {"kind": "none", "restart": [], "note": {"path": str(note)}, "note_over": over}
    _left, said = run(tmp_path, {"gpu-1": {"__gpu_node_host": host}})
    task = said.partition("Forget what a restart was for")[2].partition("TASK")[0]
    assert ("changed: [gpu-1]" in task) is forgotten, said
