"""Nothing is written before the API server has judged everything that it can judge."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.applying import Applier, config_map, definition, deployment
from tests.integration.booted import Cluster, Json, pod


@pytest.fixture
def apply(cluster: Cluster, namespace: str, tmp_path: Path) -> Applier:
    return Applier(cluster, namespace, tmp_path)


@pytest.fixture
def other(cluster: Cluster) -> Iterator[str]:
    """The name of a namespace that does not exist; gone again afterwards."""
    name = f"test-{uuid.uuid4().hex[:8]}"
    yield name
    cluster.delete(f"/api/v1/namespaces/{name}")


@pytest.fixture
def crd(cluster: Cluster) -> Iterator[Json]:
    """A definition that does not exist; gone again afterwards."""
    found = definition(f"Widget{uuid.uuid4().hex[:6]}")
    yield found
    cluster.delete(f"/apis/apiextensions.k8s.io/v1/customresourcedefinitions/{found['metadata']['name']}")


def within(namespace: str, obj: Json) -> Json:
    return {**obj, "metadata": {**obj["metadata"], "namespace": namespace}}


def space(name: str, **labels: str) -> Json:
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": labels}}


def bad_selector(name: str) -> Json:
    wrong = deployment(name)
    wrong["spec"]["selector"] = {"matchLabels": {"app": "another"}}
    return wrong


def closed(crd: Json, *fields: str) -> Json:
    """The definition with a schema that knows these fields of the spec alone."""
    properties = {"spec": {"type": "object", "properties": {field: {"type": "integer", "minimum": 1} for field in fields}}}
    version = {**crd["spec"]["versions"][0], "schema": {"openAPIV3Schema": {"type": "object", "properties": properties}}}
    return {**crd, "spec": {**crd["spec"], "versions": [version]}}


def custom(crd: Json, **spec: int) -> Json:
    return {"apiVersion": "tests.example.com/v1", "kind": crd["spec"]["names"]["kind"], "metadata": {"name": "a"}, "spec": spec}


def test_every_refusal_is_told_and_nothing_is_written(apply: Applier) -> None:
    unknown = {**config_map("unknown"), "dat": {}}
    wanted = (config_map("fine", a="1"), unknown, bad_selector("one"), bad_selector("two"), deployment("good"))
    run = apply(*wanted)
    assert [problem.ref.name for problem in run.report.problems] == ["unknown", "one", "two"]
    assert run.writes == 0
    assert run.requests["PATCH (dry run)"] == 5
    assert "nothing was written" in run.report.message
    for words in (".dat", "spec.template.metadata.labels", "file-2.yaml", "Correct the field"):
        assert words in run.report.message
    predicted = apply(*wanted, check=True)
    assert predicted.report.problems == run.report.problems


def test_only_what_would_change_is_asked_and_written(apply: Applier) -> None:
    apply(config_map("one", a="1"), config_map("two", a="1"))
    run = apply(config_map("one", a="1"), config_map("two", a="2"), config_map("three", a="1"))
    assert run.requests == {"GET": 1, "PATCH (dry run)": 2, "PATCH": 2}
    assert apply(config_map("one", a="1"), config_map("two", a="2"), config_map("three", a="1")).requests == {"GET": 1}


def test_what_the_dry_run_leaves_as_it_is_is_not_written(apply: Applier) -> None:
    # The manifest writes an empty environment, which the API drops: comparing cannot prove that nothing would change.
    doubtful = deployment()
    doubtful["spec"]["template"]["spec"]["containers"][0]["env"] = []
    doubtful["spec"]["template"]["spec"]["nodeName"] = ""
    apply(doubtful)
    again = apply(doubtful)
    assert again.methods == {"Deployment/web": "unchanged"}
    assert again.writes == 0


def test_objects_in_a_new_namespace_are_judged_in_their_own_wave(apply: Applier, cluster: Cluster, other: str) -> None:
    wanted = (space(other), within(other, config_map("fine", a="1")), within(other, {**config_map("wrong"), "dat": {}}))
    checked = apply(*wanted, check=True)
    assert {o.item.ref.name: o.unvalidated for o in checked.report.outcomes} == {other: False, "fine": True, "wrong": True}
    run = apply(*wanted)
    assert [problem.ref.name for problem in run.report.problems] == ["wrong"]
    assert f"Written before that: v1 Namespace {other}" in run.report.message
    assert f"Not written: v1 ConfigMap {other}/fine" in run.report.message
    assert cluster.request("GET", f"/api/v1/namespaces/{other}/configmaps/fine").status == 404
    assert apply(*wanted[:2]).report.problems == ()


def test_a_resource_of_a_new_definition_is_judged_after_it(apply: Applier, crd: Json) -> None:
    run = apply(closed(crd, "size"), custom(crd, size=0))
    assert [problem.ref.kind for problem in run.report.problems] == [crd["spec"]["names"]["kind"]]
    assert "spec.size" in run.report.message
    assert run.requests["PATCH (dry run)"] == 2
    assert apply(closed(crd, "size"), custom(crd, size=1)).report.problems == ()


def test_a_resource_may_use_what_a_changed_definition_brings(apply: Applier, crd: Json) -> None:
    assert apply(closed(crd, "size"), custom(crd, size=1)).report.problems == ()
    checked = apply(closed(crd, "size", "weight"), custom(crd, size=1, weight=2), check=True)
    assert [o.unvalidated for o in checked.report.outcomes] == [False, True]
    run = apply(closed(crd, "size", "weight"), custom(crd, size=1, weight=2))
    assert run.report.problems == ()
    assert apply(closed(crd, "size", "weight"), custom(crd, size=1, weight=2)).writes == 0


def test_a_pod_may_use_what_the_same_set_creates(apply: Applier, cluster: Cluster, namespace: str) -> None:
    account: Json = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "runner"}}
    run = apply(pod("late", serviceAccountName="runner"), account)
    assert run.report.problems == ()
    assert list(run.methods) == ["ServiceAccount/runner", "Pod/late"]
    missing = apply(pod("never", serviceAccountName="nobody"), account)
    assert 'serviceaccount "nobody" not found' in missing.report.message
    assert missing.writes == 0


def test_a_quota_may_be_raised_by_the_set_that_needs_it(apply: Applier, cluster: Cluster, namespace: str) -> None:
    def quota(count: str) -> Json:
        return {"apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": "few"}, "spec": {"hard": {"secrets": count}}}

    def held(found: Json) -> bool:
        return bool(found.get("status", {}).get("hard"))

    wanted: Json = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "one"}}
    apply(quota("0"))
    cluster.wait("quota", f"/api/v1/namespaces/{namespace}/resourcequotas/few", held)
    assert "exceeded quota: few" in apply(wanted).report.message
    assert apply(quota("5"), wanted).report.problems == ()


def test_an_absent_namespace_is_a_refusal_unless_only_asked(apply: Applier, other: str) -> None:
    run = apply(within(other, config_map(a="1")))
    assert f'namespaces "{other}" not found' in run.report.message
    assert "metadata.namespace" in run.report.message
    assert run.writes == 0
    assert apply(within(other, config_map(a="1")), check=True).report.outcomes[0].unvalidated
