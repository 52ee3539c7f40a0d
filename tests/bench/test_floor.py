"""The module's body, without Ansible around it, against the same requests sent by bare threads."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

from tests.bench import sets
from tests.bench.body import body, parameters, requests_of
from tests.bench.floor import BareThreads
from tests.bench.pairs import PAIRS, against_floor
from tests.bench.rounds import CREATED, UNCHANGED, fresh_namespace
from tests.integration.booted import Cluster

COUNT, GOAL = 1000, 1.5


def seconds(act: Callable[[], object]) -> float:
    started = time.perf_counter()
    act()
    return time.perf_counter() - started


@pytest.mark.parametrize("kind", sets.SETS)
def test_module_body_against_bare_threads(cluster: Cluster, kind: str) -> None:
    objects = sets.SETS[kind](COUNT + 1)
    pairs: dict[str, list[tuple[float, float]]] = {CREATED: [], UNCHANGED: []}
    with fresh_namespace(cluster) as model:
        # Afterwards discovery is known, as it is in the runs that are measured.
        body(parameters(cluster, model, objects[-1:]))
        given = parameters(cluster, model, objects[:-1])
        requests = {phase: requests_of(given) for phase in pairs}
    for _ in range(PAIRS):
        with fresh_namespace(cluster) as mine, fresh_namespace(cluster) as bare:
            given = parameters(cluster, mine, objects[:-1])
            for phase, timings in pairs.items():
                same = [request.moved(model, bare) for request in requests[phase]]
                timings.append((seconds(lambda: body(given)), seconds(lambda: BareThreads(cluster).send(same))))  # noqa: B023
    rows = [
        against_floor(f"{phase} {COUNT} {kind}, bare threads", [one for one, _ in timings], [other for _, other in timings], GOAL)
        for phase, timings in pairs.items()
    ]
    assert [row.id for row in rows if not row.ok] == []
