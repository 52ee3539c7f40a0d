"""When a wave may end."""

from __future__ import annotations

from ansible_collections.autotrade.deployment.plugins.module_utils.core.apply_gate import Done, Fail, Wait, decide, decide_gone
from ansible_collections.autotrade.deployment.plugins.module_utils.core.objects import ObjectRef
from ansible_collections.autotrade.deployment.plugins.module_utils.core.readiness.model import Readiness, State

A, B = (ObjectRef("v1", "Pod", "demo", name) for name in "ab")


def judged(a: State, b: State = State.READY) -> dict[ObjectRef, Readiness]:
    return {A: Readiness(a, "Reason", "message"), B: Readiness(b, "Reason", "message")}


def test_done_when_all_are_settled() -> None:
    for state in (State.READY, State.PAUSED, State.WAITING):
        assert decide(judged(state), 0, 10) == Done()
    assert decide({}, 0, 10) == Done()


def test_waits_for_the_rest_until_the_deadline() -> None:
    for state in (State.IN_PROGRESS, State.UNKNOWN, State.NOT_FOUND, State.TERMINATING):
        assert decide(judged(state), 4, 10) == Wait((A,), 6)
        assert decide(judged(state), 10, 10) == Fail((A,), timed_out=True)


def test_one_failed_object_ends_it_at_once_and_is_the_only_one_named() -> None:
    assert decide(judged(State.IN_PROGRESS, State.FAILED), 0, 10) == Fail((B,), timed_out=False)


def test_gone_means_not_found() -> None:
    assert decide_gone(judged(State.NOT_FOUND, State.NOT_FOUND), 0, 10) == Done()
    assert decide_gone(judged(State.TERMINATING, State.NOT_FOUND), 0, 10) == Wait((A,), 10)
    assert decide_gone(judged(State.FAILED, State.NOT_FOUND), 11, 10) == Fail((A,), timed_out=True)
