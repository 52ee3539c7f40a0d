# Copyright (c) autotrade.deployment engineers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Identity and safe reading of objects."""

from __future__ import annotations

import random

import pytest
from ansible_collections.autotrade.deployment.plugins.module_utils.core.objects import (
    ManifestError,
    ManifestSetError,
    ObjectRef,
    annotations_of,
    dig,
    dig_int,
    dig_list,
    dig_map,
    dig_text,
    labels_of,
    ref_of,
)
from hypothesis import given
from hypothesis import strategies as st

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=10,
)
DEPLOYMENT = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web", "namespace": "trading-system"}}


def test_ref_reads_as_version_kind_and_place() -> None:
    assert str(ref_of(DEPLOYMENT)) == "apps/v1 Deployment trading-system/web"
    assert str(ObjectRef("v1", "Namespace", None, "trading-system")) == "v1 Namespace trading-system"


@pytest.mark.parametrize(
    ("api_version", "group"), [("v1", ""), ("apps/v1", "apps"), ("gateway.networking.k8s.io/v1", "gateway.networking.k8s.io")]
)
def test_group(api_version: str, group: str) -> None:
    assert ObjectRef(api_version, "X", None, "x").group == group


def test_refs_sort_by_group_kind_namespace_name_and_cluster_scope_first() -> None:
    ordered = [
        ObjectRef("v1", "Namespace", None, "z"),
        ObjectRef("v1", "Pod", None, "z"),
        ObjectRef("v1", "Pod", "a", "b"),
        ObjectRef("v1", "Pod", "b", "a"),
        ObjectRef("apps/v1", "Deployment", "a", "a"),
    ]
    shuffled = ordered[:]
    random.Random(7).shuffle(shuffled)
    assert sorted(shuffled) == ordered
    assert ordered[0] <= ordered[1]


def test_a_ref_does_not_compare_with_other_things() -> None:
    with pytest.raises(TypeError):
        _ = ObjectRef("v1", "Pod", None, "x") < "x"  # type: ignore[operator]


def test_the_key_does_not_depend_on_the_version() -> None:
    assert ObjectRef("autoscaling/v1", "H", "a", "b").key == ObjectRef("autoscaling/v2", "H", "a", "b").key


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"apiVersion": None}, "apiVersion"),
        ({"kind": ""}, "kind"),
        ({"metadata": {}}, "metadata.name"),
        ({"metadata": []}, "metadata.name"),
        ({"metadata": {"name": 5}}, "metadata.name"),
        ({"metadata": {"name": "x", "namespace": 5}}, "metadata.namespace"),
    ],
)
def test_an_object_without_identity_is_refused_with_the_field(change: dict[str, object], field: str) -> None:
    with pytest.raises(ManifestError) as caught:
        ref_of({**DEPLOYMENT, **change})
    assert caught.value.where.endswith(f"field {field}")
    assert field in caught.value.remedy
    assert caught.value.problems == (caught.value,)


def test_an_empty_namespace_means_cluster_scope() -> None:
    assert ref_of({**DEPLOYMENT, "metadata": {"name": "x", "namespace": ""}}).namespace is None


def test_dig_follows_names_and_positions() -> None:
    obj = {"spec": {"containers": [{"name": "a"}, {"name": "b"}], "paused": False, "note": None}}
    assert dig(obj, "spec", "containers", 1, "name") == "b"
    assert dig(obj, "spec", "containers", -1, "name") == "b"
    assert dig(obj, "spec", "containers", 2, "name", default="none") == "none"
    assert dig(obj, "spec", "containers", -3) is None
    assert dig(obj, "spec", "paused", default=True) is False
    assert dig(obj, "spec", "note", default="absent") == "absent"
    assert dig("text", 0) is None
    assert dig(obj) is obj


def test_typed_reading_falls_back() -> None:
    obj = {"count": 3, "flag": True, "text": "x", "empty": "", "map": {"a": 1}, "list": [1]}
    assert (dig_int(obj, "count"), dig_int(obj, "flag"), dig_int(obj, "text", default=7)) == (3, 0, 7)
    assert (dig_text(obj, "text"), dig_text(obj, "empty", default="d"), dig_text(obj, "count")) == ("x", "d", "")
    assert (dig_map(obj, "map"), dig_map(obj, "list")) == ({"a": 1}, {})
    assert (list(dig_list(obj, "list")), list(dig_list(obj, "text"))) == ([1], [])


def test_labels_and_annotations_of_anything() -> None:
    assert labels_of({"metadata": {"labels": {"a": "b"}}}) == {"a": "b"}
    assert labels_of({"metadata": {"labels": ["a"]}}) == {}
    assert annotations_of({"metadata": {"annotations": {"c": "d"}}}) == {"c": "d"}
    assert annotations_of({}) == {}


@given(JSON, st.lists(st.text(max_size=5) | st.integers(-3, 3), max_size=4))
def test_dig_never_fails(document: object, path: list[str | int]) -> None:
    dig(document, *path)
    dig_text(document, *path)
    dig_int(document, *path)
    assert isinstance(dig_map(document, *path), dict)


def test_a_set_of_problems_lists_all_and_keeps_the_first_in_front() -> None:
    one, two = ManifestError("a", "b", "c", "d"), ManifestError("e", "f", "g", "h")
    both = ManifestSetError([one, two])
    assert both.problems == (one, two)
    assert str(one) in str(both)
    assert str(two) in str(both)
    assert (both.where, both.found, both.expected, both.remedy) == ("a", "b", "c", "d")
    with pytest.raises(ValueError, match="at least one problem"):
        ManifestSetError([])
