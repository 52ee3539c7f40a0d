"""Whose an object and a set are: other sets, other tools, other runs, and objects that were replaced."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.autotrade.deployment.plugins.module_utils.core.api_resources import ResourceType
from ansible_collections.autotrade.deployment.plugins.module_utils.core.applyset import ID, KINDS, PART_OF, TOOLING
from ansible_collections.autotrade.deployment.plugins.module_utils.edge.kube_api import EVERYTHING, HttpKubeApi, Listing, Selector

from tests.integration.applying import Applier, config_map, deployment, secret
from tests.integration.booted import Cluster, Json
from tests.integration.sets import a_set, beside, names, notes, record


@pytest.fixture
def apply(cluster: Cluster, namespace: str, tmp_path: Path) -> Applier:
    return Applier(cluster, namespace, tmp_path)


def test_an_object_of_another_set_is_taken_only_when_asked(apply: Applier, cluster: Cluster, namespace: str) -> None:
    other = a_set(namespace, name="other")
    apply(config_map("one", a="1"), applyset=other, manager="someone-else")
    for check in (True, False):
        run = apply(config_map("one", a="1"), config_map("two"), applyset=a_set(namespace), check=check)
        assert "another ApplySet" in run.report.message
        assert "applyset.adopt" in run.report.message
        assert run.writes == 0
    adopted = apply(config_map("one", a="1"), config_map("two"), applyset=a_set(namespace, adopt=True))
    assert adopted.report.problems == ()
    labels = cluster.get(f"/api/v1/namespaces/{namespace}/configmaps/one")["metadata"]["labels"]
    assert labels[PART_OF] == a_set(namespace).parent.id
    # It is the other set's no more.
    apply(config_map("three"), applyset=other, manager="someone-else")
    assert names(cluster, namespace) == {"one", "two", "three", "set", "other"}


@pytest.mark.parametrize(
    ("labels", "annotations", "words"),
    [
        ({}, {}, "is no ApplySet parent"),
        ({ID: "ours"}, {TOOLING: "kubectl/v1.36.0", KINDS: ""}, "the ApplySet parent of another tool"),
        ({ID: "wrong"}, {TOOLING: "autotrade.deployment/v9", KINDS: ""}, "has the label"),
        ({ID: "ours"}, {TOOLING: "autotrade.deployment/v9"}, "lacks the annotation"),
    ],
)
def test_a_parent_that_is_not_ours_stops_before_the_first_write(
    apply: Applier, labels: Json, annotations: Json, words: str
) -> None:
    own, cluster, namespace = a_set(apply.namespace), apply.cluster, apply.namespace
    labels = {key: own.parent.id if value == "ours" else value for key, value in labels.items()}
    cluster.create(
        f"/api/v1/namespaces/{namespace}/configmaps",
        beside(config_map("set"), labels=labels, annotations=annotations),
    )
    run = apply(config_map("one"), applyset=own)
    assert words in run.report.message
    assert run.writes == 0


def test_deleting_the_set_deletes_members_and_parent(apply: Applier, cluster: Cluster, namespace: str) -> None:
    marked = beside(config_map("marked"), annotations={"autotrade.deployment/prune": "never"})
    apply(config_map("one"), config_map("two"), deployment(), marked, applyset=a_set(namespace))
    predicted = apply(config_map("one"), applyset=a_set(namespace), state="absent", check=True)
    run = apply(config_map("one"), applyset=a_set(namespace), state="absent", wait=True)
    assert run.methods == predicted.methods
    assert names(cluster, namespace) == {"marked", "set"}
    cluster.patch(f"/api/v1/namespaces/{namespace}/configmaps/marked", {"metadata": {"annotations": None}})
    assert apply(applyset=a_set(namespace), state="absent").methods == {"ConfigMap/marked": "prune", "ConfigMap/set": "delete"}
    assert names(cluster, namespace) == set()
    again = apply(config_map("one"), applyset=a_set(namespace), state="absent")
    assert (again.writes, again.report.changed) == (0, False)


class Meddling(HttpKubeApi):
    """Something happens right after a LIST by label, or before the parent is written."""

    after_list: Callable[[], object] | None = None
    before_parent: Callable[[], object] | None = None

    def list(self, kind: ResourceType, namespace: str | None, selector: Selector = EVERYTHING) -> Listing:
        found = super().list(kind, namespace, selector)
        if selector.labels and self.after_list:
            self.after_list()
            self.after_list = None
        return found

    def apply(self, kind: ResourceType, obj: Any, manager: str, **options: Any) -> Any:
        if manager.endswith("-applyset") and self.before_parent:
            self.before_parent()
            self.before_parent = None
        return super().apply(kind, obj, manager, **options)


def meddling(apply: Applier) -> Meddling:
    return Meddling(apply.connect()._transport)


def test_an_object_that_was_replaced_meanwhile_is_not_ours_to_delete(apply: Applier, cluster: Cluster, namespace: str) -> None:
    apply(config_map("one"), config_map("two"), applyset=a_set(namespace))
    path = f"/api/v1/namespaces/{namespace}/configmaps"

    def replace() -> None:
        cluster.delete(f"{path}/two")
        cluster.create(path, config_map("two", whose="theirs"))

    api = meddling(apply)
    api.after_list = replace
    run = apply(config_map("one"), applyset=a_set(namespace), api=api, wait=True)
    assert "replaced" in notes(run, "kept")["two"]
    assert run.report.problems == ()
    assert cluster.get(f"{path}/two")["data"] == {"whose": "theirs"}


def test_what_another_run_records_meanwhile_is_not_lost(apply: Applier, cluster: Cluster, namespace: str) -> None:
    apply(config_map("one"), applyset=a_set(namespace))
    api = meddling(apply)
    api.before_parent = lambda: apply(config_map("one"), secret(), applyset=a_set(namespace, None))
    run = apply(config_map("one"), deployment(), applyset=a_set(namespace, None), api=api)
    assert run.report.problems == ()
    assert record(cluster, namespace)[0] == "ConfigMap,Deployment.apps,Secret"


def test_members_that_may_not_be_seen_stop_the_pruning(apply: Applier, cluster: Cluster, namespace: str) -> None:
    apply(config_map("one"), config_map("two"), secret(), applyset=a_set(namespace))
    rules = [{"apiGroups": [""], "resources": ["configmaps"], "verbs": ["*"]}]
    role: Json = {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "Role", "metadata": {"name": "limited"}, "rules": rules}
    binding: Json = {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "RoleBinding",
        "metadata": {"name": "limited"},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "limited"},
        "subjects": [{"apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": "limited"}],
    }
    apply(role, binding)
    limited = Applier(cluster, namespace, apply.scratch, {"impersonate_user": "limited"})
    run = limited(config_map("one"), applyset=a_set(namespace))
    assert "not every member of the set can be seen, so none is deleted" in run.report.message
    assert names(cluster, namespace) == {"one", "two", "set"}
