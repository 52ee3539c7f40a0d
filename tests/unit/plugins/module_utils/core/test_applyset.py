"""The identity of a set, its parent's document, and who may be a member."""

from __future__ import annotations

import re
from typing import Any

import pytest
from ansible_collections.autotrade.deployment.plugins.module_utils.core.applyset import (
    ID,
    KINDS,
    NAMESPACES,
    PART_OF,
    TOOLING,
    Extent,
    Parent,
    document,
    extent_of,
    foreign,
    labelled,
    member_of,
    recorded,
)
from ansible_collections.autotrade.deployment.plugins.module_utils.core.manifests import Sourced
from ansible_collections.autotrade.deployment.plugins.module_utils.core.objects import ManifestError, ObjectRef
from hypothesis import given
from hypothesis import strategies as st

PARENT = Parent("ConfigMap", "demo", "set")
KIND_NAMES = st.sampled_from(["ConfigMap", "Deployment.apps", "Widget.example.com", "ClusterRole.rbac.authorization.k8s.io"])
EXTENTS = st.builds(Extent, st.frozensets(KIND_NAMES), st.frozensets(st.sampled_from(["demo", "a", "b"])))


def config_map(name: str = "one", **metadata: Any) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, **metadata}}


def test_the_id_is_the_hash_that_the_specification_asks_for() -> None:
    # printf 'set.demo.ConfigMap.' | openssl dgst -sha256 -binary | basenc --base64url
    assert PARENT.id == "applyset-XO4TKsGnyt763q44d8Q4w-Q1Gb5CkeTGyS3TjnaEze4-v1"
    assert Parent("Secret", "demo", "set").id != PARENT.id != Parent("ConfigMap", "set", "demo").id


@given(st.text("abc.-", min_size=1, max_size=60), st.text("abc-", min_size=1, max_size=60))
def test_the_id_is_a_label_value(name: str, namespace: str) -> None:
    assert re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,61}[A-Za-z0-9]", Parent("ConfigMap", namespace, name).id)


def test_the_parent_as_it_is_applied() -> None:
    extent = Extent(frozenset({"Secret", "Deployment.apps"}), frozenset({"demo", "b", "a"}))
    assert document(PARENT, extent) == {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {
            "name": "set",
            "namespace": "demo",
            "labels": {ID: PARENT.id},
            "annotations": {TOOLING: "autotrade.deployment/v0.1.0", KINDS: "Deployment.apps,Secret", NAMESPACES: "a,b"},
        },
    }


@given(EXTENTS)
def test_what_is_written_is_read_again(extent: Extent) -> None:
    written = document(PARENT, extent)
    assert foreign(PARENT, written) == ""
    assert recorded(PARENT, written) == extent | Extent(frozenset(), frozenset({"demo"}))


@given(EXTENTS, EXTENTS)
def test_widening_loses_nothing(one: Extent, other: Extent) -> None:
    both = one | other
    assert both.kinds >= one.kinds | other.kinds
    assert both.namespaces >= one.namespaces | other.namespaces
    assert both | one == both == other | one


def test_the_extent_of_objects() -> None:
    refs = [ObjectRef("apps/v1", "Deployment", "a", "x"), ObjectRef("v1", "Namespace", None, "b")]
    assert extent_of(refs) == Extent(frozenset({"Deployment.apps", "Namespace"}), frozenset({"a"}))


@pytest.mark.parametrize(
    ("labels", "annotations", "words"),
    [
        ({}, {}, "is no ApplySet parent"),
        ({ID: PARENT.id}, {}, "of another tool (applyset.kubernetes.io/tooling: nothing"),
        (
            {ID: PARENT.id},
            {TOOLING: "kubectl/v1.36", KINDS: ""},
            "of another tool (applyset.kubernetes.io/tooling: kubectl/v1.36",
        ),
        ({ID: PARENT.id}, {TOOLING: "autotrade.deployment.other/v1", KINDS: ""}, "of another tool"),
        ({ID: "applyset-x-v1"}, {TOOLING: "autotrade.deployment/v1", KINDS: ""}, "expected " + PARENT.id),
        ({ID: PARENT.id}, {TOOLING: "autotrade.deployment/v1"}, "lacks the annotation"),
        ({ID: PARENT.id}, {TOOLING: "autotrade.deployment/v9.9", KINDS: ""}, ""),
    ],
)
def test_whose_parent_it_is(labels: dict[str, str], annotations: dict[str, str], words: str) -> None:
    why = foreign(PARENT, config_map("set", labels=labels, annotations=annotations))
    assert words in why
    assert bool(words) == bool(why)


def test_members_carry_the_label_beside_their_own() -> None:
    (one,) = labelled(PARENT, [Sourced(config_map(labels={"app": "web"}), "a.yaml")])
    assert one.obj["metadata"]["labels"] == {"app": "web", PART_OF: PARENT.id}
    assert member_of(one.obj) == PARENT.id
    assert labelled(PARENT, [one]) == (one,)
    assert member_of(config_map()) == ""


def test_a_manifest_of_another_set_and_the_parent_itself_are_refused_together() -> None:
    foreign_member = Sourced(config_map(labels={PART_OF: "applyset-x-v1"}), "a.yaml")
    with pytest.raises(ManifestError) as caught:
        labelled(PARENT, [foreign_member, Sourced(config_map("set"), "b.yaml"), Sourced(config_map("fine"), "c.yaml")])
    assert [problem.where.partition(",")[0] for problem in caught.value.problems] == ["a.yaml", "b.yaml"]
    labelled(PARENT, [Sourced(config_map("set", namespace="elsewhere"), "b.yaml")])
