"""S: databases, cache, monitoring, secrets."""

from __future__ import annotations

import pytest
from ansible_collections.autotrade.deployment.plugins.module_utils.core.requirements.evaluation import evaluate
from ansible_collections.autotrade.deployment.plugins.module_utils.core.requirements.model import Cluster, State

from tests.requirements.conftest import Holds, Objects, assert_passed


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


@pytest.mark.requirement("S5")
def test_tracing_and_logs(everything: Objects) -> None:
    assert_passed(everything, "S5")


def test_what_is_off_by_default_breaks_no_other_requirement(everything: Objects) -> None:
    assert not [finding for finding in evaluate(Cluster(everything)) if finding.state is State.FAILED]


@pytest.mark.requirement("S6")
def test_secrets_only_in_secrets(holds: Holds) -> None:
    holds("S6")


@pytest.mark.requirement("S7")
def test_everything_stateful_keeps_its_data(holds: Holds) -> None:
    holds("S7")


@pytest.mark.requirement("S8")
def test_paging(holds: Holds) -> None:
    holds("S8")
