"""1,000 ConfigMaps through a playbook against kubectl: Ansible's own start is included, kubectl plans nothing."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from tests.bench.pairs import Side, compare
from tests.integration.booted import BUNDLES, ROOT, Cluster, boot, module, store

COUNT = 1000
CREATED_GOAL, UNCHANGED_GOAL = 1.0, 0.55


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    state = tmp_path_factory.mktemp("state")
    try:
        yield boot(state, "bench", bundles=BUNDLES[:0])
    finally:
        module(state, "bench", state="absent")


def manifests(folder: Path, namespace: str) -> Path:
    documents = [
        {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {"name": f"one-{n}", "namespace": namespace},
            "data": {"key": f"{n}"},
        }
        for n in range(COUNT)
    ]
    path = folder / f"{namespace}.yaml"
    path.write_text(yaml.safe_dump_all(documents))
    return path


def ours(cluster: Cluster, folder: Path, namespace: str) -> Side:
    task = {
        "name": "Apply",
        "autotrade.deployment.cluster_objects": {
            "kubeconfig": str(cluster.kubeconfig),
            "src": str(manifests(folder, namespace)),
        },
    }
    play = {"name": "Bench", "hosts": "localhost", "gather_facts": False, "tasks": [task]}
    playbook = folder / f"{namespace}-play.yml"
    playbook.write_text(yaml.safe_dump([play]))
    inventory = ROOT / "inventories" / "simulated"
    command = [str(ROOT / ".venv" / "bin" / "ansible-playbook"), str(playbook), "-i", str(inventory)]
    env = os.environ | {"ANSIBLE_CONFIG": str(ROOT / "ansible.cfg")}
    return Side("ours", lambda: subprocess.run(command, check=True, cwd=ROOT, env=env, capture_output=True))


def kubectl(cluster: Cluster, path: Path) -> Side:
    command = [str(store() / "bin" / "kubectl"), f"--kubeconfig={cluster.kubeconfig}", "apply", "--server-side", "-f", str(path)]
    return Side("kubectl apply --server-side", lambda: subprocess.run(command, check=True, capture_output=True))


def cleared(side: Side, cluster: Cluster, namespace: str) -> Side:
    """The side on an empty namespace; emptying it is one request and part of both sides alike."""
    path = f"/api/v1/namespaces/{namespace}/configmaps"
    clear = [str(store() / "bin" / "kubectl"), f"--kubeconfig={cluster.kubeconfig}", "delete", "--raw", path]

    def act() -> None:
        subprocess.run(clear, check=True, capture_output=True)
        side.act()

    return Side(side.name, act)


def test_unchanged_again(cluster: Cluster, tmp_path: Path) -> None:
    with cluster.namespace("bench-ours") as mine, cluster.namespace("bench-peer") as theirs:
        a, b = ours(cluster, tmp_path, mine), kubectl(cluster, manifests(tmp_path, theirs))
        a.act(), b.act()
        compare("unchanged-1000-configmaps", a, b, UNCHANGED_GOAL)


def test_created(cluster: Cluster, tmp_path: Path) -> None:
    with cluster.namespace("bench-ours-new") as mine, cluster.namespace("bench-peer-new") as theirs:
        a = cleared(ours(cluster, tmp_path, mine), cluster, mine)
        b = cleared(kubectl(cluster, manifests(tmp_path, theirs)), cluster, theirs)
        compare("created-1000-configmaps-after-deleting", a, b, CREATED_GOAL)
