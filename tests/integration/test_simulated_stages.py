"""What the played nodes, pods, volumes and operators do, seen through the real API server and its controllers."""

from __future__ import annotations

import time
from typing import Any

import pytest

from tests.integration.booted import Cluster, Json, condition, inventory_hosts, pod

PREFIX = "simulation.autotrade.deployment"


def pods(namespace: str, name: str = "") -> str:
    return f"/api/v1/namespaces/{namespace}/pods" + (f"/{name}" if name else "")


def waiting_reason(found: Json, statuses: str = "containerStatuses") -> str | None:
    entries = found.get("status", {}).get(statuses) or [{}]
    return entries[0].get("state", {}).get("waiting", {}).get("reason")


def start(cluster: Cluster, namespace: str, name: str, **changes: Any) -> None:
    cluster.create(pods(namespace), pod(name, **changes))


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
            "new size", "/api/v1/nodes/cpu-9", lambda node: node["status"]["capacity"] == {"cpu": "12", "memory": "32Gi", "pods": "110"}
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
    found = cluster.wait("running", pods(namespace, "late"), lambda found: found["status"]["phase"] == "Running")
    begun = time.monotonic()
    assert condition(found, "Ready") == "False"
    cluster.wait("ready", pods(namespace, "late"), lambda found: condition(found, "Ready") == "True")
    assert 2.5 < time.monotonic() - begun < 6


@pytest.mark.parametrize(("annotations", "image"), [({"behaviour": "never-ready"}, "app:1"), ({}, "app:1-never-ready@sha256:" + "0" * 64)])
def test_never_ready(cluster: Cluster, namespace: str, annotations: dict[str, str], image: str) -> None:
    start(cluster, namespace, "never", annotations=annotations, image=image)
    cluster.wait("running", pods(namespace, "never"), lambda found: found["status"]["phase"] == "Running")
    time.sleep(1.5)
    found = cluster.get(pods(namespace, "never"))
    assert (condition(found, "Ready"), found["status"]["phase"]) == ("False", "Running")


@pytest.mark.parametrize(("annotations", "image"), [({"behaviour": "crash-loop"}, "app:1"), ({}, "app:1-crash-loop")])
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
        timeout=40,
    )


@pytest.mark.parametrize(("annotations", "image"), [({"behaviour": "image-pull-failure"}, "app:1"), ({}, "app:1-image-pull-failure")])
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


@pytest.mark.parametrize(("annotations", "image", "bounds"), [
    ({}, "app:1", (0, 2)),
    ({"terminates-after": "3"}, "app:1", (1.5, 5)),
    ({"termination": "slow"}, "app:1", (3, 8)),
    ({}, "app:1-slow-termination", (3, 8)),
])  # fmt: skip
def test_termination_takes_its_time(
    cluster: Cluster, namespace: str, annotations: dict[str, str], image: str, bounds: tuple[float, float]
) -> None:
    start(cluster, namespace, "end", annotations=annotations, image=image, terminationGracePeriodSeconds=5)
    cluster.wait("ready", pods(namespace, "end"), lambda found: condition(found, "Ready") == "True")
    begun = time.monotonic()
    cluster.delete(pods(namespace, "end"))
    cluster.wait_gone(pods(namespace, "end"))
    assert bounds[0] <= time.monotonic() - begun <= bounds[1]


@pytest.mark.parametrize(("annotations", "image"), [({"termination": "stuck"}, "app:1"), ({}, "app:1-stuck-termination")])
def test_stuck_termination_ends_by_force_only(cluster: Cluster, namespace: str, annotations: dict[str, str], image: str) -> None:
    start(cluster, namespace, "stuck", annotations=annotations, image=image, terminationGracePeriodSeconds=1)
    cluster.wait("ready", pods(namespace, "stuck"), lambda found: condition(found, "Ready") == "True")
    cluster.delete(pods(namespace, "stuck"))
    time.sleep(3)
    assert "deletionTimestamp" in cluster.get(pods(namespace, "stuck"))["metadata"]
    cluster.delete(pods(namespace, "stuck") + "?gracePeriodSeconds=0")
    cluster.wait_gone(pods(namespace, "stuck"))


def storage_class(cluster: Cluster, name: str, mode: str) -> None:
    body = {
        "metadata": {"name": name},
        "provisioner": "csi.simulated.example",
        "volumeBindingMode": mode,
        "reclaimPolicy": "Retain",
        "allowVolumeExpansion": True,
    }
    cluster.apply(f"/apis/storage.k8s.io/v1/storageclasses/{name}", body | {"apiVersion": "storage.k8s.io/v1", "kind": "StorageClass"})


def claim(cluster: Cluster, namespace: str, name: str, class_name: str, mode: str = "ReadWriteOnce") -> str:
    path = f"/api/v1/namespaces/{namespace}/persistentvolumeclaims"
    spec = {"accessModes": [mode], "storageClassName": class_name, "resources": {"requests": {"storage": "10Gi"}}}
    cluster.create(path, {"metadata": {"name": name}, "spec": spec})
    return f"{path}/{name}"


@pytest.mark.requirement("C4")
def test_a_claim_waits_for_its_first_consumer_and_gets_a_volume_on_that_node(cluster: Cluster, namespace: str) -> None:
    storage_class(cluster, "fast", "WaitForFirstConsumer")
    path = claim(cluster, namespace, "data", "fast")
    time.sleep(1)
    assert cluster.get(path)["status"]["phase"] == "Pending"
    start(cluster, namespace, "db", volumes=[{"name": "data", "persistentVolumeClaim": {"claimName": "data"}}])
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
    cluster.create(path, {"metadata": {"name": "web"}, "spec": {"type": "LoadBalancer", "ports": [{"port": 80}], "selector": {"app": "web"}}})
    found = cluster.wait("address", f"{path}/web", lambda found: found["status"]["loadBalancer"].get("ingress"))
    assert found["status"]["loadBalancer"]["ingress"][0]["ip"].startswith("198.18.")
    assert found["status"]["conditions"][0]["reason"] == "Simulated"


PLAYED: list[tuple[str, str, Json, str]] = [
    ("cert-manager.io/v1", "certificates", {"secretName": "tls", "issuerRef": {"name": "ca"}, "dnsNames": ["a.example"]}, "Ready"),
    ("cert-manager.io/v1", "issuers", {"selfSigned": {}}, "Ready"),
    ("autoscaling.k8s.io/v1", "verticalpodautoscalers",
     {"targetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"}}, "RecommendationProvided"),
    ("gateway.networking.k8s.io/v1", "gateways",
     {"gatewayClassName": "istio", "listeners": [{"name": "http", "port": 80, "protocol": "HTTP"}]}, "Programmed"),
    ("keda.sh/v1alpha1", "scaledobjects",
     {"scaleTargetRef": {"name": "web"}, "minReplicaCount": 3, "maxReplicaCount": 10,
      "advanced": {"horizontalPodAutoscalerConfig": {"name": "web-hpa"}},
      "triggers": [{"type": "cpu", "metricType": "Utilization", "metadata": {"value": "70"}},
                   {"type": "prometheus", "metadata": {"serverAddress": "http://p", "query": "q", "threshold": "1000"}}]}, "Ready"),
    ("external-secrets.io/v1", "externalsecrets",
     {"secretStoreRef": {"name": "vault"}, "target": {"name": "x"}, "data": [{"secretKey": "a", "remoteRef": {"key": "b"}}]}, "Ready"),
]  # fmt: skip
KINDS = {
    "certificates": "Certificate", "issuers": "Issuer", "verticalpodautoscalers": "VerticalPodAutoscaler", "gateways": "Gateway",
    "scaledobjects": "ScaledObject", "externalsecrets": "ExternalSecret",
}  # fmt: skip


@pytest.mark.parametrize(("api_version", "plural", "spec", "kind"), PLAYED, ids=[row[1] for row in PLAYED])
def test_operators_are_played(cluster: Cluster, namespace: str, api_version: str, plural: str, spec: Json, kind: str) -> None:
    path = f"/apis/{api_version}/namespaces/{namespace}/{plural}"
    cluster.create(path, {"apiVersion": api_version, "kind": KINDS[plural], "metadata": {"name": "x"}, "spec": spec})
    found = cluster.wait(kind, f"{path}/x", lambda found: condition(found, kind) == "True")
    assert {entry["reason"] for entry in found["status"]["conditions"]} == {"Simulated"}
    version = found["metadata"]["resourceVersion"]
    time.sleep(1)
    assert cluster.get(f"{path}/x")["metadata"]["resourceVersion"] == version, "the status is written again and again"


def test_cluster_wide_operators_are_played(cluster: Cluster) -> None:
    path = "/apis/operator.tigera.io/v1/installations"
    cluster.create(path, {"apiVersion": "operator.tigera.io/v1", "kind": "Installation", "metadata": {"name": "default"}, "spec": {}})
    found = cluster.wait("Ready", f"{path}/default", lambda found: condition(found, "Ready") == "True")
    assert found["status"]["conditions"][0]["reason"] == "Simulated"
    cluster.delete(f"{path}/default")


@pytest.mark.requirement("H2")
def test_a_scaled_object_gets_its_autoscaler(cluster: Cluster, namespace: str) -> None:
    row = next(row for row in PLAYED if row[1] == "scaledobjects")
    path = f"/apis/{row[0]}/namespaces/{namespace}/scaledobjects"
    cluster.create(path, {"apiVersion": row[0], "kind": "ScaledObject", "metadata": {"name": "x"}, "spec": row[2]})
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
    start(cluster, namespace, "small")
    resources = cluster.get(pods(namespace, "small"))["spec"]["containers"][0]["resources"]
    assert resources == {"limits": {"cpu": "500m"}, "requests": {"cpu": "100m"}}
