"""H: autoscaling, disruption budgets, placement."""

from __future__ import annotations

import pytest

from tests.requirements.conftest import Holds


@pytest.mark.requirement("H1")
def test_feature_engineering_scales_on_cpu(holds: Holds) -> None:
    holds("H1")


@pytest.mark.requirement("H2")
def test_trading_strategy_scales_on_requests(holds: Holds) -> None:
    holds("H2")


@pytest.mark.requirement("H3")
def test_vertical_recommendations(holds: Holds) -> None:
    holds("H3")


@pytest.mark.requirement("H4")
def test_one_budget_for_each_replicated_workload(holds: Holds) -> None:
    holds("H4")


@pytest.mark.requirement("H5")
def test_pods_stand_where_they_should(holds: Holds) -> None:
    holds("H5")
