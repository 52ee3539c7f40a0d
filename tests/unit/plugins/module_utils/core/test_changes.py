# Copyright (c) autotrade.deployment engineers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Differences without server-owned fields and without secrets."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from ansible_collections.autotrade.deployment.plugins.module_utils.core.changes import (
    ADDED,
    AFTER,
    BEFORE,
    REMOVED,
    UNCHANGED,
    diff,
    fold_secret,
    normal_base64,
)
from ansible_collections.autotrade.deployment.plugins.module_utils.core.field_paths import FieldPathError
from ansible_collections.autotrade.deployment.plugins.module_utils.core.secret_names import LAST_APPLIED
from hypothesis import given
from hypothesis import strategies as st


def secret(**parts: Any) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "x"}} | parts


def encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


SERVER = {"managedFields": [1], "resourceVersion": "5", "uid": "u", "creationTimestamp": "t", "generation": 7, "selfLink": "s"}


def test_server_owned_fields_and_status_are_left_out() -> None:
    live = {"kind": "Pod", "metadata": {"name": "x", **SERVER}, "spec": {"a": 1}, "status": {"phase": "Running"}}
    change = diff(live, {"kind": "Pod", "metadata": {"name": "x"}, "spec": {"a": 1}})
    assert change.before == change.after == {"kind": "Pod", "metadata": {"name": "x"}, "spec": {"a": 1}}
    assert change.paths == ()
    assert not change.changed


def test_status_is_compared_when_asked_for() -> None:
    change = diff({"status": {"phase": "Pending"}}, {"status": {"phase": "Running"}}, with_status=True)
    assert change.paths == ("status.phase",)
    assert change.changed


def test_paths_name_every_difference() -> None:
    before = {"spec": {"replicas": 1, "flag": True, "list": [1, 2], "gone": "x", "same": {"a": [1]}}}
    after = {"spec": {"replicas": 2, "flag": 1, "list": [1, 3, 4], "new": None, "same": {"a": [1]}}}
    change = diff(before, after)
    assert change.paths == ("spec.replicas", "spec.flag", "spec.list[1]", "spec.list[2]", "spec.gone", "spec.new")
    assert change.before == before
    assert change.after == after


def test_the_sides_are_copies() -> None:
    before = {"spec": {"list": [{"a": 1}]}}
    change = diff(before, None)
    change.before["spec"]["list"][0]["a"] = 2
    assert before["spec"]["list"][0]["a"] == 1


def test_creation_and_deletion_have_an_empty_side() -> None:
    obj = {"kind": "ConfigMap", "metadata": {"name": "x"}}
    assert (diff(None, obj).before, diff(None, obj).after, diff(None, obj).paths) == ({}, obj, ("kind", "metadata"))
    assert (diff(obj, None).before, diff(obj, None).after) == (obj, {})
    assert diff(None, None).paths == ()


def test_secret_values_are_marked_and_compared() -> None:
    change = diff(
        secret(data={"same": encoded("s"), "new": encoded("old"), "gone": encoded("g")}),
        secret(data={"same": encoded("s"), "new": encoded("new"), "more": encoded("m")}),
    )
    assert change.before["data"] == {"same": UNCHANGED, "new": BEFORE, "gone": REMOVED}
    assert change.after["data"] == {"same": UNCHANGED, "new": AFTER, "more": ADDED}
    assert change.paths == ("data.new", "data.gone", "data.more")


def test_string_data_is_compared_as_data() -> None:
    change = diff(secret(data={"a": encoded("1"), "b": encoded("2")}), secret(stringData={"a": "1", "b": "x"}))
    assert change.after["data"] == {"a": UNCHANGED, "b": AFTER}
    assert "stringData" not in change.after


def test_line_breaks_in_base64_are_no_change() -> None:
    assert diff(secret(data={"a": "YWJj\nZGVm"}), secret(data={"a": "YWJjZGVm"})).paths == ()
    assert normal_base64("no base64!") == "no base64!"
    assert normal_base64(5) == 5


def test_one_side_being_a_secret_hides_both() -> None:
    change = diff({"kind": "ConfigMap", "data": {"a": "plain"}}, secret(data={"a": "cGxhaW4="}))
    assert change.before["data"] == {"a": BEFORE}


@pytest.mark.parametrize("bad", ["hunter2", 12345, 1.5, ["hunter2"], {"a": ["hunter2"]}, {"a": {"b": "hunter2"}}])
@pytest.mark.parametrize("field", ["data", "stringData"])
def test_malformed_secrets_show_nothing(bad: Any, field: str) -> None:
    for change in (
        diff(secret(**{field: bad}), secret()),
        diff(None, secret(**{field: bad})),
        diff(secret(data={}), secret(**{field: bad})),
    ):
        text = json.dumps([change.before, change.after, change.paths])
        assert not any(part in text for part in ("hunter2", "12345", "1.5", encoded("hunter2")))


def test_fields_that_no_secret_has_are_hidden() -> None:
    slips = {"stringdata": {"a": "hunter2"}, "password": "hunter2"}
    indented = {"name": "x", "labels": {"team": "a"}, "data": {"a": "hunter2"}}
    change = diff(None, secret(metadata=indented, type="Opaque", immutable=True, **slips))
    assert "hunter2" not in json.dumps(change.after)
    assert change.after["stringdata"] == change.after["password"] == change.after["metadata"]["data"] == ADDED
    assert change.after["metadata"] | {"data": {}} == {"name": "x", "labels": {"team": "a"}, "data": {}}
    assert (change.after["type"], change.after["immutable"]) == ("Opaque", True)


def test_user_paths_are_masked_on_both_sides() -> None:
    def pod(*values: str) -> dict[str, Any]:
        return {"kind": "Pod", "spec": {"containers": [{"env": [{"name": "K", "value": value} for value in values]}]}}

    change = diff(pod("a", "b"), pod("a", "c", "d"), ["spec.containers.*.env.*.value"])
    env = change.after["spec"]["containers"][0]["env"]
    assert [entry["value"] for entry in env] == [UNCHANGED, AFTER, ADDED]
    assert [entry["value"] for entry in change.before["spec"]["containers"][0]["env"]] == [UNCHANGED, BEFORE]
    assert env[0]["name"] == "K"


def test_a_whole_subtree_can_be_masked() -> None:
    assert diff({"spec": {"a": {"b": 1}}}, {"spec": {"a": {"b": 2}}}, ["spec.a"]).after == {"spec": {"a": AFTER}}


@pytest.mark.parametrize(
    ("old", "new", "mark"),
    [([1, 2], [1, 3], AFTER), ([1], [1, 2], AFTER), ([{"b": True}], [{"b": 1}], AFTER), ([1, 2], [1, 2], UNCHANGED)],
)
def test_masked_lists_are_compared_item_by_item(old: Any, new: Any, mark: str) -> None:
    assert diff({"spec": {"a": old}}, {"spec": {"a": new}}, ["spec.a"]).after == {"spec": {"a": mark}}


def test_a_plain_value_on_the_way_to_a_mask_is_hidden_whole() -> None:
    assert diff({"spec": {"a": "x"}}, {"spec": {"a": {"b": "y"}}}, ["spec.a.b"]).after == {"spec": {"a": AFTER}}
    assert diff({"spec": {"other": "x"}}, {"spec": {"other": "y"}}, ["spec.a.b"]).after == {"spec": {"other": "y"}}


def test_the_last_applied_annotation_is_masked() -> None:
    def obj(text: str) -> dict[str, Any]:
        return {"kind": "ConfigMap", "metadata": {"annotations": {LAST_APPLIED: text, "b": "c"}}}

    change = diff(obj("x"), obj("y"))
    assert change.before["metadata"]["annotations"] == {LAST_APPLIED: BEFORE, "b": "c"}
    assert diff(obj("x"), obj("x")).after["metadata"]["annotations"][LAST_APPLIED] == UNCHANGED


def test_an_unusable_mask_is_refused() -> None:
    with pytest.raises(FieldPathError):
        diff({}, {}, ["data..x"])


def test_folding_a_secret() -> None:
    folded = fold_secret(secret(stringData={"a": "ü", "b": "1"}, data={"b": "old", "c": "Yw=="}))
    assert folded == secret(data={"a": encoded("ü"), "b": encoded("1"), "c": "Yw=="})
    for untouched in ({"kind": "ConfigMap", "stringData": {"a": "b"}}, secret(data={}), secret(stringData="x")):
        assert fold_secret(untouched) is untouched
    assert fold_secret(secret(stringData={"a": 5}))["data"] == {"a": 5}


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(min_size=1, max_size=4), inner, max_size=3),
    max_leaves=10,
)
OBJECTS = st.none() | st.fixed_dictionaries(
    {"kind": st.sampled_from(["Secret", "Pod"])}, optional={"data": JSON, "stringData": JSON, "spec": JSON}
)


@given(OBJECTS, OBJECTS)
def test_equal_objects_have_no_paths_and_different_ones_have_some(before: Any, after: Any) -> None:
    assert diff(before, before).paths == ()
    change = diff(before, after)
    assert change.changed == (json.dumps(change.before, sort_keys=True) != json.dumps(change.after, sort_keys=True))


@given(st.lists(st.from_regex(r"secret-[0-9a-f]{8}", fullmatch=True), min_size=1, max_size=4), JSON)
def test_no_secret_value_is_ever_shown(values: list[str], other: Any) -> None:
    old = secret(data={f"k{index}": encoded(value) for index, value in enumerate(values)})
    for change in (
        diff(old, secret(data=other)),
        diff(None, old),
        diff(old, None),
        diff(secret(stringData={"a": values[0]}), old),
    ):
        text = json.dumps([change.before, change.after, change.paths])
        assert not any(value in text or encoded(value) in text for value in values)
