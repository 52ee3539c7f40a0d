"""``readiness_info`` on a real API server: what it answers about each object, how it picks them, and how it waits."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest

from tests.integration.applying import answer, config_map, deployment, start_module
from tests.integration.asking import ask, one
from tests.integration.booted import Cluster, Json, condition, pod


def deployments(cluster: Cluster, namespace: str, **options: Any) -> Json:
    return ask(cluster, api_version="apps/v1", kind="Deployment", namespace=namespace, **options)


def create(cluster: Cluster, namespace: str, *objects: Json) -> None:
    for obj in objects:
        root = "/apis/apps/v1" if obj["kind"] == "Deployment" else "/api/v1"
        cluster.create(f"{root}/namespaces/{namespace}/{obj['kind'].lower()}s", obj)


def path(namespace: str, name: str) -> str:
    return f"/apis/apps/v1/namespaces/{namespace}/deployments/{name}"


def pods_like(cluster: Cluster, namespace: str, what: str, holds: Any) -> Json:
    """Waits until there are pods and all are like this; answers the first."""
    listed = f"/api/v1/namespaces/{namespace}/pods"
    found = cluster.wait(what, listed, lambda found: found["items"] and all(map(holds, found["items"])))
    return dict(found["items"][0])


def audited(cluster: Cluster, verb: str, uri: str) -> None:
    """Waits until the API server's audit log has such a request; it has every one for ConfigMaps."""
    log, deadline = Path(cluster.result["directory"]) / "logs" / "audit.log", time.monotonic() + 120
    while not any(f'"verb":"{verb}"' in line and uri in line for line in log.read_text(encoding="utf-8").splitlines()):
        assert time.monotonic() < deadline, f"{log} has no {verb} of {uri}"
        time.sleep(0.2)


def crashed(found: Json) -> bool:
    entries = found["status"].get("containerStatuses") or [{}]
    return entries[0].get("state", {}).get("waiting", {}).get("reason") == "CrashLoopBackOff"


# What it answers.


def test_a_ready_object_has_every_value(cluster: Cluster, namespace: str) -> None:
    create(cluster, namespace, deployment())
    cluster.wait("ready", path(namespace, "web"), lambda found: condition(found, "Available") == "True")
    found = deployments(cluster, namespace, name="web", wait=True)
    assert {key: found[key] for key in ("changed", "api_found", "ready", "state")} == {
        "changed": False,
        "api_found": True,
        "ready": True,
        "state": "ready",
    }
    assert one(found) == {
        "api_version": "apps/v1",
        "kind": "Deployment",
        "namespace": namespace,
        "name": "web",
        "state": "ready",
        "reason": "Ready",
        "message": "Available: 2/2",
    }
    assert deployments(cluster, namespace, name="web", _ansible_check_mode=True)["resources"] == found["resources"]


def test_an_object_that_is_not_ready_says_what_is_missing_and_quotes_its_pod(cluster: Cluster, namespace: str) -> None:
    create(cluster, namespace, deployment(behaviour="never-ready"))
    held = pods_like(cluster, namespace, "running", lambda found: found["status"]["phase"] == "Running")
    cluster.wait("counted", path(namespace, "web"), lambda found: found["status"].get("updatedReplicas") == 2)
    found = deployments(cluster, namespace)
    assert (found["ready"], found["state"], found.get("failed", False)) == (False, "in_progress", False)
    assert (one(found)["state"], one(found)["reason"]) == ("in_progress", "LessAvailable")
    assert one(found)["message"].startswith("Available: 0/2. Pod web-")
    assert "container app: running, its readiness probe has not passed" in one(found)["message"]
    same = one(ask(cluster, kind="Pod", namespace=namespace, name=held["metadata"]["name"]))
    assert (same["state"], same["reason"]) == ("in_progress", "ContainersNotReady")


def test_a_failing_pod_is_quoted_with_its_reason_and_fails_its_workload(cluster: Cluster, namespace: str) -> None:
    create(cluster, namespace, deployment(replicas=1, behaviour="crash-loop"))
    name = pods_like(cluster, namespace, "crashed", crashed)["metadata"]["name"]
    found = ask(cluster, kind="Pod", namespace=namespace)
    assert (found["ready"], found["state"]) == (False, "failed")
    assert (one(found)["name"], one(found)["state"], one(found)["reason"]) == (name, "failed", "CrashLoopBackOff")
    assert "ended with code 1" in one(found)["message"]
    owner = one(deployments(cluster, namespace))
    assert (owner["state"], owner["reason"]) == ("failed", "CrashLoopBackOff")
    assert owner["message"].startswith(f"Pod {name}: container app: CrashLoopBackOff")


def test_a_missing_object_is_an_answer(cluster: Cluster, namespace: str) -> None:
    found = deployments(cluster, namespace, name="nowhere")
    assert (found["api_found"], found["ready"], found["state"]) == (True, False, "not_found")
    assert one(found) == {
        "api_version": "apps/v1",
        "kind": "Deployment",
        "namespace": namespace,
        "name": "nowhere",
        "state": "not_found",
        "reason": "NotFound",
        "message": "The object does not exist.",
    }
    assert "failed" not in found


def test_a_kind_that_is_not_served_is_an_answer_and_no_reason_to_wait(cluster: Cluster) -> None:
    found = ask(cluster, api_version="apps/v1beta1", kind="Deployment")
    assert (found["api_found"], found["ready"], found["state"], found["resources"]) == (False, False, "not_found", [])
    waited = ask(cluster, api_version="apps/v1beta1", kind="Deployment", wait=True)
    assert waited["failed"]
    assert "serves no Deployment in apps/v1beta1 (Deployment is served as apps/v1" in waited["msg"]


def test_the_state_of_several_is_that_of_the_worst(cluster: Cluster, namespace: str) -> None:
    create(cluster, namespace, pod("good"), pod("sick", annotations={"behaviour": "crash-loop"}))
    cluster.wait("crashed", f"/api/v1/namespaces/{namespace}/pods/sick", crashed)
    cluster.wait("ready", f"/api/v1/namespaces/{namespace}/pods/good", lambda found: condition(found, "Ready") == "True")
    found = ask(cluster, kind="Pod", namespace=namespace)
    assert {entry["name"]: entry["state"] for entry in found["resources"]} == {"good": "ready", "sick": "failed"}
    assert (found["ready"], found["state"]) == (False, "failed")


def test_a_claim_that_waits_for_its_first_consumer_says_so_with_and_without_a_wait(cluster: Cluster, namespace: str) -> None:
    kind = {"apiVersion": "storage.k8s.io/v1", "kind": "StorageClass", "metadata": {"name": "patient"}}
    settings = {"provisioner": "csi.simulated.example", "volumeBindingMode": "WaitForFirstConsumer"}
    cluster.apply("/apis/storage.k8s.io/v1/storageclasses/patient", kind | settings)
    spec = {"accessModes": ["ReadWriteOnce"], "storageClassName": "patient", "resources": {"requests": {"storage": "1Gi"}}}
    cluster.create(f"/api/v1/namespaces/{namespace}/persistentvolumeclaims", {"metadata": {"name": "data"}, "spec": spec})
    for wait in (False, True):
        found = ask(cluster, kind="PersistentVolumeClaim", namespace=namespace, wait=wait)
        assert (found["ready"], found["state"], one(found)["reason"]) == (False, "waiting", "WaitForFirstConsumer")
        assert "failed" not in found, "nothing happens before there is a consumer, so it holds nobody up"


# Which objects.


def labelled(name: str, **labels: str) -> Json:
    found = config_map(name, a="1")
    found["metadata"]["labels"] = labels
    return found


@pytest.mark.parametrize(
    ("selectors", "names"),
    [
        ({}, ["blue-1", "blue-2", "green-1", "kube-root-ca.crt"]),
        ({"label_selectors": ["color=blue"]}, ["blue-1", "blue-2"]),
        ({"label_selectors": ["color=blue", "number in (2, 3)"]}, ["blue-2"]),
        ({"label_selectors": ["color", "color!=blue"]}, ["green-1"]),
        ({"field_selectors": ["metadata.name!=kube-root-ca.crt", "metadata.name!=blue-1"]}, ["blue-2", "green-1"]),
        ({"name": "blue-1", "label_selectors": ["color=blue"]}, ["blue-1"]),
    ],
    ids=["all", "label", "two labels", "label is there", "fields", "name and label"],
)
def test_selectors_must_all_hold(cluster: Cluster, namespace: str, selectors: Json, names: list[str]) -> None:
    colors = [("blue-1", "blue", "1"), ("blue-2", "blue", "2"), ("green-1", "green", "1")]
    create(cluster, namespace, *(labelled(name, color=color, number=number) for name, color, number in colors))
    cluster.wait("the namespace's own", f"/api/v1/namespaces/{namespace}/configmaps/kube-root-ca.crt", bool)
    found = ask(cluster, kind="ConfigMap", namespace=namespace, **selectors)
    assert [entry["name"] for entry in found["resources"]] == names
    assert {entry["reason"] for entry in found["resources"]} == {"Exists"}


def test_without_a_namespace_all_of_them_are_searched(cluster: Cluster, namespace: str) -> None:
    with cluster.namespace(f"{namespace}-too") as other:
        for place in (namespace, other):
            create(cluster, place, labelled("here", test=namespace))
        found = ask(cluster, kind="ConfigMap", label_selectors=[f"test={namespace}"])
    assert sorted((entry["namespace"], entry["name"]) for entry in found["resources"]) == [(namespace, "here"), (other, "here")]


def test_a_selection_without_objects_is_not_ready_and_cannot_be_waited_for(cluster: Cluster, namespace: str) -> None:
    found = deployments(cluster, namespace, label_selectors=["app=none"])
    assert (found["api_found"], found["ready"], found["state"], found["resources"]) == (True, False, "not_found", [])
    assert "failed" not in found
    waited = deployments(cluster, namespace, label_selectors=["app=none"], wait=True)
    assert waited["failed"]
    assert waited["msg"].startswith(f"no Deployment in namespace {namespace} matches app=none, so there is nothing to wait for")
    anywhere = ask(cluster, kind="ConfigMap", name=f"nowhere-{namespace}", wait=True)
    assert f"no ConfigMap in any namespace matches metadata.name=nowhere-{namespace}, so" in anywhere["msg"]


# How it waits.


def test_it_waits_for_all_until_each_is_ready(cluster: Cluster, namespace: str) -> None:
    delays = {"first": {}, "second": {"ready_after": "4"}, "third": {"ready_after": "6"}}
    create(cluster, namespace, *(deployment(name, replicas=1, **delay) for name, delay in delays.items()))
    found = deployments(cluster, namespace, wait=True, wait_timeout=600)
    assert "failed" not in found, found["msg"]
    assert [(entry["name"], entry["reason"]) for entry in found["resources"]] == [(name, "Ready") for name in delays]
    assert found["ready"]


def test_each_of_several_is_judged_by_itself_while_it_waits(cluster: Cluster, namespace: str) -> None:
    create(cluster, namespace, deployment("good"), deployment("held", behaviour="never-ready"))
    cluster.wait("ready", path(namespace, "good"), lambda found: condition(found, "Available") == "True")
    cluster.wait("counted", path(namespace, "held"), lambda found: found["status"].get("updatedReplicas") == 2)
    found = deployments(cluster, namespace, wait=True, wait_timeout=6)
    assert {entry["name"]: entry["reason"] for entry in found["resources"]} == {"good": "Ready", "held": "LessAvailable"}
    assert "held" in found["msg"] and "good" not in found["msg"]


def test_it_waits_for_an_object_that_does_not_exist_yet(cluster: Cluster, namespace: str) -> None:
    waiting = start_module(
        "readiness_info", cluster, kind="ConfigMap", namespace=namespace, name="later", wait=True, wait_timeout=600
    )
    audited(cluster, "watch", f"/api/v1/namespaces/{namespace}/configmaps?")
    create(cluster, namespace, config_map("later", a="1"))
    found = answer(waiting)
    assert (found["ready"], one(found)["name"], one(found)["reason"]) == (True, "later", "Exists")


def test_the_wait_ends_at_once_when_one_has_failed(cluster: Cluster, namespace: str) -> None:
    create(cluster, namespace, deployment(replicas=1, behaviour="crash-loop"))
    found = deployments(cluster, namespace, wait=True, wait_timeout=600)
    assert found["failed"]
    assert found["msg"].startswith(f"failed: apps/v1 Deployment {namespace}/web: CrashLoopBackOff: Pod web-")
    assert (found["ready"], found["state"], one(found)["state"]) == (False, "failed", "failed")


def test_the_deadline_names_the_object_and_its_reason(cluster: Cluster, namespace: str) -> None:
    create(cluster, namespace, deployment(behaviour="never-ready"))
    cluster.wait("counted", path(namespace, "web"), lambda found: found["status"].get("updatedReplicas") == 2)
    found = deployments(cluster, namespace, name="web", wait=True, wait_timeout=2)
    assert found["failed"]
    assert found["msg"].startswith(f"not ready after 2 s: apps/v1 Deployment {namespace}/web: LessAvailable: Available: 0/2")
    assert (found["ready"], found["state"]) == (False, "in_progress")


# What goes wrong.


def test_without_an_api_server_it_fails_and_names_the_setting(cluster: Cluster) -> None:
    found = ask(cluster, kind="Pod", kubeconfig="/nowhere/config")
    assert found["failed"]
    assert "kubeconfig /nowhere/config does not exist" in found["msg"]


def test_a_selector_that_cannot_be_read_is_refused_in_the_servers_words(cluster: Cluster) -> None:
    found = ask(cluster, kind="Pod", label_selectors=["a in"])
    assert found["failed"]
    assert "unable to parse requirement" in found["msg"]


def test_rights_that_are_missing_are_named(cluster: Cluster) -> None:
    found = ask(cluster, kind="Secret", impersonate_user="nobody", impersonate_groups=["system:authenticated"])
    assert found["failed"]
    assert 'User "nobody" cannot list resource "secrets"' in found["msg"]
