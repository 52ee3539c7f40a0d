"""The list of requirements that wait only shrinks, and the documents, marks and checks agree on the ids."""

from __future__ import annotations

from ansible_collections.autotrade.deployment.plugins.module_utils.core.requirements.evaluation import order
from ansible_collections.autotrade.deployment.plugins.module_utils.core.requirements.model import REGISTRY

from tests.requirements.report import ids, marked, rows, waiting

# The members that the list may have. An id may be struck from here, never added.
AT_MOST = frozenset(["C2", "C10", "D4", "S9", "H6", "V2", "V3", "V4", "V5", "V6", "V7"])


def test_nothing_new_waits() -> None:
    assert set(waiting()) <= AT_MOST


def test_the_limit_follows_the_list() -> None:
    assert set(waiting()) == AT_MOST, "an id left waiting.yml: strike it from AT_MOST too, so that it cannot come back"


def test_what_has_tests_does_not_wait() -> None:
    both = set(waiting()) & set(marked())
    assert not both, f"{sorted(both)} have tests: take them off waiting.yml"


def test_who_waits_says_for_what() -> None:
    assert all(len(entry["why"].split()) > 3 and len(entry["proof"].split()) > 2 for entry in waiting().values())


def test_every_requirement_has_a_check_and_the_other_way_round() -> None:
    assert list(ids()) == sorted(REGISTRY, key=order)


def test_every_requirement_is_proved_or_waits() -> None:
    assert [row.problem for row in rows() if row.problem] == []
