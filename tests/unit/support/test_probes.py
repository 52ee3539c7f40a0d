"""How long nobody answered."""

from __future__ import annotations

import pytest

from tests.support.probes import longest_gap


@pytest.mark.parametrize(
    ("answered", "gap"),
    [
        ([], 10.0),
        ([0.5, 1, 2, 9], 7.0),
        ([3, 1], 7.0),
        ([4, 8], 4.0),
        ([-5, 5, 30], 5.0),
    ],
)
def test_the_longest_gap_counts_both_ends_and_nothing_outside(answered: list[float], gap: float) -> None:
    assert longest_gap(answered, 0.0, 10.0) == gap
