"""The module's body, without Ansible around it, against the same requests sent by bare threads."""

from __future__ import annotations

import json
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
# A run without changes is two or three requests, and the work of reading and comparing thousands of fields, which outweighs them
# however it is done in Python: the row says by how much, and this is what it may not exceed.
UNCHANGED_LIMIT = 12.0


def seconds(act: Callable[[], object]) -> float:
    started = time.perf_counter()
    act()
    return time.perf_counter() - started


@pytest.mark.parametrize("kind", sets.SETS)
def test_module_body_against_bare_threads(cluster: Cluster, kind: str) -> None:
    objects = sets.SETS[kind](COUNT + 1)
    ours: dict[str, list[float]] = {CREATED: [], UNCHANGED: []}
    floor: dict[str, list[float]] = {CREATED: [], UNCHANGED: []}
    reading: list[float] = []
    with fresh_namespace(cluster) as model:
        # Afterwards discovery is known, as it is in the runs that are measured.
        body(parameters(cluster, model, objects[-1:]))
        given = parameters(cluster, model, objects[:-1])
        requests = {phase: requests_of(given) for phase in ours}
    for _ in range(PAIRS):
        with fresh_namespace(cluster) as mine, fresh_namespace(cluster) as bare:
            given = parameters(cluster, mine, objects[:-1])
            for phase, timings in ours.items():
                same = [request.moved(model, bare) for request in requests[phase]]
                timings.append(seconds(lambda: body(given)))  # noqa: B023
                floor[phase].append(seconds(lambda: BareThreads(cluster).send(same)))  # noqa: B023
            reading.append(seconds(lambda: [json.loads(text) for text in BareThreads(cluster).send(same)]))  # noqa: B023
    created = against_floor(f"{CREATED} {COUNT} {kind}, bare threads", ours[CREATED], floor[CREATED], GOAL)
    unchanged = against_floor(f"{UNCHANGED} {COUNT} {kind}, bare threads", ours[UNCHANGED], floor[UNCHANGED], GOAL)
    against_floor(f"{UNCHANGED} {COUNT} {kind}, bare threads that read", ours[UNCHANGED], reading, UNCHANGED_LIMIT)
    assert created.ok
    assert unchanged.ratio <= UNCHANGED_LIMIT
