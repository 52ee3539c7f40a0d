"""The OpenTofu configurations: they parse, name nothing that is not there, and make what the inventories look for.

Neither tofu nor a provider is at hand, so whether a provider knows each argument is not judged here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.conftest import ROOT

hcl2 = pytest.importorskip("hcl2", reason="python-hcl2 comes with requirements/dev.txt")

pytestmark = pytest.mark.requirement("C8")
INFRA = ROOT / "infra/opentofu"
CLOUDS = {"gcp": "google_", "aws": "aws_"}
# Control planes, and every other machine that Ansible provisions.
PROVISIONED = {
    "gcp": ("google_compute_instance.control_plane", "google_compute_instance.node"),
    "aws": ("aws_instance.control_plane", "aws_instance.node"),
}
BY_ITSELF = {"gcp": "google_compute_region_instance_template.autoscaled", "aws": "aws_launch_template.autoscaled"}
named = pytest.mark.parametrize("cloud", CLOUDS)
Json = dict[str, Any]


def plain(value: Any) -> Any:
    """Without the parser's own marks, and texts without their quotes."""
    if isinstance(value, dict):
        return {plain(key): plain(part) for key, part in value.items() if not key.startswith("__")}
    if isinstance(value, list):
        return [plain(part) for part in value]
    return value.strip('"') if isinstance(value, str) else value


def files(cloud: str) -> list[Path]:
    return sorted((INFRA / cloud).glob("*.tf"))


def blocks(cloud: str, kind: str) -> dict[str, Json]:
    """The blocks of a kind: name (resources and data: type.name) -> content."""
    found: dict[str, Json] = {}
    for path in files(cloud):
        for entry in plain(hcl2.loads(path.read_text(encoding="utf-8"))).get(kind, []):
            for first, content in entry.items():
                nested = kind in ("resource", "data")
                found |= {f"{first}.{name}": body for name, body in content.items()} if nested else {first: content}
    return found


def resource(cloud: str, address: str) -> Json:
    return blocks(cloud, "resource")[address]


def texts(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for key, part in value.items():
            yield from (str(key), *texts(part))
    elif isinstance(value, list):
        for part in value:
            yield from texts(part)
    else:
        yield str(value)


def references(cloud: str) -> set[str]:
    """What expressions refer to: var.x, local.x, data.type.name, type.name."""
    found = set()
    for path in files(cloud):
        code = re.sub(r"^\s*#.*", "", path.read_text(encoding="utf-8"), flags=re.MULTILINE)
        # Outside of quotes, and inside of them where an expression stands.
        inner = " ".join(re.findall(r"\$\{([^}]*)\}", code)) + " " + re.sub(r'"[^"]*"', " ", code)
        found |= set(re.findall(rf"(?<![\w.])((?:var|local)\.\w+|data\.\w+\.\w+|{CLOUDS[cloud]}\w+\.\w+)", inner))
    return found


@named
def test_every_file_parses(cloud: str) -> None:
    assert {path.name for path in files(cloud)} >= {
        "versions.tf",
        "variables.tf",
        "network.tf",
        "load_balancer.tf",
        "identities.tf",
    }
    assert {"resource", "variable", "output"} <= {key for path in files(cloud) for key in hcl2.loads(path.read_text())}


@named
def test_what_is_referred_to_is_there(cloud: str) -> None:
    local = {name for path in files(cloud) for entry in plain(hcl2.loads(path.read_text())).get("locals", []) for name in entry}
    there = {f"var.{name}" for name in blocks(cloud, "variable")}
    there |= {f"local.{name}" for name in local}
    there |= {f"data.{name}" for name in blocks(cloud, "data")} | set(blocks(cloud, "resource"))
    wanted = references(cloud)
    assert len(wanted) > 20
    assert wanted - there == set()
    assert {one for one in there if one.startswith(("var.", "local."))} - wanted == set(), "declared, and used nowhere"


def inventory(cloud: str) -> str:
    configuration = {"gcp": "gcp_compute.yml", "aws": "aws_ec2.yml"}[cloud]
    return (ROOT / "inventories/cloud" / cloud / configuration).read_text(encoding="utf-8")


def local(cloud: str, name: str) -> str:
    """The expression of a local, in its parser's words."""
    found = [plain(hcl2.loads(path.read_text())).get("locals", []) for path in files(cloud)]
    return " ".join(texts(next(entry[name] for entries in found for entry in entries if name in entry)))


@named
def test_instances_bear_the_labels_that_the_inventory_reads(cloud: str) -> None:
    read = set(re.findall(r"autotrade-[a-z-]+", inventory(cloud)))
    word = {"gcp": "labels", "aws": "tags"}[cloud]
    assert all(resource(cloud, address)[word] == f"${{each.value.{word}}}" for address in PROVISIONED[cloud])
    for text in (local(cloud, "nodes"), " ".join(texts(resource(cloud, BY_ITSELF[cloud])))):
        borne = set(re.findall(r"autotrade-[a-z-]+", text))
        # Every resource of the provider bears the cluster's own.
        borne |= {"autotrade-cluster"} if cloud == "aws" else set()
        assert read <= borne


@named
def test_who_joins_by_itself_says_so(cloud: str) -> None:
    assert "by-itself" in set(texts(resource(cloud, BY_ITSELF[cloud])))
    assert "by-itself" not in local(cloud, "nodes")
    assert "by-ansible" in local(cloud, "nodes")


@named
def test_no_plan_takes_a_control_plane_away(cloud: str) -> None:
    control_plane, worker = (resource(cloud, address) for address in PROVISIONED[cloud])
    assert 'node.class == "control-plane"' in control_plane["for_each"]
    assert 'node.class != "control-plane"' in worker["for_each"]
    # A literal, as OpenTofu asks for it: a plan that would destroy one is refused whole.
    assert control_plane["lifecycle"][0]["prevent_destroy"] is True
    guards = {"gcp": ("deletion_protection",), "aws": ("disable_api_termination", "disable_api_stop")}[cloud]
    assert all(control_plane[guard] is True for guard in guards)


@named
def test_no_plan_stops_or_replaces_a_machine_that_is_there(cloud: str) -> None:
    ignored = {
        "gcp": {"boot_disk[0].initialize_params", "machine_type", "zone"},
        "aws": {"ami", "instance_type", "subnet_id", "user_data"},
    }[cloud]
    for address in PROVISIONED[cloud]:
        body = resource(cloud, address)
        assert "allow_stopping_for_update" not in body
        assert {str(one).strip("${}") for one in body["lifecycle"][0]["ignore_changes"]} == ignored


@named
def test_ansible_finds_the_user_that_the_machines_have(cloud: str) -> None:
    hosts = yaml.safe_load((ROOT / "inventories/cloud" / cloud / "group_vars/cluster_hosts.yml").read_text(encoding="utf-8"))
    assert blocks(cloud, "variable")["ssh_user"]["default"] == hosts["ansible_user"]
    given = {"gcp": "metadata", "aws": "user_data"}[cloud]
    assert {"var.ssh_user", "var.ssh_public_key"} <= set(re.findall(r"var\.ssh_\w+", local(cloud, given)))
    assert all(resource(cloud, address)[given] == f"${{local.{given}}}" for address in PROVISIONED[cloud])


def test_instances_of_aws_are_named_as_nodes_are() -> None:
    assert resource("aws", "aws_subnet.nodes")["private_dns_hostname_type_on_launch"] == "ip-name"
    assert "hostnames: [private-dns-name]" in inventory("aws")


def test_small_machines_with_an_h100_are_asked_for_as_google_gives_them_out() -> None:
    variable = blocks("gcp", "variable")["pools"]
    assert any("a3-highgpu-[124]g" in one["condition"] for one in variable["validation"])
    small = {name for name, pool in variable["default"].items() if re.fullmatch("a3-highgpu-[124]g", pool["machine_type"])}
    spot = {name for name, pool in variable["default"].items() if pool.get("spot")}
    assert small <= spot <= {"cpu", "gpu"}
    (scheduling,) = resource("gcp", "google_compute_instance.node")["scheduling"]
    assert {"provisioning_model", "preemptible", "automatic_restart", "on_host_maintenance"} <= set(scheduling)


def test_the_load_balancers_ask_each_api_server_whether_it_is_ready() -> None:
    (google,) = resource("gcp", "google_compute_region_health_check.api")["https_health_check"]
    assert (google["port"], google["request_path"]) == (6443, "/readyz")
    group = resource("aws", "aws_lb_target_group.api")
    (amazon,) = group["health_check"]
    assert (amazon["protocol"], amazon["port"], amazon["path"], amazon["matcher"]) == ("HTTPS", "6443", "/readyz", "200")
    # Else a host that joins reaches nobody but itself.
    assert group["preserve_client_ip"] == "false"
    assert resource("gcp", "google_compute_region_backend_service.api")["load_balancing_scheme"] == "INTERNAL_MANAGED"
    assert resource("gcp", "google_compute_region_backend_service.api")["timeout_sec"] >= 3600


@named
def test_nothing_of_the_cluster_is_open_to_the_world(cloud: str) -> None:
    for address, body in blocks(cloud, "resource").items():
        if "ingress" in address or "firewall" in address:
            assert "0.0.0.0/0" not in set(texts(body)), address
    assert "access_config" not in set(texts(blocks("gcp", "resource")))
    assert "associate_public_ip_address" not in set(texts(blocks("aws", "resource")))


@named
def test_no_secret_stands_in_it_and_none_goes_in(cloud: str) -> None:
    words = {word for name in blocks(cloud, "variable") for word in name.split("_")}
    assert not words & {"password", "secret", "token", "private", "credentials"}
    text = "".join(path.read_text(encoding="utf-8") for path in files(cloud))
    assert not re.search(r"access_key|secret_key|BEGIN|AKIA[0-9A-Z]{16}", text)


def test_rights_are_named_one_by_one_and_nodes_have_none() -> None:
    statements = blocks("aws", "data")["aws_iam_policy_document.cloud_controller"]["statement"]
    actions = [action for one in statements for action in one["actions"]]
    assert [action for action in actions if "*" in action] == []
    changing = [
        one for one in statements if any(re.search(r":(Delete|Modify|Revoke|Authorize|Deregister)", a) for a in one["actions"])
    ]
    assert changing
    assert all("kubernetes.io/cluster/" in " ".join(texts(one["condition"])) for one in changing)
    attached = [body["role"] for name, body in blocks("aws", "resource").items() if "iam_role_policy" in name]
    assert not [role for role in attached if "aws_iam_role.node" in role]
    roles = [name for name in texts(resource("gcp", "google_project_iam_member.control_plane")) if name.startswith("roles/")]
    assert not set(roles) & {"roles/owner", "roles/editor", "roles/compute.admin"}
    assert resource("gcp", "google_project_iam_member.node")["role"] == "roles/logging.logWriter"


def test_instances_keep_their_identity_from_pods() -> None:
    for address in (*PROVISIONED["aws"], BY_ITSELF["aws"]):
        (options,) = resource("aws", address)["metadata_options"]
        assert (options["http_tokens"], options["http_put_response_hop_limit"]) == ("required", 1)


@named
def test_pools_satisfy_the_preflight(cloud: str) -> None:
    pools = blocks(cloud, "variable")["pools"]["default"]
    counts = {name: pool["count"] for name, pool in pools.items()}
    assert counts == {"control-plane": 3, "cpu": 9, "gpu": 2, "storage": 2}
    needs = yaml.safe_load((ROOT / "inventories/cloud" / cloud / "group_vars/cluster_hosts.yml").read_text())[
        "node_preflight_needs"
    ]
    assert all(pools[name]["disk_gb"] >= needs[name]["disk"] for name in needs)


@named
def test_the_documents_name_every_output(cloud: str) -> None:
    text = (ROOT / "docs/cloud.md").read_text(encoding="utf-8")
    assert not [name for name in blocks(cloud, "output") if f"`{name}`" not in text]
