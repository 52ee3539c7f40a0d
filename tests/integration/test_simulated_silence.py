"""A node that goes silent, seen through the controllers of a cluster that notices it soon."""

from __future__ import annotations

from pathlib import Path

from ansible_collections.autotrade.deployment.plugins.module_utils.core.simulated import Timers

from tests.integration.booted import Cluster, Json, apply_nodes, condition, connect, inventory_hosts, module, pod

#: A lost node is noticed within seconds.
QUICK = vars(
    Timers(
        node_monitor_grace_period=6,
        node_monitor_period=1,
        node_lease_duration=4,
        default_not_ready_toleration=2,
        default_unreachable_toleration=2,
    )
)


def set_silent(client: Cluster, value: str | None) -> None:
    client.patch("/api/v1/nodes/cpu-1", {"metadata": {"labels": {"simulation.autotrade.deployment/silent": value}}})


def test_pods_of_a_node_that_was_silent_for_a_while_are_ready_again(state: Path) -> None:
    client = connect(module(state, "silence", timers=QUICK))
    apply_nodes(client, {name: host for name, host in inventory_hosts().items() if name == "cpu-1"})
    client.wait("account", "/api/v1/namespaces/default/serviceaccounts/default", bool)
    client.create("/api/v1/namespaces/default/pods", pod("web", tolerations=[{"operator": "Exists"}]))
    path = "/api/v1/namespaces/default/pods/web"
    client.wait("ready", path, lambda found: condition(found, "Ready") == "True")
    set_silent(client, "true")
    client.wait("not ready", path, lambda found: condition(found, "Ready") == "False")
    set_silent(client, None)
    client.wait("ready again", path, lambda found: condition(found, "Ready") == "True")


def test_a_silent_node_becomes_not_ready_and_comes_back(state: Path) -> None:
    client = connect(module(state, "silence", timers=QUICK))
    hosts = {name: host for name, host in inventory_hosts().items() if name in ("cpu-1", "cpu-2")}
    apply_nodes(client, hosts)
    client.wait("account", "/api/v1/namespaces/default/serviceaccounts/default", bool)
    template = pod("web") | {"metadata": {"labels": {"app": "web"}}}
    spec = {"replicas": 4, "selector": {"matchLabels": {"app": "web"}}, "template": template}
    body = {"metadata": {"name": "web"}, "spec": spec}
    client.create("/apis/apps/v1/namespaces/default/deployments", body)
    web = "/apis/apps/v1/namespaces/default/deployments/web"
    client.wait("ready", web, lambda found: found["status"].get("readyReplicas") == 4)

    set_silent(client, "true")
    client.wait("lost", "/api/v1/nodes/cpu-1", lambda node: condition(node, "Ready") == "Unknown")

    def moved(found: Json) -> bool:
        places = [one["spec"].get("nodeName") for one in found["items"] if condition(one, "Ready") == "True"]
        return places.count("cpu-2") == 4

    client.wait("moved", "/api/v1/namespaces/default/pods", moved)
    stuck = [found for found in client.items("/api/v1/namespaces/default/pods") if found["spec"]["nodeName"] == "cpu-1"]
    assert stuck and all("deletionTimestamp" in found["metadata"] for found in stuck), "a lost kubelet confirms no deletion"
    set_silent(client, None)
    client.wait("back", "/api/v1/nodes/cpu-1", lambda node: condition(node, "Ready") == "True" and "taints" not in node["spec"])
    for found in stuck:
        client.wait_gone(f"/api/v1/namespaces/default/pods/{found['metadata']['name']}")
