"""D: the deployment strategies, as their objects show them."""

from __future__ import annotations

import pytest

from tests.requirements.conftest import Holds


@pytest.mark.requirement("D1")
def test_everything_rolls(holds: Holds) -> None:
    holds("D1")


@pytest.mark.requirement("D2")
def test_blue_and_green_with_a_preview(holds_with: Holds) -> None:
    holds_with("D2", trading_system={"trading_system_strategy": "blue_green"})


@pytest.mark.requirement("D3")
def test_canary_by_weights_and_subsets(holds_with: Holds) -> None:
    holds_with("D3", trading_system={"trading_system_strategy": "canary"})
