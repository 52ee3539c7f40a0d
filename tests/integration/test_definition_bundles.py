"""Roles bring the resource definitions of their objects themselves: an API server that knows none gets them from the store."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.integration.booted import ROOT, Cluster, boot, module, store

NAME = "definitions"
GROUP = "metallb.io"
DEFINITIONS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
POOL = f"/apis/{GROUP}/v1beta1/namespaces/metallb-system/ipaddresspools/default"


@pytest.fixture(scope="module")
def bare(state_directory: Path) -> Iterator[Cluster]:
    """A cluster that knows no kind but Kubernetes' own."""
    try:
        yield boot(state_directory, NAME, hosts={})
    finally:
        module(state_directory, NAME, state="absent")


def run(cluster: Cluster, folder: Path, *arguments: str, **variables: Any) -> subprocess.CompletedProcess[str]:
    """The role service_load_balancer as a user runs it on bare metal: its own bundles, its own address range."""
    connection = {"group/autotrade.deployment.cluster": {"kubeconfig": str(cluster.kubeconfig)}}
    pool = {"service_load_balancer_addresses": ["10.20.3.10-10.20.3.40"], "artifact_store_dir": str(store())}
    content = {
        "name": "Play",
        "hosts": "localhost",
        "gather_facts": False,
        "module_defaults": connection,
        "vars": {**pool, **variables, "ansible_python_interpreter": sys.executable},
        "roles": ["autotrade.deployment.service_load_balancer"],
    }
    playbook = folder / "play.yml"
    playbook.write_text(yaml.safe_dump([content]), encoding="utf-8")
    command = [str(Path(sys.executable).parent / "ansible-playbook"), str(playbook), "-i", "localhost,", "-c", "local"]
    environment = {**os.environ, "ANSIBLE_NOCOLOR": "1", "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg")}
    return subprocess.run(
        [*command, *arguments], cwd=ROOT, env=environment, text=True, capture_output=True, timeout=1200, check=False
    )


def changed(ran: subprocess.CompletedProcess[str]) -> int:
    assert ran.returncode == 0, ran.stdout[-6000:] + ran.stderr[-2000:]
    found = re.search(r"changed=(\d+)", ran.stdout)
    assert found is not None
    return int(found[1])


def known(cluster: Cluster) -> set[str]:
    return {one["spec"]["group"] for one in cluster.items(DEFINITIONS)}


@pytest.mark.requirement("C9")
def test_a_role_brings_its_definitions_and_then_its_objects(bare: Cluster, tmp_path: Path) -> None:
    assert known(bare) == set()
    assert changed(run(bare, tmp_path, "--check")) == 2
    assert known(bare) == set()
    assert changed(run(bare, tmp_path)) == 2
    assert known(bare) == {GROUP}
    assert bare.get(POOL)["spec"]["addresses"] == ["10.20.3.10-10.20.3.40"]
    assert changed(run(bare, tmp_path)) == 0


def test_a_cluster_that_has_them_is_left_alone(bare: Cluster, tmp_path: Path) -> None:
    assert changed(run(bare, tmp_path)) in (0, 2)
    assert changed(run(bare, tmp_path, service_load_balancer_crd_bundles=[], artifact_store_dir="/nowhere")) == 0


def test_a_store_without_the_bundle_is_refused_with_the_remedy(bare: Cluster, tmp_path: Path) -> None:
    ran = run(bare, tmp_path, artifact_store_dir=str(tmp_path))
    assert ran.returncode != 0
    assert f"{tmp_path}/bundles/metallb.yaml is not there" in ran.stdout
    assert "service_load_balancer_store" in ran.stdout
