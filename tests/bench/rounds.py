"""Rounds: in each, every side applies the same file twice into a new namespace of its own, in turn."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

from tests.bench.pairs import PAIRS
from tests.bench.sides import Side
from tests.integration.booted import Cluster

CREATED, UNCHANGED = "created", "unchanged"
# Thousands of objects are deleted before the next round begins.
GONE_S = 600.0

Timings = dict[tuple[str, str], list[float]]


@contextmanager
def fresh_namespace(cluster: Cluster) -> Iterator[str]:
    """A namespace with nothing in it; afterwards it is deleted, and nothing of it is left to be deleted while others measure."""
    name = f"bench-{uuid.uuid4().hex[:8]}"
    with cluster.namespace(name):
        yield name
    cluster.wait_gone(f"/api/v1/namespaces/{name}", GONE_S)


def measured(cluster: Cluster, sides: Sequence[Side], file: Path, rounds: int = PAIRS) -> Timings:
    """Seconds by phase and side, one for each round. Who begins changes from round to round."""
    timings: Timings = defaultdict(list)
    for number in range(rounds):
        turn = sides if number % 2 == 0 else sides[::-1]
        with ExitStack() as stack:
            commands = {side.name: side.command(file, stack.enter_context(fresh_namespace(cluster))) for side in turn}
            for phase in (CREATED, UNCHANGED):
                for name, command in commands.items():
                    timings[phase, name].append(command.seconds())
    return timings
