"""Each shortfall is found, named and waivable alone; a host that is right has none."""

from __future__ import annotations

from dataclasses import replace

import pytest
from ansible_collections.autotrade.deployment.plugins.module_utils.core.host_findings import ERROR, not_waived
from ansible_collections.autotrade.deployment.plugins.module_utils.core.membership import Traces
from ansible_collections.autotrade.deployment.plugins.module_utils.core.node_preflight import (
    GIB,
    HostFacts,
    Identity,
    Needs,
    Question,
    SpareDisk,
    findings,
    twins,
)
from hypothesis import given
from hypothesis import strategies as st

NEEDS = Needs(cpus=4, memory=16 * GIB, disk=100 * GIB, spare=200 * GIB, ports=(6443, 10250), fsync_ms=10.0)
QUESTION = Question(NEEDS, {"debian": ["12", "13"]}, ["amd64", "arm64"], clock=1000.0, cluster="trading")
HOST = HostFacts(
    system="debian",
    system_version="12",
    architecture="amd64",
    python=(3, 11),
    cpus=4,
    memory=16 * GIB,
    disk=100 * GIB,
    rotational=False,
    swaps=(),
    clock=1000.0,
    cgroup_version=2,
    busy_ports={22: "sshd"},
    remains=(),
    user_id=0,
    spare=(
        SpareDisk("/dev/disk/by-id/a", 120 * GIB, rotational=False),
        SpareDisk("/dev/disk/by-id/b", 80 * GIB, rotational=None),
    ),
)
WRONG = {
    "not-root": replace(HOST, user_id=1000),
    "system-unsupported": replace(HOST, system_version="11"),
    "architecture-unsupported": replace(HOST, architecture="riscv64"),
    "cgroup-v1": replace(HOST, cgroup_version=1),
    "cpus-too-few": replace(HOST, cpus=3),
    "memory-too-small": replace(HOST, memory=15 * GIB),
    "disk-too-small": replace(HOST, disk=99 * GIB),
    "disk-rotational": replace(HOST, rotational=True),
    "spare-disks-too-small": replace(HOST, spare=HOST.spare[:1]),
    "spare-disks-rotational": replace(HOST, spare=(SpareDisk("/dev/disk/by-id/c", 200 * GIB, rotational=True),)),
    "disk-sync-slow": replace(HOST, fsync_p99_ms=10.5),
    "swap-on": replace(HOST, swaps=("/dev/sda2",)),
    "clock-off": replace(HOST, clock=1090.0),
    "port-6443-in-use": replace(HOST, busy_ports={6443: "nginx"}),
    "other-cluster": replace(HOST, traces=Traces("staging", "begun")),
    "cluster-remains": replace(HOST, remains=("/var/lib/etcd/member",)),
}


def test_a_host_that_is_right_has_no_finding() -> None:
    assert findings(QUESTION, HOST) == []
    assert findings(QUESTION, replace(HOST, fsync_p99_ms=9.9)) == []
    assert findings(QUESTION, replace(HOST, memory=int(15.3 * GIB), rotational=None, clock=1060.0)) == []


@pytest.mark.parametrize("name", WRONG)
def test_each_shortfall_is_found_alone_with_what_was_measured_wanted_and_a_fix(name: str) -> None:
    (finding,) = findings(QUESTION, WRONG[name])
    assert finding.id == name
    assert finding.measured
    assert finding.wanted
    assert finding.fix.endswith(".")


def test_all_shortfalls_are_told_at_once() -> None:
    worst = replace(HOST, user_id=1, cpus=1, memory=1, disk=1, rotational=True, clock=0.0, remains=("x",), swaps=("y",))
    assert [finding.id for finding in findings(QUESTION, worst)] == [
        "not-root",
        "cpus-too-few",
        "memory-too-small",
        "disk-too-small",
        "disk-rotational",
        "swap-on",
        "clock-off",
        "cluster-remains",
    ]


def test_a_large_disk_below_the_directory_is_none_for_volumes() -> None:
    (finding,) = findings(QUESTION, replace(HOST, disk=4096 * GIB, spare=()))
    assert (finding.id, finding.measured) == ("spare-disks-too-small", "0 GiB (no disk)")
    assert "storage_node_volume_groups" in finding.fix


def test_a_small_disk_is_told_with_the_directory_that_counts() -> None:
    (finding,) = findings(replace(QUESTION, directory="/srv/data"), replace(HOST, disk=1))
    assert (finding.wanted, finding.fix) == ("100 GiB below /srv/data", "Give /srv/data a larger disk.")


def test_a_member_may_listen_and_have_files() -> None:
    busy = replace(HOST, busy_ports={6443: "kube-apiserver"}, remains=("/var/lib/etcd/member",))
    for traces in (Traces("trading", "member", kubelet_conf=True), Traces("trading", "begun")):
        assert findings(QUESTION, replace(busy, traces=traces)) == []


def test_a_member_of_another_cluster_is_refused_by_both_names_and_counts_as_no_member() -> None:
    other = replace(HOST, traces=Traces("staging", "member", kubelet_conf=True), busy_ports={10250: "kubelet"}, remains=("x",))
    found = {finding.id: finding for finding in findings(QUESTION, other)}
    assert list(found) == ["port-10250-in-use", "other-cluster", "cluster-remains"]
    assert "cluster staging" in found["other-cluster"].measured
    assert found["other-cluster"].wanted == "no cluster, or cluster trading"
    assert "cluster_name" in found["other-cluster"].fix


def test_our_note_without_the_cluster_behind_it_makes_no_member() -> None:
    reset = replace(HOST, traces=Traces("trading", "member"), busy_ports={6443: "nginx"})
    assert [finding.id for finding in findings(QUESTION, reset)] == ["port-6443-in-use"]


@given(st.sets(st.sampled_from(sorted(WRONG))))
def test_a_waiver_takes_its_own_finding_and_no_other(waived: set[str]) -> None:
    found = [finding for facts in WRONG.values() for finding in findings(QUESTION, facts)]
    standing = {finding.id for finding in not_waived(found, sorted(waived))}
    assert standing == {finding.id for finding in found if finding.level == ERROR} - waived
    assert not_waived(found, ["all", "*"]) == not_waived(found, [])


def test_clones_are_named_with_their_twin() -> None:
    hosts = {
        "a": Identity("1", "a", ("02::1", "02::1")),  # a bond
        "b": Identity("1", "b", ("02::2",)),
        "c": Identity("3", "c", ("02::2",)),
        "d": Identity("", "d", ()),
    }
    found = twins(hosts)
    assert {name: [finding.id for finding in some] for name, some in found.items()} == {
        "a": ["machine-id-twice"],
        "b": ["machine-id-twice", "mac-twice"],
        "c": ["mac-twice"],
    }
    assert "as b has" in found["a"][0].measured
    assert twins({"a": hosts["a"], "d": hosts["d"], "e": Identity("", "e", ())}) == {}
