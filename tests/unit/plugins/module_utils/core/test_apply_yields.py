"""Fields that are left to their managers before anything is sent."""

from __future__ import annotations

from typing import Any

from ansible_collections.autotrade.deployment.plugins.module_utils.core.apply_conflicts import Conflict
from ansible_collections.autotrade.deployment.plugins.module_utils.core.apply_yields import without_yielded
from ansible_collections.autotrade.deployment.plugins.module_utils.core.changes import AFTER, BEFORE
from ansible_collections.autotrade.deployment.plugins.module_utils.core.conflict_rules import ConflictRule, Policy

US, THEM = "us", "them"
RULES = (ConflictRule(".spec.*.*.image", Policy.YIELD), ConflictRule(".data", Policy.YIELD, (THEM,)))
DATA: dict[str, Any] = {"kind": "ConfigMap", "data": {"a": "ours", "b": "ours"}}


def entry(manager: str, fields: Any, operation: str = "Apply") -> dict[str, Any]:
    return {"manager": manager, "operation": operation, "apiVersion": "v1", "fieldsV1": fields}


def live(content: dict[str, Any], *entries: dict[str, Any]) -> dict[str, Any]:
    return {**content, "metadata": {"managedFields": list(entries)}}


def test_without_a_rule_that_yields_nothing_is_looked_at() -> None:
    found = live(DATA, entry(THEM, {"f:data": {"f:a": {}}}))
    assert without_yielded(DATA, found, US, [ConflictRule(".data", Policy.TAKE)]).obj is DATA


def test_what_others_hold_is_left_out_and_told_where_it_differs() -> None:
    theirs = {"kind": "ConfigMap", "data": {"a": "theirs", "b": "ours"}}
    found = live(theirs, entry(THEM, {"f:data": {"f:a": {}, "f:b": {}}}, "Update"))
    yielded = without_yielded(DATA, found, US, RULES)
    assert yielded.obj == {"kind": "ConfigMap", "data": {}}
    assert yielded.conflicts == (Conflict(".data.a", THEM, "ours", "theirs", Policy.YIELD),)
    assert yielded.managers == {THEM}


def test_what_we_hold_too_with_the_same_value_stays() -> None:
    fields = {"f:data": {"f:a": {}, "f:b": {}}}
    yielded = without_yielded(DATA, live(DATA, entry(THEM, fields), entry(US, fields)), US, RULES)
    assert (yielded.obj, yielded.conflicts, yielded.managers) == (DATA, (), frozenset())


def test_other_managers_and_other_paths_stay() -> None:
    theirs = {**DATA, "data": {"a": "theirs", "b": "theirs"}}
    assert without_yielded(DATA, live(theirs, entry("another", {"f:data": {"f:a": {}}})), US, RULES).obj == DATA
    assert without_yielded(DATA, live(theirs, entry(THEM, {"f:other": {}})), US, RULES).obj == DATA
    assert without_yielded(DATA, live(theirs, entry(THEM, {"x:bad": {}})), US, RULES).obj == DATA


def test_the_key_of_a_list_item_is_never_left_out() -> None:
    desired = {"spec": {"containers": [{"name": "app", "image": "x:1", "tty": True}]}}
    theirs = {"spec": {"containers": [{"name": "app", "image": "x:2", "tty": True}]}}
    fields = {"f:spec": {"f:containers": {'k:{"name":"app"}': {".": {}, "f:name": {}, "f:image": {}}}}}
    yielded = without_yielded(desired, live(theirs, entry(THEM, fields)), US, [ConflictRule(".spec.containers", Policy.YIELD)])
    assert yielded.obj == {"spec": {"containers": [{"name": "app", "tty": True}]}}


def test_hidden_values_are_not_quoted() -> None:
    theirs = {**DATA, "data": {"a": "theirs", "b": "ours"}}
    found = live(theirs, entry(THEM, {"f:data": {"f:a": {}}}))
    conflict = without_yielded(DATA, found, US, RULES, masks=["data.a"]).conflicts[0]
    assert (conflict.ours, conflict.theirs) == (AFTER, BEFORE)
