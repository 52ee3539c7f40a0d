"""The list of exceptions names only what is really excused."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.autotrade.deployment.plugins.module_utils.core.requirements.exceptions import EXCUSES
from ansible_collections.autotrade.deployment.plugins.module_utils.core.requirements.hygiene import excuses_used
from ansible_collections.autotrade.deployment.plugins.module_utils.core.requirements.model import Cluster


def test_every_exception_still_excuses_something(everything: list[dict[str, Any]]) -> None:
    used = excuses_used(Cluster(everything))
    idle = [entry for entry in EXCUSES if entry.rule.startswith("A8.") and entry not in used]
    assert not idle, f"these exceptions excuse nothing any more and have to go: {idle}"


@pytest.mark.requirement("A8")
def test_no_component_of_the_trading_system_is_excused() -> None:
    assert not [entry for entry in EXCUSES if entry.namespace == "trading-system"]


def test_every_exception_has_a_reason() -> None:
    assert all(len(entry.reason.split()) > 4 for entry in EXCUSES)
