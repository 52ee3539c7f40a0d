"""Order inside a set, as the API server saw it: dependencies are ready first, webhooks come last, removal is the reverse."""

from __future__ import annotations

import uuid
from pathlib import Path

import pytest
from ansible_collections.autotrade.deployment.plugins.module_utils.core.apply_dependencies import DEPENDS_ON
from ansible_collections.autotrade.deployment.plugins.module_utils.core.objects import ManifestError
from ansible_collections.autotrade.deployment.plugins.module_utils.core.readiness.model import State

from tests.integration.applying import Applier, config_map, definition, deployment
from tests.integration.booted import Cluster, Json
from tests.integration.sets import ALL, a_set


@pytest.fixture
def apply(cluster: Cluster, namespace: str, tmp_path: Path) -> Applier:
    return Applier(cluster, namespace, tmp_path)


def needing(obj: Json, *needs: str) -> Json:
    annotations = {**obj["metadata"].get("annotations", {}), DEPENDS_ON: ",".join(needs)}
    return {**obj, "metadata": {**obj["metadata"], "annotations": annotations}}


def workload(namespace: str, name: str) -> str:
    return f"apps/namespaces/{namespace}/Deployment/{name}"


def test_what_others_need_is_ready_before_they_are_written(apply: Applier, namespace: str) -> None:
    """Though the task itself does not wait."""
    front = needing(deployment("a-front"), workload(namespace, "z-back"))
    run = apply(front, deployment("z-back", ready_after="2"))
    assert list(run.methods) == ["Deployment/z-back", "Deployment/a-front"]
    back, last = run.report.outcomes
    assert back.readiness is not None
    assert back.readiness.state is State.READY
    assert last.readiness is None
    assert apply(front, deployment("z-back", ready_after="2")).writes == 0


def test_what_does_not_get_ready_holds_up_what_needs_it(apply: Applier, namespace: str) -> None:
    run = apply(needing(deployment("front"), workload(namespace, "back")), deployment("back", behaviour="crash-loop"))
    assert "CrashLoopBackOff" in run.report.message
    assert list(run.methods) == ["Deployment/back"]


def test_an_object_of_the_cluster_is_waited_for(apply: Applier, cluster: Cluster, namespace: str) -> None:
    apply(deployment("back", ready_after="2"))
    front = needing(deployment("front"), workload(namespace, "back"))
    run = apply(front)
    assert run.report.problems == ()
    status = cluster.get(f"/apis/apps/v1/namespaces/{namespace}/deployments/back")["status"]
    assert status["readyReplicas"] == 2
    apply(deployment("broken", behaviour="crash-loop"))
    held_up = apply(needing(deployment("other"), workload(namespace, "broken")), timeout=20)
    assert f"depends on apps/v1 Deployment {namespace}/broken, which is not ready" in held_up.report.message
    assert held_up.report.outcomes == ()


def test_what_is_nowhere_is_told_before_the_first_write_and_only_mentioned_in_check_mode(apply: Applier, namespace: str) -> None:
    lonely = needing(config_map("lonely"), workload(namespace, "nowhere"), "nowhere.example.com/Nothing/x")
    run = apply(config_map("one"), lonely)
    assert (run.writes, len(run.report.problems)) == (0, 2)
    assert "file-2.yaml" in run.report.message
    predicted = apply(config_map("one"), lonely, check=True)
    assert (predicted.report.problems, len(predicted.report.warnings)) == ((), 2)


def test_a_cycle_is_told_before_the_first_write(apply: Applier, cluster: Cluster, namespace: str) -> None:
    one, two = (needing(deployment(name), workload(namespace, other)) for name, other in (("one", "two"), ("two", "one")))
    with pytest.raises(ManifestError, match=r"one -> .*two -> .*one"):
        apply(config_map("never"), one, two)
    assert cluster.request("GET", f"/api/v1/namespaces/{namespace}/configmaps/never").status == 404


def test_removal_and_pruning_go_the_other_way_and_wait(apply: Applier, cluster: Cluster, namespace: str) -> None:
    kind = f"Widget{uuid.uuid4().hex[:6]}"
    crd = definition(kind)
    apply(crd)
    try:
        operator = deployment("a-operator")
        custom: Json = {"apiVersion": "tests.example.com/v1", "kind": kind, "metadata": {"name": "z"}, "spec": {}}
        custom = needing(custom, workload(namespace, "a-operator"))
        held = {**custom, "metadata": {**custom["metadata"], "finalizers": ["tests.example.com/held"]}}
        for wanted, options in (((), {}), ((config_map("one"),), {"applyset": a_set(namespace, ALL)})):
            apply(*wanted, operator, held, **options)
            path = f"/apis/tests.example.com/v1/namespaces/{namespace}/{kind.lower()}s/z"
            stuck = apply(
                *wanted, *([] if wanted else [operator, custom]), state="present" if wanted else "absent", timeout=2, **options
            )
            # The operator has to clear the finalizer, so it stays as long as its resource does.
            assert "is still there after 2 s" in stuck.report.message
            assert "Deployment/a-operator" not in {k for k, v in stuck.methods.items() if v in ("delete", "prune")}
            cluster.patch(path, {"metadata": {"finalizers": None}})
            cluster.wait_gone(path)
            done = apply(*wanted, *([] if wanted else [operator, custom]), state="present" if wanted else "absent", **options)
            assert done.methods["Deployment/a-operator"] in ("delete", "prune")
    finally:
        cluster.delete(f"/apis/apiextensions.k8s.io/v1/customresourcedefinitions/{crd['metadata']['name']}")


def test_a_webhook_comes_after_the_deployment_that_serves_it(apply: Applier, cluster: Cluster, namespace: str) -> None:
    service: Json = {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "guard"},
        "spec": {"selector": {"app": "guard"}, "ports": [{"port": 443}]},
    }
    selector = {"matchLabels": {"kubernetes.io/metadata.name": namespace}}
    rule = {"apiGroups": ["apps"], "apiVersions": ["v1"], "operations": ["CREATE", "UPDATE"], "resources": ["deployments"]}
    hook = {
        "name": "guard.tests.example.com",
        "clientConfig": {"service": {"name": "guard", "namespace": namespace, "path": "/"}},
        "rules": [rule],
        "namespaceSelector": selector,
        "failurePolicy": "Fail",
        "sideEffects": "None",
        "admissionReviewVersions": ["v1"],
    }
    webhook: Json = {
        "apiVersion": "admissionregistration.k8s.io/v1",
        "kind": "ValidatingWebhookConfiguration",
        "metadata": {"name": namespace},
        "webhooks": [hook],
    }
    try:
        # Nobody answers at that Service here: were the webhook first, it would refuse the Deployment that is to serve it.
        run = apply(webhook, service, deployment("guard", ready_after="1"), wait=True)
        assert run.report.problems == ()
        assert list(run.methods) == ["Service/guard", "Deployment/guard", f"ValidatingWebhookConfiguration/{namespace}"]
        refused = apply(deployment("other"))
        assert "guard.tests.example.com" in refused.report.message
        removed = apply(webhook, service, deployment("guard"), state="absent")
        assert next(iter(removed.methods)) == f"ValidatingWebhookConfiguration/{namespace}"
    finally:
        cluster.delete(f"/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations/{namespace}")
