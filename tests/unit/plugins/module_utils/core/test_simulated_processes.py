"""Which processes are ours, and what a run does about them."""

from __future__ import annotations

from ansible_collections.autotrade.deployment.plugins.module_utils.core.simulated import START_ORDER, STOP_ORDER, Component
from ansible_collections.autotrade.deployment.plugins.module_utils.core.simulated_processes import (
    Identity,
    Plan,
    Record,
    alive,
    fingerprint,
    leftovers,
    plan_started,
    plan_stopped,
)
from hypothesis import given
from hypothesis import strategies as st

BOOT = "boot-1"
DESIRED = dict.fromkeys(START_ORDER, "same")


def record(component: Component, mark: str = "same", start: int = 100, boot: str = BOOT) -> Record:
    return Record(component, Identity(1000 + START_ORDER.index(component), start, boot), mark)


RECORDS = {component: record(component) for component in START_ORDER}
RUNNING = {entry.identity.pid: entry.identity for entry in RECORDS.values()}


def without(*gone: Component) -> dict[int, Identity]:
    return {pid: identity for pid, identity in RUNNING.items() if pid not in {RECORDS[name].identity.pid for name in gone}}


def test_a_process_is_ours_by_number_start_time_and_boot() -> None:
    ours = record(Component.ETCD)
    assert alive(ours, RUNNING)
    assert not alive(record(Component.ETCD, start=99), RUNNING)
    assert not alive(record(Component.ETCD, boot="boot-0"), RUNNING)
    assert not alive(ours, {})
    assert not alive(None, RUNNING)


def test_nothing_to_do() -> None:
    assert plan_started(DESIRED, RECORDS, RUNNING) == Plan()
    assert not Plan().changed


def test_a_first_start() -> None:
    assert plan_started(DESIRED, {}, {}) == Plan((), START_ORDER)


def test_etcd_takes_all_with_it() -> None:
    plan = plan_started(DESIRED, RECORDS, without(Component.ETCD))
    assert plan.start == START_ORDER
    assert plan.stop == tuple(component for component in STOP_ORDER if component is not Component.ETCD)


def test_the_api_server_leaves_etcd_alone() -> None:
    plan = plan_started(DESIRED | {Component.API_SERVER: "new"}, RECORDS, RUNNING)
    assert Component.ETCD not in plan.stop + plan.start
    assert plan.start == START_ORDER[1:]


def test_a_deaf_api_server_is_stopped_and_started() -> None:
    plan = plan_started(DESIRED, RECORDS, RUNNING, deaf=[Component.API_SERVER])
    assert Component.API_SERVER in plan.stop and Component.API_SERVER in plan.start


def test_kwok_restarts_alone() -> None:
    plan = plan_started(DESIRED | {Component.KWOK: "new"}, RECORDS, RUNNING)
    assert plan == Plan((Component.KWOK,), (Component.KWOK,))


def test_what_is_not_wanted_any_more_is_stopped() -> None:
    wanted = {component: "same" for component in START_ORDER if component is not Component.KWOK}
    assert plan_started(wanted, RECORDS, RUNNING) == Plan((Component.KWOK,), ())


def test_stopping_ends_what_runs_in_order() -> None:
    assert plan_stopped(RECORDS, RUNNING).stop == STOP_ORDER
    assert plan_stopped(RECORDS, without(Component.KWOK)).stop == STOP_ORDER[1:]
    assert not plan_stopped(RECORDS, {}).changed


@given(st.sets(st.sampled_from(START_ORDER)), st.sets(st.sampled_from(START_ORDER)))
def test_after_any_crash_and_change_everything_runs_as_desired(dead: set[Component], changed: set[Component]) -> None:
    desired = DESIRED | dict.fromkeys(changed, "new")
    plan = plan_started(desired, RECORDS, without(*dead))
    survivors = set(START_ORDER) - dead - set(plan.stop)
    assert survivors.isdisjoint(plan.start)
    assert survivors | set(plan.start) == set(START_ORDER)
    assert survivors.isdisjoint(changed)
    assert plan.stop == tuple(component for component in STOP_ORDER if component in plan.stop)
    assert Component.ETCD not in plan.start or set(plan.start) == set(START_ORDER)


def test_a_fingerprint_follows_the_files_that_the_command_names() -> None:
    command = ("/bin/kwok", "--config=/state/config/kwok.json")
    files = {"/state/config/kwok.json": "a", "/state/config/other.json": "a"}
    mark = fingerprint(command, files, "1")
    assert mark == fingerprint(command, files | {"/state/config/other.json": "b"}, "1")
    assert mark != fingerprint(command, files | {"/state/config/kwok.json": "b"}, "1")
    assert mark != fingerprint(command, files, "2")
    assert mark != fingerprint((*command, "--v=1"), files, "1")


def test_leftovers_are_known_by_binary_and_directory() -> None:
    lines = {
        1: ("/a/bin/etcd", "--data-dir=/state/demo/etcd"),
        2: ("/a/bin/etcd", "--data-dir=/state/demo-2/etcd"),
        3: ("/usr/bin/vim", "--cmd=/state/demo/etcd"),
        4: ("/a/bin/kwok", "--config=/state/demo/config/kwok.json"),
        5: (),
    }
    assert leftovers(lines, "/state/demo", [4]) == {1: Component.ETCD}
