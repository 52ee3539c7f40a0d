"""Each quota against everything in its namespace."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from ansible_collections.autotrade.deployment.plugins.module_utils.core.capacity.charges import Charges, QuotaFigure
from ansible_collections.autotrade.deployment.plugins.module_utils.core.capacity.situations import Plan

from tests.support.capacity import node, quota, workload
from tests.unit.plugins.module_utils.core.capacity.worlds import live_pod, world

Json = dict[str, Any]
GONE = {"deletionTimestamp": "2026-11-24T11:59:50Z", "deletionGracePeriodSeconds": 30}


def figures(*wanted: Json, live: tuple[Json, ...] = ()) -> dict[str, QuotaFigure]:
    plan = Plan(world(wanted, [node("a")], live))
    return {one.resource: one for one in Charges(plan.world).figures(plan.steady)}


def named(kind: str, name: str, **fields: Any) -> Json:
    return {"apiVersion": "v1", "kind": kind, "metadata": {"name": name, "namespace": "shop"}, **fields}


def test_pods_that_are_wanted_are_charged_once_whether_they_stand_or_not() -> None:
    api = workload("api", 3)
    standing = [live_pod(f"api-{n}", api, "a") for n in range(2)]
    for live in ((), (api, *standing)):
        found = figures(api, quota(requests__cpu="4", pods="2"), live=live)
        assert (found["requests.cpu"].used, found["requests.cpu"].fits) == (3, True)
        assert (found["pods"].used, found["pods"].fits) == (3, False)


def test_live_pods_of_others_count_as_long_as_kubernetes_counts_them() -> None:
    other, api = workload("other"), workload("api")
    live = [
        live_pod("other-1", other, "a"),
        live_pod("other-waiting", other),
        live_pod("other-done", other, "a", phase="Failed"),
        live_pod("api-leaving", api, "a", **GONE),
        live_pod("api-overdue", api, "a", deletionTimestamp="2026-11-24T11:00:00Z", deletionGracePeriodSeconds=30),
    ]
    assert figures(api, quota(pods="9"), live=(api, *live))["pods"].used == 4


def test_other_namespaces_are_not_charged() -> None:
    elsewhere = {**workload("api"), "metadata": {"name": "api", "namespace": "other"}}
    assert figures(elsewhere, quota(pods="9"))["pods"].used == 0


def test_objects_count_by_name_wanted_and_live_and_what_kubernetes_adds() -> None:
    wanted = [named("ConfigMap", "mine"), named("ConfigMap", "both"), named("Secret", "login")]
    live = (named("ConfigMap", "both"), named("ConfigMap", "theirs"))
    found = figures(*wanted, quota(configmaps="9", secrets="9"), live=live)
    assert (found["configmaps"].used, found["secrets"].used) == (4, 1), "kube-root-ca.crt stands in each namespace"
    space = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop", "labels": {"istio-injection": "enabled"}}}
    assert figures(*wanted, space, quota(configmaps="9"), live=live)["configmaps"].used == 5


def test_claims_of_a_stateful_set_count_for_each_pod_until_they_stand() -> None:
    template = {"metadata": {"name": "data"}, "spec": {"resources": {"requests": {"storage": "1Gi"}}}}
    database = workload("db", 3, "StatefulSet", spec={"volumeClaimTemplates": [template]})
    figure = quota(persistentvolumeclaims="9", requests__storage="9Gi")
    standing = named("PersistentVolumeClaim", "data-db-0", spec=template["spec"])
    for live in ((), (standing,)):
        found = figures(database, figure, live=live)
        assert (found["persistentvolumeclaims"].used, found["requests.storage"].used) == (3, 3 * 2**30)


def test_claims_that_live_with_a_pod_count_with_it() -> None:
    claim = {"metadata": {}, "spec": {"resources": {"requests": {"storage": "1Gi"}}}}
    volume = {"name": "scratch", "ephemeral": {"volumeClaimTemplate": claim}}
    java = workload("java", 2, volumes=[volume])
    pod = live_pod("java-1", java, "a")
    own = {**named("PersistentVolumeClaim", "java-1-scratch", spec=claim["spec"])}
    own["metadata"]["ownerReferences"] = [{"kind": "Pod", "name": "java-1"}]
    assert figures(java, quota(requests__storage="9Gi"), live=(java, pod, own))["requests.storage"].used == 2 * 2**30
    assert figures(quota(requests__storage="9Gi"), live=(java, pod, own))["requests.storage"].used == 2**30


def test_those_who_ask_for_most_are_named_and_what_stands_beside_them() -> None:
    small, large, other = workload("small"), workload("large", 2, requests={"cpu": "2", "memory": "1Gi"}), workload("other")
    found = figures(small, large, quota(requests__cpu="4"))["requests.cpu"]
    assert found.culprits == "most requests.cpu is asked by large 4, small 1"
    assert str(found) == "requests.cpu 5 is above 4 of ResourceQuota shop/quota"
    found = figures(small, quota(requests__cpu="1"), live=(live_pod("other-1", other, "a"), live_pod("other-2", other, "a")))[
        "requests.cpu"
    ]
    assert found.culprits == "most requests.cpu is asked by small 1; beside what is wanted stand other 2"


def test_a_container_that_says_nothing_where_the_quota_demands_it_is_named() -> None:
    silent = workload("silent", requests={"cpu": "1"})
    plan = Plan(world([silent, quota(requests__cpu="9", limits__memory="9Gi", pods="9")], [node("a")]))
    [told] = Charges(plan.world).unstated(plan.steady)
    assert told == ("Deployment shop/silent: container silent states no limits.memory, which ResourceQuota shop/quota demands")
    own = workload("own", requests={}, resources={"limits": {"cpu": "1"}})
    plan = Plan(world([own, quota(requests__cpu="9", limits__memory="9Gi")], [node("a")]))
    assert not list(Charges(plan.world).unstated(plan.steady))


def test_what_kubernetes_ignores_is_listed_and_not_judged() -> None:
    api = workload("api", requests={}, limits={"nvidia.com/gpu": "4"})
    figure = quota(pods="9")
    figure["spec"]["hard"] |= {"limits.nvidia.com/gpu": "1", "requests.nvidia.com/gpu": "9"}
    plan = Plan(world([api, figure], [node("a")]))
    charges = Charges(plan.world)
    assert charges.not_counted() == ["limits.nvidia.com/gpu"]
    assert {one.resource: one.used for one in charges.figures(plan.steady)} == {"pods": 1, "requests.nvidia.com/gpu": 4}


def test_the_room_for_more_pods_ends_with_the_scarcest_figure() -> None:
    api = workload("api", 2)
    plan = Plan(world([api, quota(requests__cpu="5", requests__memory="9Gi")], [node("a")]))
    charges = Charges(plan.world)
    assert charges.room_for(plan.steady[0], charges.figures(plan.steady)) == (3, "requests.cpu")
    full = [QuotaFigure("shop", "quota", "requests.cpu", Fraction(9), Fraction(5))]
    assert charges.room_for(plan.steady[0], full) == (0, "requests.cpu")
    assert charges.room_for(plan.steady[0], []) is None
