"""The cloud's controller and other projects' manifests on a real API server: accepted, ready, unchanged the second time."""

from __future__ import annotations

import hashlib
import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.conftest import CLOUD_ROLES
from tests.integration.booted import ROOT, Cluster

pytestmark = pytest.mark.requirement("C8")
DIGEST = "sha256:" + "1" * 64
CONTROLLER = "/apis/apps/v1/namespaces/kube-system/daemonsets/cloud-controller-manager"
OPERATOR: dict[str, Any] = {
    "apiVersion": "apps/v1",
    "kind": "Deployment",
    "metadata": {"name": "operator", "namespace": "kube-system"},
    "spec": {
        "selector": {"matchLabels": {"app": "operator"}},
        "template": {
            "metadata": {"labels": {"app": "operator"}},
            "spec": {
                "containers": [{"name": "operator", "image": "registry.example/operator:v1"}],
                "tolerations": [{"operator": "Exists"}],
            },
        },
    },
}


def run(cluster: Cluster, folder: Path, role: str, **variables: Any) -> subprocess.CompletedProcess[str]:
    """A role as a playbook runs it."""
    defaults = {"group/autotrade.deployment.cluster": {"kubeconfig": str(cluster.kubeconfig)}}
    play = {"hosts": "localhost", "gather_facts": False, "module_defaults": defaults, "roles": [f"autotrade.deployment.{role}"]}
    playbook, extra = folder / "play.yml", folder / "extra.json"
    playbook.write_text(yaml.safe_dump([play]), encoding="utf-8")
    extra.write_text(json.dumps(variables), encoding="utf-8")
    command = [str(Path(sys.executable).parent / "ansible-playbook"), str(playbook), "-i", "localhost,", "-c", "local"]
    environment = {**os.environ, "ANSIBLE_NOCOLOR": "1", "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg")}
    own = ["-e", f"@{extra}", "-e", f"ansible_python_interpreter={sys.executable}"]
    return subprocess.run([*command, *own], cwd=ROOT, env=environment, text=True, capture_output=True, timeout=600, check=False)


def changed(answer: subprocess.CompletedProcess[str]) -> int:
    assert answer.returncode == 0, answer.stdout[-4000:] + answer.stderr[-2000:]
    found = re.search(r"changed=(\d+)", answer.stdout)
    assert found is not None
    return int(found[1])


def test_the_clouds_controller_stands_on_each_control_plane(cluster: Cluster, tmp_path: Path) -> None:
    variables = CLOUD_ROLES["cloud_controller"]
    try:
        assert changed(run(cluster, tmp_path, "cloud_controller", **variables)) == 1
        status = cluster.get(CONTROLLER)["status"]
        assert status["numberReady"] == status["desiredNumberScheduled"] > 0
        assert changed(run(cluster, tmp_path, "cloud_controller", **variables)) == 0
    finally:
        cluster.delete(CONTROLLER)


def test_a_projects_manifest_is_applied_with_our_digest(cluster: Cluster, tmp_path: Path) -> None:
    manifest = tmp_path / "operator.yaml"
    manifest.write_text(yaml.safe_dump(OPERATOR), encoding="utf-8")
    entry = {
        "name": "operator",
        "file": str(manifest),
        "sha256": hashlib.sha256(manifest.read_bytes()).hexdigest(),
        "digests": {"registry.example/operator:v1": DIGEST},
    }
    path = "/apis/apps/v1/namespaces/kube-system/deployments/operator"
    try:
        # What waits for nodes is not what waits for objects.
        assert changed(run(cluster, tmp_path, "platform_manifests", platform_manifests_files=[{**entry, "before": "nodes"}])) == 0
        assert changed(run(cluster, tmp_path, "platform_manifests", platform_manifests_files=[entry])) == 1
        found = cluster.get(path)
        (container,) = found["spec"]["template"]["spec"]["containers"]
        assert container["image"] == f"registry.example/operator:v1@{DIGEST}"
        assert found["status"]["readyReplicas"] == 1
        assert changed(run(cluster, tmp_path, "platform_manifests", platform_manifests_files=[entry])) == 0
    finally:
        cluster.delete(path)


def test_a_manifest_that_somebody_changed_is_not_applied(cluster: Cluster, tmp_path: Path) -> None:
    manifest = tmp_path / "operator.yaml"
    manifest.write_text(yaml.safe_dump(OPERATOR), encoding="utf-8")
    entry = {"name": "operator", "file": str(manifest), "sha256": "0" * 64}
    answer = run(cluster, tmp_path, "platform_manifests", platform_manifests_files=[entry])
    assert answer.returncode != 0
    assert f"expected {'0' * 64}" in " ".join(answer.stdout.split())
    assert "operator" not in {
        one["metadata"]["name"] for one in cluster.items("/apis/apps/v1/namespaces/kube-system/deployments")
    }
