"""Network, storage, mesh, edge and GPU roles: what they render belongs together, and they refuse what cannot work."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
import yaml
from ansible_collections.autotrade.deployment.plugins.module_utils.core.node_classes import CLASS_TAINTS

Object = dict[str, Any]
TRADING = "trading-system"
SHARED_PORT = 8080
PLATFORMS = {
    "bare_metal": {"fast": "topolvm.io", "standard": "linstor.csi.linbit.com", "shared": "linstor.csi.linbit.com"},
    "gcp": {"fast": "pd.csi.storage.gke.io", "standard": "pd.csi.storage.gke.io", "shared": "filestore.csi.storage.gke.io"},
    "aws": {"fast": "ebs.csi.aws.com", "standard": "ebs.csi.aws.com", "shared": "efs.csi.aws.com"},
    "lab": dict.fromkeys(("fast", "standard", "shared"), "rancher.io/local-path"),
    "simulated": dict.fromkeys(("fast", "standard", "shared"), "volume.simulation.autotrade.deployment"),
}


def of_kind(objects: list[Object], kind: str, namespace: str | None = None) -> list[Object]:
    return [one for one in objects if one["kind"] == kind and namespace in (None, one["metadata"].get("namespace"))]


def everything(rendered: dict[str, list[Object]]) -> list[Object]:
    return [one for objects in rendered.values() for one in objects]


# --- storage


@pytest.mark.requirement("C4")
@pytest.mark.parametrize("platform", PLATFORMS)
def test_each_platform_has_the_three_classes(render: Any, platform: str) -> None:
    found = render(["storage_classes"], storage_classes_platform=platform)["storage_classes"]
    classes = {one["metadata"]["name"]: one for one in of_kind(found, "StorageClass")}
    assert {name: one["provisioner"] for name, one in classes.items()} == PLATFORMS[platform]
    for name, one in classes.items():
        assert one["reclaimPolicy"] == "Retain"
        assert one["volumeBindingMode"] == "WaitForFirstConsumer"
        # EFS has no size to expand.
        assert one["allowVolumeExpansion"] is not (platform == "aws" and name == "shared")
        assert all(isinstance(value, str) for value in one.get("parameters", {}).values())
    defaults = [
        name
        for name, one in classes.items()
        if one["metadata"]["annotations"]["storageclass.kubernetes.io/is-default-class"] == "true"
    ]
    assert defaults == ["standard"]


@pytest.mark.requirement("C4")
def test_the_labs_provisioner_has_a_place_for_each_class(render: Any) -> None:
    images = {"provisioner": "lab/provisioner:v1", "helper": "lab/shell:v1"}
    found = render(["storage_classes"], storage_classes_platform="lab", storage_classes_lab_images=images)["storage_classes"]
    [config] = of_kind(found, "ConfigMap")
    places = json.loads(config["data"]["config.json"])["storageClassConfigs"]
    assert set(places) == {one["metadata"]["name"] for one in of_kind(found, "StorageClass")}
    assert places["shared"] == {"sharedFileSystemPath": "/srv/autotrade/shared/volumes"}
    assert yaml.safe_load(config["data"]["helperPod.yaml"])["spec"]["containers"][0]["image"] == images["helper"]
    [deployment] = of_kind(found, "Deployment")
    assert deployment["spec"]["template"]["spec"]["containers"][0]["image"] == images["provisioner"]
    assert (
        deployment["metadata"]["namespace"]
        == config["metadata"]["namespace"]
        == of_kind(found, "Namespace")[0]["metadata"]["name"]
    )


@pytest.mark.requirement("C4")
def test_replicated_volumes_keep_a_quorum(render: Any) -> None:
    found = render(["storage_classes"], storage_classes_platform="bare_metal")["storage_classes"]
    classes = {one["metadata"]["name"]: one for one in of_kind(found, "StorageClass")}
    for name in ("standard", "shared"):
        options = {key.rsplit("/", 1)[-1]: value for key, value in classes[name]["parameters"].items()}
        assert options["placementCount"] == "2"
        assert options["auto-add-quorum-tiebreaker"] == "true"
        assert (options["auto-quorum"], options["on-no-data-accessible"]) == ("suspend-io", "suspend-io")
        assert (options["on-suspended-primary-outdated"], options["rr-conflict"]) == ("force-secondary", "retry-connect")


@pytest.mark.requirement("C4")
def test_fast_volumes_may_come_from_linstor_too(render: Any) -> None:
    found = render(["storage_classes"], storage_classes_platform="bare_metal", storage_classes_fast_driver="linstor")[
        "storage_classes"
    ]
    fast = next(one for one in found if one["metadata"]["name"] == "fast")
    assert fast["parameters"]["linstor.csi.linbit.com/placementCount"] == "1"
    assert fast["parameters"]["linstor.csi.linbit.com/allowRemoteVolumeAccess"] == "false"


@pytest.mark.requirement("C4")
def test_linstor_has_satellites_on_every_class_of_nodes(render: Any) -> None:
    found = render(["storage_classes"], storage_classes_platform="bare_metal")["storage_classes"]
    (cluster,) = of_kind(found, "LinstorCluster")
    tolerations = cluster["spec"]["tolerations"]
    assert all(one["operator"] == "Exists" for one in tolerations)
    assert {(one["key"], one["effect"]) for one in tolerations} == {
        (taint["key"], taint["effect"]) for taints in CLASS_TAINTS.values() for taint in taints
    }


@pytest.mark.requirement("C4")
def test_a_cluster_with_a_linstor_of_its_own_gets_none(render: Any) -> None:
    for variables in ({"storage_classes_platform": "bare_metal", "storage_classes_linstor_cluster": False}, {}):
        found = render(["storage_classes"], **variables)["storage_classes"]
        assert {one["kind"] for one in found} == {"StorageClass"}


# --- mesh


def allowed_by_mesh(objects: list[Object]) -> Iterator[tuple[str, str]]:
    for policy in of_kind(objects, "AuthorizationPolicy", TRADING):
        callee = policy["spec"].get("selector", {}).get("matchLabels", {}).get("app")
        if callee:
            for principal in policy["spec"]["rules"][0]["from"][0]["source"]["principals"]:
                _domain, _ns, namespace, _sa, account = principal.split("/")
                yield (account if namespace == TRADING else namespace), callee


def allowed_by_network(objects: list[Object]) -> Iterator[tuple[str, str]]:
    for policy in of_kind(objects, "NetworkPolicy", TRADING):
        callee = policy["spec"]["podSelector"].get("matchLabels", {}).get("app")
        for rule in policy["spec"].get("ingress", []):
            if callee and any(port["port"] == SHARED_PORT for port in rule["ports"]):
                for peer in rule["from"]:
                    namespace = peer.get("namespaceSelector", {}).get("matchLabels", {}).get("kubernetes.io/metadata.name")
                    yield namespace or peer["podSelector"]["matchLabels"]["app"], callee


@pytest.mark.requirement("X2", "X5")
def test_mesh_and_network_allow_the_same_callers(render: Any) -> None:
    objects = everything(render(["service_mesh", "trading_system"]))
    assert set(allowed_by_mesh(objects)) == set(allowed_by_network(objects)) != set()


@pytest.mark.requirement("X5")
def test_the_mesh_denies_what_nobody_allowed(render: Any) -> None:
    found = {
        one["metadata"]["name"]: one for one in of_kind(render(["service_mesh"])["service_mesh"], "AuthorizationPolicy", TRADING)
    }
    assert found["default-deny"]["spec"] == {}
    for name, policy in found.items():
        assert name == "default-deny" or policy["spec"]["action"] == "ALLOW"
        assert all(rule.get("from") for rule in policy["spec"].get("rules", []))


@pytest.mark.requirement("X5")
def test_services_of_pods_outside_the_mesh_are_named(render: Any) -> None:
    objects = render(["service_mesh", "database", "cache"])
    outside = {
        one["spec"]["host"].split(".")[0]
        for one in of_kind(objects["service_mesh"], "DestinationRule", TRADING)
        if one["spec"]["trafficPolicy"].get("tls", {}).get("mode") == "DISABLE"
    }
    pods = [
        one["spec"]["template"]
        for kind in ("StatefulSet", "Deployment")
        for one in of_kind(objects["database"] + objects["cache"], kind)
    ]
    assert pods
    assert all(pod["metadata"]["labels"].get("sidecar.istio.io/inject") == "false" for pod in pods)
    served = {
        one["metadata"]["name"]
        for one in of_kind(objects["database"] + objects["cache"], "Service", TRADING)
        if not one["metadata"]["name"].endswith("-config")
    }
    assert outside == served


# --- edge


@pytest.mark.requirement("X4")
def test_no_request_passes_the_edge_without_a_token(render: Any) -> None:
    objects = render(["gateway"])["gateway"]
    policies = {one["metadata"]["name"]: one["spec"] for one in of_kind(objects, "AuthorizationPolicy")}
    denied = policies["token-required"]
    assert denied["action"] == "DENY"
    assert denied["rules"] == [
        {"from": [{"source": {"notRequestPrincipals": ["*"]}}], "to": [{"operation": {"notPorts": ["80"]}}]}
    ]
    open_rules = [rule for rule in policies["trading-gateway"]["rules"] if not rule.get("from")]
    assert open_rules == [{"to": [{"operation": {"ports": ["80"]}}]}]
    [authentication] = of_kind(objects, "RequestAuthentication")
    assert authentication["spec"]["targetRefs"] == denied["targetRefs"]


@pytest.mark.requirement("X3")
def test_plain_http_is_only_redirected(render: Any) -> None:
    objects = render(["gateway"])["gateway"]
    [gateway] = of_kind(objects, "Gateway")
    listeners = {one["name"]: one for one in gateway["spec"]["listeners"]}
    assert {name: one["protocol"] for name, one in listeners.items()} == {"http": "HTTP", "https": "HTTPS"}
    for route in of_kind(objects, "HTTPRoute"):
        plain = any(parent["sectionName"] == "http" for parent in route["spec"]["parentRefs"])
        kinds = {filtered["type"] for rule in route["spec"]["rules"] for filtered in rule["filters"]}
        assert plain is ("RequestRedirect" in kinds)
        assert plain is not any("backendRefs" in rule for rule in route["spec"]["rules"])
    [certificate] = of_kind(objects, "Certificate")
    assert certificate["spec"]["dnsNames"] == [listeners["https"]["hostname"]]


# --- platform namespaces


@pytest.mark.requirement("X2")
@pytest.mark.parametrize("role", ["certificates", "gateway", "service_load_balancer", "service_mesh"])
def test_a_namespace_of_the_platform_denies_by_default(render: Any, role: str) -> None:
    objects = render([role])[role]
    [home] = of_kind(objects, "Namespace")
    denying = [
        one
        for one in of_kind(objects, "NetworkPolicy", home["metadata"]["name"])
        if one["spec"] == {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}
    ]
    assert len(denying) == 1
    assert home["metadata"]["labels"]["pod-security.kubernetes.io/enforce"] in ("restricted", "baseline", "privileged")


# --- refusals

REFUSALS = [
    (
        "C3",
        "pod_network",
        {
            "pod_network_cidr": "10.64.0.0/10",
            "pod_network_host_cidrs": ["10.65.10.0/24"],
            "pod_network_partner_cidrs": [{"name": "exchange", "cidr": "10.66.40.0/24"}],
        },
        [
            "overlaps the Service range (pod_network_service_cidr) 10.96.0.0/12",
            "overlaps a host network (pod_network_host_cidrs) 10.65.10.0/24",
            "overlaps partner exchange 10.66.40.0/24",
        ],
    ),
    ("C3", "pod_network", {"pod_network_cidr": "10.244.0.0/26"}, ["expected a block for each"]),
    (
        "C4",
        "storage_classes",
        {"storage_classes_platform": "bare_metal", "storage_classes_linstor_hosts": ["s1", "s2"]},
        ["tiebreaker votes", "storage_classes_linstor_hosts"],
    ),
    (
        "C4",
        "storage_classes",
        {"storage_classes_platform": "bare_metal", "storage_classes_linstor_hosts": ["s1", "s2", "c1"]},
        [
            "The volume group ssd of LINSTOR's pool ssd has disks on []",
            "expected 2 host(s) in 2 zones",
            "storage_node_volume_groups",
        ],
    ),
    ("C4", "storage_classes", {"storage_classes_platform": "aws"}, ["Set storage_classes_aws_efs_id"]),
    (
        "C5",
        "gpu_node",
        {
            "gpu_node_images": {
                "device_plugin": {"repository": "r", "tag": "v1", "digest": ""},
                "dcgm_exporter": {"repository": "r", "tag": "1", "digest": "sha256:" + "0" * 64},
            }
        },
        ["gpu_node_images.device_plugin is r:v1", "skopeo inspect"],
    ),
    ("C9", "service_load_balancer", {"service_load_balancer_addresses": []}, ["service_load_balancer_addresses is empty"]),
    ("X3", "certificates", {"certificates_renew_before": "2160h"}, ["each to be longer than the one before it"]),
    ("X4", "gateway", {"gateway_token_issuer": ""}, ["gateway_token_issuer is ''", "identity provider"]),
    ("X4", "access_control", {"access_control_viewer_group": "system:masters"}, ["three different names"]),
]


@pytest.mark.parametrize(
    ("role", "variables", "said"),
    [
        pytest.param(*case, marks=pytest.mark.requirement(requirement), id=f"{case[0]}-{next(iter(case[1]))}")
        for requirement, *case in REFUSALS
    ],
)
def test_a_role_refuses_what_cannot_work(apply_role: Any, role: str, variables: dict[str, Any], said: list[str]) -> None:
    answer = apply_role(role, **variables)
    assert answer.returncode != 0
    told = " ".join(answer.stdout.split())
    assert not [part for part in said if part not in told], told[-2000:]
