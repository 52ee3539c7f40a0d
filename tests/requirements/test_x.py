"""X: network policies, edge, access, mesh."""

from __future__ import annotations

import pytest

from tests.requirements.conftest import Holds


@pytest.mark.requirement("X1")
def test_data_acquisition_policy(holds: Holds) -> None:
    holds("X1")


@pytest.mark.requirement("X2")
def test_default_deny_and_a_policy_for_each(holds: Holds) -> None:
    holds("X2")


@pytest.mark.requirement("X3")
def test_entrance_with_tls(holds: Holds) -> None:
    holds("X3")


@pytest.mark.requirement("X4")
def test_access_by_team(holds: Holds) -> None:
    holds("X4")


@pytest.mark.requirement("X5")
def test_strict_mutual_tls(holds: Holds) -> None:
    holds("X5")
