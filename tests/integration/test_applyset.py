"""ApplySets on a real API server: what is pruned, what is kept, and when nothing is deleted at all."""

from __future__ import annotations

import uuid
from pathlib import Path

import pytest
from ansible_collections.autotrade.deployment.plugins.module_utils.core.applyset import ID, KINDS, NAMESPACES, TOOLING
from ansible_collections.autotrade.deployment.plugins.module_utils.core.applyset_prune import PruneRules

from tests.integration.applying import Applier, config_map, definition, deployment, secret
from tests.integration.booted import Cluster, Json
from tests.integration.sets import a_set, beside, names, notes, record, space, spare_namespace

CRDS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"


@pytest.fixture
def apply(cluster: Cluster, namespace: str, tmp_path: Path) -> Applier:
    return Applier(cluster, namespace, tmp_path)


def test_what_left_the_manifests_is_deleted_and_nothing_else(apply: Applier, cluster: Cluster, namespace: str) -> None:
    apply(config_map("foreign"))
    first = apply(config_map("one"), config_map("two"), deployment(), applyset=a_set(namespace))
    assert first.report.problems == ()
    parent = cluster.get(f"/api/v1/namespaces/{namespace}/configmaps/set")["metadata"]
    assert parent["labels"] == {ID: a_set(namespace).parent.id}
    assert parent["annotations"] == {KINDS: "ConfigMap,Deployment.apps", NAMESPACES: "", TOOLING: "autotrade.deployment/v0.1.0"}
    second = apply(config_map("one"), applyset=a_set(namespace), wait=True)
    assert second.methods == {
        "ConfigMap/one": "unchanged",
        "Deployment/web": "prune",
        "ConfigMap/two": "prune",
        "ConfigMap/set": "apply",
    }
    # Workloads go before the configuration that they read.
    assert list(second.methods).index("Deployment/web") < list(second.methods).index("ConfigMap/two")
    assert names(cluster, namespace) == {"foreign", "one", "set"}
    assert names(cluster, namespace, "deployments") == set()
    assert record(cluster, namespace) == ("ConfigMap", "")
    third = apply(config_map("one"), applyset=a_set(namespace), wait=True)
    assert (third.writes, third.report.changed) == (0, False)


def test_without_prune_members_are_recorded_and_nothing_is_deleted(apply: Applier, cluster: Cluster, namespace: str) -> None:
    apply(config_map("one"), deployment(), applyset=a_set(namespace))
    partial = apply(config_map("one"), applyset=a_set(namespace, None))
    assert (partial.writes, names(cluster, namespace, "deployments")) == (0, {"web"})
    assert record(cluster, namespace)[0] == "ConfigMap,Deployment.apps"


def test_check_mode_predicts_what_happens_then(apply: Applier, cluster: Cluster, namespace: str) -> None:
    apply(config_map("one"), config_map("two"), deployment(), applyset=a_set(namespace))
    wanted = (config_map("one", a="1"), secret())
    predicted = apply(*wanted, applyset=a_set(namespace), check=True)
    assert predicted.writes == 0
    assert notes(predicted, "prune") == dict.fromkeys(("web", "two"), "would be deleted: it left the manifests")
    assert names(cluster, namespace, "deployments") == {"web"}
    happened = apply(*wanted, applyset=a_set(namespace))
    assert happened.methods == predicted.methods
    assert {o.item.ref: o.change and o.change.after for o in happened.report.outcomes if o.changed} == {
        o.item.ref: o.change and o.change.after for o in predicted.report.outcomes if o.changed
    }
    assert not apply(*wanted, applyset=a_set(namespace), check=True).report.changed


def test_a_failed_apply_prunes_nothing(apply: Applier, cluster: Cluster, namespace: str) -> None:
    apply(config_map("one"), config_map("two"), applyset=a_set(namespace))
    wrong = {**config_map("three"), "dat": {}}
    for check in (True, False):
        run = apply(config_map("one"), wrong, applyset=a_set(namespace), check=check)
        assert ".dat" in run.report.message
        assert "prune" not in run.methods.values()
    assert names(cluster, namespace) == {"one", "two", "set"}


def test_a_run_that_ends_early_tells_that_it_recorded_the_set(apply: Applier, cluster: Cluster, namespace: str) -> None:
    run = apply(deployment("new", behaviour="crash-loop"), applyset=a_set(namespace), wait=True)
    assert run.report.problems
    assert names(cluster, namespace) == {"set"}
    assert {o.item.ref.name for o in run.report.outcomes if o.changed} == {"new", "set"}
    assert f"ConfigMap {namespace}/set" in run.report.message


def test_what_does_not_get_ready_prunes_nothing(apply: Applier, cluster: Cluster, namespace: str) -> None:
    apply(config_map("one"), deployment("old"), applyset=a_set(namespace), wait=True)
    run = apply(config_map("one"), deployment("new", behaviour="crash-loop"), applyset=a_set(namespace), wait=True)
    assert run.report.problems
    assert names(cluster, namespace, "deployments") == {"old", "new"}
    assert (
        apply(config_map("one"), deployment("new", ready_after="1"), applyset=a_set(namespace), wait=True).report.problems == ()
    )
    assert names(cluster, namespace, "deployments") == {"new"}


@pytest.mark.parametrize(
    ("rules", "setting"),
    [
        (PruneRules(max_count=2, max_share=100), "prune.max_count (2)"),
        (PruneRules(max_share=50), "prune.max_share (50 %, which is 2)"),
    ],
)
def test_too_many_are_refused_with_the_figures(
    apply: Applier, cluster: Cluster, namespace: str, rules: PruneRules, setting: str
) -> None:
    apply(*(config_map(name) for name in "abcd"), applyset=a_set(namespace))
    for check in (True, False):
        run = apply(config_map("a"), config_map("e"), applyset=a_set(namespace, PruneRules(max_count=2)), check=check)
        assert "3 of the 5 members" in run.report.message
        assert "prune.max_count (2)" in run.report.message
    assert names(cluster, namespace) == {"a", "b", "c", "d", "e", "set"}
    cluster.delete(f"/api/v1/namespaces/{namespace}/configmaps/e")
    run = apply(config_map("a"), applyset=a_set(namespace, rules))
    assert ("3 of the 4 members" in run.report.message, setting in run.report.message) == (True, True)
    assert names(cluster, namespace) == {"a", "b", "c", "d", "set"}
    assert apply(config_map("a"), applyset=a_set(namespace)).report.problems == ()
    assert names(cluster, namespace) == {"a", "set"}


def test_members_that_must_stay_are_kept_with_the_reason(apply: Applier, cluster: Cluster, namespace: str) -> None:
    claim: Json = {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": {"name": "data"},
        "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}},
    }
    marked = beside(config_map("marked"), annotations={"autotrade.deployment/prune": "never"})
    apply(config_map("one"), claim, marked, config_map("owned"), applyset=a_set(namespace))
    owner = cluster.get(f"/api/v1/namespaces/{namespace}/configmaps/one")["metadata"]["uid"]
    reference = {"apiVersion": "v1", "kind": "ConfigMap", "name": "one", "uid": owner, "controller": True}
    cluster.patch(f"/api/v1/namespaces/{namespace}/configmaps/owned", {"metadata": {"ownerReferences": [reference]}})
    run = apply(config_map("one"), applyset=a_set(namespace))
    kept = notes(run, "kept")
    assert "PersistentVolumeClaim/data to prune.allow" in kept["data"]
    assert "autotrade.deployment/prune" in kept["marked"]
    assert "its controller, ConfigMap one" in kept["owned"]
    assert (run.report.changed, names(cluster, namespace)) == (False, {"one", "marked", "owned", "set"})
    # What is kept stays known: allowed later, it goes.
    assert record(cluster, namespace)[0] == "ConfigMap,PersistentVolumeClaim"
    allowed = apply(config_map("one"), applyset=a_set(namespace, PruneRules(("PersistentVolumeClaim/da*",))))
    assert allowed.methods["PersistentVolumeClaim/data"] == "prune"


def test_a_set_spans_namespaces_and_cluster_scoped_objects(apply: Applier, cluster: Cluster, namespace: str) -> None:
    role: Json = {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "ClusterRole",
        "metadata": {"name": namespace},
        "rules": [],
    }
    with spare_namespace(cluster) as other:
        apply(config_map("one"), space(other), beside(config_map("there"), namespace=other), role, applyset=a_set(namespace))
        assert record(cluster, namespace) == ("ClusterRole.rbac.authorization.k8s.io,ConfigMap,Namespace", other)
        run = apply(config_map("one"), applyset=a_set(namespace))
        pruned = {f"ClusterRole/{namespace}": "prune", "ConfigMap/there": "prune", f"Namespace/{other}": "kept"}
        assert pruned.items() <= run.methods.items()
        assert names(cluster, other) == set()
        assert record(cluster, namespace) == ("ConfigMap,Namespace", "")
        allowed = a_set(namespace, PruneRules((f"Namespace/{other}",), 100, 100))
        assert apply(config_map("one"), applyset=allowed).methods[f"Namespace/{other}"] == "prune"
        cluster.wait_gone(f"/api/v1/namespaces/{other}")


def test_the_namespace_of_the_parent_may_come_with_the_set(apply: Applier, cluster: Cluster) -> None:
    with spare_namespace(cluster) as name:
        wanted = (space(name), beside(config_map("one"), namespace=name))
        own = a_set(name)
        predicted = apply(*wanted, applyset=own, check=True)
        run = apply(*wanted, applyset=own)
        assert run.report.problems == ()
        assert run.methods == predicted.methods
        assert record(cluster, name) == ("ConfigMap,Namespace", "")
        assert apply(*wanted, applyset=own).writes == 0


def test_a_parent_without_a_namespace_is_refused_before_the_first_write(apply: Applier) -> None:
    run = apply(config_map("one"), applyset=a_set("not-there"))
    assert "namespace not-there does not exist" in run.report.message
    assert "applyset.namespace" in run.report.message
    assert run.report.outcomes == ()


def test_a_definition_is_kept_with_its_resources_gone(apply: Applier, cluster: Cluster, namespace: str) -> None:
    kind = f"Widget{uuid.uuid4().hex[:6]}"
    crd = definition(kind)
    custom: Json = {"apiVersion": "tests.example.com/v1", "kind": kind, "metadata": {"name": "a"}, "spec": {}}
    crd_name = str(crd["metadata"]["name"])
    try:
        apply(crd, custom, config_map("one"), applyset=a_set(namespace))
        run = apply(config_map("one"), applyset=a_set(namespace))
        assert run.methods[f"{kind}/a"] == "prune"
        assert run.methods[f"CustomResourceDefinition/{crd_name}"] == "kept"
        apply(crd, custom, config_map("one"), applyset=a_set(namespace))
        allowed = PruneRules((f"CustomResourceDefinition.apiextensions.k8s.io/{crd_name}",), 100, 100)
        run = apply(config_map("one"), applyset=a_set(namespace, allowed), wait=True)
        order = [name for name, method in run.methods.items() if method == "prune"]
        assert order == [f"{kind}/a", f"CustomResourceDefinition/{crd_name}"]
        assert cluster.request("GET", f"{CRDS}/{crd_name}").status == 404
        assert record(cluster, namespace)[0] == "ConfigMap"
    finally:
        cluster.delete(f"{CRDS}/{crd_name}")


def test_a_kind_that_is_served_no_more_leaves_the_record(apply: Applier, cluster: Cluster, namespace: str) -> None:
    kind = f"Widget{uuid.uuid4().hex[:6]}"
    crd = definition(kind)
    custom: Json = {"apiVersion": "tests.example.com/v1", "kind": kind, "metadata": {"name": "a"}, "spec": {}}
    apply(crd)
    apply(custom, config_map("one"), applyset=a_set(namespace))
    cluster.delete(f"{CRDS}/{crd['metadata']['name']}")
    cluster.wait_gone(f"{CRDS}/{crd['metadata']['name']}")
    run = apply(config_map("one"), applyset=a_set(namespace))
    assert run.report.problems == ()
    assert record(cluster, namespace)[0] == "ConfigMap"
