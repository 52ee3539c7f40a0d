"""What is put into a scratch cluster."""

from __future__ import annotations

from typing import Any

from ansible_collections.autotrade.deployment.plugins.module_utils.core.capacity.residents import (
    Volumes,
    extras,
    newcomers,
    standing,
    waiting,
)
from ansible_collections.autotrade.deployment.plugins.module_utils.core.capacity.scratch import node_body, pod_body
from ansible_collections.autotrade.deployment.plugins.module_utils.core.capacity.situations import SITUATIONS, Plan
from ansible_collections.autotrade.deployment.plugins.module_utils.core.requirements.model import Cluster

from tests.support.capacity import node, spread, workload
from tests.unit.plugins.module_utils.core.capacity.worlds import autoscaler, live_pod, world

Json = dict[str, Any]
NODES = (node("a"), node("b"))


def volume(name: str, *nodes: str) -> Json:
    """A volume that can be reached from these nodes alone."""
    term = {"matchExpressions": [{"key": "kubernetes.io/hostname", "operator": "In", "values": list(nodes)}]}
    csi = {"driver": "x", "volumeHandle": "y"}
    spec: Json = {"capacity": {"storage": "1Gi"}, "accessModes": ["ReadWriteOnce"], "csi": csi}
    if nodes:
        spec["nodeAffinity"] = {"required": {"nodeSelectorTerms": [term]}}
    return {"apiVersion": "v1", "kind": "PersistentVolume", "metadata": {"name": name}, "spec": spec}


def claim(name: str, volume_name: str) -> Json:
    spec = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}, "volumeName": volume_name}
    return {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": name, "namespace": "shop"}, "spec": spec}


def names(residents: Any) -> dict[str, str]:
    return {one.key[1]: one.node for one in residents}


def database(pods: int = 2) -> Json:
    template = {"metadata": {"name": "data"}, "spec": {"resources": {"requests": {"storage": "1Gi"}}}}
    return workload("db", pods, "StatefulSet", spec={"volumeClaimTemplates": [template]})


def test_a_pod_becomes_one_container_with_the_sum_of_its_requests() -> None:
    gpu = {"nvidia.com/gpu": "1"}
    containers = [
        {"name": "a", "resources": {"requests": {"cpu": "1"}}},
        {"name": "b", "resources": {"requests": {"cpu": "0", **gpu}, "limits": gpu}},
    ]
    spec = {"containers": containers, "overhead": {"cpu": "1"}, "serviceAccountName": "x"}
    pod = {"metadata": {"namespace": "shop", "labels": {"app": "x"}}, "spec": spec}
    body = pod_body(pod, "x-0", node="a")
    (container,) = body["spec"]["containers"]
    assert container["resources"] == {"requests": {"cpu": "2", "nvidia.com/gpu": "1"}, "limits": {"nvidia.com/gpu": "1"}}
    assert (body["metadata"]["labels"], body["spec"]["nodeName"]) == ({"app": "x"}, "a")
    assert "serviceAccountName" not in body["spec"]


def test_ports_of_the_node_are_kept_and_with_its_network_all_are() -> None:
    ports = [{"containerPort": 80, "hostPort": 8080}, {"containerPort": 81, "protocol": "UDP"}]
    pod = workload("x", ports=ports)["spec"]["template"]
    (container,) = pod_body(pod, "x")["spec"]["containers"]
    assert container["ports"] == [{"containerPort": 8080, "hostPort": 8080, "protocol": "TCP"}]
    pod["spec"]["hostNetwork"] = True
    (container,) = pod_body(pod, "x")["spec"]["containers"]
    assert {port["hostPort"] for port in container["ports"]} == {81, 8080}


def test_label_keys_that_are_merged_already_are_not_given_twice() -> None:
    (constraint,) = spread("x")
    fresh = {**constraint, "matchLabelKeys": ["pod-template-hash"]}
    expression = {"key": "pod-template-hash", "operator": "In", "values": ["abc"]}
    merged = {**fresh, "labelSelector": {**constraint["labelSelector"], "matchExpressions": [expression]}}
    for given, kept in ((fresh, ["pod-template-hash"]), (merged, None)):
        body = pod_body(workload("x", topologySpreadConstraints=[given])["spec"]["template"], "x")
        assert body["spec"]["topologySpreadConstraints"][0].get("matchLabelKeys") == kept


def test_a_node_keeps_what_keeps_pods_away_and_no_conditions() -> None:
    tainted = node("a", taints=[{"key": "x", "effect": "NoSchedule"}])
    tainted["status"]["conditions"] = [{"type": "Ready", "status": "False"}]
    tainted["spec"]["unschedulable"] = True
    body = node_body(tainted)
    assert body["spec"] == {"taints": [{"key": "x", "effect": "NoSchedule"}], "unschedulable": True}
    assert set(body["status"]) == {"allocatable", "capacity"}


def test_who_stands_who_arrives_and_who_waits() -> None:
    api, other, agent = workload("api", 3), workload("other"), workload("agent", kind="DaemonSet")
    live = [api, live_pod("api-1", api, "a", hashed="old"), live_pod("other-1", other, "b"), live_pod("other-2", other)]
    plan = Plan(world([api, agent], NODES, live))
    volumes = Volumes(plan.world.live)
    assert names(standing(plan, volumes)) == {"api-1": "a", "other-1": "b"}
    assert names(waiting(plan, volumes)) == {"other-2": ""}
    arriving = {one.key[1]: one for one in newcomers(plan, volumes)}
    assert set(arriving) == {"api-new-0", "api-new-1", "agent-a", "agent-b"}
    assert arriving["api-new-0"].body["metadata"]["labels"]["pod-template-hash"] == "old", "as those that stand"
    terms = arriving["agent-b"].body["spec"]["affinity"]["nodeAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"]
    assert terms["nodeSelectorTerms"] == [{"matchFields": [{"key": "metadata.name", "operator": "In", "values": ["b"]}]}]
    assert (arriving["api-new-0"].movable, arriving["agent-a"].movable) == (True, False)


def test_extra_pods_of_a_rollout_are_of_another_revision_and_those_of_an_autoscaler_are_not() -> None:
    api = workload("api", 2)
    plan = Plan(world([api, autoscaler("api", 1, 4)], NODES))
    (rollout,) = SITUATIONS["surge"](plan, ())
    (maximum,) = SITUATIONS["autoscaler_maximum"](plan, ())
    cases = [[one.body["metadata"]["labels"] for one in extras(plan, case)] for case in (rollout, maximum)]
    revisions = [[labels["pod-template-hash"] for labels in case] for case in cases]
    assert revisions == [["next"], ["first", "first"]]


def test_a_bound_volume_that_few_nodes_reach_ties_its_pod_and_any_other_does_not() -> None:
    db = database(3)
    live = [db, volume("local", "a"), claim("data-db-0", "local"), volume("anywhere"), claim("data-db-1", "anywhere")]
    plan = Plan(world([db], NODES, live))
    volumes = Volumes(plan.world.live)
    arriving = {one.key[1]: one for one in newcomers(plan, volumes)}
    assert {name: one.claims for name, one in arriving.items()} == {"db-0": ["data-db-0"], "db-1": [], "db-2": []}
    assert [volumes.strand(arriving["db-0"], nodes) for nodes in (NODES, NODES[1:])] == [False, True]
    assert not volumes.strand(arriving["db-1"], NODES[1:])
    bodies = list(volumes.bodies())
    assert [(one["kind"], one["metadata"]["name"]) for one in bodies] == [
        ("PersistentVolume", "local"),
        ("PersistentVolumeClaim", "data-db-0"),
    ]
    assert "csi" not in bodies[0]["spec"]


def test_a_volume_of_a_zone_ties_its_pod_to_the_zone() -> None:
    zoned = volume("zoned")
    zoned["metadata"]["labels"] = {"topology.kubernetes.io/zone": "zone-b__zone-c"}
    db = database(1)
    plan = Plan(world([db], NODES, [zoned, claim("data-db-0", "zoned")]))
    volumes = Volumes(Cluster([zoned, claim("data-db-0", "zoned")]))
    (pod,) = newcomers(plan, volumes)
    assert volumes.strand(pod, [node("a")])
    assert not volumes.strand(pod, [node("a"), node("c", zone="zone-c")])


def test_new_pods_of_a_stateful_set_take_the_free_numbers() -> None:
    db = database(3)
    plan = Plan(world([db], NODES, [db, live_pod("db-1", db, "a")]))
    assert set(names(newcomers(plan, Volumes(plan.world.live)))) == {"db-0", "db-2"}
