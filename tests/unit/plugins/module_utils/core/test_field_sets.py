# Copyright (c) autotrade.deployment engineers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Reading of fieldsV1."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.autotrade.deployment.plugins.module_utils.core.field_sets import (
    FieldSetError,
    applied_fields,
    parse_fields,
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
