"""Tracing and logging on a real API server: admission takes every object, pods get ready, a second run changes nothing."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.conftest import OPTIONAL_ROLES
from tests.integration.booted import ROOT, Cluster, condition

pytestmark = pytest.mark.requirement("S5")
NAMESPACES = ("monitoring", "trading-system")
PASSWORD = OPTIONAL_ROLES["logging"]["logging_password"]
CLASS = {"metadata": {"name": "standard"}, "provisioner": "csi.simulated.example", "volumeBindingMode": "WaitForFirstConsumer"}
PRIORITY = {"metadata": {"name": "batch"}, "value": 1000}


@pytest.fixture(scope="module")
def ground(cluster: Cluster) -> Iterator[Cluster]:
    """What the roles before these two leave behind: namespaces, a storage class and a priority class."""
    classes = ("/apis/storage.k8s.io/v1/storageclasses/standard", "/apis/scheduling.k8s.io/v1/priorityclasses/batch")
    restricted = {"pod-security.kubernetes.io/enforce": "restricted"}
    cluster.apply(classes[0], {"apiVersion": "storage.k8s.io/v1", "kind": "StorageClass"} | CLASS)
    cluster.apply(classes[1], {"apiVersion": "scheduling.k8s.io/v1", "kind": "PriorityClass"} | PRIORITY)
    with cluster.namespace("monitoring", restricted), cluster.namespace("trading-system", restricted):
        yield cluster
    for path in (*classes, "/api/v1/namespaces/logging"):
        cluster.delete(path)
    # Other tests of this cluster make namespaces of the same names.
    for name in (*NAMESPACES, "logging"):
        cluster.wait_gone(f"/api/v1/namespaces/{name}")


def deploy(cluster: Cluster, folder: Path, **variables: Any) -> str:
    """Both roles as playbooks/deploy.yml runs them; the output."""
    play = {
        "hosts": "localhost",
        "gather_facts": False,
        "module_defaults": {"group/autotrade.deployment.cluster": {"kubeconfig": str(cluster.kubeconfig)}},
        "roles": [f"autotrade.deployment.{role}" for role in OPTIONAL_ROLES],
    }
    playbook, extra = folder / "play.yml", folder / "extra.json"
    playbook.write_text(yaml.safe_dump([play]), encoding="utf-8")
    extra.write_text(json.dumps(variables), encoding="utf-8")
    command = [str(Path(sys.executable).parent / "ansible-playbook"), str(playbook), "-i", "inventories/simulated", "--diff"]
    environment = {**os.environ, "ANSIBLE_NOCOLOR": "1", "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg")}
    ran = subprocess.run(
        [*command, "-e", f"@{extra}"], cwd=ROOT, env=environment, text=True, capture_output=True, timeout=1200, check=False
    )
    assert ran.returncode == 0, ran.stdout[-6000:] + ran.stderr[-2000:]
    return ran.stdout + ran.stderr


def changed(output: str) -> int:
    found = re.search(r"changed=(\d+)", output)
    assert found is not None
    return int(found[1])


def test_both_roles_stand_and_a_second_run_changes_nothing(ground: Cluster, tmp_path: Path) -> None:
    assert changed(deploy(ground, tmp_path)) == 0
    on = {name: value for variables in OPTIONAL_ROLES.values() for name, value in variables.items()}
    first = deploy(ground, tmp_path, **on)
    assert changed(first) == 2
    assert PASSWORD not in first
    nodes = len(ground.items("/api/v1/nodes"))
    agents = ground.get("/apis/apps/v1/namespaces/logging/daemonsets/fluent-bit")["status"]
    assert (agents["desiredNumberScheduled"], agents["numberReady"]) == (nodes, nodes)
    assert condition(ground.get("/api/v1/namespaces/monitoring/pods/jaeger-0"), "Ready") == "True"
    assert ground.get("/api/v1/namespaces/monitoring/persistentvolumeclaims/data-jaeger-0")["status"]["phase"] == "Bound"
    assert changed(deploy(ground, tmp_path, **on)) == 0
