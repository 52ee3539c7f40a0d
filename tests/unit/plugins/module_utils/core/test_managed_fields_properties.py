# Copyright (c) autotrade.deployment engineers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""No doubt after an apply, a doubt after any change: on any object of a small schema."""

from __future__ import annotations

import copy
import json
from typing import Any

from ansible_collections.autotrade.deployment.plugins.module_utils.core.managed_fields import needs_apply
from hypothesis import assume, given
from hypothesis import strategies as st

from tests.unit.plugins.module_utils.core.field_tools import MANAGER, changed, leaves, put, widget, without

# A small schema: what the API server knows about each field and records accordingly.
TEXT = st.text("abc", max_size=3)
ITEM = st.fixed_dictionaries(
    {"name": st.sampled_from("abcdef")}, optional={"value": TEXT, "nested": st.dictionaries(TEXT, TEXT, max_size=2)}
)
SPEC = st.fixed_dictionaries(
    {},
    optional={
        "count": st.integers(0, 5),
        "enabled": st.booleans(),
        "items": st.lists(ITEM, min_size=1, max_size=4, unique_by=lambda item: item["name"]),
        "members": st.lists(st.sampled_from("uvwxyz"), min_size=1, max_size=4, unique=True),
        "atomic": st.lists(st.integers(0, 3), max_size=3),
        "selector": st.dictionaries(TEXT, TEXT, max_size=2),
        "settings": st.dictionaries(TEXT, TEXT, max_size=3),
        "maybe": st.none(),
    },
)


def record_of(value: Any, name: str) -> Any:
    """fieldsV1 as the server writes it for this schema."""
    if name in ("atomic", "selector") or value is None or value == {}:
        return {}
    if name == "items":
        return {f"k:{json.dumps({'name': item['name']})}": {".": {}, **record_of(item, "item")} for item in value}
    if name == "members":
        return {f"v:{json.dumps(member)}": {} for member in value}
    if isinstance(value, dict):
        return {f"f:{key}": record_of(child, key if name != "settings" else "") for key, child in value.items()}
    return {}


def applied(spec: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    live = {key: value for key, value in copy.deepcopy(spec).items() if value is not None}
    if spec:  # defaults inside an empty mapping cannot be told from foreign fields: that is a doubt, and rightly so
        live["defaulted"] = "by the server"
    for item in live.get("items", []):
        item["defaulted"] = True
    return widget(spec, record_of(spec, "spec"), live)


@given(SPEC)
def test_equal_to_what_was_applied(spec: Any) -> None:
    assert needs_apply(*applied(spec), MANAGER) is None


@given(SPEC, st.data())
def test_any_single_mutation_is_a_doubt(spec: Any, data: Any) -> None:
    desired, live = applied(spec)
    found = [(path, value) for path, value in leaves(desired) if path[0] == "spec"]
    path, value = data.draw(st.sampled_from(found))
    assert needs_apply(put(desired, path, changed(value)), live, MANAGER) is not None
    assume(len(path) > 1)
    assert needs_apply(without(desired, path), live, MANAGER) is not None


@given(SPEC, SPEC)
def test_two_manifests_agree_only_when_they_are_equal(mine: Any, theirs: Any) -> None:
    desired, _live = applied(mine)
    _desired, live = applied(theirs)
    doubt = needs_apply(desired, live, MANAGER)
    mine, theirs = ({key: value for key, value in spec.items() if value not in (None, [])} for spec in (mine, theirs))
    assert doubt is not None or json.dumps(mine, sort_keys=True) == json.dumps(theirs, sort_keys=True)


@given(SPEC, st.data())
def test_anything_else_in_the_live_object_is_a_doubt_but_no_crash(spec: Any, data: Any) -> None:
    desired, live = applied(spec)
    paths = [path for path, _value in leaves(live) if path[0] in ("spec", "metadata")]
    path = data.draw(st.sampled_from(paths))
    needs_apply(desired, put(live, path, data.draw(st.sampled_from([None, [], {}, "x", 5, [[]], {"f:x": {"a": 1}}]))), MANAGER)
