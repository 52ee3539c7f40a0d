"""The module's body, without Ansible around it, against the same requests sent by bare threads."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible_collections.autotrade.deployment.plugins.module_utils.edge import apply_module
from ansible_collections.autotrade.deployment.plugins.module_utils.edge.arguments import connection_options, wait_options
from ansible_collections.autotrade.deployment.plugins.plugin_utils.object_text import sealed

from tests.bench import sets
from tests.bench.floor import BareThreads, Request, recorded
from tests.bench.pairs import PAIRS, against_floor
from tests.bench.rounds import CREATED, UNCHANGED, fresh_namespace
from tests.integration.booted import Cluster, Json

SETS: dict[str, Callable[[int], list[Json]]] = {"configmaps": sets.config_maps, "mixed": sets.mixed}
COUNT, GOAL = 1000, 1.5


def parameters(cluster: Cluster, namespace: str, objects: list[Json]) -> dict[str, Any]:
    """What the action plugin hands to the module, checked as Ansible checks it."""
    text = sealed((f"objects.yaml:{number}", one) for number, one in enumerate(objects, 1))
    specification = apply_module.argument_spec(connection_options(), wait_options())
    given = {"kubeconfig": str(cluster.kubeconfig), "namespace": namespace, "definition": text}
    checked = ArgumentSpecValidator(specification).validate(given)
    assert not checked.error_messages
    return dict(checked.validated_parameters)


def body(given: dict[str, Any]) -> dict[str, Any]:
    ending = apply_module.run(given, False, False)
    assert not ending.failed, ending.result
    return dict(ending.result)


def seconds(act: Callable[[], object]) -> float:
    started = time.perf_counter()
    act()
    return time.perf_counter() - started


@pytest.mark.parametrize("kind", SETS)
def test_module_body_against_bare_threads(cluster: Cluster, kind: str) -> None:
    objects = SETS[kind](COUNT)
    pairs: dict[str, list[tuple[float, float]]] = {CREATED: [], UNCHANGED: []}
    with fresh_namespace(cluster) as model:
        given = parameters(cluster, model, objects)
        requests = {phase: _requests(given) for phase in pairs}
    for _ in range(PAIRS):
        with fresh_namespace(cluster) as mine, fresh_namespace(cluster) as bare:
            given = parameters(cluster, mine, objects)
            for phase, timings in pairs.items():
                same = [request.moved(model, bare) for request in requests[phase]]
                timings.append((seconds(lambda: body(given)), seconds(lambda: BareThreads(cluster).send(same))))  # noqa: B023
    rows = [
        against_floor(f"{phase} {COUNT} {kind}, bare threads", [one for one, _ in timings], [other for _, other in timings], GOAL)
        for phase, timings in pairs.items()
    ]
    assert [row.id for row in rows if not row.ok] == []


def _requests(given: dict[str, Any]) -> list[Request]:
    with recorded() as requests:
        body(given)
    return requests


@pytest.mark.parametrize("count", [COUNT, 5 * COUNT])
@pytest.mark.parametrize("kind", SETS)
def test_unchanged_again_writes_nothing_and_lists_once(cluster: Cluster, kind: str, count: int) -> None:
    """Further pages of a list are the same LIST; discovery is kept from the first run."""
    objects = SETS[kind](count)
    with fresh_namespace(cluster) as namespace:
        given = parameters(cluster, namespace, objects)
        body(given)
        requests = _requests(given)
        assert body(given)["requests"].keys() == {"GET"}
    lists = Counter(request.url.partition("?")[0] for request in requests if not request.onward)
    assert {request.method for request in requests} == {"GET"}
    assert set(lists.values()) == {1}
    assert len(lists) == len({one["kind"] for one in objects})
