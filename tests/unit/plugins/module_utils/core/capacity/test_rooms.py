"""Sums against nodes: what they rule out is impossible, and what first-fit packs is possible."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from ansible_collections.autotrade.deployment.plugins.module_utils.core.capacity.demands import Demand
from ansible_collections.autotrade.deployment.plugins.module_utils.core.capacity.rooms import figures, named, obstacles, packed
from ansible_collections.autotrade.deployment.plugins.module_utils.core.capacity.situations import Plan
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.capacity import affinity, node, workload
from tests.unit.plugins.module_utils.core.capacity.worlds import live_pod, world

Json = dict[str, Any]


def plan(wanted: Sequence[Json], nodes: Sequence[Json], live: Sequence[Json] = ()) -> Plan:
    return Plan(world(wanted, nodes, live))


def ruled_out(found: Plan, lost: frozenset[str] = frozenset()) -> bool:
    demands = found.without(lost) if lost else found.steady
    some = [text for _demand, text in obstacles(found.rooms, demands, lost)]
    return bool(some) or not all(one.fits for one in figures(found.rooms, demands, lost))


def sized(name: str, pods: int, cpu: int, gpus: int, only: str | None) -> Json:
    requests = {"cpu": str(cpu), "nvidia.com/gpu": str(gpus)}
    return workload(name, pods, requests=requests, **({"nodeSelector": {only: "yes"}} if only else {}))


workloads = st.tuples(st.integers(1, 3), st.integers(1, 4), st.integers(0, 1), st.sampled_from([None, "x", "y"]))
sizes = st.tuples(st.integers(1, 6), st.integers(0, 2), st.sets(st.sampled_from(["x", "y"])))


def placeable(found: Plan, nodes: Sequence[Json]) -> bool:
    """Tries every placement."""
    pods = [demand for demand in found.steady for _ in range(demand.pods)]
    free = [{key: int(size) for key, size in one["status"]["allocatable"].items() if key != "memory"} for one in nodes]
    return _place(pods, nodes, free)


def _place(pods: Sequence[Demand], nodes: Sequence[Json], free: list[dict[str, int]]) -> bool:
    if not pods:
        return True
    first, rest = pods[0], pods[1:]
    for one, room in zip(nodes, free, strict=True):
        needs = {key: int(amount) for key, amount in first.sample.sizes.items()}
        if first.sample.may_run_on(one) and all(room.get(key, 0) >= amount for key, amount in needs.items()):
            for key, amount in needs.items():
                room[key] = room.get(key, 0) - amount
            if _place(rest, nodes, free):
                return True
            for key, amount in needs.items():
                room[key] += amount
    return False


@settings(max_examples=300)
@given(st.lists(workloads, min_size=1, max_size=3), st.lists(sizes, min_size=1, max_size=3))
def test_what_the_sums_rule_out_is_impossible_and_what_first_fit_packs_is_possible(asked: Any, given_nodes: Any) -> None:
    nodes = [
        node(f"n{number}", labels=dict.fromkeys(labels, "yes"), cpu=str(cpu), gpu=str(gpus))
        for number, (cpu, gpus, labels) in enumerate(given_nodes)
    ]
    found = plan([sized(f"w{number}", *one) for number, one in enumerate(asked)], nodes)
    possible = placeable(found, nodes)
    assert not (possible and ruled_out(found)), "the sums refuse what can be placed"
    assert possible or packed(found.rooms, found.steady), "first-fit packs what cannot be placed"


def test_a_pod_that_matches_no_node_is_told_even_where_nothing_is_scarce() -> None:
    [(_demand, text)] = obstacles((found := plan([sized("api", 1, 1, 0, "x")], [node("a")])).rooms, found.steady)
    assert text == "Deployment shop/api: none of the nodes matches its selector, affinity and tolerations"


def test_a_pod_larger_than_any_nodes_room_is_told_though_the_sum_suffices() -> None:
    found = plan([sized("api", 2, 5, 0, None)], [node("a", cpu="4"), node("b", cpu="4"), node("c", cpu="4")])
    assert all(one.fits for one in figures(found.rooms, found.steady))
    [(_demand, text)] = obstacles(found.rooms, found.steady)
    assert text == "Deployment shop/api: only 0 of its 2 new pods have places on a, b, c"


@pytest.mark.parametrize("spec", [
    {"affinity": affinity("podAntiAffinity", "api")},
    {"ports": [{"containerPort": 80, "hostPort": 80}]},
])  # fmt: skip
def test_pods_that_cannot_stand_together_need_a_node_each(spec: Json) -> None:
    found = plan([workload("api", 3, **spec)], [node("a"), node("b")])
    assert [text for _demand, text in obstacles(found.rooms, found.steady)] == [
        "Deployment shop/api: only 2 of its 3 new pods have places on a, b"
    ]


def test_pods_that_cannot_share_a_zone_need_a_zone_each() -> None:
    apart = {"affinity": affinity("podAntiAffinity", "api", "topology.kubernetes.io/zone")}
    found = plan([workload("api", 2, **apart)], [node("a"), node("b")])
    assert ruled_out(found)
    assert not ruled_out(plan([workload("api", 2, **apart)], [node("a"), node("b", zone="zone-b")]))


def test_live_pods_and_daemons_hold_their_room() -> None:
    other = workload("other", requests={"cpu": "5", "memory": "1Gi"})
    live = [live_pod("other-1", other, "a")]
    assert not ruled_out(plan([sized("api", 3, 1, 0, None)], [node("a")], live))
    assert ruled_out(plan([sized("api", 4, 1, 0, None)], [node("a")], live))
    assert ruled_out(plan([sized("api", 3, 1, 0, None), workload("agent", kind="DaemonSet")], [node("a")], live))


def test_a_daemon_that_finds_its_node_full_is_told() -> None:
    other = workload("other", requests={"cpu": "8", "memory": "1Gi"})
    nodes, live = [node("a"), node("b", cpu="16")], [live_pod("other-1", other, "a")]
    found = plan([workload("agent", kind="DaemonSet")], nodes, live)
    assert [text for _demand, text in obstacles(found.rooms, found.steady)] == ["DaemonSet shop/agent: a has no room for its pod"]
    assert not list(obstacles(found.rooms, found.without(frozenset("a")), frozenset("a")))


def test_the_figures_are_the_same_before_and_after_the_pods_stand() -> None:
    api = sized("api", 2, 2, 0, None)
    before = plan([api], [node("a"), node("b")])
    after = plan([api], [node("a"), node("b")], [api, live_pod("api-1", api, "a"), live_pod("api-2", api, "b")])
    assert figures(before.rooms, before.steady) == figures(after.rooms, after.steady)
    assert after.steady[0].new == 0


def test_an_overcommitted_node_does_not_borrow_from_others() -> None:
    other = workload("other", requests={"cpu": "20", "memory": "1Gi"})
    found = plan([sized("api", 8, 1, 0, None)], [node("a"), node("b")], [live_pod("other-1", other, "a")])
    assert not ruled_out(found)


def test_a_lost_node_takes_its_room_along_and_its_pods_need_another_place() -> None:
    api = sized("api", 4, 2, 0, None)
    live = [api, *(live_pod(f"api-{n}", api, "ab"[n % 2]) for n in range(4))]
    assert not ruled_out(plan([api], [node("a"), node("b")], live), frozenset("a"))
    small = plan([api], [node("a"), node("b", cpu="6")], live)
    assert not ruled_out(small)
    assert ruled_out(small, frozenset("a"))


def test_pods_of_others_on_a_lost_node_need_a_place_unless_they_go_with_it() -> None:
    other, agent = workload("other", requests={"cpu": "4", "memory": "1Gi"}), workload("agent", kind="DaemonSet")
    live = [live_pod("other-1", other, "a"), live_pod("agent-1", agent, "a"), live_pod("bare", None, "a")]
    assert [demand.name for demand in plan([], [node("a"), node("b")], live).without(frozenset("a"))] == ["other"]
    assert ruled_out(plan([], [node("a"), node("b", cpu="3")], live), frozenset("a"))


def test_the_place_for_a_pod_counts_too() -> None:
    assert ruled_out(plan([sized("api", 3, 1, 0, None)], [node("a", pods="2")]))


def test_of_many_nodes_a_few_are_named() -> None:
    assert named(["b", "a"]) == "a, b"
    assert named(f"n{number}" for number in range(9)) == "n0, n1, n2 and 6 more"
