"""No kubelet comes to a host by surprise: none of another version than the inventory's, and a member keeps its minor version."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible_collections.autotrade.deployment.plugins.module_utils.core.supply_index import Entry, render_index

from tests.conftest import ROOT, run_playbook

PROGRAMS = ("kubeadm", "kubectl", "kubelet")
HAS_1_36 = "v1.36.1"


def lock_of(folder: Path, version: str) -> Path:
    path = folder / "lock.yml"
    path.write_text(yaml.safe_dump({"artifacts": [{"name": name, "version": version} for name in PROGRAMS]}))
    return path


def store_of(folder: Path, version: str) -> Path:
    entries = [Entry(name, "binary", version, "amd64", "gomod", f"{name}", "0" * 64, 1, 1, "i", "") for name in PROGRAMS]
    (folder / "index.json").write_text(render_index(entries))
    return folder


def judged(folder: Path, tasks_from: str, standing: str = "absent", **settings: Any) -> subprocess.CompletedProcess[str]:
    """The two refusals of ``version.yml`` with these versions; what the host would have answered is given."""
    tasks = yaml.safe_load((ROOT / "roles/kubelet/tasks" / f"{tasks_from}.yml").read_text())
    included = next(task for task in tasks if "version.yml" in task.values())
    role = {"ansible.builtin.import_role": {"name": "autotrade.deployment.kubelet", "tasks_from": "version"}}
    play = {"hosts": "localhost", "gather_facts": False, "tasks": [{**role, "vars": included["vars"]}]}
    (folder / "play.yml").write_text(json.dumps([play]))
    seen = {"cluster_membership_look": {"standing": standing, "kubelet_version": HAS_1_36}, "kubelet_cluster": "trading"}
    extra = {**seen, "kubelet_version": "1.36.3", **settings}
    return run_playbook(folder / "play.yml", extra, "--start-at-task", "Refuse programs of another version than the cluster's")


@pytest.mark.parametrize(
    ("version", "fails"), [("v1.36.3", False), ("v1.36.3+autotrade.1", False), ("v1.36.30", True), ("v1.37.0", True)]
)
@pytest.mark.parametrize("source", ["preflight", "install"])
def test_programs_of_another_version_than_the_inventorys_are_refused(
    source: str, version: str, fails: bool, tmp_path: Path
) -> None:
    offers = {"artifact_store_lock": str(lock_of(tmp_path, version)), "kubelet_store": str(store_of(tmp_path, version))}
    answer = judged(tmp_path, source, **offers)
    assert (answer.returncode != 0) is fails, answer.stdout
    named = f"kubeadm {version}, kubectl {version}, kubelet {version}; expected each of version 1.36.3 (kubernetes_version)"
    assert (named in " ".join(answer.stdout.split())) is fails


def test_what_the_store_lacks_is_none(tmp_path: Path) -> None:
    (tmp_path / "index.json").write_text(render_index([]))
    assert "kubelet none; expected" in judged(tmp_path, "install", kubelet_store=str(tmp_path)).stdout


@pytest.mark.parametrize(
    ("standing", "version", "fails"),
    [("member", "1.37.0", True), ("member", "1.35.9", True), ("member", "1.36.9", False), ("absent", "1.37.0", False)],
)
def test_a_member_keeps_its_minor_version_even_if_the_inventory_has_another(
    standing: str, version: str, fails: bool, tmp_path: Path
) -> None:
    store = str(store_of(tmp_path, f"v{version}"))
    answer = judged(tmp_path, "install", standing, kubelet_store=store, kubelet_version=version)
    assert (answer.returncode != 0) is fails, answer.stdout
    said = f"localhost is a member of trading and has a kubelet of Kubernetes v1.36; the artifact store has v{version}."
    assert (said in " ".join(answer.stdout.split())) is fails


def test_the_version_is_judged_before_the_programs_are_installed_and_in_the_preflight() -> None:
    tasks = yaml.safe_load((ROOT / "roles/kubelet/tasks/install.yml").read_text())
    assert tasks[0]["ansible.builtin.import_tasks"] == "version.yml"
    assert "programs" in tasks[1]["autotrade.deployment.host_state"]
    included = [task for play in yaml.safe_load((ROOT / "playbooks/preflight.yml").read_text()) for task in play["tasks"]]
    roles = [task["ansible.builtin.include_role"] for task in included if "ansible.builtin.include_role" in task]
    assert {"name": "autotrade.deployment.kubelet", "tasks_from": "preflight"} in roles
