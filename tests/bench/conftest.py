"""One cluster for the whole bench, and its table at the end."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.bench.pairs import recorded, table
from tests.bench.sets import definitions
from tests.integration.booted import Cluster, boot, condition, module

DEFINITIONS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"


@pytest.fixture(scope="session")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """A cluster without nodes, with the definitions of the mixed set."""
    state = tmp_path_factory.mktemp("state")
    try:
        booted = boot(state, "bench", hosts={})
        _define(booted)
        yield booted
    finally:
        module(state, "bench", state="absent")


def _define(cluster: Cluster) -> None:
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda one: cluster.apply(f"{DEFINITIONS}/{one['metadata']['name']}", one), definitions()))
    for one in definitions():
        path = f"{DEFINITIONS}/{one['metadata']['name']}"
        cluster.wait("established", path, lambda found: condition(found, "Established") == "True")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """The table stands in build/bench.json too."""
    terminalreporter.section("bench: medians of interleaved runs")
    for line in table(recorded()):
        terminalreporter.line(line)
