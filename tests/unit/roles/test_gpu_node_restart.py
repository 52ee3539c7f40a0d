"""After a GPU host that did not come back no other one is restarted, and the rest of the run goes on without both."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[3]
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


def run(folder: Path, hosts: dict[str, dict[str, Any]]) -> tuple[set[str], str]:
    """Who goes on, and what was said. In check mode, so nobody is restarted."""
    (folder / "plays.yml").write_text(yaml.safe_dump(plays(folder)), encoding="utf-8")
    variables = {"ansible_connection": "local", "ansible_python_interpreter": sys.executable, "cluster_platform": "bare_metal"}
    variables["cluster_kubeconfig"] = "/nonexistent"
    groups = {"gpu_nodes": {"hosts": hosts}, "cpu_nodes": {"hosts": {"cpu-1": {}}}}
    inventory = {"all": {"vars": variables, "children": {"cluster_hosts": {"children": groups}}}}
    (folder / "hosts.json").write_text(json.dumps(inventory), encoding="utf-8")
    program = str(Path(sys.executable).parent / "ansible-playbook")
    answer = subprocess.run(
        [program, str(folder / "plays.yml"), "-i", str(folder / "hosts.json"), "--check"],
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
