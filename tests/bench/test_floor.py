"""The module's body, without Ansible around it, against the same requests sent by bare threads."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.bench import sets
from tests.bench.body import body, parameters, requests_of
from tests.bench.floor import BareThreads, compared
from tests.bench.pairs import PAIRS, against_floor, against_peer
from tests.bench.rounds import CREATED, UNCHANGED, fresh_namespace
from tests.bench.sides import KUBECTL, Kubectl
from tests.integration.booted import Cluster

COUNT, GOAL = 1000, 1.5
LARGE, KUBECTL_GOAL = 5000, 0.75
# A run without changes is two or three requests, and the work of reading and comparing thousands of fields. Doing only that, in
# the fewest lines that Python can do it in, takes about the goal or more; the second row is against that, and this its limit.
UNCHANGED_LIMIT = 8.0


def seconds(act: Callable[[], object]) -> float:
    started = time.perf_counter()
    act()
    return time.perf_counter() - started


@pytest.mark.parametrize("kind", sets.SETS)
def test_module_body_against_bare_threads(cluster: Cluster, kind: str) -> None:
    objects = sets.SETS[kind](COUNT + 1)
    ours: dict[str, list[float]] = {CREATED: [], UNCHANGED: []}
    floor: dict[str, list[float]] = {CREATED: [], UNCHANGED: []}
    comparing: list[float] = []
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
            comparing.append(seconds(lambda: compared(given["definition"], BareThreads(cluster).send(same))))  # noqa: B023
    created = against_floor(f"{CREATED} {COUNT} {kind}, bare threads", ours[CREATED], floor[CREATED], GOAL)
    against_floor(f"{UNCHANGED} {COUNT} {kind}, bare threads", ours[UNCHANGED], floor[UNCHANGED], GOAL)
    least = f"{UNCHANGED} {COUNT} {kind}, bare threads that compare"
    against_floor(f"{least}: their own share", comparing, floor[UNCHANGED], GOAL)
    assert created.ok
    assert against_floor(least, ours[UNCHANGED], comparing, UNCHANGED_LIMIT).ok


@pytest.mark.parametrize("kind", sets.SETS)
def test_what_kubectl_leaves_to_be_gained_by_bare_threads(cluster: Cluster, tmp_path: Path, kind: str) -> None:
    """Twice as many requests as kubectl's, dry runs first, by a client that does nothing else: no plan can be quicker."""
    objects = sets.SETS[kind](LARGE)
    file = sets.written(tmp_path, "objects", objects)
    with fresh_namespace(cluster) as model:
        requests = requests_of(parameters(cluster, model, objects))
    bare: list[float] = []
    theirs: list[float] = []
    for _ in range(PAIRS):
        with fresh_namespace(cluster) as one, fresh_namespace(cluster) as other:
            same = [request.moved(model, one) for request in requests]
            bare.append(seconds(lambda: BareThreads(cluster).send(same)))  # noqa: B023
            theirs.append(Kubectl(KUBECTL, cluster, tmp_path).command(file, other).seconds())
    share = f"{CREATED} {LARGE} {kind}, {KUBECTL}: bare threads' share"
    assert against_peer(share, bare, KUBECTL, theirs, KUBECTL_GOAL).ours > 0
