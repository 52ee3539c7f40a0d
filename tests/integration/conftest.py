"""One simulated cluster per test worker."""

from __future__ import annotations

import os
import shutil
import tempfile
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.booted import BUNDLES, Cluster, boot, living, module


@pytest.fixture(scope="session")
def state_directory() -> Iterator[Path]:
    """State of every cluster of this worker; nothing may be left of them."""
    path = Path(tempfile.mkdtemp(prefix="autotrade-test-"))
    yield path
    shutil.rmtree(path)
    assert living(path) == []


@pytest.fixture(scope="session")
def cluster(state_directory: Path) -> Iterator[Cluster]:
    """A cluster with the nodes of inventories/simulated and every bundle of custom resource definitions."""
    name = f"worker-{os.environ.get('PYTEST_XDIST_WORKER', 'main')}"
    try:
        yield boot(state_directory, name, bundles=BUNDLES)
    finally:
        module(state_directory, name, state="absent")


@pytest.fixture
def namespace(cluster: Cluster) -> Iterator[str]:
    """A namespace of its own for one test."""
    with cluster.namespace(f"test-{uuid.uuid4().hex[:8]}") as name:
        yield name


@pytest.fixture
def state(tmp_path: Path) -> Iterator[Path]:
    """A state directory of its own; no process may outlive the test."""
    yield tmp_path
    for cluster in tmp_path.glob("*/ports.json"):
        module(tmp_path, cluster.parent.name, state="absent")
    assert living(tmp_path) == []
