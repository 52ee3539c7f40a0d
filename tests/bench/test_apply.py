"""Sets through a playbook against kubectl and kubernetes.core: Ansible's own start and the full plan are included in ours."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from tests.bench import sets
from tests.bench.body import parameters, requests_of
from tests.bench.memory import peak_megabytes
from tests.bench.pairs import Row, against_limit, against_peer
from tests.bench.rounds import CREATED, UNCHANGED, fresh_namespace, measured
from tests.bench.sides import KUBECTL, KUBERNETES_CORE, Kubectl, KubernetesCore, Ours, Side
from tests.integration.booted import Cluster

# The largest ratio that is still good, by phase and peer; kubernetes.core takes minutes for 5,000 objects.
GOALS = {
    1000: {
        (CREATED, KUBECTL): 1.0,
        (CREATED, KUBERNETES_CORE): 0.35,
        (UNCHANGED, KUBECTL): 0.55,
        (UNCHANGED, KUBERNETES_CORE): 0.2,
    },
    5000: {(CREATED, KUBECTL): 0.75, (UNCHANGED, KUBECTL): 0.25},
}
MEGABYTES = 300.0
OURS = "ours"


@pytest.mark.parametrize("kind", sets.SETS)
@pytest.mark.parametrize("count", GOALS)
def test_created_and_unchanged(cluster: Cluster, tmp_path: Path, kind: str, count: int) -> None:
    goals = GOALS[count]
    sides = [side for side in _sides(cluster, tmp_path) if side.name == OURS or (CREATED, side.name) in goals]
    measured(cluster, sides, sets.written(tmp_path, "warm", sets.SETS[kind](24)), rounds=1)
    timings = measured(cluster, sides, sets.written(tmp_path, "objects", sets.SETS[kind](count)))
    rows = [
        against_peer(f"{phase} {count} {kind}, {peer}", timings[phase, OURS], peer, timings[phase, peer], goal)
        for (phase, peer), goal in goals.items()
    ]
    assert missed(rows) == []


@pytest.mark.parametrize("kind", sets.SETS)
def test_peak_memory_and_requests_of_a_run_without_changes(cluster: Cluster, tmp_path: Path, kind: str) -> None:
    """Further pages of a list are the same LIST; discovery is kept from the first run."""
    objects = sets.SETS[kind](5000)
    file = sets.written(tmp_path, "objects", objects)
    with fresh_namespace(cluster) as namespace:
        command = Ours(OURS, cluster, tmp_path).command(file, namespace)
        rows = [
            against_limit(f"memory, {phase} 5000 {kind}", peak_megabytes(command), MEGABYTES) for phase in (CREATED, UNCHANGED)
        ]
        requests = requests_of(parameters(cluster, namespace, objects))
    assert {request.method for request in requests} == {"GET"}
    lists = Counter(request.url.partition("?")[0] for request in requests if not request.onward)
    assert set(lists.values()) == {1}
    assert len(lists) == len({one["kind"] for one in objects})
    assert missed(rows) == []


def missed(rows: list[Row]) -> list[str]:
    return [row.id for row in rows if not row.ok]


def _sides(cluster: Cluster, folder: Path) -> list[Side]:
    return [
        Ours(OURS, cluster, folder),
        Kubectl(KUBECTL, cluster, folder),
        KubernetesCore(KUBERNETES_CORE, cluster, folder),
    ]
