# Copyright (c) autotrade.deployment engineers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Processors that the kubelet keeps for single containers: what of it a host can have, and what its kubelet has to forget first.

https://kubernetes.io/docs/tasks/administer-cluster/cpu-management-policies/ names the settings and the way to change them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from ansible_collections.autotrade.deployment.plugins.module_utils.core.host_findings import ERROR, Finding

NONE, STATIC = "none", "static"
#: What the kubelet remembers of its CPU manager; it does not start when the settings are others.
STATE_FILE = "/var/lib/kubelet/cpu_manager_state"
CPU_SOURCE = "https://kubernetes.io/docs/tasks/administer-cluster/cpu-management-policies/"
TOPOLOGY_SOURCE = "https://github.com/kubernetes/enhancements/issues/4622"
#: More of them make the Topology Manager refuse to start, unless max-allowable-numa-nodes says otherwise.
MOST_NUMA_NODES = 8


@dataclass(frozen=True)
class Pinning:
    """What is asked for. ``reserved`` is a list of processors for the system, such as ``0-3``."""

    cpu_policy: str = NONE
    topology_policy: str = NONE
    topology_scope: str = "container"
    reserved: str = ""


@dataclass(frozen=True)
class Remembered:
    """What the kubelet remembers: its policy, and the processors that belong to nobody alone."""

    policy: str
    shared: str


@dataclass(frozen=True)
class PinningFacts:
    """What a host is: processors by their numbers, NUMA nodes, and what its kubelet remembers, None before its first start."""

    processors: frozenset[int]
    numa_nodes: int = 1
    remembered: Remembered | None = None


def numbers(ranges: str) -> frozenset[int]:
    """The kernel's way to write sets of processors, such as ``0-3,8``.

    :raises ValueError: it is written otherwise.
    """
    pairs = [part.partition("-") for part in ranges.strip().split(",") if part.strip()]
    return frozenset(number for first, _dash, last in pairs for number in range(int(first), int(last or first) + 1))


def is_set(text: str) -> bool:
    """Whether this is a set of processors."""
    try:
        numbers(text)
    except ValueError:
        return False
    return True


def kubelet_config(wanted: Pinning) -> dict[str, Any]:
    """Fields of KubeletConfiguration; none where nothing but the kubelet's own defaults is asked for."""
    fields = {
        "cpuManagerPolicy": wanted.cpu_policy if wanted.cpu_policy != NONE else "",
        "reservedSystemCPUs": wanted.reserved,
        "topologyManagerPolicy": wanted.topology_policy if wanted.topology_policy != NONE else "",
        "topologyManagerScope": wanted.topology_scope if wanted.topology_policy != NONE else "",
    }
    return {name: value for name, value in fields.items() if value}


def must_forget(wanted: Pinning, facts: PinningFacts) -> bool:
    """Whether the kubelet would not start with these settings before its memory is taken away, for which the node is drained."""
    known = facts.remembered
    if known is None:
        return False
    if known.policy != wanted.cpu_policy:
        return True
    return wanted.cpu_policy == STATIC and not numbers(wanted.reserved) <= numbers(known.shared)


def findings(wanted: Pinning, facts: PinningFacts) -> list[Finding]:
    """Everything that this host cannot have."""
    if not is_set(wanted.reserved):
        fix = "Set the class's setting reserved_cpus."
        return [Finding("reserved-not-a-set", ERROR, wanted.reserved, "numbers such as 0-3,8", fix, CPU_SOURCE)]
    return [finding for rule in _RULES for finding in rule(wanted, facts)]


def _reserved(wanted: Pinning, facts: PinningFacts) -> Iterator[Finding]:
    reserved = numbers(wanted.reserved)
    strange = sorted(reserved - facts.processors)
    if strange:
        measured = f"processors {', '.join(map(str, strange))} are reserved and not there"
        fix = "Set the class's setting reserved_cpus to processors of this host."
        yield Finding("reserved-not-there", ERROR, measured, f"some of {len(facts.processors)} processors", fix, CPU_SOURCE)
    if wanted.cpu_policy == STATIC and not reserved:
        fix = "Set the class's setting reserved_cpus, such as 0-1."
        yield Finding("reserved-nothing", ERROR, "static without a reserve", "some for the system", fix, CPU_SOURCE)
    if reserved and reserved >= facts.processors:
        fix = "Set the class's setting reserved_cpus to fewer."
        yield Finding("reserved-everything", ERROR, f"{wanted.reserved}, all of them", "some for pods", fix, CPU_SOURCE)


def _numa(wanted: Pinning, facts: PinningFacts) -> Iterator[Finding]:
    if wanted.topology_policy != NONE and facts.numa_nodes > MOST_NUMA_NODES:
        fix = "Set the class's setting topology_manager_policy: none, or let the firmware show fewer nodes (CDMM on a GH200)."
        measured, most = f"{facts.numa_nodes} NUMA nodes", f"at most {MOST_NUMA_NODES}"
        yield Finding("numa-nodes-too-many", ERROR, measured, most, fix, TOPOLOGY_SOURCE)


_RULES: tuple[Callable[[Pinning, PinningFacts], Iterator[Finding]], ...] = (_reserved, _numa)
