"""Nodes in a cloud: who tells them where they are, what they wait for, and the order in which it comes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.conftest import ROOT
from tests.support import inventories

Object = dict[str, Any]
DIGEST = "sha256:" + "0" * 64
IMAGE = {"repository": "registry.example/ccm", "tag": "v1", "digest": DIGEST}
GOOGLE = {f"cloud_controller_gcp_{name}": value for name, value in inventories.GOOGLE.items()}
UNINITIALIZED = {"key": "node.cloudprovider.kubernetes.io/uninitialized", "effect": "NoSchedule"}


@pytest.fixture(params=["gcp", "aws"])
def controller(request: pytest.FixtureRequest, render: Any) -> list[Object]:
    platform = request.param
    variables = {"cloud_controller_platform": platform, "cloud_controller_images": {platform: IMAGE}, **GOOGLE}
    found: list[Object] = render(["cloud_controller"], **variables)["cloud_controller"]
    return found


def one(objects: list[Object], kind: str) -> Object:
    (found,) = (obj for obj in objects if obj["kind"] == kind)
    return found


@pytest.mark.requirement("C8")
def test_it_runs_where_no_other_pod_can_yet(controller: list[Object]) -> None:
    spec = one(controller, "DaemonSet")["spec"]["template"]["spec"]
    tolerated = {(entry["key"], entry.get("effect")) for entry in spec["tolerations"]}
    assert (UNINITIALIZED["key"], UNINITIALIZED["effect"]) in tolerated
    assert {("node-role.kubernetes.io/control-plane", "NoSchedule"), ("node.kubernetes.io/not-ready", None)} < tolerated
    assert spec["hostNetwork"] is True
    assert spec["nodeSelector"] == {"node-role.kubernetes.io/control-plane": ""}


@pytest.mark.requirement("C8")
def test_it_listens_on_loopback_and_gives_no_addresses_to_pods(controller: list[Object]) -> None:
    (container,) = one(controller, "DaemonSet")["spec"]["template"]["spec"]["containers"]
    assert {"--bind-address=127.0.0.1", "--allocate-node-cidrs=false", "--configure-cloud-routes=false"} < set(container["args"])
    assert container["image"] == f"registry.example/ccm:v1@{DIGEST}"
    assert container["livenessProbe"]["httpGet"]["host"] == "127.0.0.1"


@pytest.mark.requirement("X4")
def test_it_may_read_no_secret_and_holds_no_wildcard(controller: list[Object]) -> None:
    rules = [rule for obj in controller if obj["kind"] in ("Role", "ClusterRole") for rule in obj["rules"]]
    named = [word for rule in rules for key in ("apiGroups", "resources", "verbs") for word in rule[key]]
    assert not {"*", "secrets", "impersonate", "escalate", "bind"} & set(named)


def test_a_changed_configuration_makes_new_pods(render: Any) -> None:
    def pods(**variables: Any) -> tuple[str, str]:
        given = {"cloud_controller_platform": "gcp", "cloud_controller_images": {"gcp": IMAGE}, **GOOGLE, **variables}
        objects = render(["cloud_controller"], **given)["cloud_controller"]
        template = one(objects, "DaemonSet")["spec"]["template"]
        return one(objects, "ConfigMap")["data"]["cloud.config"], json.dumps(template["metadata"]["annotations"])

    (text, before), (_other, after) = pods(), pods(cloud_controller_gcp_node_tag="other")
    assert text.splitlines() == [
        "[global]",
        "project-id = trading-prod-1",
        "network-name = trading",
        "subnetwork-name = trading-nodes",
        "node-tags = trading-node",
        "multizone = true",
    ]
    assert before != after


def test_bare_metal_has_no_such_controller(render: Any) -> None:
    assert render(["cloud_controller"], cloud_controller_platform="bare_metal") == {"cloud_controller": []}


@pytest.mark.parametrize("image", [{**IMAGE, "digest": ""}, {**IMAGE, "tag": "latest"}])
def test_an_image_that_is_not_pinned_is_refused(apply_role: Any, image: Object) -> None:
    answer = apply_role("cloud_controller", cloud_controller_platform="aws", cloud_controller_images={"aws": image})
    assert answer.returncode != 0
    assert "Set cloud_controller_images.aws in the inventory" in " ".join(answer.stdout.split())


# --- the kubelet

UNIT = "{{ lookup('ansible.builtin.template', role + '/templates/kubelet.service.j2') }}"
DROPIN = "{{ __kubelet_dropin | combine(__kubelet_identity, kubelet_config) | to_json }}"


def kubelet(name: str, folder: Path, **variables: Any) -> tuple[str, Object]:
    """The flags of a node's own, and its drop-in, with the variables of an inventory."""
    role = str(ROOT / "roles/kubelet")
    task = {"ansible.builtin.copy": {"content": f"{UNIT}\n---\n{DROPIN}", "dest": str(folder / "kubelet"), "mode": "0600"}}
    files = [f"{role}/defaults/main.yml", f"{role}/vars/main.yml"]
    play = {"hosts": "control_plane[0]", "gather_facts": False, "connection": "local", "become": False}
    extra = {"role": role, "ansible_become": False, "ansible_connection": "local", **variables}
    found = inventories.finished(name, folder)
    answer = inventories.play(found, [{**play, "vars_files": files, "tasks": [task]}], "-e", json.dumps(extra))
    assert answer.returncode == 0, answer.stdout
    unit, _, dropin = (folder / "kubelet").read_text(encoding="utf-8").partition("\n---\n")
    own = next(line for line in unit.splitlines() if "KUBELET_OWN_ARGS=" in line)
    return own.partition("kubelet.conf.d")[2], json.loads(dropin)


@pytest.mark.requirement("C8")
@pytest.mark.parametrize(
    ("name", "flags", "provider"),
    [
        ("prod", ' --node-ip=10.20.0.11"', None),
        (
            "gcp",
            ' --node-ip=10.10.0.11 --cloud-provider=external"',
            "gce://trading-prod-1/europe-west3-a/trading-control-plane-1",
        ),
        ("aws", ' --node-ip=10.10.0.11 --cloud-provider=external"', "aws:///eu-central-1a/i-c2d706c616e652d31"),
    ],
)
def test_in_a_cloud_the_kubelet_waits_for_its_controller(name: str, flags: str, provider: str | None, tmp_path: Path) -> None:
    found, dropin = kubelet(name, tmp_path)
    assert found == flags
    assert dropin.get("providerID") == provider


def test_an_image_names_no_address_of_the_host_it_was_made_on(tmp_path: Path) -> None:
    found, dropin = kubelet("aws", tmp_path, kubelet_node_address="", kubelet_provider_id="")
    assert found == ' --cloud-provider=external"'
    assert "providerID" not in dropin


# --- the order


def plays() -> list[Object]:
    found: list[Object] = yaml.safe_load((ROOT / "playbooks/provision.yml").read_text(encoding="utf-8"))
    return found


def role_of(task: Object) -> str:
    return str(task.get("ansible.builtin.import_role", {}).get("name", "")).rpartition(".")[2]


def test_nodes_are_awaited_after_what_they_wait_for() -> None:
    order = [(role_of(task), play["name"]) for play in plays() for task in play.get("tasks", [])]
    names = [role for role, _play in order if role]
    joined = len(names) - names[::-1].index("cluster_membership") - 1
    for role in ("cloud_controller", "platform_manifests", "pod_network"):
        assert names.index(role) < joined
    assert names.index("cloud_controller") < names.index("platform_manifests") < names.index("pod_network")


@pytest.mark.requirement("C8")
def test_a_cloud_has_its_own_endpoint_and_bare_metal_has_keepalived() -> None:
    (when,) = [task["when"] for play in plays() for task in play.get("tasks", []) if role_of(task) == "api_endpoint"]
    assert when == 'cluster_platform in ["lab", "bare_metal"]'
