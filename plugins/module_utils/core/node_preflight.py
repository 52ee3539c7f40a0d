# Copyright (c) autotrade.deployment engineers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Whether a host can become the node that it is meant to be: every shortfall at once, each waivable by its own name."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from ansible_collections.autotrade.deployment.plugins.module_utils.core.host_findings import ERROR, WARNING, Finding
from ansible_collections.autotrade.deployment.plugins.module_utils.core.membership import (
    MARK_FILE,
    WAY_OUT,
    Standing,
    Traces,
    standing,
)

#: Memory that firmware and kernel keep for themselves is missing in what a host shows.
MEMORY_TOLERANCE = 0.05
#: kubeadm and TLS go wrong silently when clocks differ by more; certificates are valid from the minute they are made.
CLOCK_TOLERANCE_S = 60.0
GIB = 1 << 30


@dataclass(frozen=True)
class Needs:
    """What a class of nodes asks of a host. Sizes in bytes, ``fsync_ms`` in milliseconds (99th percentile).

    ``disk`` is the file system of the directory that is asked about, ``spare`` the sum of the disks that are there for volumes.
    """

    cpus: int
    memory: int
    disk: int
    spare: int = 0
    solid_state: bool = True
    ports: tuple[int, ...] = ()
    fsync_ms: float | None = None


@dataclass(frozen=True)
class SpareDisk:
    """A disk that is there for volumes. ``size`` in bytes, 0 where nothing lies at the path; None where nobody can tell."""

    path: str
    size: int
    rotational: bool | None


@dataclass(frozen=True)
class HostFacts:
    """What was measured on a host. Sizes in bytes, ``clock`` in seconds since 1970; None where nobody can tell."""

    system: str
    system_version: str
    architecture: str
    python: tuple[int, int]
    cpus: int
    memory: int
    disk: int
    rotational: bool | None
    swaps: tuple[str, ...]
    clock: float
    cgroup_version: int
    busy_ports: Mapping[int, str]
    remains: tuple[str, ...]
    user_id: int
    spare: tuple[SpareDisk, ...] = ()
    fsync_p99_ms: float | None = None
    traces: Traces = field(default_factory=Traces)


@dataclass(frozen=True)
class Identity:
    """By what a host is told from others."""

    machine_id: str
    hostname: str
    macs: tuple[str, ...]


@dataclass(frozen=True)
class Question:
    """What is asked: the class's needs, the systems that are supported, the controller's clock, what the host is to ``cluster``.

    ``directory`` is the one whose disk counts.
    """

    needs: Needs
    systems: Mapping[str, Sequence[str]]
    architectures: Sequence[str]
    clock: float
    directory: str = "/var/lib"
    cluster: str = ""
    swap_allowed: bool = False


def is_own(cluster: str, traces: Traces) -> bool:
    """Whether the host is a member of ``cluster``, or had begun to become one; what it then has of a cluster is its own."""
    return standing(traces, cluster) in (Standing.MEMBER, Standing.BEGUN)


def findings(question: Question, facts: HostFacts) -> list[Finding]:
    """Everything that is wrong, in the order of the checks."""
    return [finding for check in _CHECKS for finding in check(question, facts)]


def _user(_question: Question, facts: HostFacts) -> Iterator[Finding]:
    if facts.user_id != 0:
        yield Finding(
            "not-root",
            ERROR,
            f"user {facts.user_id}",
            "root, by sudo",
            "Set ansible_become: true, and let ansible_user use sudo.",
        )


def _system(question: Question, facts: HostFacts) -> Iterator[Finding]:
    versions = question.systems.get(facts.system, ())
    if facts.system_version not in versions:
        known = ", ".join(f"{name} {version}" for name, some in question.systems.items() for version in some)
        yield Finding(
            "system-unsupported",
            ERROR,
            f"{facts.system} {facts.system_version}",
            f"one of {known}",
            "Install a supported system.",
        )
    if facts.architecture not in question.architectures:
        wanted = ", ".join(question.architectures)
        yield Finding("architecture-unsupported", ERROR, facts.architecture, wanted, "Take a host of such an architecture.")
    if facts.cgroup_version != 2:  # noqa: PLR2004 - the number is the version's name
        fix = "Boot with systemd.unified_cgroup_hierarchy=1, or set kubelet_config.failCgroupV1: false and waive this."
        yield Finding("cgroup-v1", ERROR, f"cgroup v{facts.cgroup_version}", "cgroup v2", fix)


def _size(question: Question, facts: HostFacts) -> Iterator[Finding]:
    needs = question.needs
    if facts.cpus < needs.cpus:
        yield Finding(
            "cpus-too-few", ERROR, f"{facts.cpus} processors", f"at least {needs.cpus}", "Give the host more, or another class."
        )
    if facts.memory < needs.memory * (1 - MEMORY_TOLERANCE):
        measured, wanted = f"{facts.memory / GIB:.1f} GiB", f"{needs.memory / GIB:.0f} GiB, 5 % less allowed"
        yield Finding("memory-too-small", ERROR, measured, wanted, "Give the host more memory, or another class.")


def _disk(question: Question, facts: HostFacts) -> Iterator[Finding]:
    needs, directory = question.needs, question.directory
    if facts.disk < needs.disk:
        measured, wanted = f"{facts.disk / GIB:.0f} GiB", f"{needs.disk / GIB:.0f} GiB below {directory}"
        yield Finding("disk-too-small", ERROR, measured, wanted, f"Give {directory} a larger disk.")
    if needs.solid_state and facts.rotational:
        fix = f"Move {directory} to a solid-state disk."
        yield Finding("disk-rotational", ERROR, f"a rotating disk below {directory}", "a solid-state disk", fix)


def _spare(question: Question, facts: HostFacts) -> Iterator[Finding]:
    needs, there = question.needs, sum(disk.size for disk in facts.spare)
    if there < needs.spare:
        named = ", ".join(disk.path for disk in facts.spare) or "no disk"
        measured, wanted = f"{there / GIB:.0f} GiB ({named})", f"{needs.spare / GIB:.0f} GiB on disks for volumes alone"
        fix = "Name the host's disks in storage_node_volume_groups, or set spare of its class in node_preflight_needs."
        yield Finding("spare-disks-too-small", ERROR, measured, wanted, fix)
    rotating = [disk.path for disk in facts.spare if disk.rotational]
    if needs.solid_state and rotating:
        fix = "Take solid-state disks for volumes."
        yield Finding("spare-disks-rotational", ERROR, f"rotating: {', '.join(rotating)}", "solid-state disks", fix)


def _sync(question: Question, facts: HostFacts) -> Iterator[Finding]:
    allowed, taken = question.needs.fsync_ms, facts.fsync_p99_ms
    if allowed is not None and taken is not None and taken > allowed:
        measured, wanted = f"{taken:.1f} ms for 99 of 100 syncs", f"{allowed:g} ms: etcd and databases wait for each"
        fix = f"Give {question.directory} a faster disk, or one that nothing else writes to."
        yield Finding("disk-sync-slow", ERROR, measured, wanted, fix)


def _swap(question: Question, facts: HostFacts) -> Iterator[Finding]:
    if facts.swaps and not question.swap_allowed:
        fix = "node_base_swap: off switches it off; waive this to let it."
        yield Finding("swap-on", WARNING, ", ".join(facts.swaps), "no swap", fix)


def _clock(question: Question, facts: HostFacts) -> Iterator[Finding]:
    off = facts.clock - question.clock
    if abs(off) > CLOCK_TOLERANCE_S:
        measured = f"{abs(off):.0f} s {'ahead of' if off > 0 else 'behind'} the controller"
        yield Finding(
            "clock-off", ERROR, measured, f"within {CLOCK_TOLERANCE_S:.0f} s", "Run chrony or systemd-timesyncd on both."
        )


def _ports(question: Question, facts: HostFacts) -> Iterator[Finding]:
    if is_own(question.cluster, facts.traces):
        return
    for port in question.needs.ports:
        if port in facts.busy_ports:
            who = facts.busy_ports[port] or "somebody"
            yield Finding(
                f"port-{port}-in-use", ERROR, f"{who} listens on {port}", "nobody", f"Stop {who}, or take another host."
            )


def _other_cluster(question: Question, facts: HostFacts) -> Iterator[Finding]:
    other = facts.traces.mark_cluster
    if other and other != question.cluster:
        measured, wanted = f"the mark of cluster {other} in {MARK_FILE}", f"no cluster, or cluster {question.cluster}"
        yield Finding("other-cluster", ERROR, measured, wanted, WAY_OUT)


def _remains(question: Question, facts: HostFacts) -> Iterator[Finding]:
    if facts.remains and not is_own(question.cluster, facts.traces):
        fix = "Remove the old cluster from it: kubeadm reset, then /etc/cni/net.d and /var/lib/etcd."
        yield Finding("cluster-remains", ERROR, ", ".join(facts.remains), "no file of another cluster", fix)


_CHECKS: tuple[Callable[[Question, HostFacts], Iterator[Finding]], ...] = (
    _user,
    _system,
    _size,
    _disk,
    _spare,
    _sync,
    _swap,
    _clock,
    _ports,
    _other_cluster,
    _remains,
)


def twins(hosts: Mapping[str, Identity]) -> dict[str, list[Finding]]:
    """Hosts that cannot be told apart: host -> findings. Clones of one disk share a machine id, and the kubelet mixes them up."""
    found: dict[str, list[Finding]] = defaultdict(list)
    identities = {
        "machine-id": (lambda host: [host.machine_id], "Empty /etc/machine-id on one of them and restart it."),
        "hostname": (lambda host: [host.hostname], "Give each its own name in the inventory."),
        "mac": (lambda host: list(host.macs), "Give each its own hardware address."),
    }
    for what, (values, fix) in identities.items():
        for value, names in _owners(hosts, values).items():
            for name in names if len(names) > 1 else ():
                others = ", ".join(other for other in names if other != name)
                found[name].append(Finding(f"{what}-twice", ERROR, f"{value}, as {others} has", f"a {what} of its own", fix))
    return dict(found)


def _owners(hosts: Mapping[str, Identity], values: Callable[[Identity], Iterable[str]]) -> dict[str, list[str]]:
    owners: dict[str, list[str]] = defaultdict(list)
    for name, host in hosts.items():
        # The parts of a bond show the same hardware address.
        for value in dict.fromkeys(values(host)):
            if value:
                owners[value].append(name)
    return owners
