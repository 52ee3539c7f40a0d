"""What the played nodes and pods do, seen through the real API server and its controllers."""

from __future__ import annotations

import time
from datetime import datetime
from typing import Any

import pytest

from tests.integration.booted import Cluster, Json, condition, inventory_hosts, pod

PREFIX = "simulation.autotrade.deployment"


def pods(namespace: str, name: str = "") -> str:
    return f"/api/v1/namespaces/{namespace}/pods" + (f"/{name}" if name else "")


def chosen(behaviour: str) -> list[tuple[dict[str, str], str]]:
    """The two ways to choose a behaviour: by annotation, and by the end of the image's tag, with a digest or without."""
    return [({"behaviour": behaviour}, "app:1"), ({}, f"app:1-{behaviour}"), ({}, f"app:1-{behaviour}@sha256:{'0' * 64}")]


def waiting_reason(found: Json, statuses: str = "containerStatuses") -> str | None:
    entries = found.get("status", {}).get(statuses) or [{}]
    return entries[0].get("state", {}).get("waiting", {}).get("reason")


def seconds_between(earlier: str, later: str) -> float:
    """By the server's clock, whose times have whole seconds."""
    first, second = (datetime.fromisoformat(text) for text in (earlier, later))
    return (second - first).total_seconds()


def start(cluster: Cluster, namespace: str, name: str, **changes: Any) -> None:
    cluster.create(pods(namespace), pod(name, **changes))


def become_ready(cluster: Cluster, namespace: str, name: str, **changes: Any) -> None:
    start(cluster, namespace, name, **changes)
    cluster.wait("ready", pods(namespace, name), lambda found: condition(found, "Ready") == "True")


def end(cluster: Cluster, namespace: str, name: str) -> None:
    cluster.delete(pods(namespace, name))
    cluster.wait_gone(pods(namespace, name))


@pytest.mark.requirement("C1", "C7", "N6")
def test_nodes_have_the_sizes_taints_and_zones_of_the_inventory(cluster: Cluster) -> None:
    nodes = {node["metadata"]["name"]: node for node in cluster.items("/api/v1/nodes")}
    hosts = inventory_hosts()
    assert set(hosts) <= set(nodes)
    for name, host in hosts.items():
        node = nodes[name]
        assert {key: node["status"]["allocatable"][key] for key in host["node_size"]} == host["node_size"]
        assert node["metadata"]["labels"]["topology.kubernetes.io/zone"] == host["node_zone"]
        assert condition(node, "Ready") == "True"
    gpu = nodes["gpu-1"]
    assert gpu["status"]["nodeInfo"]["architecture"] == "arm64"
    assert gpu["metadata"]["labels"]["autotrade.deployment/page-size"] == "64k"
    assert gpu["spec"]["taints"] == [{"key": "nvidia.com/gpu", "value": "present", "effect": "NoSchedule"}]
    assert "taints" not in nodes["cpu-1"]["spec"]


def test_a_node_whose_size_changes_in_the_inventory_reports_the_new_size(cluster: Cluster) -> None:
    def sized(size: str) -> None:
        cluster.patch("/api/v1/nodes/cpu-9", {"metadata": {"annotations": {f"{PREFIX}/capacity": size}}})

    before = cluster.get("/api/v1/nodes/cpu-9")["metadata"]["annotations"][f"{PREFIX}/capacity"]
    sized('{"cpu":"12","memory":"32Gi","pods":"110"}')
    try:
        cluster.wait(
            "new size",
            "/api/v1/nodes/cpu-9",
            lambda node: node["status"]["capacity"] == {"cpu": "12", "memory": "32Gi", "pods": "110"},
        )
    finally:
        sized(before)
        cluster.wait("old size", "/api/v1/nodes/cpu-9", lambda node: node["status"]["allocatable"]["cpu"] == "8")


def test_a_deployment_becomes_ready(cluster: Cluster, namespace: str) -> None:
    template = pod("web")
    body = {
        "metadata": {"name": "web"},
        "spec": {
            "replicas": 6,
            "selector": {"matchLabels": {"app": "web"}},
            "template": {"metadata": {"labels": {"app": "web"}}, "spec": template["spec"]},
        },
    }
    path = f"/apis/apps/v1/namespaces/{namespace}/deployments"
    cluster.create(path, body)
    cluster.wait("six ready pods", f"{path}/web", lambda found: found["status"].get("readyReplicas") == 6)
    addresses = {found["status"]["podIP"] for found in cluster.items(pods(namespace))}
    assert len(addresses) == 6


def test_ready_after_a_chosen_delay(cluster: Cluster, namespace: str) -> None:
    start(cluster, namespace, "late", annotations={"ready-after": "3"})
    found = cluster.wait("ready", pods(namespace, "late"), lambda found: condition(found, "Ready") == "True")
    (ready,) = (entry for entry in found["status"]["conditions"] if entry["type"] == "Ready")
    started = found["status"]["containerStatuses"][0]["state"]["running"]["startedAt"]
    assert seconds_between(started, ready["lastTransitionTime"]) >= 3


@pytest.mark.parametrize(("annotations", "image"), chosen("never-ready"))
def test_never_ready(cluster: Cluster, namespace: str, annotations: dict[str, str], image: str) -> None:
    start(cluster, namespace, "never", annotations=annotations, image=image)
    cluster.wait("running", pods(namespace, "never"), lambda found: found["status"]["phase"] == "Running")
    become_ready(cluster, namespace, "later")
    found = cluster.get(pods(namespace, "never"))
    assert (condition(found, "Ready"), found["status"]["phase"]) == ("False", "Running")


@pytest.mark.parametrize(("annotations", "image"), chosen("crash-loop"))
def test_crash_loop(cluster: Cluster, namespace: str, annotations: dict[str, str], image: str) -> None:
    start(cluster, namespace, "crash", annotations=annotations, image=image)
    found = cluster.wait("back-off", pods(namespace, "crash"), lambda found: waiting_reason(found) == "CrashLoopBackOff")
    (container,) = found["status"]["containerStatuses"]
    assert container["restartCount"] == 1
    assert container["lastState"]["terminated"]["exitCode"] == 1


def test_a_crashed_container_is_started_again(cluster: Cluster, namespace: str) -> None:
    start(cluster, namespace, "crash", annotations={"behaviour": "crash-loop"})
    cluster.wait(
        "second crash",
        pods(namespace, "crash"),
        lambda found: found["status"].get("containerStatuses", [{}])[0].get("restartCount") == 2,
    )


@pytest.mark.parametrize(("annotations", "image"), chosen("image-pull-failure"))
def test_failing_image_pull(cluster: Cluster, namespace: str, annotations: dict[str, str], image: str) -> None:
    start(cluster, namespace, "pull", annotations=annotations, image=image)
    found = cluster.wait("back-off", pods(namespace, "pull"), lambda found: waiting_reason(found) == "ImagePullBackOff")
    assert found["status"]["phase"] == "Pending"


def test_missing_configuration(cluster: Cluster, namespace: str) -> None:
    start(cluster, namespace, "config", annotations={"behaviour": "config-error"})
    cluster.wait("error", pods(namespace, "config"), lambda found: waiting_reason(found) == "CreateContainerConfigError")


def with_init_containers(name: str, **changes: Any) -> Json:
    body = pod(name, **changes)
    (container,) = body["spec"]["containers"]
    body["spec"]["initContainers"] = [container | {"name": "prepare"}, container | {"name": "proxy", "restartPolicy": "Always"}]
    return body


def test_init_containers_complete_and_sidecars_run(cluster: Cluster, namespace: str) -> None:
    cluster.create(pods(namespace), with_init_containers("init"))
    found = cluster.wait("ready", pods(namespace, "init"), lambda found: condition(found, "Ready") == "True")
    prepare, proxy = found["status"]["initContainerStatuses"]
    assert prepare["state"]["terminated"]["reason"] == "Completed"
    assert "running" in proxy["state"] and proxy["ready"]


def test_failing_init_container(cluster: Cluster, namespace: str) -> None:
    cluster.create(pods(namespace), with_init_containers("init", annotations={"behaviour": "init-crash-loop"}))
    found = cluster.wait(
        "back-off", pods(namespace, "init"), lambda found: waiting_reason(found, "initContainerStatuses") == "CrashLoopBackOff"
    )
    assert (found["status"]["phase"], condition(found, "Initialized")) == ("Pending", "False")


@pytest.mark.parametrize(("behaviour", "wanted"), [("", "Complete"), ("fails", "Failed")])
def test_jobs_end(cluster: Cluster, namespace: str, behaviour: str, wanted: str) -> None:
    template = with_init_containers("job", annotations={"behaviour": behaviour} if behaviour else {}, restartPolicy="Never")
    path = f"/apis/batch/v1/namespaces/{namespace}/jobs"
    body = {"metadata": {"name": "job"}, "spec": {"backoffLimit": 0, "template": template}}
    cluster.create(path, body)
    cluster.wait(wanted, f"{path}/job", lambda found: condition(found, wanted) == "True")


def test_a_running_job_can_be_deleted(cluster: Cluster, namespace: str) -> None:
    template = pod("job", annotations={"completes-after": "600"}, restartPolicy="Never")
    path = f"/apis/batch/v1/namespaces/{namespace}/jobs"
    cluster.create(path, {"metadata": {"name": "job"}, "spec": {"template": template}})
    cluster.wait("active", f"{path}/job", lambda found: found["status"].get("ready") == 1)
    cluster.must("DELETE", f"{path}/job", {"propagationPolicy": "Foreground"})
    cluster.wait_gone(f"{path}/job")


@pytest.mark.parametrize(("annotations", "image", "seconds"), [
    # Whoever waited for the end of the grace period would not be done within the minutes that the test waits.
    ({}, "app:1", (900, 0)),
    ({"terminates-after": "3"}, "app:1", (900, 1.5)),
    ({"termination": "slow"}, "app:1", (5, 3)),
    ({}, "app:1-slow-termination", (5, 3)),
])  # fmt: skip
def test_termination_takes_its_time(
    cluster: Cluster, namespace: str, annotations: dict[str, str], image: str, seconds: tuple[int, float]
) -> None:
    grace, least = seconds
    become_ready(cluster, namespace, "end", annotations=annotations, image=image, terminationGracePeriodSeconds=grace)
    begun = time.monotonic()
    end(cluster, namespace, "end")
    assert time.monotonic() - begun >= least


@pytest.mark.parametrize(("annotations", "image"), [({"termination": "stuck"}, "app:1"), ({}, "app:1-stuck-termination")])
def test_stuck_termination_ends_by_force_only(cluster: Cluster, namespace: str, annotations: dict[str, str], image: str) -> None:
    become_ready(cluster, namespace, "stuck", annotations=annotations, image=image, terminationGracePeriodSeconds=1)
    become_ready(cluster, namespace, "later", annotations={"termination": "slow"}, terminationGracePeriodSeconds=2)
    cluster.delete(pods(namespace, "stuck"))
    end(cluster, namespace, "later")
    assert "deletionTimestamp" in cluster.get(pods(namespace, "stuck"))["metadata"]
    cluster.delete(pods(namespace, "stuck") + "?gracePeriodSeconds=0")
    cluster.wait_gone(pods(namespace, "stuck"))
