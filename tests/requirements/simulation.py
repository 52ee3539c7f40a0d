"""Nodes of inventories/simulated as their kubelets would report them, and pods placed on them by a plain scheduler."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from fractions import Fraction
from typing import Any

from ansible.inventory.manager import InventoryManager
from ansible.parsing.dataloader import DataLoader
from ansible.vars.manager import VariableManager
from ansible_collections.autotrade.deployment.plugins.module_utils.core.capacity.admission import admitted
from ansible_collections.autotrade.deployment.plugins.module_utils.core.capacity.amounts import ZERO, Resources
from ansible_collections.autotrade.deployment.plugins.module_utils.core.capacity.pods import pod_requests
from ansible_collections.autotrade.deployment.plugins.module_utils.core.requirements.model import Cluster
from ansible_collections.autotrade.deployment.plugins.module_utils.core.requirements.reading import amount, labels, text, value
from ansible_collections.autotrade.deployment.plugins.module_utils.core.requirements.workloads import REPLICATED_KINDS, Workload
from ansible_collections.autotrade.deployment.plugins.module_utils.core.simulated_nodes import node_objects, reported

Object = dict[str, Any]
KUBELET = "v1.36.3"


def nodes_of(inventory: str) -> list[Object]:
    """The nodes that the role simulated_cluster makes of an inventory."""
    loader = DataLoader()
    manager = InventoryManager(loader=loader, sources=[inventory])
    variables = VariableManager(loader=loader, inventory=manager)
    groups = ("control_plane", "cpu_nodes", "gpu_nodes", "storage_nodes")
    hosts = {host.name: variables.get_vars(host=host) for group in groups for host in manager.groups[group].get_hosts()}
    return [reported(node) for node in node_objects(hosts, KUBELET)]


def needs(cluster: Cluster, workload: Workload) -> Resources:
    """What one pod of a workload requests."""
    return pod_requests(admitted(workload.template, workload.namespace, cluster))


class Placing:
    """Places pods one by one: only where filters allow it, then where the fewest of the same workload stand."""

    def __init__(self, cluster: Cluster) -> None:
        self.cluster = cluster
        self.room = {text(node, "metadata", "name"): self._room(node) for node in cluster.nodes}
        self.nodes = {text(node, "metadata", "name"): node for node in cluster.nodes}

    def _room(self, node: Any) -> dict[str, Fraction]:
        daemons = [needs(self.cluster, w) for w in self.cluster.workloads() if w.kind == "DaemonSet" and w.may_run_on(node)]
        free = {key: amount(value(node, "status", "allocatable", key)) or ZERO for key in ("cpu", "memory", "nvidia.com/gpu")}
        return {key: found - sum((one.get(key, ZERO) for one in daemons), ZERO) for key, found in free.items()}

    def pods(self) -> Iterable[Object]:
        """A pod for every replica; the largest first, as they have the least choice."""
        found = [w for w in self.cluster.workloads() if w.kind in REPLICATED_KINDS]
        sizes = {w.name: needs(self.cluster, w) for w in found}
        gpus = {name: size.get("nvidia.com/gpu", ZERO) for name, size in sizes.items()}
        for workload in sorted(found, key=lambda w: (-gpus[w.name], -sizes[w.name]["memory"], w.name)):
            placed: Counter[str] = Counter()
            for number in range(workload.replicas):
                yield self._pod(workload, number, self._place(workload, placed))

    def _place(self, workload: Workload, placed: Counter[str]) -> str | None:
        wanted = needs(self.cluster, workload)
        fitting = [
            name
            for name, node in self.nodes.items()
            if workload.may_run_on(node) and all(room >= wanted.get(key, ZERO) for key, room in self.room[name].items())
        ]
        allowed = [name for name in fitting if self._spread_holds(workload, placed, name)]
        zones: Counter[str] = Counter()
        for name, count in placed.items():
            zones[self._domain(name, "topology.kubernetes.io/zone")] += count
        best = min(
            allowed,
            key=lambda n: (placed[n], zones[self._domain(n, "topology.kubernetes.io/zone")], -self.room[n]["cpu"]),
            default=None,
        )
        if best is not None:
            placed[best] += 1
            for key in self.room[best]:
                self.room[best][key] -= wanted.get(key, ZERO)
        return best

    def _domain(self, name: str, topology: str) -> str:
        return str(labels(self.nodes[name]).get(topology, name))

    def _spread_holds(self, workload: Workload, placed: Counter[str], candidate: str) -> bool:
        for topology in ("kubernetes.io/hostname", "topology.kubernetes.io/zone"):
            counts: dict[str, int] = defaultdict(int)
            for name, node in self.nodes.items():
                if workload.may_run_on(node):
                    counts[self._domain(name, topology)] += placed[name]
            after = counts[self._domain(candidate, topology)] + 1
            if workload.repels_itself(topology, required_only=True) and after > 1:
                return False
            hard = [c for c in workload.spreads(topology) if c.get("whenUnsatisfiable") == "DoNotSchedule"]
            if any(after - min(counts.values()) > c.get("maxSkew", 1) for c in hard):
                return False
        return True

    @staticmethod
    def _pod(workload: Workload, number: int, node: str | None) -> Object:
        spec = {**workload.spec, **({"nodeName": node} if node else {})}
        owner = {"apiVersion": "apps/v1", "kind": workload.kind, "name": workload.name}
        metadata = {
            "name": f"{workload.name}-{number}",
            "namespace": workload.namespace,
            "labels": dict(workload.labels),
            "ownerReferences": [owner],
        }
        return {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": metadata,
            "spec": spec,
            "status": {"phase": "Running" if node else "Pending"},
        }


def as_observed(objects: list[Object]) -> list[Object]:
    """The objects as an API server and its controllers would show them: a uid, and as many ready pods as stand on a node."""
    placed = Counter(
        (pod["metadata"]["namespace"], pod["metadata"]["ownerReferences"][0]["name"])
        for pod in objects
        if pod["kind"] == "Pod" and pod["spec"].get("nodeName")
    )
    return [_observed(number, obj, placed) for number, obj in enumerate(objects)]


def _observed(number: int, obj: Object, placed: Counter[tuple[str, str]]) -> Object:
    seen = {**obj, "metadata": {**obj["metadata"], "uid": f"uid-{number}"}}
    if obj["kind"] in REPLICATED_KINDS:
        ready = placed[obj["metadata"].get("namespace", ""), obj["metadata"]["name"]]
        seen["status"] = {"replicas": ready, "readyReplicas": ready, "availableReplicas": ready}
    return seen
