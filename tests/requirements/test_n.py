"""N: Namespace, quota, defaults, priorities."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from ansible_collections.autotrade.deployment.plugins.module_utils.core.capacity.judging import Fit, Judge
from ansible_collections.autotrade.deployment.plugins.module_utils.core.capacity.standing import alone
from ansible_collections.autotrade.deployment.plugins.module_utils.core.requirements.model import Cluster

from tests.requirements.conftest import Holds, Objects, sabotaged
from tests.sabotage.registry import chosen


@pytest.mark.requirement("N1")
def test_namespace_enforces_restricted_pods(holds: Holds) -> None:
    holds("N1")


@pytest.mark.requirement("N2")
def test_quota_has_all_eleven_figures(holds: Holds) -> None:
    holds("N2")


@pytest.mark.requirement("N3")
def test_containers_have_defaults(holds: Holds) -> None:
    holds("N3")


@pytest.mark.requirement("N4")
def test_steady_state_fits_quota_and_nodes(holds: Holds) -> None:
    holds("N4")


@pytest.mark.requirement("N4")
def test_a_blue_green_start_fits(prepared: Callable[..., Objects]) -> None:
    """And is refused with its figure where it does not: the same judge stands behind capacity_info."""
    objects = sabotaged(prepared, chosen(), trading_system={"trading_system_strategy": "blue_green"})
    answer = Judge(alone(Cluster(objects))).judgement("blue_green")
    assert answer.worst is not None, "no component stands on two sides"
    assert answer.fit is Fit.FITS, answer.message


@pytest.mark.requirement("N5")
def test_java_heap_follows_the_limit(holds: Holds) -> None:
    holds("N5")


@pytest.mark.requirement("N6")
def test_priorities_taints_and_tolerations(holds: Holds) -> None:
    holds("N6")


@pytest.mark.requirement("N4")
def test_what_the_autoscalers_may_ask_for_is_said(holds: Holds) -> None:
    assert "at HPA maximum" in holds("N4").message
