"""Which earlier managers are taken over, and what goes with them."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.autotrade.deployment.plugins.module_utils.core.field_migration import (
    EARLIER_MANAGERS,
    document_patch,
    migration_of,
    without_stale,
)
from ansible_collections.autotrade.deployment.plugins.module_utils.core.secret_names import LAST_APPLIED
from hypothesis import given
from hypothesis import strategies as st

US, CSA, CREATE, EDIT, FIRST = "us", *EARLIER_MANAGERS
DESIRED: dict[str, Any] = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "x"}, "data": {"a": "1"}}
AB = {"f:data": {".": {}, "f:a": {}, "f:b": {}}}
A = {"f:data": {"f:a": {}}}


def entry(manager: str, fields: Any = AB, time: str = "2026-01-01T00:00:00Z", **more: Any) -> dict[str, Any]:
    operation = "Apply" if manager == US else "Update"
    return {"manager": manager, "operation": operation, "apiVersion": "v1", "time": time, "fieldsV1": fields, **more}


def live(*entries: dict[str, Any], **data: str) -> dict[str, Any]:
    return {**DESIRED, "metadata": {"name": "x", "managedFields": list(entries)}, "data": data or {"a": "1", "b": "2"}}


LATER = "2026-01-02T00:00:00Z"


@pytest.mark.parametrize(
    ("entries", "taken"),
    [
        ((entry(CREATE),), (CREATE,)),
        ((entry(CSA), entry(EDIT)), (CSA, EDIT)),
        ((entry(CREATE), entry("someone")), (CREATE,)),
        ((entry("someone"),), ()),
        ((entry(CREATE, {"f:data": {"f:b": {}}}),), ()),
        ((entry(CREATE, {"f:metadata": {"f:annotations": {f"f:{LAST_APPLIED}": {}}}}),), (CREATE,)),
        ((entry(CREATE, operation="Apply"),), ()),
        ((entry(CREATE, subresource="status"),), ()),
        ((entry(CREATE, apiVersion="v2"),), ()),
        ((entry(CREATE, {"x:bad": {}}),), ()),
        # An edit alone may have overwritten everything that we had applied.
        ((entry(EDIT),), ()),
        ((entry(US, A, LATER), entry(CREATE)), (CREATE,)),
        ((entry(US, A), entry(CREATE, time=LATER)), ()),
        ((entry(US, A), entry(CREATE)), ()),
        ((entry(US, A), entry(FIRST, time=LATER)), (FIRST,)),
    ],
)
def test_only_what_came_before_us_and_holds_what_we_hold(entries: tuple[Any, ...], taken: tuple[str, ...]) -> None:
    found = migration_of(DESIRED, live(*entries), US, EARLIER_MANAGERS)
    assert (found.managers if found else ()) == taken


def test_the_fields_are_united_in_one_entry_of_ours() -> None:
    other = entry("someone")
    found = migration_of(DESIRED, live(entry(US, A, LATER), entry(CREATE), other), US, EARLIER_MANAGERS)
    assert found is not None
    ours, rest = found.managed_fields
    assert (ours["manager"], ours["operation"], ours["fieldsV1"], rest) == (US, "Apply", AB, other)
    alone = migration_of(DESIRED, live(entry(CREATE)), US, EARLIER_MANAGERS)
    assert alone is not None
    assert [(e["manager"], e["operation"], e["fieldsV1"]) for e in alone.managed_fields] == [(US, "Apply", AB)]
    assert alone.patch("7")[1] == {"op": "replace", "path": "/metadata/resourceVersion", "value": "7"}


def test_a_place_that_one_owns_whole_and_the_other_in_part_keeps_both() -> None:
    whole, part = {"f:spec": {}, **A}, {"f:spec": {"f:x": {}}, **A}
    for mine, theirs in ((whole, part), (part, whole)):
        found = migration_of(DESIRED, live(entry(US, mine, LATER), entry(CREATE, theirs)), US, EARLIER_MANAGERS)
        assert found is not None
        assert found.managed_fields[0]["fieldsV1"]["f:spec"] == {".": {}, "f:x": {}}


def test_stale_fields_go_and_what_others_hold_stays() -> None:
    migration = migration_of(DESIRED, live(entry(CREATE)), US, EARLIER_MANAGERS)
    assert migration is not None
    answer = live(entry(US, A, LATER), entry(CREATE))
    assert without_stale(answer, migration, US)["data"] == {"a": "1"}
    shared = live(entry(US, A, LATER), entry(CREATE), entry("someone", {"f:data": {"f:b": {}}}))
    assert without_stale(shared, migration, US)["data"] == {"a": "1", "b": "2"}


def test_a_stale_list_item_goes_whole_unless_another_holds_a_part_of_it() -> None:
    items = {"f:containers": {'k:{"name":"side"}': {".": {}, "f:name": {}, "f:image": {}}}}
    obj = {**DESIRED, "spec": {"containers": [{"name": "app"}, {"name": "side", "image": "y", "tty": True}]}}
    before = {**obj, "metadata": {"managedFields": [entry(CREATE, {"f:spec": items, **A})]}}
    migration = migration_of(DESIRED, before, US, EARLIER_MANAGERS)
    assert migration is not None
    assert without_stale(before, migration, US)["spec"] == {"containers": [{"name": "app"}]}
    tty = {"f:spec": {"f:containers": {'k:{"name":"side"}': {"f:tty": {}}}}}
    held = {**obj, "metadata": {"managedFields": [entry(CREATE, {"f:spec": items, **A}), entry("someone", tty)]}}
    kept = without_stale(held, migration, US)["spec"]["containers"][1]
    assert kept["tty"] is True
    assert "image" not in kept


values = st.recursive(st.integers(0, 3) | st.text(max_size=2), lambda below: st.dictionaries(st.text("ab", min_size=1), below))
documents = st.dictionaries(st.sampled_from(["spec", "data", "status"]), values)
metadata = st.dictionaries(st.sampled_from(["labels", "annotations"]), st.dictionaries(st.text("ab", min_size=1), st.text()))


@given(documents, documents, metadata, metadata)
def test_a_patch_of_the_document_makes_it_the_wanted_one(before: Any, after: Any, old: Any, new: Any) -> None:
    live_obj, wanted = {"metadata": {"name": "x", **old}, **before}, {"metadata": {"name": "x", **new}, **after}
    patched: dict[str, Any] = {**live_obj, "metadata": dict(live_obj["metadata"])}
    for operation in document_patch(live_obj, wanted):
        *parents, last = operation["path"].strip("/").split("/")
        place = patched[parents[0]] if parents else patched
        if operation["op"] == "remove":
            del place[last]
        else:
            place[last] = operation["value"]
    for obj in (patched, wanted):
        obj.pop("status", None)
    assert patched == wanted
