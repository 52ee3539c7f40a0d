# Copyright (c) autotrade.deployment engineers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Which documents are usable, and that every problem is named at once."""

from __future__ import annotations

import datetime
from typing import Any

import pytest
from ansible_collections.autotrade.deployment.plugins.module_utils.core.manifests import Sourced, check, check_sourced
from ansible_collections.autotrade.deployment.plugins.module_utils.core.objects import ManifestError, ManifestSetError, ref_of
from hypothesis import given
from hypothesis import strategies as st


def config_map(**changes: Any) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "settings", "namespace": "trading-system"}, **changes}


def problems_of(*docs: Any) -> list[ManifestError]:
    with pytest.raises(ManifestSetError) as caught:
        check([(f"file.yaml:{index}", doc) for index, doc in enumerate(docs, 1)])
    return list(caught.value.problems)


def with_metadata(**changes: Any) -> dict[str, Any]:
    return config_map(metadata={"name": "settings", **changes})


def test_usable_documents_come_back_in_order_without_the_empty_ones() -> None:
    one, two = config_map(), with_metadata(name="other")
    assert check([("a:1", one), ("a:2", None), ("a:3", two)]) == (one, two)
    assert check([]) == ()


def test_sources_stay_with_their_objects() -> None:
    (found,) = check_sourced([("a:1", config_map())])
    assert found == Sourced(config_map(), "a:1")
    assert str(found.ref) == "v1 ConfigMap trading-system/settings"


def test_lists_are_flattened_and_typed_lists_complete_their_items() -> None:
    inner = {"apiVersion": "v1", "kind": "List", "items": [config_map()]}
    typed = {"apiVersion": "apps/v1", "kind": "DeploymentList", "items": [{"metadata": {"name": "web"}}]}
    found = check_sourced([("a:1", {"apiVersion": "v1", "kind": "List", "items": [inner, typed]})])
    assert [(str(one.ref), one.source) for one in found] == [
        ("v1 ConfigMap trading-system/settings", "a:1 items[0] items[0]"),
        ("apps/v1 Deployment web", "a:1 items[1] items[0]"),
    ]


def test_a_custom_kind_that_ends_in_list_is_no_list() -> None:
    obj = {"apiVersion": "example.com/v1", "kind": "AllowList", "metadata": {"name": "x"}, "spec": {}, "items": [1]}
    assert check([("a", obj)]) == (obj,)


@pytest.mark.parametrize("document", [[config_map()], "text", 5, True, 1.5])
def test_something_else_than_an_object(document: Any) -> None:
    (problem,) = problems_of(document)
    assert "where an object is due" in problem.found
    assert "three dashes" in problem.remedy
    assert problem.where == "file.yaml:1"


@pytest.mark.parametrize("item", [None, "text", []])
def test_a_list_item_that_is_no_object_is_named_by_its_place(item: Any) -> None:
    (problem,) = problems_of({"apiVersion": "v1", "kind": "List", "items": [item]})
    assert problem.where == "file.yaml:1 items[0]"


@pytest.mark.parametrize(
    ("document", "field", "found"),
    [
        (config_map(apiVersion=None), "apiVersion", "nothing"),
        (config_map(apiVersion=1), "apiVersion", "an integer"),
        (config_map(apiVersion="apps/v1/x"), "apiVersion", "the text of 9 characters"),
        (config_map(apiVersion="V1"), "apiVersion", "the text of 2 characters"),
        (config_map(kind=""), "kind", "an empty text"),
        (config_map(kind="Config Map"), "kind", "the text of 10 characters"),
        (config_map(kind=["x"]), "kind", "a list"),
        ({"apiVersion": "v1", "kind": "List", "items": {}}, "items", "a mapping"),
        ({"apiVersion": "v1", "kind": "List"}, "items", "nothing"),
        (config_map(metadata=None), "metadata", "nothing"),
        (config_map(metadata="x"), "metadata", "the text of 1 characters"),
        (config_map(metadata={}), "metadata.name", "nothing"),
        (with_metadata(name=20261123), "metadata.name", "an integer"),
        (with_metadata(name=True), "metadata.name", "a boolean"),
        (with_metadata(name=1.5), "metadata.name", "a floating-point number"),
        (with_metadata(name=""), "metadata.name", "an empty text"),
        (with_metadata(name="a/b"), "metadata.name", "the text of 3 characters"),
        (with_metadata(name="a%b"), "metadata.name", "the text of 3 characters"),
        (with_metadata(name=".."), "metadata.name", "the text of 2 characters"),
        (with_metadata(name="x" * 254), "metadata.name", "the text of 254 characters"),
        (with_metadata(namespace="Trading"), "metadata.namespace", "the text of 7 characters"),
        (with_metadata(namespace=5), "metadata.namespace", "an integer"),
        (with_metadata(namespace="n" * 64), "metadata.namespace", "the text of 64 characters"),
        (with_metadata(labels=["a"]), "metadata.labels", "a list"),
        (with_metadata(labels={"a": True}), "metadata.labels['a']", "a boolean"),
        (with_metadata(annotations={"a": 1.0}), "metadata.annotations['a']", "a floating-point number"),
        (with_metadata(annotations={"a": None}), "metadata.annotations['a']", "nothing"),
        (with_metadata(managedFields=[]), "metadata.managedFields", "a field that only the API server writes"),
        (with_metadata(uid="x"), "metadata.uid", "a field that only the API server writes"),
        (with_metadata(selfLink="x"), "metadata.selfLink", "a field that only the API server writes"),
        (config_map(data={"day": datetime.date(2026, 11, 23)}), "data.day", "a value of type date"),
        (config_map(data={"raw": b"x"}), "data.raw", "a value of type bytes"),
        (config_map(data=[{"x": float("nan")}]), "data[0].x", "the number nan"),
        (config_map(data={8080: "x"}), "data.8080", "the key 8080 (int)"),
        (config_map(data={True: "x"}), "data.True", "the key True (bool)"),
    ],
)
def test_a_problem_names_source_object_field_and_what_was_found(document: Any, field: str, found: str) -> None:
    (problem,) = problems_of(document)
    assert problem.where.startswith("file.yaml:1, ")
    assert problem.where.endswith(f", field {field}")
    assert problem.found == found
    assert problem.expected
    assert problem.remedy.endswith(".")


def test_the_object_is_named_in_the_message() -> None:
    (problem,) = problems_of(config_map(data={1: "x"}))
    assert problem.where == "file.yaml:1, ConfigMap trading-system/settings, field data.1"
    (problem,) = problems_of({"apiVersion": "v1", "kind": 5, "metadata": {"name": "x", "namespace": "y"}})
    assert problem.where == "file.yaml:1, object y/x, field kind"
    (problem,) = problems_of(with_metadata(name=5))
    assert problem.where == "file.yaml:1, ConfigMap (no name), field metadata.name"


def test_generate_name_is_refused_with_the_reason() -> None:
    (problem,) = problems_of({"apiVersion": "v1", "kind": "Pod", "metadata": {"generateName": "x-"}})
    assert "every run would create another one" in problem.remedy


def test_endless_nesting_is_a_problem_and_no_crash() -> None:
    document: Any = "x"
    for _level in range(5000):
        document = {"a": document}
    (problem,) = problems_of(config_map(data=document))
    assert problem.found == "more than 200 levels"


def test_200_levels_are_fine() -> None:
    document: Any = "x"
    for _level in range(199):
        document = [document]
    assert len(check([("a", config_map(data=document))])) == 1


def test_the_same_object_twice_names_both_sources() -> None:
    (problem,) = problems_of(config_map(), with_metadata(), config_map())
    assert problem.where == "file.yaml:3, v1 ConfigMap trading-system/settings"
    assert problem.found == "the same object as in file.yaml:1"


def test_two_versions_of_one_object_are_duplicates_too() -> None:
    first = {"apiVersion": "autoscaling/v1", "kind": "HorizontalPodAutoscaler", "metadata": {"name": "x"}}
    assert len(problems_of(first, {**first, "apiVersion": "autoscaling/v2"})) == 1


def test_all_problems_come_at_once() -> None:
    found = problems_of("text", config_map(kind=None, apiVersion=None), config_map(), config_map())
    assert [problem.where.split(",")[0] for problem in found] == ["file.yaml:1", "file.yaml:2", "file.yaml:2", "file.yaml:4"]


def test_no_message_holds_a_value() -> None:
    secret = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "x", "labels": {"l": 12345}}, "data": "hunter2"}
    text = str(problems_of(secret, "hunter2", {**secret, "kind": "hunter2 hunter2"}))
    assert "hunter2" not in text.replace("hunter2 hunter2", "")
    assert "12345" not in text


WORDS = st.sampled_from(
    ["apiVersion", "kind", "metadata", "name", "namespace", "labels", "items", "spec", "List", "v1", "apps/v1"]
)
LEAVES = (
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | WORDS | st.binary(max_size=3) | st.dates()
)
DOCUMENTS = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(WORDS | st.text(max_size=4) | st.integers(), inner, max_size=6),
    max_leaves=25,
)
OBJECTS = st.fixed_dictionaries(
    {},
    optional={
        "apiVersion": st.sampled_from(["v1", "apps/v1"]) | DOCUMENTS,
        "kind": st.sampled_from(["List", "PodList", "Pod"]) | DOCUMENTS,
        "metadata": st.fixed_dictionaries(
            {}, optional={"name": st.just("x") | DOCUMENTS, "namespace": DOCUMENTS, "labels": DOCUMENTS}
        ),
        "items": st.lists(DOCUMENTS, max_size=3),
        "data": DOCUMENTS,
    },
)


@given(st.lists(DOCUMENTS | OBJECTS, max_size=4))
def test_any_document_is_either_usable_or_a_manifest_error(documents: list[Any]) -> None:
    try:
        objects = check([(f"f:{index}", document) for index, document in enumerate(documents)])
    except ManifestError as error:
        assert error.problems
        assert all(problem.remedy and problem.expected and problem.found for problem in error.problems)
    else:
        assert len({ref_of(obj).key for obj in objects}) == len(objects)
