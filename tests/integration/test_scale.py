"""500 nodes and 5,000 pods: the ground for scale tests."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.integration.booted import Cluster, Json, apply_nodes, connect, living, module, pod

NODES, DEPLOYMENTS, REPLICAS = 500, 50, 100
NAME = "scale"


@pytest.fixture
def large(tmp_path: Path) -> Iterator[Cluster]:
    """A cluster of its own, with nothing in it yet."""
    try:
        yield connect(module(tmp_path, NAME))
    finally:
        module(tmp_path, NAME, state="absent")
        assert living(tmp_path) == []


def resident_mebibytes(pid: int) -> float:
    status = Path(f"/proc/{pid}/status").read_text()
    (line,) = (line for line in status.splitlines() if line.startswith("VmRSS:"))
    return int(line.split()[1]) / 1024


def deployment(name: str) -> Json:
    labels = {"app": name}
    template = pod(name) | {"metadata": {"labels": labels}}
    return {
        "metadata": {"name": name},
        "spec": {"replicas": REPLICAS, "selector": {"matchLabels": labels}, "template": template},
    }


@pytest.mark.slow
def test_500_nodes_and_5000_pods_come_up(large: Cluster) -> None:
    """Seen on two quiet cores: 51 s and 1.5 GB. The deadline leaves room for a busy machine; the figures are printed."""
    size = {"cpu": "8", "memory": "32Gi"}
    hosts = {
        f"node-{number}": {"node_class": "cpu", "node_size": size, "node_zone": f"zone-{number % 3}"} for number in range(NODES)
    }
    begun = time.monotonic()
    apply_nodes(large, hosts)
    nodes_ready = time.monotonic() - begun
    path = "/apis/apps/v1/namespaces/default/deployments"
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda number: large.create(path, deployment(f"app-{number}")), range(DEPLOYMENTS)))

    def all_ready(found: Json) -> bool:
        return sum(entry["status"].get("readyReplicas", 0) for entry in found["items"]) == DEPLOYMENTS * REPLICAS

    large.wait("every pod ready", path, all_ready, timeout=900, interval=1.0)
    seconds = time.monotonic() - begun
    memory = {name: resident_mebibytes(pid) for name, pid in large.result["pids"].items()}
    parts = ", ".join(f"{name} {size:.0f}" for name, size in memory.items())
    print(f"\n{NODES} nodes ready after {nodes_ready:.0f} s, {DEPLOYMENTS * REPLICAS} pods after {seconds:.0f} s")
    print(f"memory {sum(memory.values()):.0f} MiB: {parts}")
    assert sum(memory.values()) < 4096
