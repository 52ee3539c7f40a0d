"""The situations, each with its state, reason and message."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.autotrade.deployment.plugins.module_utils.core.capacity.judging import (
    Fit,
    Judge,
    Judgement,
    Placement,
    Unplaced,
)
from ansible_collections.autotrade.deployment.plugins.module_utils.core.capacity.report import report
from ansible_collections.autotrade.deployment.plugins.module_utils.core.capacity.situations import SITUATIONS

from tests.support.capacity import node, quota, workload
from tests.unit.plugins.module_utils.core.capacity.worlds import autoscaler, live_pod, world

Json = dict[str, Any]
NODES = (node("a"), node("b", zone="zone-b"))
TWO = {"cpu": "2", "memory": "1Gi"}


def judge(*wanted: Json, nodes: tuple[Json, ...] = NODES, live: tuple[Json, ...] = (), blue_green: tuple[str, ...] = ()) -> Judge:
    return Judge(world(wanted, nodes, live), blue_green)


def answer(situation: str, *wanted: Json, **options: Any) -> Judgement:
    return judge(*wanted, **options).judgement(situation)


def told(found: Judgement) -> tuple[Fit, str]:
    return found.fit, found.reason


def test_a_steady_state_that_fits_names_its_fullest_figures() -> None:
    found = answer("steady", workload("api", 3), quota(requests__cpu="6", pods="30"))
    assert told(found) == (Fit.FITS, "Fits")
    assert found.message == "Fullest are requests.cpu 3 of 6 in ResourceQuota shop/quota and cpu 3 of 16 on a, b."


def test_a_quota_that_is_exceeded_is_named_with_figures_culprits_and_settings() -> None:
    found = answer("steady", workload("api", 3), workload("web"), quota(requests__cpu="2", pods="3"))
    assert told(found) == (Fit.DOES_NOT_FIT, "QuotaExceeded")
    assert found.message == (
        "ResourceQuota shop/quota would be charged with requests.cpu 4 of 2, pods 4 of 3 "
        "(most requests.cpu is asked by api 3, web 1). "
        "Raise spec.hard (trading_namespace_quota), or lower replicas or sizes (trading_system_overrides)."
    )


def test_nodes_that_are_too_small_are_named_with_figures_and_settings() -> None:
    found = answer("steady", workload("api", 20))
    assert told(found) == (Fit.DOES_NOT_FIT, "TooLittleRoom")
    assert found.message == (
        "cpu: api request 20 and may only run on a, b, which have room for 16. "
        "Add nodes to the inventory, or lower replicas or sizes (trading_system_overrides)."
    )


def test_pods_that_fit_by_sums_and_not_packed_are_a_doubt() -> None:
    found = answer("steady", *(workload(name, requests={"cpu": "5", "memory": "1Gi"}) for name in ("x", "y", "z")))
    assert told(found) == (Fit.TIGHT, "Fragmented")
    assert found.message == "the sums fit, but packed first-fit 1 of z find no place."


def test_without_nodes_the_quota_alone_is_judged_and_that_is_said() -> None:
    found = answer("steady", workload("api"), quota(pods="3"), nodes=())
    assert told(found) == (Fit.TIGHT, "NodesUnknown")
    assert found.message == "no nodes are known, so only the quota is judged."
    assert told(answer("node_lost", workload("api"), nodes=())) == (Fit.TIGHT, "NodesUnknown")
    assert told(answer("steady", workload("api", 9), quota(pods="3"), nodes=())) == (Fit.DOES_NOT_FIT, "QuotaExceeded")


def test_a_rollout_is_judged_component_by_component_and_the_worst_is_named() -> None:
    wanted = [workload("small", 4), workload("large", 4, requests=TWO)]
    found = answer("surge", *wanted, quota(requests__cpu="13"))
    assert told(found) == (Fit.DOES_NOT_FIT, "QuotaExceeded")
    charged = "ResourceQuota shop/quota would be charged with requests.cpu 14 of 13"
    assert found.message.startswith(f"Rollout of large (the worst of 1 of 2): {charged}")
    assert "maxSurge 0" in found.message
    assert told(answer("surge", *wanted, quota(requests__cpu="14"))) == (Fit.FITS, "Fits")


def test_nothing_to_roll_out_fits() -> None:
    still = workload("api", 2, spec={"strategy": {"type": "Recreate"}})
    assert told(answer("surge", still)) == (Fit.FITS, "NothingToDo")


def sides(blue: int, green: int) -> list[Json]:
    found = []
    for side, pods in (("blue", blue), ("green", green)):
        one = workload(f"api-{side}", pods, labels={"app": "api", "version": side})
        found.append(one)
    return found


@pytest.mark.parametrize(("blue", "green", "allowed", "fits"), [
    (3, 3, "6", True),
    (3, 0, "6", True),
    (3, 0, "5", False),
    (0, 2, "4", True),
])  # fmt: skip
def test_both_sides_stand_with_all_their_pods(blue: int, green: int, allowed: str, fits: bool) -> None:
    found = answer("blue_green", *sides(blue, green), quota(pods=allowed))
    assert (found.fit is Fit.FITS) is fits
    if not fits:
        assert found.message.startswith("Both sides of api: ResourceQuota shop/quota would be charged with pods 6 of 5")
        assert "trading_system_blue_green" in found.message


def test_a_component_that_is_named_gets_a_second_set() -> None:
    assert told(answer("blue_green", workload("api", 3), quota(pods="5"))) == (Fit.FITS, "NothingToDo")
    assert answer("blue_green", workload("api", 3), quota(pods="5"), blue_green=("api",)).fit is Fit.DOES_NOT_FIT
    assert answer("blue_green", workload("api", 3), quota(pods="6"), blue_green=("api",)).fit is Fit.FITS


def test_the_autoscalers_maximum_tells_how_far_the_quota_reaches() -> None:
    found = answer("autoscaler_maximum", workload("api", 2), autoscaler("api", 2, 9), quota(requests__cpu="5"))
    assert told(found) == (Fit.DOES_NOT_FIT, "QuotaExceeded")
    assert "requests.cpu 9 of 5" in found.message
    assert "Beyond the steady state the quota takes 3 more pods of api; requests.cpu is what ends first." in found.message


def test_each_node_and_each_zone_is_taken_away_in_turn_and_the_worst_is_named() -> None:
    nodes = (node("a", cpu="4"), node("b", cpu="2"), node("c", cpu="2", zone="zone-c"))
    found = answer("node_lost", workload("api", 5), nodes=nodes)
    assert told(found) == (Fit.DOES_NOT_FIT, "TooLittleRoom")
    asked = "cpu: api request 5 and may only run on b, c, which have room for 4"
    assert found.message.startswith(f"Node a lost (the worst of 1 of 3): {asked}")
    found = answer("zone_lost", workload("api", 2), nodes=nodes)
    assert told(found) == (Fit.FITS, "Fits")
    assert told(answer("zone_lost", workload("api", 3), nodes=nodes)) == (Fit.DOES_NOT_FIT, "TooLittleRoom")


def test_zones_that_nobody_names_are_no_zones() -> None:
    plain = node("a")
    del plain["metadata"]["labels"]["topology.kubernetes.io/zone"]
    assert told(answer("zone_lost", workload("api"), nodes=(plain,))) == (Fit.FITS, "NothingToDo")


def placed(placement: Placement, *wanted: Json) -> Judgement:
    return judge(*(wanted or (workload("api", 20),))).judgement("steady", {"": placement})


def test_the_schedulers_answer_takes_the_place_of_the_sums_over_nodes() -> None:
    reason = "0/2 nodes are available: 2 Insufficient cpu"
    found = placed(Placement((Unplaced("Deployment shop/api", 2, reason),)))
    assert told(found) == (Fit.DOES_NOT_FIT, "Unschedulable")
    assert found.message.startswith(f"2 of Deployment shop/api find no place: {reason}. Add nodes")
    assert told(placed(Placement())) == (Fit.FITS, "Placed")


def test_pods_that_had_to_move_are_a_doubt_and_pods_that_wait_for_their_volume_are_told() -> None:
    found = placed(Placement(displaced=("Deployment x/y",)))
    assert told(found) == (Fit.TIGHT, "Displaces")
    assert found.message == "each pod finds a place, but pods of Deployment x/y have to move for it."
    found = placed(Placement(tied=("db-0",)))
    assert told(found) == (Fit.FITS, "Placed")
    assert found.message.startswith("db-0 wait for their node, where their volumes lie; Fullest are")


def test_the_scheduler_does_not_outvote_the_quota() -> None:
    found = judge(workload("api", 3), quota(pods="2")).judgement("steady", {"": Placement()})
    assert told(found) == (Fit.DOES_NOT_FIT, "QuotaExceeded")


def test_the_report_is_plain_data_with_exact_quantities() -> None:
    live = (live_pod("other-1", workload("other"), "a"),)
    found = judge(workload("api", 3, limits={"cpu": "1500m"}), autoscaler("api", 1, 5), quota(requests__cpu="2"), live=live)
    data = report(found, [found.judgement(name) for name in SITUATIONS])
    assert (data["fits"], data["nodes"]) == (False, 2)
    assert data["components"] == [
        {
            "namespace": "shop",
            "name": "api",
            "kind": "Deployment",
            "pods": 3,
            "surge": 1,
            "maximum": 5,
            "requests": {"cpu": "1", "memory": "1Gi"},
            "limits": {"cpu": "1500m"},
        }
    ]
    steady = data["situations"][0]
    assert [one["name"] for one in data["situations"]] == list(SITUATIONS)
    figure = {"namespace": "shop", "name": "quota", "resource": "requests.cpu", "used": "4", "hard": "2", "fits": False}
    assert steady["quota"] == [figure]
    memory = {"nodes": ["a", "b"], "resource": "memory", "asked": "3Gi", "room": "63Gi", "components": ["api"], "fits": True}
    assert memory in steady["nodes"]
