# Copyright (c) autotrade.deployment engineers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""States, their order, time, and that no rule fails on a malformed object."""

from __future__ import annotations

import copy
import itertools
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible_collections.autotrade.deployment.plugins.module_utils.core.readiness.assess import assess
from ansible_collections.autotrade.deployment.plugins.module_utils.core.readiness.conditions import (
    condition,
    conditions,
)
from ansible_collections.autotrade.deployment.plugins.module_utils.core.readiness.model import (
    CustomRule,
    Patience,
    Readiness,
    State,
    worst,
)
from ansible_collections.autotrade.deployment.plugins.module_utils.core.readiness.pods import CANNOT_START
from ansible_collections.autotrade.deployment.plugins.module_utils.core.readiness.times import age_of, elapsed, parse_time
from hypothesis import given, settings
from hypothesis import strategies as st

NOW = datetime(2026, 11, 23, 12, tzinfo=timezone.utc)
CASES = [yaml.safe_load(path.read_text(encoding="utf-8")) for path in sorted((Path(__file__).parent / "cases").glob("*.yaml"))]


def of(state: State, reason: str = "R") -> Readiness:
    return Readiness(state, reason, "m")


def test_the_worst_state_decides_and_the_first_of_equals() -> None:
    order = [
        State.READY,
        State.PAUSED,
        State.WAITING,
        State.IN_PROGRESS,
        State.TERMINATING,
        State.NOT_FOUND,
        State.UNKNOWN,
        State.FAILED,
    ]
    assert set(order) == set(State)
    for better, worse in itertools.pairwise(order):
        assert worst([of(better), of(worse), of(better)]).state is worse
    assert worst([of(State.FAILED, "A"), of(State.FAILED, "B")]).reason == "A"
    assert worst([of(State.READY, "A"), of(State.READY, "B")]).reason == "A"


def test_nothing_is_ready() -> None:
    assert worst([]) == Readiness(State.READY, "Empty", "There is nothing to wait for.")


def test_settled_states_need_no_more_waiting() -> None:
    assert {state for state in State if of(state).settled} == {State.READY, State.WAITING, State.PAUSED}
    assert str(State.IN_PROGRESS) == "in_progress"


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-11-23T12:00:00Z", NOW),
        ("2026-11-23T12:00:00.000000Z", NOW),
        ("2026-11-23T13:00:00+01:00", NOW),
        ("2026-11-23T12:00:00", NOW),
        ("yesterday", None),
        (5, None),
        (None, None),
    ],
)
def test_times(text: Any, moment: datetime | None) -> None:
    assert parse_time(text) == moment


def test_an_unknown_start_is_no_time_ago() -> None:
    assert elapsed(None, NOW) == timedelta()
    assert age_of({}, NOW) == timedelta()
    assert age_of({"metadata": {"creationTimestamp": "2026-11-23T11:59:00Z"}}, NOW) == timedelta(minutes=1)


def test_conditions_of_any_shape() -> None:
    obj = {
        "status": {
            "conditions": [
                "x",
                None,
                {"type": "Ready", "status": True, "reason": 5, "message": "m"},
                {"type": "Ready", "status": "True"},
            ]
        }
    }
    first = conditions(obj)[0]
    assert len(conditions(obj)) == 2
    assert (first.status, first.reason, first.message) == ("", "", "m")
    assert condition(obj, "Ready") is not None
    assert condition({}, "Ready").status == ""
    assert condition({}, "Ready").sentence("fallback") == "fallback"


def pod(reason: str, age: timedelta) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "x", "creationTimestamp": (NOW - age).isoformat()},
        "status": {"phase": "Pending", "containerStatuses": [{"name": "app", "state": {"waiting": {"reason": reason}}}]},
    }


@pytest.mark.parametrize("reason", sorted(CANNOT_START))
def test_a_container_that_cannot_start_fails_after_the_grace_time(reason: str) -> None:
    patience = Patience(grace=timedelta(seconds=5))
    young, old = (assess(pod(reason, timedelta(seconds=age)), NOW, patience=patience) for age in (5, 6))
    assert (young.state, young.reason) == (State.IN_PROGRESS, reason)
    assert (old.state, old.reason, old.message) == (State.FAILED, reason, f"container app: {reason}: no details")


def test_the_settle_time_can_be_chosen() -> None:
    widget = {"apiVersion": "example.com/v1", "kind": "Widget", "metadata": {"creationTimestamp": "2026-11-23T11:59:50Z"}}
    assert assess(widget, NOW).state is State.READY
    assert assess(widget, NOW, patience=Patience(settle=timedelta(seconds=11))).state is State.IN_PROGRESS


def test_the_time_for_an_unschedulable_pod_can_be_chosen() -> None:
    waiting = pod("x", timedelta(seconds=60))
    waiting["status"] = {"conditions": [{"type": "PodScheduled", "status": "False", "reason": "Unschedulable"}]}
    assert assess(waiting, NOW).state is State.FAILED
    assert assess(waiting, NOW, patience=Patience(unschedulable=timedelta(seconds=60))).state is State.IN_PROGRESS


def test_only_errors_of_the_expression_make_a_rule_unknown() -> None:
    def broken(expression: str, document: Any) -> Any:
        raise ValueError(f"bad {expression}")

    widget = {"apiVersion": "v1", "kind": "Widget", "metadata": {}}
    answer = assess(widget, NOW, rules={"Widget": CustomRule(ready="r", search=broken)})
    assert (answer.state, answer.reason) == (State.UNKNOWN, "RuleError")
    assert "bad r" in answer.message


def test_a_rule_with_failed_holding_wins_over_ready() -> None:
    def always(expression: str, document: Any) -> Any:
        return True

    widget = {"apiVersion": "v1", "kind": "Widget", "metadata": {}}
    assert assess(widget, NOW, rules={"Widget": CustomRule(ready="r", failed="f", search=always)}).state is State.FAILED


def paths(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    below = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(one for key, child in below for one in paths(child, (*path, key)))]


ODD = st.sampled_from([None, "", "x", 0, -1, 1.5, True, [], {}, [None], ["x"], [[]], {"x": None}, [{"x": 1}], {"type": []}])


@settings(max_examples=300)
@given(st.sampled_from(CASES), st.data())
def test_no_rule_fails_on_a_malformed_object(case: dict[str, Any], data: Any) -> None:
    case = copy.deepcopy({key: value for key, value in case.items() if key in ("object", "pods", "related")})
    for _change in range(data.draw(st.integers(1, 3))):
        choices = [path for path in paths(case) if len(path) > 1 and path not in (("object",), ("pods",), ("related",))]
        if not choices:
            return
        path = data.draw(st.sampled_from(choices))
        parent: Any = case
        for step in path[:-1]:
            parent = parent[step]
        parent[path[-1]] = copy.deepcopy(data.draw(ODD))
    if case["object"] is not None:
        case["object"].setdefault("kind", "X")
    answer = assess(case["object"], NOW, pods=case.get("pods", ()), related=case.get("related", ()))
    assert answer.reason
    assert answer.message
    assert isinstance(answer.reason, str)
    assert isinstance(answer.message, str)
