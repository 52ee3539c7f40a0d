"""Published manifests, applied twice by ours and by kubectl to a cluster each: the same objects must come of it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.bench.real_sets import SETS, differences, stored, written
from tests.bench.sides import Command, Ours, kubectl
from tests.integration.booted import Cluster, boot, module

# kubectl knows no kind whose definition is in the same file, so it has to be run again.
TRIES = 10
ENOUGH = 4


@dataclass(frozen=True)
class Applied:
    """Seconds of the first application until it succeeded and of the second, the number of tries, and what the second printed."""

    first: float
    tries: int
    second: float
    output: str


@pytest.fixture(scope="module")
def clusters(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Cluster, Cluster]]:
    """One for ours, one for kubectl."""
    state = tmp_path_factory.mktemp("real")
    with ExitStack() as stack:
        for name in ("ours", "kubectl"):
            stack.callback(module, state, name, state="absent")
        yield boot(state, "ours", hosts={}), boot(state, "kubectl", hosts={})


def test_published_sets_become_the_same_objects(clusters: tuple[Cluster, Cluster], tmp_path: Path) -> None:
    files = {name: written(tmp_path, name) for name in SETS}
    found: dict[str, list[str]] = {}
    for name, file in files.items():
        if file is None:
            print(f"\n{name}: not on this machine", end="")
            continue
        mine, other = clusters
        ours = twice(Ours("ours", mine, tmp_path).command(file, "default"), 1)
        theirs = twice(kubectl(other, "apply", "--server-side", "-f", str(file)), TRIES)
        assert "changed=0" in ours.output, ours.output
        objects = stored(mine, file)
        found[name] = differences(objects, stored(other, file))
        print(f"\n{name} ({len(objects)} objects): {described(ours, theirs)}; {len(found[name])} differences", end="")
    assert len(found) >= ENOUGH
    assert {name: lines for name, lines in found.items() if lines} == {}


def described(ours: Applied, theirs: Applied) -> str:
    tries = f" in {theirs.tries} tries" if theirs.tries > 1 else ""
    first = f"created in {ours.first:.1f} s, kubectl {theirs.first:.1f} s{tries}"
    return f"{first}; again {ours.second:.1f} s, kubectl {theirs.second:.1f} s"


def twice(command: Command, tries: int) -> Applied:
    runs = [command.finished()]
    while runs[-1].status != 0:
        assert len(runs) < tries, runs[-1].output[-4000:]
        runs.append(command.finished())
    again = command.finished()
    assert again.status == 0, again.output[-4000:]
    return Applied(sum(run.seconds for run in runs), len(runs), again.seconds, again.output)
