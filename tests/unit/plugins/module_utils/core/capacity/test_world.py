"""Whose pods are whose, which stay, and which nobody wanted replaces."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest
from ansible_collections.autotrade.deployment.plugins.module_utils.core.capacity.world import owner_of
from ansible_collections.autotrade.deployment.plugins.module_utils.core.requirements.workloads import Workload

from tests.support.capacity import node, workload
from tests.unit.plugins.module_utils.core.capacity.worlds import live_pod, world

Json = dict[str, Any]
API = workload("api", 3)
GONE = {"deletionTimestamp": "2026-11-24T11:59:50Z", "deletionGracePeriodSeconds": 30}


def names(pods: Any) -> list[str]:
    return [pod["metadata"]["name"] for pod in pods]


def test_a_replica_set_stands_for_the_deployment_behind_it() -> None:
    assert owner_of(live_pod("api-abc-1", API)) == ("Deployment", "shop", "api")
    odd = live_pod("x", API)
    odd["metadata"]["labels"].pop("pod-template-hash")
    assert owner_of(odd) == ("ReplicaSet", "shop", "api-abc")
    assert owner_of(live_pod("db-0", workload("db", kind="StatefulSet"))) == ("StatefulSet", "shop", "db")
    assert owner_of(live_pod("bare", None)) == ("Pod", "shop", "bare")


def test_pods_of_wanted_workloads_are_replaced_and_those_of_others_are_not() -> None:
    other = workload("other")
    live = [API, other, live_pod("api-1", API, "a"), live_pod("other-1", other, "a"), live_pod("bare", None, "a")]
    ended = [live_pod("done", None, "a", phase="Succeeded")]
    found = world([API], [node("a")], [*live, *ended])
    assert names(found.others) == ["bare", "other-1"]
    assert names(found.kept(Workload("Deployment", API), 3)) == ["api-1"]


def test_pods_on_their_way_out_hold_their_room_and_are_not_kept() -> None:
    live = [API, live_pod("leaving", API, "a", **GONE), live_pod("staying", API, "a")]
    found = world([API], [node("a")], live)
    assert names(found.others) == ["leaving"]
    assert names(found.kept(Workload("Deployment", API), 3)) == ["staying"]
    assert found.strays == ()


def test_no_more_are_kept_than_are_wanted_and_none_whose_node_is_gone() -> None:
    live = [API, *(live_pod(f"api-{n}", API, "a") for n in range(3)), live_pod("api-lost", API, "z")]
    found = world([API], [node("a")], live)
    assert names(found.kept(Workload("Deployment", API), 2)) == ["api-0", "api-1"]
    assert names(found.kept(Workload("Deployment", API), 9)) == ["api-0", "api-1", "api-2"]


def test_pods_of_others_without_a_node_look_for_one() -> None:
    other = workload("other")
    found = world(
        [], [node("a")], [live_pod("waiting", other), live_pod("homeless", other, "gone"), live_pod("there", other, "a")]
    )
    assert names(found.strays) == ["homeless", "waiting"]


def changed(change: Callable[[Json], object]) -> Json:
    found = copy.deepcopy(API)
    change(found["spec"]["template"])
    return found


@pytest.mark.parametrize(("change", "stays"), [
    (lambda t: t["spec"].update(terminationGracePeriodSeconds=5), True),
    (lambda t: t["spec"]["containers"][0].update(image="new:2"), True),
    (lambda t: t["spec"]["containers"][0]["resources"]["requests"].update(cpu="1000m"), True),
    (lambda t: t["spec"]["containers"][0]["resources"]["requests"].update(cpu="2"), False),
    (lambda t: t["spec"]["containers"][0].update(ports=[{"containerPort": 1, "hostPort": 1}]), False),
    (lambda t: t["spec"].update(nodeSelector={"a": "b"}), False),
    (lambda t: t["spec"].update(priorityClassName="high"), False),
    (lambda t: t["metadata"]["labels"].update(version="v2"), False),
    (lambda t: t["spec"].update(initContainers=[{"name": "init"}]), False),
    (lambda t: t["spec"].update(hostNetwork=True), False),
])  # fmt: skip
def test_pods_stay_as_long_as_the_scheduler_is_asked_for_nothing_else(change: Callable[[Json], object], stays: bool) -> None:
    wanted = changed(change)
    found = world([wanted], [node("a")], [API, live_pod("api-1", API, "a")])
    assert bool(found.kept(Workload("Deployment", wanted), 3)) is stays
    assert found.others == ()


def test_pods_of_a_former_template_do_not_stay_though_the_template_stands_already() -> None:
    larger = changed(lambda t: t["spec"]["containers"][0]["resources"]["requests"].update(cpu="2"))
    found = world([larger], [node("a")], [larger, live_pod("old", API, "a"), live_pod("new", larger, "a")])
    assert names(found.kept(Workload("Deployment", larger), 3)) == ["new"]


def test_what_is_wanted_stands_in_front_of_what_is_live() -> None:
    live = {"kind": "ResourceQuota", "metadata": {"name": "q", "namespace": "shop"}, "spec": {"hard": {"pods": "1"}}}
    wanted = {**live, "spec": {"hard": {"pods": "2"}}}
    (found,) = world([wanted], live=[live]).after.of_kind("ResourceQuota")
    assert found["spec"]["hard"] == {"pods": "2"}
