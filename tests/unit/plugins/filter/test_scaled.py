"""The filter refuses what is not a quantity or not a factor, and leaves the arithmetic to ``core.quantities``."""

from __future__ import annotations

import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.autotrade.deployment.plugins.filter.scaled import FilterModule, scaled
from ansible_collections.autotrade.deployment.plugins.module_utils.core.quantities import parse


@pytest.mark.parametrize(
    ("quantity", "factor", "expected"),
    [("2", 1, "2"), ("2", 0.1, "200m"), ("500m", 2, "1"), ("4Gi", 0.5, "2Gi"), ("128Mi", 1.0, "128Mi"), (1, "0.5", "500m")],
)
def test_scales_in_kubernetes_notation(quantity: str, factor: float, expected: str) -> None:
    assert parse(scaled(quantity, factor)) == parse(expected)


@pytest.mark.parametrize("factor", [0, -1, "", "half", float("nan"), float("inf")])
def test_refuses_a_factor_that_is_no_positive_number(factor: float) -> None:
    with pytest.raises(AnsibleFilterError, match="trading_system_scale"):
        scaled("2", factor)


def test_refuses_what_is_no_quantity() -> None:
    with pytest.raises(AnsibleFilterError, match="two"):
        scaled("two", 1)


def test_is_offered_under_its_name() -> None:
    assert FilterModule().filters() == {"scaled": scaled}
