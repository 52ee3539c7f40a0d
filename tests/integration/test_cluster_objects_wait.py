"""How ``cluster_objects`` waits: by watch, quoting what holds it up, and never longer than it makes sense."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
from ansible_collections.autotrade.deployment.plugins.module_utils.core.readiness.model import State

from tests.integration.applying import Applier, config_map, deployment, stateful_set
from tests.integration.booted import Cluster, Json, condition, module


def refused_by_the_scheduler(pods: list[Json]) -> bool:
    return bool(pods) and all(condition(found, "PodScheduled") == "False" for found in pods)


@pytest.fixture
def apply(cluster: Cluster, namespace: str, tmp_path: Path) -> Applier:
    return Applier(cluster, namespace, tmp_path)


def test_waits_until_ready_and_says_how_far_it_is(apply: Applier) -> None:
    run = apply(config_map(a="1"), deployment(ready_after="2"), wait=True)
    assert run.report.problems == ()
    assert {o.readiness.state for o in run.report.outcomes if o.readiness} == {State.READY}
    assert set(run.progress[-1]) == {"time", "wave", "waves", "ready", "total", "message"}
    assert any("Deployment web" in line["message"] for line in run.progress)


def test_workloads_wait_for_what_they_need(apply: Applier) -> None:
    claim: Json = {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": {"name": "data"},
        "spec": {
            "accessModes": ["ReadWriteOnce"],
            "storageClassName": "no-such-class",
            "resources": {"requests": {"storage": "1Gi"}},
        },
    }
    run = apply(claim, deployment(), wait=True, timeout=3)
    assert "PersistentVolumeClaim" in run.report.message
    assert "Deployment/web" not in run.methods


@pytest.mark.parametrize(
    ("behaviour", "words"),
    [
        ("image-pull-failure", ("ImagePull", "registry.example/app:1.0")),
        ("crash-loop", ("CrashLoopBackOff", "exit code 1")),
        ("config-error", ("CreateContainerConfigError",)),
    ],
)
def test_fails_fast_and_quotes_the_pod(apply: Applier, behaviour: str, words: tuple[str, ...]) -> None:
    run = apply(deployment(behaviour=behaviour), wait=True, timeout=600)
    assert "Timeout" not in [problem.reason for problem in run.report.problems]
    assert "pod web-" in run.report.message.lower()
    for word in words:
        assert word in run.report.message


def test_a_fix_is_not_judged_by_the_pods_of_the_broken_version(apply: Applier) -> None:
    assert apply(deployment(image="registry.example/app:1.0-crash-loop"), wait=True).report.problems
    assert apply(deployment(image="registry.example/app:1.1"), wait=True).report.problems == ()


def test_the_deadline_names_object_reason_and_setting(cluster: Cluster, apply: Applier, namespace: str) -> None:
    apply(deployment(behaviour="never-ready"))
    held = f"/apis/apps/v1/namespaces/{namespace}/deployments/web"
    cluster.wait("counted", held, lambda found: found["status"].get("updatedReplicas") == 2)
    run = apply(deployment(behaviour="never-ready"), wait=True, timeout=4)
    for word in ("Deployment", "web", "not ready after 4 s", "wait_timeout", "0/2"):
        assert word in run.report.message


def test_no_room_is_told_in_the_words_of_the_scheduler(cluster: Cluster, apply: Applier, namespace: str) -> None:
    greedy = deployment(replicas=1)
    greedy["spec"]["template"]["spec"]["containers"][0]["resources"] = {"requests": {"cpu": "9999"}}
    apply(greedy)
    cluster.wait("unschedulable", f"/api/v1/namespaces/{namespace}/pods", lambda found: refused_by_the_scheduler(found["items"]))
    run = apply(greedy, wait=True, timeout=1)
    assert "Insufficient cpu" in run.report.message


def test_pod_security_refusals_fail_at_once(cluster: Cluster, apply: Applier, namespace: str) -> None:
    cluster.patch(
        f"/api/v1/namespaces/{namespace}", {"metadata": {"labels": {"pod-security.kubernetes.io/enforce": "restricted"}}}
    )
    run = apply(stateful_set(hostNetwork=True), wait=True, timeout=600)
    assert "violates PodSecurity" in run.report.message
    assert "hostNetwork" in run.report.message
    assert "Timeout" not in [problem.reason for problem in run.report.problems]


def test_quota_refusals_are_quoted(cluster: Cluster, apply: Applier, namespace: str) -> None:
    quota: Json = {"apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": "few"}, "spec": {"hard": {"pods": "1"}}}
    apply(quota, wait=True)
    apply(deployment(replicas=3))
    held = f"/apis/apps/v1/namespaces/{namespace}/deployments/web"
    cluster.wait("refused", held, lambda found: condition(found, "ReplicaFailure") == "True")
    run = apply(deployment(replicas=3), wait=True, timeout=1)
    assert "exceeded quota: few" in run.report.message


@pytest.mark.slow
def test_a_wait_survives_a_restart_of_the_api_server(state_directory: Path, tmp_path: Path) -> None:
    from tests.integration.booted import boot  # noqa: PLC0415 - a cluster of its own, which may be cut

    cluster = boot(state_directory, "cut")
    try:
        with cluster.namespace("restart") as namespace:
            apply = Applier(cluster, namespace, tmp_path)
            cut = threading.Timer(2, module, (state_directory, "cut"), {"state": "stopped"})
            back = threading.Timer(8, module, (state_directory, "cut"), {"state": "started"})
            for timer in (cut, back):
                timer.start()
            run = apply(deployment(ready_after="12"), wait=True, timeout=300)
            for timer in (cut, back):
                timer.join()
            assert run.report.problems == ()
    finally:
        module(state_directory, "cut", state="absent")
