"""The arithmetic of progress."""

from __future__ import annotations

from ansible_collections.autotrade.deployment.plugins.module_utils.core.supply import Artifact, GoSource, Kind, Release, Source
from ansible_collections.autotrade.deployment.plugins.module_utils.core.supply_plan import Step
from ansible_collections.autotrade.deployment.plugins.module_utils.core.supply_progress import (
    Schedule,
    duration_key,
    expected_seconds,
    schedule,
    verb,
)
from hypothesis import given
from hypothesis import strategies as st

GO = GoSource("d", build_seconds=291.0)
TOOL = Artifact("tool", Kind.BINARY, "v1", megabytes=50, release=Release("u", {}), gomod=GO)
BUILD = Step(TOOL, "amd64", Source.GOMOD, "v1", "")
DOWNLOAD = Step(TOOL, "amd64", Source.RELEASE, "v1", "")
COMPOSE = Step(Artifact("tool-image", Kind.IMAGE, "v1"), "amd64", Source.COMPOSE, "v1", "")
PULL = Step(Artifact("pause", Kind.IMAGE, "v1", megabytes=20), "arm64", Source.RELEASE, "v1", "")
COLLECT = Step(Artifact("definitions", Kind.BUNDLE, "v1", gomod=GO), "any", Source.GOMOD, "v1", "")


def test_estimates_come_from_the_last_time_else_from_the_lock() -> None:
    assert expected_seconds(BUILD, {}) == 291.0
    assert expected_seconds(BUILD, {duration_key(BUILD): 12.5}) == 12.5
    assert expected_seconds(BUILD, {duration_key(DOWNLOAD): 12.5}) == 291.0
    assert expected_seconds(DOWNLOAD, {}) == 5.0
    assert expected_seconds(COLLECT, {}) == 2.0
    assert expected_seconds(COMPOSE, {}) == 2.0
    assert expected_seconds(PULL, {}) == 2.0


def test_what_is_left_shrinks_as_time_passes() -> None:
    plan = schedule([BUILD, DOWNLOAD, COLLECT], {})
    assert plan.remaining(0, 0.0) == 298.0
    assert plan.remaining(0, 100.0) == 198.0
    assert plan.remaining(2, 2.0) == 0.0


def test_a_late_step_is_not_called_nearly_done() -> None:
    plan = schedule([BUILD, DOWNLOAD], {})
    assert not plan.is_late(0, 291.0) and plan.is_late(0, 292.0)
    assert plan.remaining(0, 400.0) == 105.0


def test_the_pace_of_finished_steps_scales_the_rest() -> None:
    plan = Schedule(("a", "b", "c", "d"), (100.0, 1.0, 100.0, 50.0))
    assert plan.pace([]) == 1.0
    assert plan.pace([50.0]) == 0.5
    assert plan.pace([50.0, 30.0]) == 0.5
    assert plan.remaining(2, 10.0, 0.5) == 65.0
    assert plan.pace([1.0]) == 0.1 and plan.pace([5000.0]) == 10.0


@given(st.lists(st.floats(0, 1e6), min_size=1), st.data())
def test_what_is_left_is_never_negative_and_shrinks_until_a_step_is_late(expected: list[float], data: st.DataObject) -> None:
    plan = Schedule(tuple("x" for _ in expected), tuple(expected))
    index = data.draw(st.integers(0, len(expected) - 1))
    earlier, later = sorted(data.draw(st.tuples(st.floats(0, 1e6), st.floats(0, 1e6))))
    assert plan.remaining(index, later) >= 0
    assert plan.is_late(index, later) or plan.remaining(index, earlier) >= plan.remaining(index, later)


def test_each_kind_of_step_has_its_verb() -> None:
    assert [verb(step) for step in (BUILD, DOWNLOAD, COLLECT, COMPOSE, PULL)] == [
        "building tool for amd64",
        "downloading tool for amd64",
        "collecting definitions",
        "composing tool-image for amd64",
        "downloading pause for arm64",
    ]
