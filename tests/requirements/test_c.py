"""C: the cluster: nodes, network, storage, GPU plugin."""

from __future__ import annotations

import pytest

from tests.requirements.conftest import Holds


@pytest.mark.requirement("C1")
def test_node_classes_in_number_and_size(holds: Holds) -> None:
    holds("C1")


@pytest.mark.requirement("C3")
def test_calico_has_the_specified_pool(holds: Holds) -> None:
    holds("C3")


@pytest.mark.requirement("C4")
def test_storage_classes_keep_their_volumes(holds: Holds) -> None:
    holds("C4")


@pytest.mark.requirement("C5")
def test_device_plugin_runs_on_gpu_nodes_only(holds: Holds) -> None:
    holds("C5")


@pytest.mark.requirement("C6")
def test_gpu_nodes_are_kept_and_measured(holds: Holds) -> None:
    holds("C6")


@pytest.mark.requirement("C7")
def test_every_node_has_a_zone(holds: Holds) -> None:
    holds("C7")


@pytest.mark.requirement("C9")
def test_services_get_addresses(holds: Holds) -> None:
    holds("C9")
