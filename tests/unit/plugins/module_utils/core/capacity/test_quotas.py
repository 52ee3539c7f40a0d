"""What a quota counts."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from ansible_collections.autotrade.deployment.plugins.module_utils.core.capacity.quotas import (
    charge,
    counted,
    in_scopes,
    used,
)

Json = dict[str, Any]
NOW = datetime(2026, 11, 24, 12, tzinfo=timezone.utc)


def pod(phase: str = "Running", metadata: Json | None = None, **spec: Any) -> Json:
    container = {"name": "a", "resources": {"requests": {"cpu": "1", "memory": "1Gi"}, "limits": {"cpu": "2"}}}
    full = {"containers": [container], **spec}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata or {}, "spec": full, "status": {"phase": phase}}


def quota(*keys: str, **spec: Any) -> Json:
    return {"kind": "ResourceQuota", "metadata": {"name": "q"}, "spec": {"hard": dict.fromkeys(keys, "9"), **spec}}


@pytest.mark.parametrize("phase", ["Succeeded", "Failed"])
def test_a_pod_that_has_ended_counts_among_all_pods_alone(phase: str) -> None:
    assert charge(pod(phase), NOW) == {"count/pods": 1}
    assert charge(pod("Pending"), NOW)["pods"] == 1


@pytest.mark.parametrize(("ago", "grace", "charged"), [
    (timedelta(seconds=-5), 30, True),
    (timedelta(seconds=29), 30, True),
    (timedelta(seconds=31), 30, False),
    (timedelta(seconds=1), 0, False),
    (timedelta(hours=1), None, True),
])  # fmt: skip
def test_a_pod_is_charged_until_it_is_overdue_to_be_gone(ago: timedelta, grace: int | None, charged: bool) -> None:
    metadata: Json = {"deletionTimestamp": (NOW - ago).isoformat().replace("+00:00", "Z")}
    if grace is not None:
        metadata["deletionGracePeriodSeconds"] = grace
    assert ("pods" in charge(pod(metadata=metadata), NOW)) is charged


def test_a_running_pod_is_charged_under_every_name_of_a_resource() -> None:
    container = {"resources": {"requests": {"cpu": "1", "nvidia.com/gpu": "2", "hugepages-2Mi": "4Mi"}, "limits": {"cpu": "3"}}}
    found = charge(pod(containers=[container]), NOW)
    assert {key: int(value) for key, value in found.items()} == {
        "count/pods": 1,
        "pods": 1,
        "cpu": 1,
        "requests.cpu": 1,
        "limits.cpu": 3,
        "requests.nvidia.com/gpu": 2,
        "hugepages-2Mi": 4 * 2**20,
        "requests.hugepages-2Mi": 4 * 2**20,
    }


@pytest.mark.parametrize(("spec", "balancers", "node_ports"), [
    ({"type": "ClusterIP", "ports": [{}, {}]}, 0, 0),
    ({"type": "NodePort", "ports": [{}, {}]}, 0, 2),
    ({"type": "LoadBalancer", "ports": [{}, {}]}, 1, 2),
    ({"type": "LoadBalancer", "ports": [{"nodePort": 30000}, {}], "allocateLoadBalancerNodePorts": False}, 1, 1),
])  # fmt: skip
def test_services_are_charged_with_their_balancer_and_ports(spec: Json, balancers: int, node_ports: int) -> None:
    found = charge({"apiVersion": "v1", "kind": "Service", "metadata": {}, "spec": spec}, NOW)
    assert (found["services"], found["services.loadbalancers"], found["services.nodeports"]) == (1, balancers, node_ports)


def test_claims_are_charged_by_class_and_by_what_was_allocated() -> None:
    spec = {"resources": {"requests": {"storage": "1500m"}}, "storageClassName": "fast"}
    claim = {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {}, "spec": spec}
    found = charge(claim, NOW)
    assert found["requests.storage"] == 2, "rounded up to whole bytes"
    assert found["fast.storageclass.storage.k8s.io/persistentvolumeclaims"] == 1
    grown = {**claim, "status": {"allocatedResources": {"storage": "7"}}}
    assert charge(grown, NOW)["fast.storageclass.storage.k8s.io/requests.storage"] == 7


def test_other_kinds_are_counted_by_number_and_kinds_of_other_groups_are_not() -> None:
    secret = {"apiVersion": "v1", "kind": "Secret", "metadata": {}}
    assert charge(secret, NOW) == {"count/secrets": 1, "secrets": 1}
    assert charge({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {}}, NOW) == {"count/deployments.apps": 1}
    assert charge({"apiVersion": "serving.knative.dev/v1", "kind": "Service", "metadata": {}}, NOW) == {}
    assert charge({"apiVersion": "v1", "kind": "Event", "metadata": {}}, NOW) == {}


URGENT = {"priorityClassName": "urgent"}
CROSSING = {"affinity": {"podAntiAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [{"namespaces": ["x"]}]}}}
SOFTLY = [{"weight": 1, "podAffinityTerm": {"namespaceSelector": {}}}]


def selector(operator: str, *values: str) -> Json:
    return {"scopeSelector": {"matchExpressions": [{"scopeName": "PriorityClass", "operator": operator, "values": list(values)}]}}


@pytest.mark.parametrize(("scope", "spec", "inside"), [
    ({"scopes": ["Terminating"]}, {"activeDeadlineSeconds": 0}, True),
    ({"scopes": ["Terminating"]}, {}, False),
    ({"scopes": ["NotTerminating"]}, {}, True),
    ({"scopes": ["BestEffort"]}, {}, False),
    ({"scopes": ["BestEffort"]}, {"containers": [{}]}, True),
    ({"scopes": ["NotBestEffort", "NotTerminating"]}, {"activeDeadlineSeconds": 5}, False),
    ({"scopes": ["PriorityClass"]}, URGENT, True),
    ({"scopes": ["PriorityClass"]}, {}, False),
    (selector("In", "urgent"), URGENT, True),
    (selector("In", "other"), URGENT, False),
    (selector("NotIn", "other"), {}, True),
    (selector("NotIn", "urgent"), URGENT, False),
    (selector("DoesNotExist"), {}, True),
    (selector("Exists"), {}, False),
    ({"scopes": ["CrossNamespacePodAffinity"]}, CROSSING, True),
    ({"scopes": ["CrossNamespacePodAffinity"]}, {"affinity": {"podAffinity": {
        "preferredDuringSchedulingIgnoredDuringExecution": SOFTLY}}}, True),
    ({"scopes": ["CrossNamespacePodAffinity"]}, {}, False),
])  # fmt: skip
def test_a_pod_is_counted_when_every_scope_matches(scope: Json, spec: Json, inside: bool) -> None:
    assert in_scopes(quota("pods", **scope), pod(**spec)) is inside


def test_a_quota_with_a_scope_counts_nothing_but_pods_and_claims() -> None:
    secret = {"apiVersion": "v1", "kind": "Secret", "metadata": {}}
    scoped = quota("pods", "secrets", scopes=["NotTerminating"])
    assert used(scoped, [secret, pod()], NOW) == {"pods": 1, "secrets": 0}
    claim = {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {}, "spec": {"volumeAttributesClassName": "gold"}}
    gold = {"scopeName": "VolumeAttributesClass", "operator": "In", "values": ["gold"]}
    by_class = quota("persistentvolumeclaims", scopeSelector={"matchExpressions": [gold]})
    assert used(by_class, [claim], NOW) == {"persistentvolumeclaims": 1}


def test_used_has_a_figure_for_every_key_and_for_no_other() -> None:
    assert used(quota("pods", "secrets"), [pod(), pod("Failed")], NOW) == {"pods": 1, "secrets": 0}


@pytest.mark.parametrize(("key", "known"), [
    ("requests.cpu", True),
    ("limits.memory", True),
    ("memory", True),
    ("requests.nvidia.com/gpu", True),
    ("limits.nvidia.com/gpu", False),
    ("hugepages-1Gi", True),
    ("requests.hugepages-1Gi", True),
    ("count/deployments.apps", True),
    ("count/replicasets.apps", False),
    ("count/widgets.example.com", False),
    ("gold.storageclass.storage.k8s.io/requests.storage", True),
    ("pods", True),
    ("bananas", False),
])  # fmt: skip
def test_keys_that_are_not_worked_out_are_known_as_such(key: str, known: bool) -> None:
    assert counted(key) is known
