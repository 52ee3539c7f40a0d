"""The last play of playbooks/provision.yml with ``--limit``: it acts for the run's own hosts, and logs in nowhere."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from subprocess import CompletedProcess

import pytest
import yaml

from tests.conftest import run_playbook
from tests.integration.booted import ROOT, Cluster, apply_nodes, inventory_hosts

NAMES = ("limit-1", "limit-2", "limit-3")
LABEL = "example.com/put-right"
# Nobody answers there, and nobody becomes root by it.
NOWHERE = {"ansible_host": "192.0.2.1", "ansible_connection": "ssh", "ansible_become": True, "ansible_become_exe": "/nonexistent"}


@pytest.fixture
def nodes(cluster: Cluster) -> Iterator[None]:
    """Ready nodes that lack a label which the inventory gives them."""
    apply_nodes(cluster, {name: inventory_hosts()["cpu-1"] for name in NAMES})
    yield
    for name in NAMES:
        cluster.delete(f"/api/v1/nodes/{name}")


def run(cluster: Cluster, folder: Path, *arguments: str) -> CompletedProcess[str]:
    """All hosts of the run are members by now, but for limit-3, which failed."""
    last = yaml.safe_load((ROOT / "playbooks/provision.yml").read_text(encoding="utf-8"))[-1]
    failed = {"ansible.builtin.fail": {"msg": "lost"}, "when": "inventory_hostname == 'limit-3'"}
    member = {"ansible.builtin.set_fact": {"__cluster_membership_self": {"standing": "member"}}}
    first = {"name": "Join", "hosts": "cluster_hosts", "gather_facts": False, "tags": ["provision"], "tasks": [failed, member]}
    (folder / "plays.yml").write_text(yaml.safe_dump([first, last]), encoding="utf-8")
    variables = inventory_hosts()["cpu-1"] | NOWHERE | {"node_labels": {LABEL: "yes"}}
    hosts = {"hosts": {name: {} for name in NAMES}}
    # Beside the simulated hosts, which are no hosts of the run.
    groups = {"cluster_hosts": {**hosts, "vars": variables}, "cpu_nodes": hosts}
    (folder / "hosts.json").write_text(json.dumps({"all": {"children": groups}}))
    extra = {"cluster_platform": "lab", "cluster_kubeconfig": str(cluster.kubeconfig)}
    return run_playbook(folder / "plays.yml", extra, "-i", str(folder / "hosts.json"), *arguments)


def put_right(cluster: Cluster) -> set[str]:
    return {node["metadata"]["name"] for node in cluster.items("/api/v1/nodes") if LABEL in node["metadata"]["labels"]}


def in_recap(ran: CompletedProcess[str]) -> set[str]:
    return set(re.findall(r"^(\S+)\s+: ok=", ran.stdout, re.MULTILINE))


@pytest.mark.usefixtures("nodes")
@pytest.mark.parametrize(
    ("limit", "labelled"),
    [("limit-1", {"limit-1"}), ("limit-1:limit-2", {"limit-1", "limit-2"}), ("localhost", set())],
)
def test_a_limited_run_puts_its_own_nodes_right(cluster: Cluster, tmp_path: Path, limit: str, labelled: set[str]) -> None:
    ran = run(cluster, tmp_path, "--limit", limit)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert put_right(cluster) == labelled
    assert in_recap(ran) <= set(limit.split(":"))


@pytest.mark.usefixtures("nodes")
@pytest.mark.parametrize("limit", ["all", "cluster_hosts"])
def test_a_host_that_failed_keeps_none_from_being_put_right(cluster: Cluster, tmp_path: Path, limit: str) -> None:
    ran = run(cluster, tmp_path, "--limit", limit)
    assert ran.returncode != 0
    assert put_right(cluster) == {"limit-1", "limit-2"}


@pytest.mark.usefixtures("nodes")
def test_a_limited_forecast_tells_of_its_own_nodes_and_changes_none(cluster: Cluster, tmp_path: Path) -> None:
    ran = run(cluster, tmp_path, "--limit", "limit-2", "--check", "--diff")
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert LABEL in ran.stdout
    assert put_right(cluster) == set()
