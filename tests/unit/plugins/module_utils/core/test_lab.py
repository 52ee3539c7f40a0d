"""What a lab consists of, what is still to be done for it, and what is refused."""

from __future__ import annotations

from dataclasses import replace

import pytest
from ansible_collections.autotrade.deployment.plugins.module_utils.core import lab as core
from ansible_collections.autotrade.deployment.plugins.module_utils.core.lab import Host, Lab, LabError, Observed, Plan
from hypothesis import given
from hypothesis import strategies as st

HOSTS = (Host("control-plane-1", "10.89.10.11"), Host("cpu-1", "10.89.10.21"))
LAB = Lab("lab", "10.89.10.0/24", HOSTS, "localhost/image:1", "seed-1", "/store", "/keys")
NOTHING = Observed(networks={}, volumes=frozenset(), containers={}, running=frozenset())


def observed(lab: Lab) -> Observed:
    """The lab as it is when all of it is there."""
    containers = {lab.container(host.name): core.recipe(lab, host) for host in lab.hosts}
    volumes = {lab.shared, *(lab.volume(host.name) for host in lab.hosts)}
    return Observed({lab.network: lab.subnet}, frozenset(volumes), containers, frozenset(containers))


def test_a_lab_that_is_there_needs_nothing() -> None:
    assert core.plan_present(LAB, observed(LAB)).empty


def test_from_nothing_everything_is_made() -> None:
    plan = core.plan_present(LAB, NOTHING)
    assert plan.create == HOSTS
    assert plan.create_networks == ("autotrade-lab",)
    assert set(plan.create_volumes) == observed(LAB).volumes
    assert not (plan.remove_containers or plan.remove_volumes or plan.remove_networks or plan.start)


def test_a_host_without_power_is_switched_on_and_keeps_its_container() -> None:
    there = observed(LAB)
    plan = core.plan_present(LAB, replace(there, running=there.running - {"autotrade-lab-cpu-1"}))
    assert plan == Plan(start=(HOSTS[1],))


def test_hosts_that_are_wanted_no_more_go_with_their_disk() -> None:
    plan = core.plan_present(replace(LAB, hosts=HOSTS[:1]), observed(LAB))
    assert plan == Plan(remove_containers=("autotrade-lab-cpu-1",), remove_volumes=("autotrade-lab-cpu-1-var",))


def test_a_host_of_another_image_is_not_replaced_behind_anyones_back() -> None:
    with pytest.raises(LabError, match=r"cpu-1 was made from other settings or another image.*lab_hosts_state: absent"):
        core.plan_present(replace(LAB, image="localhost/image:2"), observed(LAB))


def test_a_network_of_another_range_is_named() -> None:
    with pytest.raises(LabError, match=r"network autotrade-lab has the range 10.1.0.0/24; expected 10.89.10.0/24"):
        core.plan_present(LAB, replace(NOTHING, networks={"autotrade-lab": "10.1.0.0/24"}))


def test_absent_removes_what_is_there_and_only_that() -> None:
    plan = core.plan_absent(observed(LAB))
    assert set(plan.remove_containers) == {"autotrade-lab-control-plane-1", "autotrade-lab-cpu-1"}
    assert set(plan.remove_volumes) == observed(LAB).volumes
    assert plan.remove_networks == ("autotrade-lab",)
    assert core.plan_absent(NOTHING).empty


def test_every_mistake_is_told_at_once() -> None:
    hosts = [
        Host("Bad_Name", "10.89.10.11"),
        Host("a", "10.89.11.1"),
        Host("b", "10.89.10.1"),
        Host("c", "x"),
        Host("c", "10.89.10.11"),
    ]
    with pytest.raises(LabError) as refusal:
        core.check("lab", "10.89.10.0/24", hosts)
    text = str(refusal.value)
    for part in (
        "Bad_Name",
        "10.89.11.1",
        "10.89.10.1 is not free",
        "'x'",
        "2 hosts have the name c",
        "2 hosts have the address",
    ):
        assert part in text


@pytest.mark.parametrize("name", ["", "Lab", "a_b", "-a", "a" * 33])
def test_names_that_podman_or_dns_would_refuse(name: str) -> None:
    with pytest.raises(LabError, match="lab_hosts_name"):
        core.check(name, "10.89.10.0/24", HOSTS)


def test_a_subnet_that_is_none() -> None:
    with pytest.raises(LabError, match="lab_hosts_subnet"):
        core.check("lab", "10.89.10.1/24", HOSTS)


def test_hosts_are_privileged_and_have_a_cgroup_namespace_and_labels() -> None:
    arguments = core.run_arguments(LAB, HOSTS[0])
    for part in (
        "--privileged",
        "--cgroupns=private",
        "--systemd=always",
        "--ip=10.89.10.11",
        "--hostname=control-plane-1",
        "--dns-search=.",
    ):
        assert part in arguments
    assert f"--label={core.LAB_LABEL}=lab" in arguments
    assert "--volume=/store:/srv/autotrade/store:ro" in arguments
    assert arguments[-2:] == ["localhost/image:1", "/sbin/init"]


@given(st.sampled_from(["image", "seed", "subnet", "store", "runtime"]))
def test_whatever_a_host_is_made_from_changes_its_recipe(setting: str) -> None:
    assert core.recipe(replace(LAB, **{setting: "other"}), HOSTS[0]) != core.recipe(LAB, HOSTS[0])


def test_ssh_knows_hosts_by_name() -> None:
    text = core.ssh_config(LAB, "ops", "/key", "/known")
    assert "Host cpu-1\n  HostName 10.89.10.21\n" in text
    assert "UserKnownHostsFile /known" in text
    assert "StrictHostKeyChecking" not in text


@pytest.mark.parametrize(
    ("text", "mirror"),
    [
        ("Types: deb\nURIs: http://mirror.example/debian\n", "http://mirror.example/debian"),
        ("deb http://mirror.example/debian bookworm main\n", "http://mirror.example/debian"),
        ("deb [signed-by=/k] https://mirror.example/debian bookworm main\n", "https://mirror.example/debian"),
        ("# URIs: http://old.example/debian\nURIs: http://mirror.example/debian-security\n", None),
        ("", None),
    ],
)
def test_the_mirror_comes_from_apts_sources(text: str, mirror: str | None) -> None:
    assert core.debian_mirror([text]) == mirror
