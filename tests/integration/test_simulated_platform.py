"""Volumes, addresses, operators and admission on the simulated cluster."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace

import pytest

from tests.integration.booted import Cluster, Json, condition, pod


def pods(namespace: str, name: str = "") -> str:
    return f"/api/v1/namespaces/{namespace}/pods" + (f"/{name}" if name else "")


def storage_class(cluster: Cluster, name: str, mode: str) -> None:
    body = {
        "metadata": {"name": name},
        "provisioner": "csi.simulated.example",
        "volumeBindingMode": mode,
        "reclaimPolicy": "Retain",
        "allowVolumeExpansion": True,
    }
    kind = {"apiVersion": "storage.k8s.io/v1", "kind": "StorageClass"}
    cluster.apply(f"/apis/storage.k8s.io/v1/storageclasses/{name}", kind | body)


def claim(cluster: Cluster, namespace: str, name: str, class_name: str, mode: str = "ReadWriteOnce") -> str:
    path = f"/api/v1/namespaces/{namespace}/persistentvolumeclaims"
    spec = {"accessModes": [mode], "storageClassName": class_name, "resources": {"requests": {"storage": "10Gi"}}}
    cluster.create(path, {"metadata": {"name": name}, "spec": spec})
    return f"{path}/{name}"


@pytest.mark.requirement("C4")
def test_a_claim_waits_for_its_first_consumer_and_gets_a_volume_on_that_node(cluster: Cluster, namespace: str) -> None:
    storage_class(cluster, "fast", "WaitForFirstConsumer")
    storage_class(cluster, "at-once", "Immediate")
    path = claim(cluster, namespace, "data", "fast")
    later = claim(cluster, namespace, "later", "at-once")
    cluster.wait("bound", later, lambda found: found["status"]["phase"] == "Bound")
    assert cluster.get(path)["status"]["phase"] == "Pending"
    mounted = [{"name": "data", "persistentVolumeClaim": {"claimName": "data"}}]
    cluster.create(pods(namespace), pod("db", volumes=mounted))
    cluster.wait("ready", pods(namespace, "db"), lambda found: condition(found, "Ready") == "True")
    bound = cluster.get(path)
    assert bound["status"]["phase"] == "Bound"
    volume = cluster.get(f"/api/v1/persistentvolumes/{bound['spec']['volumeName']}")
    (term,) = volume["spec"]["nodeAffinity"]["required"]["nodeSelectorTerms"]
    assert term["matchExpressions"][0]["values"] == [cluster.get(pods(namespace, "db"))["spec"]["nodeName"]]
    cluster.patch(path, {"spec": {"resources": {"requests": {"storage": "20Gi"}}}})
    cluster.wait("larger", path, lambda found: found["status"]["capacity"]["storage"] == "20Gi")


@pytest.mark.requirement("A9")
def test_a_shared_claim_is_bound_at_once_and_to_no_node(cluster: Cluster, namespace: str) -> None:
    storage_class(cluster, "shared", "Immediate")
    path = claim(cluster, namespace, "models", "shared", "ReadWriteMany")
    bound = cluster.wait("bound", path, lambda found: found["status"]["phase"] == "Bound")
    assert "nodeAffinity" not in cluster.get(f"/api/v1/persistentvolumes/{bound['spec']['volumeName']}")["spec"]


@pytest.mark.requirement("C9")
def test_a_load_balancer_gets_an_address_that_is_marked_as_played(cluster: Cluster, namespace: str) -> None:
    path = f"/api/v1/namespaces/{namespace}/services"
    spec = {"type": "LoadBalancer", "ports": [{"port": 80}], "selector": {"app": "web"}}
    cluster.create(path, {"metadata": {"name": "web"}, "spec": spec})
    found = cluster.wait("address", f"{path}/web", lambda found: found["status"]["loadBalancer"].get("ingress"))
    assert found["status"]["loadBalancer"]["ingress"][0]["ip"].startswith("198.18.")
    assert found["status"]["conditions"][0]["reason"] == "Simulated"


@dataclass(frozen=True)
class Played:
    """An object whose operator is played; ``proof`` is the condition that a gate waits for."""

    api_version: str
    plural: str
    kind: str
    proof: str
    spec: Json


SCALED = {
    "scaleTargetRef": {"name": "web"},
    "minReplicaCount": 3,
    "maxReplicaCount": 10,
    "advanced": {"horizontalPodAutoscalerConfig": {"name": "web-hpa"}},
    "triggers": [
        {"type": "cpu", "metricType": "Utilization", "metadata": {"value": "70"}},
        {"type": "prometheus", "metadata": {"serverAddress": "http://p", "query": "q", "threshold": "1000"}},
    ],
}
SCALED_OBJECT = Played("keda.sh/v1alpha1", "scaledobjects", "ScaledObject", "Ready", SCALED)
CERTIFICATE: Json = {"secretName": "tls", "issuerRef": {"name": "ca"}, "dnsNames": ["a.example"]}
TARGET: Json = {"targetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"}}
GATEWAY: Json = {"gatewayClassName": "istio", "listeners": [{"name": "http", "port": 80, "protocol": "HTTP"}]}
EXTERNAL: Json = {"secretStoreRef": {"name": "vault"}, "data": [{"secretKey": "a", "remoteRef": {"key": "b"}}]}
PLAYED = [
    Played("cert-manager.io/v1", "certificates", "Certificate", "Ready", CERTIFICATE),
    Played("cert-manager.io/v1", "issuers", "Issuer", "Ready", {"selfSigned": {}}),
    Played("autoscaling.k8s.io/v1", "verticalpodautoscalers", "VerticalPodAutoscaler", "RecommendationProvided", TARGET),
    Played("gateway.networking.k8s.io/v1", "gateways", "Gateway", "Programmed", GATEWAY),
    SCALED_OBJECT,
    Played("external-secrets.io/v1", "externalsecrets", "ExternalSecret", "Ready", EXTERNAL),
]


def create_played(cluster: Cluster, namespace: str, played: Played, name: str = "x") -> str:
    path = f"/apis/{played.api_version}/namespaces/{namespace}/{played.plural}"
    kind = {"apiVersion": played.api_version, "kind": played.kind}
    cluster.create(path, kind | {"metadata": {"name": name}, "spec": played.spec})
    return f"{path}/{name}"


@pytest.mark.parametrize("played", PLAYED, ids=[played.plural for played in PLAYED])
def test_operators_are_played(cluster: Cluster, namespace: str, played: Played) -> None:
    path = create_played(cluster, namespace, played)
    found = cluster.wait(played.proof, path, lambda found: condition(found, played.proof) == "True")
    assert {entry["reason"] for entry in found["status"]["conditions"]} == {"Simulated"}
    version = found["metadata"]["resourceVersion"]
    # For a target of its own, because two ScaledObjects cannot own one autoscaler.
    another = json.loads(json.dumps(played.spec).replace("web", "another"))
    later = create_played(cluster, namespace, replace(played, spec=another), "later")
    cluster.wait(played.proof, later, lambda found: condition(found, played.proof) == "True")
    assert cluster.get(path)["metadata"]["resourceVersion"] == version, "the status is written again and again"


def test_cluster_wide_operators_are_played(cluster: Cluster) -> None:
    path = "/apis/operator.tigera.io/v1/installations"
    kind = {"apiVersion": "operator.tigera.io/v1", "kind": "Installation"}
    cluster.create(path, kind | {"metadata": {"name": "default"}, "spec": {}})
    found = cluster.wait("Ready", f"{path}/default", lambda found: condition(found, "Ready") == "True")
    assert found["status"]["conditions"][0]["reason"] == "Simulated"
    cluster.delete(f"{path}/default")


@pytest.mark.requirement("H2")
def test_a_scaled_object_gets_its_autoscaler(cluster: Cluster, namespace: str) -> None:
    create_played(cluster, namespace, SCALED_OBJECT)
    found = cluster.wait("autoscaler", f"/apis/autoscaling/v2/namespaces/{namespace}/horizontalpodautoscalers/web-hpa", bool)
    assert (found["spec"]["minReplicas"], found["spec"]["maxReplicas"]) == (3, 10)
    assert [metric["type"] for metric in found["spec"]["metrics"]] == ["Resource", "External"]


@pytest.mark.requirement("N1")
def test_pod_security_refuses_a_privileged_pod(cluster: Cluster) -> None:
    with cluster.namespace("strict", {"pod-security.kubernetes.io/enforce": "restricted"}) as namespace:
        body = pod("bad")
        body["spec"]["containers"][0]["securityContext"] = {"privileged": True}
        answer = cluster.request("POST", pods(namespace), body)
        assert (answer.status, "violates PodSecurity" in answer.body["message"]) == (403, True)
        assert cluster.request("POST", pods(namespace), pod("good")).status == 201


def test_pod_security_has_a_default_for_namespaces_without_labels(cluster: Cluster, namespace: str) -> None:
    body = pod("bad")
    body["spec"]["containers"][0]["securityContext"] = {"privileged": True}
    assert cluster.request("POST", pods(namespace), body).status == 403


def quota(cluster: Cluster, namespace: str, hard: dict[str, str]) -> None:
    path = f"/api/v1/namespaces/{namespace}/resourcequotas"
    cluster.create(path, {"metadata": {"name": "q"}, "spec": {"hard": hard}})
    cluster.wait("in force", f"{path}/q", lambda found: found.get("status", {}).get("hard") == hard)


def sized(name: str, requests: dict[str, str], limits: dict[str, str]) -> Json:
    body = pod(name)
    body["spec"]["containers"][0]["resources"] = {"requests": requests, "limits": limits}
    return body


@pytest.mark.requirement("N2")
def test_the_quota_is_enforced(cluster: Cluster, namespace: str) -> None:
    quota(cluster, namespace, {"requests.cpu": "2", "pods": "5"})
    assert cluster.request("POST", pods(namespace), sized("one", {"cpu": "1500m"}, {})).status == 201
    refused = cluster.request("POST", pods(namespace), sized("two", {"cpu": "1500m"}, {}))
    assert (refused.status, "exceeded quota" in refused.body["message"]) == (403, True)


@pytest.mark.requirement("N2")
def test_a_quota_on_gpu_limits_is_accepted_and_ignored(cluster: Cluster, namespace: str) -> None:
    """Extended resources are counted by their requests alone; the specification's figure for their limits has no effect."""
    quota(cluster, namespace, {"limits.nvidia.com/gpu": "1"})
    for name in ("one", "two"):
        gpu = {"nvidia.com/gpu": "1"}
        assert cluster.request("POST", pods(namespace), sized(name, gpu, gpu)).status == 201
    with cluster.namespace(f"{namespace}-enforced") as other:
        quota(cluster, other, {"requests.nvidia.com/gpu": "1"})
        assert cluster.request("POST", pods(other), sized("one", gpu, gpu)).status == 201
        assert cluster.request("POST", pods(other), sized("two", gpu, gpu)).status == 403


@pytest.mark.requirement("N3")
def test_the_limit_range_gives_defaults(cluster: Cluster, namespace: str) -> None:
    path = f"/api/v1/namespaces/{namespace}/limitranges"
    limit = {"type": "Container", "default": {"cpu": "500m"}, "defaultRequest": {"cpu": "100m"}}
    cluster.create(path, {"metadata": {"name": "defaults"}, "spec": {"limits": [limit]}})
    cluster.create(pods(namespace), pod("small"))
    resources = cluster.get(pods(namespace, "small"))["spec"]["containers"][0]["resources"]
    assert resources == {"limits": {"cpu": "500m"}, "requests": {"cpu": "100m"}}
