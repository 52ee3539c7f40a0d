# Copyright (c) autotrade.deployment engineers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Reading of fieldsV1."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.autotrade.deployment.plugins.module_utils.core.field_sets import (
    FieldSetError,
    applied_fields,
    fields_of,
    leaf_paths,
    member_paths,
    other_records,
    owns,
    parse_fields,
    same_record,
)


def test_every_form_of_entry() -> None:
    fields = parse_fields(
        {
            "f:replicas": {},
            "f:ports": {'k:{"port":80,"protocol":"TCP"}': {".": {}, "f:name": {}}},
            "f:finalizers": {'v:"a:b"': {}},
        }
    )
    assert not fields.owned
    assert fields.fields["replicas"].owned
    assert fields.fields["replicas"].leaf
    ((keys, item),) = fields.fields["ports"].keyed
    assert keys == {"port": 80, "protocol": "TCP"}
    assert item.owned
    assert not item.leaf
    assert list(item.fields) == ["name"]
    assert [value for value, _below in fields.fields["finalizers"].values] == ["a:b"]
    assert not fields.fields["ports"].leaf
    assert not fields.fields["finalizers"].leaf


def test_names_may_hold_colons() -> None:
    assert list(parse_fields({"f:a:b": {}}).fields) == ["a:b"]


@pytest.mark.parametrize(
    ("document", "named"),
    [
        ([], "expected a mapping"),
        ({"f:a": "x"}, "expected a mapping"),
        ({"i:0": {}}, "'i:0'"),
        ({"x:a": {}}, "'x:a'"),
        ({"k:[1]": {}}, "a mapping of keys"),
        ({"k:{": {}}, "expected JSON"),
        ({"v:": {}}, "expected JSON"),
    ],
)
def test_unknown_forms_are_refused(document: Any, named: str) -> None:
    with pytest.raises(FieldSetError, match=named.replace("[", "\\[")):
        parse_fields(document)


def entry(**changes: Any) -> dict[str, Any]:
    return {"manager": "us", "operation": "Apply", "apiVersion": "v1", "fieldsV1": {}, **changes}


@pytest.mark.parametrize(
    ("entries", "count"),
    [
        ([entry()], 1),
        ([entry(), entry(apiVersion="v2")], 2),
        ([entry(manager="them")], 0),
        ([entry(operation="Update")], 0),
        ([entry(subresource="status")], 0),
        ([entry(subresource="")], 1),
        (["x", None], 0),
        ("x", 0),
        (None, 0),
    ],
)
def test_only_what_the_manager_applied_to_the_object_itself(entries: Any, count: int) -> None:
    assert len(applied_fields({"metadata": {"managedFields": entries}}, "us")) == count


PORTS = {
    "f:spec": {
        "f:ports": {'k:{"protocol":"TCP","port":80}': {".": {}, "f:port": {}, "f:protocol": {}, "f:name": {}}},
        "f:selector": {},
    },
    "f:metadata": {"f:finalizers": {".": {}, 'v:"a/b"': {}}, "f:labels": {"f:app.kubernetes.io/name": {}}},
}


def test_paths_are_written_as_the_api_server_writes_them() -> None:
    item = '.spec.ports[port=80,protocol="TCP"]'
    leaves = {f"{item}.name", ".spec.selector", '.metadata.finalizers[="a/b"]', ".metadata.labels.app.kubernetes.io/name"}
    assert set(leaf_paths(parse_fields(PORTS))) == leaves
    keys = {item, f"{item}.port", f"{item}.protocol", ".metadata.finalizers"}
    assert set(member_paths(parse_fields(PORTS))) == leaves | keys


def test_records_of_others_are_all_but_our_own() -> None:
    ours = {"manager": "us", "operation": "Apply", "fieldsV1": {"f:a": {}}}
    others = [ours | {"operation": "Update"}, ours | {"subresource": "scale"}, ours | {"manager": "them"}]
    unreadable = {"manager": "x", "operation": "Apply", "fieldsV1": {"?": {}}}
    live = {"metadata": {"managedFields": [ours, *others, unreadable, "broken"]}}
    assert [entry for entry, _record in other_records(live, "us")] == others
    assert [set(record.fields) for record in fields_of(live, "us")] == [{"a"}]
    assert owns(live, "us", "a")
    assert not owns(live, "us", "b")
    assert not owns(live, "nobody", "a")


def test_a_record_is_the_same_whenever_it_was_written() -> None:
    def applied(**changes: object) -> dict[str, object]:
        entry = {"manager": "us", "operation": "Apply", "apiVersion": "v1", "time": "1", "fieldsV1": {"f:a": {}}}
        return {"metadata": {"managedFields": [{**entry, **changes}]}}

    assert same_record(applied(), applied(time="2"), "us")
    assert not same_record(applied(), applied(fieldsV1={"f:b": {}}), "us")
    assert not same_record(applied(), applied(apiVersion="v2"), "us")
    assert not same_record({}, applied(), "us")
