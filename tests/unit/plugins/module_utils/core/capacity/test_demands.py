"""How many pods, of what size."""

from __future__ import annotations

import math
from typing import Any

import pytest
from ansible_collections.autotrade.deployment.plugins.module_utils.core.capacity.demands import (
    Demand,
    demand_of,
    foreign_demands,
    most,
    surge,
)
from ansible_collections.autotrade.deployment.plugins.module_utils.core.capacity.world import World
from ansible_collections.autotrade.deployment.plugins.module_utils.core.requirements.workloads import Workload
from hypothesis import given
from hypothesis import strategies as st

from tests.support.capacity import node, workload
from tests.unit.plugins.module_utils.core.capacity.worlds import autoscaler, live_pod, world

Json = dict[str, Any]


def demand(found: World, obj: Json) -> Demand:
    return demand_of(found, Workload(obj["kind"], obj))


def alone(obj: Json, *others: Json, live: tuple[Json, ...] = ()) -> Demand:
    return demand(world([obj, *others], [node("a"), node("b")], live), obj)


@pytest.mark.parametrize(("stated", "live", "pods"), [
    (3, None, 3),
    (1, None, 2),
    (3, 5, 5),
    (3, 1, 2),
    (3, 0, 0),
    (9, None, 9),
])  # fmt: skip
def test_where_an_autoscaler_owns_the_number_the_live_one_stays(stated: int, live: int | None, pods: int) -> None:
    """And never below its minimum; zero switches the autoscaler off."""
    there = () if live is None else (workload("api", live),)
    assert alone(workload("api", stated), autoscaler("api", 2, 6), live=there).pods == pods


def test_without_an_autoscaler_the_manifest_counts() -> None:
    assert alone(workload("api", 3), live=(workload("api", 5),)).pods == 3


@pytest.mark.parametrize(("scaler", "highest"), [
    (autoscaler("api", 2, 6), 6),
    (autoscaler("api", 1, 2), 3),
    ({"kind": "ScaledObject", "metadata": {"name": "s", "namespace": "shop"}, "spec": {"scaleTargetRef": {"name": "api"}}}, 100),
    ({"kind": "ScaledObject", "metadata": {"name": "s", "namespace": "shop"},
      "spec": {"scaleTargetRef": {"name": "api"}, "maxReplicaCount": 7}}, 7),
    (autoscaler("other", 1, 9), 3),
])  # fmt: skip
def test_the_highest_number_is_the_autoscalers_or_the_usual_one(scaler: Json, highest: int) -> None:
    api = workload("api", 3)
    found = world([api, scaler])
    assert most(found, demand(found, api)) == highest


def job(kind: str = "Job", **spec: Any) -> Json:
    body = workload("run", kind="Job")
    body["spec"] = {"template": body["spec"]["template"], **spec}
    if kind == "CronJob":
        body = {**body, "kind": kind, "spec": {"jobTemplate": {"spec": body["spec"]}}}
    return body


@pytest.mark.parametrize(("spec", "pods"), [
    ({}, 1),
    ({"parallelism": 4}, 4),
    ({"parallelism": 4, "completions": 3}, 3),
    ({"suspend": True}, 0),
])  # fmt: skip
def test_a_job_asks_for_what_it_runs_side_by_side(spec: Json, pods: int) -> None:
    assert alone(job(**spec)).pods == pods


def test_a_job_that_is_over_asks_for_nothing() -> None:
    done = {**job(), "status": {"conditions": [{"type": "Complete", "status": "True"}]}}
    assert alone(job(), live=(done,)).pods == 0
    assert alone(job(), live=(job(),)).pods == 1


def test_a_daemon_set_asks_for_a_pod_on_each_node_that_it_tolerates_cordoned_ones_included() -> None:
    cordoned = node("cordoned")
    cordoned["spec"]["unschedulable"] = True
    nodes = [node("a"), cordoned, node("tainted", taints=[{"key": "x", "effect": "NoSchedule"}])]
    agent = workload("agent", kind="DaemonSet")
    found = world([agent, workload("api", 2)], nodes)
    assert demand(found, agent).pods == 2
    assert [demand(found, workload("api")).sample.may_run_on(one) for one in nodes] == [True, False, False]


NAMED_A = {"matchFields": [{"key": "metadata.name", "operator": "In", "values": ["a"]}]}


@pytest.mark.parametrize(("terms", "runs"), [
    ([], [True, True]),
    ([{}], [False, False]),
    ([{"matchExpressions": None, "matchFields": []}], [False, False]),
    ([{}, NAMED_A], [True, False]),
])  # fmt: skip
def test_a_term_of_node_affinity_that_says_nothing_matches_no_node(terms: list[Json], runs: list[bool]) -> None:
    nodes = [node("a"), node("b")]
    agent = workload("agent", kind="DaemonSet")
    required = {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": terms}}
    agent["spec"]["template"]["spec"]["affinity"] = {"nodeAffinity": required}
    wanted = demand(world([agent], nodes), agent)
    assert [wanted.sample.may_run_on(one) for one in nodes] == runs
    assert wanted.pods == sum(runs)


@given(st.integers(0, 50), st.integers(0, 100))
def test_a_surge_in_percent_is_rounded_up(pods: int, percent: int) -> None:
    rolling = {"strategy": {"rollingUpdate": {"maxSurge": f"{percent}%"}}}
    assert surge(alone(workload("api", pods, spec=rolling))) == math.ceil(pods * percent / 100)


@pytest.mark.parametrize(("kind", "spec", "extra"), [
    ("Deployment", {}, 2),
    ("Deployment", {"strategy": {"type": "Recreate"}}, 0),
    ("Deployment", {"strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 0}}}, 0),
    ("Deployment", {"strategy": {"rollingUpdate": {"maxSurge": 3}}}, 3),
    ("Deployment", {"strategy": {"rollingUpdate": {"maxSurge": "lots"}}}, 0),
    ("StatefulSet", {}, 0),
    ("DaemonSet", {}, 0),
    ("DaemonSet", {"updateStrategy": {"rollingUpdate": {"maxSurge": "50%"}}}, 1),
    ("DaemonSet", {"updateStrategy": {"type": "OnDelete", "rollingUpdate": {"maxSurge": 1}}}, 0),
])  # fmt: skip
def test_each_kind_rolls_in_its_own_way(kind: str, spec: Json, extra: int) -> None:
    assert surge(alone(workload("api", 5, kind, spec=spec))) == extra


def test_one_run_of_a_cron_job_is_extra() -> None:
    assert alone(job("CronJob", parallelism=2)).pods == 0
    assert surge(alone(job("CronJob", parallelism=2))) == 2
    suspended = job("CronJob")
    suspended["spec"]["suspend"] = True
    assert surge(alone(suspended)) == 0


def test_pods_of_others_are_told_under_their_owner_and_never_grow() -> None:
    other = workload("other")
    (found,) = foreign_demands([live_pod("other-1", other), live_pod("other-2", other)])
    assert (found.workload.where, found.pods, found.new) == ("Deployment shop/other", 2, 2)
    assert surge(found) == 0
    assert most(world([autoscaler("other", 1, 9)]), found) == 2


def test_fewer_pods_keep_fewer() -> None:
    api = workload("api", 3)
    found = demand(world([api], [node("a")], [api, *(live_pod(f"api-{n}", api, "a") for n in range(3))]), api)
    assert (found.new, found.counting(5).new, len(found.counting(1).kept)) == (0, 2, 1)
    assert found.without(frozenset({"a"})).new == 3
