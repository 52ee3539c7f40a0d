"""What runs in the controller's own process leaves it as it was."""

from __future__ import annotations

import gc

import pytest
from ansible_collections.autotrade.deployment.plugins.plugin_utils.in_process import COLLECT_AFTER, patient_collector


def test_the_collector_is_patient_for_the_body_alone() -> None:
    usual = gc.get_threshold()
    with patient_collector():
        assert gc.get_threshold() == COLLECT_AFTER != usual
        assert gc.isenabled()
    assert gc.get_threshold() == usual


def test_a_body_that_fails_leaves_the_collector_as_it_was() -> None:
    usual = gc.get_threshold()
    with pytest.raises(ValueError, match="no"), patient_collector():
        raise ValueError("no")
    assert gc.get_threshold() == usual
