# Copyright (c) autotrade.deployment engineers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""C, the nodes: classes, versions, zones, GPUs (specification, sections 3.1 and 6.2)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from ansible_collections.autotrade.deployment.plugins.module_utils.core.requirements.model import (
    Cluster,
    Verdict,
    check,
    differs,
    judged,
    name_of,
    not_run,
    shown,
    where_is,
)
from ansible_collections.autotrade.deployment.plugins.module_utils.core.requirements.reading import (
    amount,
    items,
    labels,
    mapping,
    text,
    value,
)

CLASS = "autotrade.deployment/node-class"
PAGE_SIZE = "autotrade.deployment/page-size"
ZONE = "topology.kubernetes.io/zone"
GPU = "nvidia.com/gpu"
SUPPORTED_MINORS = ("1.35", "1.36")
ENOUGH_ZONES = 3
TOLERANCE = Fraction(95, 100)
NO_NODES = "these objects hold no nodes (rendered manifests never do); run it against the cluster"


@dataclass(frozen=True)
class NodeClass:
    """What the specification asks of one class: how many, vCPUs, memory, disk, the inventory group that lists them."""

    count: int
    cpu: str
    memory: str
    disk: str
    group: str


NODE_CLASSES: Mapping[str, NodeClass] = {
    "control-plane": NodeClass(3, "4", "16G", "100G", "control_plane"),
    "cpu": NodeClass(3, "8", "32G", "200G", "cpu_nodes"),
    "gpu": NodeClass(2, "16", "128G", "500G", "gpu_nodes"),
    "storage": NodeClass(2, "4", "16G", "2T", "storage_nodes"),
}


@check("C1", "Node classes in number and size")
def node_classes(cluster: Cluster) -> Verdict:
    """Count and size of each node class; memory and disk with 5 percent tolerance."""
    if not cluster.nodes:
        return not_run(f"node sizes: {NO_NODES}")
    counts = Counter(text(node, "metadata", "labels", CLASS) for node in cluster.nodes)
    problems = [
        f"{counts[name]} {name} nodes (label {CLASS}), expected at least {wanted.count} (inventory group {wanted.group})"
        for name, wanted in NODE_CLASSES.items()
        if counts[name] < wanted.count
    ]
    problems += [problem for node in cluster.nodes for problem in _node_size(node)]
    seen = ", ".join(f"{counts[name]} {name}" for name in NODE_CLASSES)
    return judged(problems, f"{seen}", "disk type and fsync latency, which the host preflight measures")


def _node_size(node: Mapping[str, Any]) -> Iterator[str]:
    name, found = name_of(node), text(node, "metadata", "labels", CLASS)
    wanted = NODE_CLASSES.get(found)
    if wanted is None:
        yield f"Node {name}: label {CLASS} is {found or 'not set'}, expected one of {', '.join(NODE_CLASSES)} (inventory groups)"
        return
    capacity = mapping(node, "status", "capacity")
    needs = [("cpu", wanted.cpu, Fraction(1)), ("memory", wanted.memory, TOLERANCE)]
    # A storage node's data disk is not its root disk; kubelet reports the root disk only.
    needs += [("ephemeral-storage", wanted.disk, TOLERANCE)] if found != "storage" else []
    for resource, least, tolerance in needs:
        actual, floor = amount(capacity.get(resource)), amount(least)
        if floor is not None and (actual is None or actual < floor * tolerance):
            yield f"Node {name}: {resource} is {shown(capacity.get(resource))}, expected at least {least} for class {found}"
    if found == "gpu" and not amount(capacity.get(GPU)):
        yield f"Node {name}: capacity {GPU} is {shown(capacity.get(GPU))}, expected at least 1 (driver and device plugin)"


@check("C2", "A supported Kubernetes with a highly available endpoint")
def kubernetes_version(cluster: Cluster) -> Verdict:
    """The kubelets' versions; the endpoint's availability is proved by switching a control plane off."""
    if not cluster.nodes:
        return not_run(f"kubelet versions: {NO_NODES}")
    versions = {name_of(node): text(node, "status", "nodeInfo", "kubeletVersion") for node in cluster.nodes}
    problems = [
        f"Node {name}: kubelet {version or 'without version'}, expected {' or '.join(SUPPORTED_MINORS)} (kubernetes_version)"
        for name, version in versions.items()
        if ".".join(version.lstrip("v").split(".")[:2]) not in SUPPORTED_MINORS
    ]
    problems += [
        f"Node {name_of(node)}: not Ready ({_ready(node) or 'no Ready condition'})"
        for node in cluster.nodes
        if _ready(node) != "True"
    ]
    if problems:
        return judged(problems, "")
    seen = ", ".join(sorted(set(versions.values())))
    return not_run(
        f"versions are right ({seen}), but whether the endpoint survives a lost control plane is not visible through the API"
    )


def _ready(node: Mapping[str, Any]) -> str:
    ready = [c for c in items(node, "status", "conditions") if text(c, "type") == "Ready"]
    return text(ready[0], "status") if ready else ""


@check("C6", "GPU nodes: page size known, tainted, GPU allocatable, metrics")
def gpu_nodes(cluster: Cluster) -> Verdict:
    """The part of a GPU node that the API shows."""
    found = [node for node in cluster.nodes if text(node, "metadata", "labels", CLASS) == "gpu"]
    if not found:
        return not_run(
            f"GPU nodes: {NO_NODES}" if not cluster.nodes else "the cluster has no GPU node, so there is nothing to judge"
        )
    problems = [problem for node in found for problem in _gpu_node(node)]
    if not any("dcgm" in text(c.spec, "image") for c in cluster.containers()):
        problems.append("no DaemonSet runs the DCGM exporter, expected one on the GPU nodes (role gpu_node)")
    unseen = "driver, boot arguments, coherent memory mode, CDI and topology manager, which the role gpu_node asserts on the host"
    return judged(problems, f"{len(found)} GPU nodes tainted, with allocatable GPUs and a page-size label", unseen)


def _gpu_node(node: Mapping[str, Any]) -> Iterator[str]:
    where = where_is(node)
    if labels(node).get(PAGE_SIZE) not in ("4k", "64k"):
        yield differs(where, f"label {PAGE_SIZE}", labels(node).get(PAGE_SIZE), "4k or 64k", "node_page_size")
    if not amount(value(node, "status", "allocatable", GPU)):
        yield differs(
            where,
            f"status.allocatable[{GPU}]",
            value(node, "status", "allocatable", GPU),
            "at least 1",
            "the driver's role gpu_node",
        )
    if not any(text(taint, "key") == GPU and text(taint, "effect") == "NoSchedule" for taint in items(node, "spec", "taints")):
        yield f"{where}: spec.taints lacks {GPU}=present:NoSchedule (role gpu_node)"


@check("C7", "A zone on every node")
def zones(cluster: Cluster) -> Verdict:
    """Every node names its zone; fewer than three zones is said, not refused."""
    if not cluster.nodes:
        return not_run(f"zones: {NO_NODES}")
    by_node = {name_of(node): text(node, "metadata", "labels", ZONE) for node in cluster.nodes}
    problems = [
        f"Node {name}: label {ZONE} is not set (inventory variable node_zone of that host)"
        for name, zone in by_node.items()
        if not zone
    ]
    counts = Counter(by_node.values())
    seen = ", ".join(f"{zone}: {count}" for zone, count in sorted(counts.items()))
    warning = "" if len(counts) >= ENOUGH_ZONES else " (WARNING: under three zones the loss of one may take a quorum with it)"
    return judged(problems, f"{len(counts)} zones ({seen}){warning}")
