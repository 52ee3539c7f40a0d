"""Our ApplySets are those of KEP-3659: kubectl knows them, leaves ours alone, and takes them over where it is allowed to."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest
import yaml
from ansible_collections.autotrade.deployment.plugins.module_utils.core.applyset import TOOLING, Parent
from ansible_collections.autotrade.deployment.plugins.module_utils.core.applyset_prune import PruneRules
from ansible_collections.autotrade.deployment.plugins.module_utils.edge.apply_set import SetSettings

from tests.integration.applying import Applier, config_map, deployment
from tests.integration.booted import Cluster, Json, store
from tests.integration.sets import names

ALL = PruneRules(max_count=100, max_share=100)


@pytest.fixture
def apply(cluster: Cluster, namespace: str, tmp_path: Path) -> Applier:
    return Applier(cluster, namespace, tmp_path)


def kubectl_apply(apply: Applier, parent: str, *objects: Json) -> subprocess.CompletedProcess[str]:
    file = apply.scratch / "objects.yaml"
    file.write_text(yaml.safe_dump_all(objects))
    command = [str(store() / "bin" / "kubectl"), f"--kubeconfig={apply.cluster.kubeconfig}", "-n", apply.namespace]
    arguments = ["apply", "--server-side", "--force-conflicts", "--prune", f"--applyset={parent}", "-f", str(file)]
    env = {**os.environ, "KUBECTL_APPLYSET": "true", "HOME": str(apply.scratch)}
    return subprocess.run([*command, *arguments], env=env, capture_output=True, text=True, check=False, timeout=120)


def take_over(apply: Applier, plural: str, tooling: str) -> None:
    path = f"/api/v1/namespaces/{apply.namespace}/{plural}/set"
    apply.cluster.patch(path, {"metadata": {"annotations": {TOOLING: tooling}}})


@pytest.mark.parametrize(("kind", "plural"), [("ConfigMap", "configmaps"), ("Secret", "secrets")])
def test_kubectl_refuses_our_set_by_its_tooling_and_prunes_it_once_it_is_its_own(apply: Applier, kind: str, plural: str) -> None:
    own = SetSettings(Parent(kind, apply.namespace, "set"), rules=ALL)
    assert apply(config_map("one", a="1"), config_map("two", a="1"), deployment(), applyset=own).report.problems == ()
    refused = kubectl_apply(apply, f"{plural}/set", config_map("one", a="1"))
    # It got as far as the tooling: label, id and annotations are as kubectl computes them itself, which it checks in this order.
    assert 'is managed by tooling "autotrade.deployment" instead of "kubectl"' in refused.stderr
    take_over(apply, plural, "kubectl/v1.36")
    taken = kubectl_apply(apply, f"{plural}/set", config_map("one", a="1"))
    assert taken.returncode == 0, taken.stderr
    assert "configmap/two pruned" in taken.stdout
    assert "deployment.apps/web pruned" in taken.stdout
    assert names(apply.cluster, apply.namespace) - {"set"} == {"one"}


def test_a_set_of_kubectl_is_refused_and_can_be_taken_over(apply: Applier) -> None:
    own = SetSettings(Parent("Secret", apply.namespace, "set"), rules=ALL)
    made = kubectl_apply(apply, "secrets/set", config_map("one", a="1"), config_map("two", a="1"), deployment())
    assert made.returncode == 0, made.stderr
    refused = apply(config_map("one", a="1"), applyset=own)
    assert "another tool (applyset.kubernetes.io/tooling: kubectl/v1" in refused.report.message
    take_over(apply, "secrets", "autotrade.deployment/v0.0.1")
    taken = apply(config_map("one", a="1"), applyset=own)
    assert taken.report.problems == ()
    assert taken.methods["Deployment/web"] == taken.methods["ConfigMap/two"] == "prune"
