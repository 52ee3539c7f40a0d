"""A: the applications."""

from __future__ import annotations

import pytest

from tests.requirements.conftest import Holds


@pytest.mark.requirement("A1")
def test_data_acquisition(holds: Holds) -> None:
    holds("A1")


@pytest.mark.requirement("A2")
def test_feature_engineering(holds: Holds) -> None:
    holds("A2")


@pytest.mark.requirement("A3")
def test_model_training(holds: Holds) -> None:
    holds("A3")


@pytest.mark.requirement("A4")
def test_trading_strategy(holds: Holds) -> None:
    holds("A4")


@pytest.mark.requirement("A5")
def test_model_inference_is_spread(holds: Holds) -> None:
    holds("A5")


@pytest.mark.requirement("A6")
def test_data_pipeline_is_spread(holds: Holds) -> None:
    holds("A6")


@pytest.mark.requirement("A7")
def test_remaining_components(holds: Holds) -> None:
    holds("A7")


@pytest.mark.requirement("A8")
def test_every_container_keeps_the_rules(holds: Holds) -> None:
    holds("A8")


@pytest.mark.requirement("A9")
def test_shared_claims(holds: Holds) -> None:
    holds("A9")
