"""What ``cluster_objects`` writes, and what it leaves alone, seen by the real API server."""

from __future__ import annotations

import uuid
from pathlib import Path

import pytest
from ansible_collections.autotrade.deployment.plugins.module_utils.core.conflict_rules import taking

from tests.integration.applying import Applier, config_map, definition, deployment, secret
from tests.integration.booted import Cluster, Json


@pytest.fixture
def apply(cluster: Cluster, namespace: str, tmp_path: Path) -> Applier:
    return Applier(cluster, namespace, tmp_path)


def path(namespace: str, plural: str, name: str) -> str:
    root = "/apis/apps/v1" if plural == "deployments" else "/api/v1"
    return f"{root}/namespaces/{namespace}/{plural}/{name}"


def test_creates_once_and_then_writes_nothing(apply: Applier) -> None:
    wanted = (config_map(limit="100"), secret(password="long-enough-password"), deployment())
    first = apply(*wanted, wait=True)
    assert first.report.problems == ()
    assert set(first.methods.values()) == {"create"}
    second = apply(*wanted, wait=True)
    assert set(second.methods.values()) == {"unchanged"}
    assert not second.report.changed
    assert second.writes == 0
    assert second.requests["GET"] <= 3


def test_reads_each_kind_once(apply: Applier) -> None:
    many = [config_map(f"settings-{number}", a="b") for number in range(20)]
    apply(*many)
    again = apply(*many)
    assert again.requests == {"GET": 1}


def test_repairs_drift_and_only_that(apply: Applier, cluster: Cluster, namespace: str) -> None:
    apply(config_map("one", a="1"), config_map("two", a="1"))
    cluster.patch(path(namespace, "configmaps", "one"), {"data": {"a": "drifted"}})
    with_conflict = apply(config_map("one", a="1"), config_map("two", a="1"))
    assert with_conflict.report.problems[0].conflicts[0].path == ".data.a"
    taken = apply(config_map("one", a="1"), config_map("two", a="1"), rules=taking([".data.a"]))
    assert taken.methods == {"ConfigMap/one": "apply", "ConfigMap/two": "unchanged"}
    assert cluster.get(path(namespace, "configmaps", "one"))["data"] == {"a": "1"}


def test_removes_a_field_that_left_the_manifest(apply: Applier, cluster: Cluster, namespace: str) -> None:
    apply(config_map(a="1", b="2"))
    run = apply(config_map(a="1"))
    assert run.methods == {"ConfigMap/settings": "apply"}
    assert cluster.get(path(namespace, "configmaps", "settings"))["data"] == {"a": "1"}


def test_namespace_with_its_content_in_one_set(apply: Applier, cluster: Cluster) -> None:
    name = f"test-{uuid.uuid4().hex[:8]}"
    inside = config_map(a="1")
    inside["metadata"]["namespace"] = name
    space: Json = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}
    try:
        run = apply(inside, space)
        assert list(run.methods) == [f"Namespace/{name}", "ConfigMap/settings"]
        assert apply(inside, space).writes == 0
    finally:
        cluster.delete(f"/api/v1/namespaces/{name}")


def test_definition_with_its_resource_in_one_set(apply: Applier, cluster: Cluster) -> None:
    kind = f"Widget{uuid.uuid4().hex[:6]}"
    crd = definition(kind)
    custom: Json = {"apiVersion": "tests.example.com/v1", "kind": kind, "metadata": {"name": "a"}, "spec": {"size": 1}}
    try:
        predicted = apply(custom, crd, check=True)
        assert {o.item.ref.kind: o.unvalidated for o in predicted.report.outcomes} == {crd["kind"]: False, kind: True}
        assert predicted.writes == 0
        assert apply(custom, crd).report.problems == ()
        assert apply(custom, crd).writes == 0
    finally:
        cluster.delete(f"/apis/apiextensions.k8s.io/v1/customresourcedefinitions/{crd['metadata']['name']}")


def test_a_definition_that_someone_deleted_comes_back_with_its_resource_in_one_run(apply: Applier, cluster: Cluster) -> None:
    kind = f"Widget{uuid.uuid4().hex[:6]}"
    crd = definition(kind)
    where = f"/apis/apiextensions.k8s.io/v1/customresourcedefinitions/{crd['metadata']['name']}"
    custom: Json = {"apiVersion": "tests.example.com/v1", "kind": kind, "metadata": {"name": "a"}, "spec": {"size": 1}}
    try:
        assert apply(custom, crd).report.problems == ()
        cluster.delete(where)
        cluster.wait_gone(where)
        again = apply(custom, crd)
        assert again.report.problems == ()
        assert set(again.methods.values()) == {"create"}
    finally:
        cluster.delete(where)


def test_unicode_and_template_characters_arrive_as_they_are(apply: Applier, cluster: Cluster, namespace: str) -> None:
    data = {"a": "{{ not a template }} {% raw %}", "b": "žluťoučký 日本語 \U0001f4b9", "c": 'line\nline\ttab "quoted" \\'}
    apply(config_map(**data))
    assert cluster.get(path(namespace, "configmaps", "settings"))["data"] == data
    assert apply(config_map(**data)).writes == 0


def test_a_conflict_names_path_manager_both_values_and_the_setting(apply: Applier, namespace: str) -> None:
    apply(deployment(replicas=2), manager="someone-else")
    run = apply(deployment(replicas=3))
    problem = run.report.problems[0]
    conflict = problem.conflicts[0]
    assert (conflict.path, conflict.manager, conflict.ours, conflict.theirs) == (".spec.replicas", "someone-else", 3, 2)
    for word in (f"Deployment {namespace}/web", "file-1.yaml", "conflicts:", "field_manager", ".spec.replicas"):
        assert word in run.report.message


def test_a_conflict_in_a_secret_shows_no_value(apply: Applier) -> None:
    apply(secret(password="theirs-is-secret"), manager="someone-else")
    run = apply(secret(password="ours-is-secret"))
    assert run.report.problems[0].conflicts[0].path == ".data.password"
    assert "is-secret" not in repr(run.report.problems)


def test_an_unknown_kind_stops_before_the_first_write(apply: Applier, cluster: Cluster, namespace: str) -> None:
    wrong: Json = {"apiVersion": "apps/v1beta1", "kind": "Deployment", "metadata": {"name": "old"}}
    run = apply(config_map("never", a="1"), wrong)
    assert run.writes == 0
    assert "Deployment is served as apps/v1" in run.report.message
    assert "file-2.yaml" in run.report.message
    assert cluster.request("GET", path(namespace, "configmaps", "never")).status == 404


def test_an_unknown_field_is_refused_with_its_path(apply: Applier) -> None:
    wrong = config_map(a="1")
    wrong["dat"] = {"b": "2"}
    run = apply(wrong)
    assert ".dat" in run.report.message
    assert "field not declared in schema" in run.report.message


def test_a_wrong_type_in_a_secret_shows_no_value(apply: Applier) -> None:
    wrong: Json = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "login"}, "data": {"pin": 271828}}
    assert "271828" not in apply(wrong).report.message


def test_replicas_belong_to_the_autoscaler_of_the_set(apply: Applier, cluster: Cluster, namespace: str) -> None:
    scaler: Json = {
        "apiVersion": "autoscaling/v2",
        "kind": "HorizontalPodAutoscaler",
        "metadata": {"name": "web"},
        "spec": {
            "minReplicas": 1,
            "maxReplicas": 9,
            "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"},
        },
    }
    apply(deployment(replicas=2), scaler)
    cluster.patch(f"{path(namespace, 'deployments', 'web')}/scale", {"spec": {"replicas": 5}})
    assert apply(deployment(replicas=2), scaler).report.problems == ()
    assert apply(deployment(replicas=2, image="registry.example/app:2.0")).report.problems == ()
    live = cluster.get(path(namespace, "deployments", "web"))["spec"]
    assert live["replicas"] == 5
    assert live["template"]["spec"]["containers"][0]["image"] == "registry.example/app:2.0"
    assert apply(deployment(replicas=2, image="registry.example/app:2.0"), scaler).writes == 0


def test_deletes_in_reverse_and_waits_until_gone(apply: Applier, cluster: Cluster, namespace: str) -> None:
    wanted = (config_map(a="1"), deployment())
    apply(*wanted, wait=True)
    run = apply(*wanted, state="absent", wait=True)
    assert run.methods == {"Deployment/web": "delete", "ConfigMap/settings": "delete"}
    assert cluster.request("GET", path(namespace, "deployments", "web")).status == 404
    again = apply(*wanted, state="absent", wait=True)
    assert set(again.methods.values()) == {"absent"}
    assert not again.report.changed
    assert again.writes == 0


def test_a_namespaced_object_without_a_namespace_is_refused(cluster: Cluster, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"metadata\.namespace"):
        Applier(cluster, "", tmp_path)(config_map(a="1"))
