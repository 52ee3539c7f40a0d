"""S: databases, cache, monitoring, secrets."""

from __future__ import annotations

import pytest

from tests.requirements.conftest import Holds


@pytest.mark.requirement("S1")
def test_database(holds: Holds) -> None:
    holds("S1")


@pytest.mark.requirement("S2")
def test_database_budget(holds: Holds) -> None:
    holds("S2")


@pytest.mark.requirement("S3")
def test_cache(holds: Holds) -> None:
    holds("S3")


@pytest.mark.requirement("S4")
def test_monitoring(holds: Holds) -> None:
    holds("S4")


@pytest.mark.requirement("S6")
def test_secrets_only_in_secrets(holds: Holds) -> None:
    holds("S6")


@pytest.mark.requirement("S7")
def test_everything_stateful_keeps_its_data(holds: Holds) -> None:
    holds("S7")


@pytest.mark.requirement("S8")
def test_paging(holds: Holds) -> None:
    holds("S8")
