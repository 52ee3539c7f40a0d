"""Capacity as text: every situation with its answer, and whether a scheduler stands behind it."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.autotrade.deployment.plugins.plugin_utils import capacity_table
from ansible_collections.autotrade.deployment.plugins.plugin_utils.capacity_table import plain_lines, quota_use, shown

Json = dict[str, Any]
FIGURES = [
    {"resource": "pods", "used": "5", "hard": "100"},
    {"resource": "limits.memory", "used": "225Gi", "hard": "250Gi"},
    {"resource": "services", "used": "0", "hard": "0"},
]


def situation(name: str, state: str, **fields: Any) -> Json:
    return {
        "name": name,
        "state": state,
        "reason": "R",
        "message": f"{name} message.",
        "case": "Node a lost",
        "quota": [],
        **fields,
    }


RESULT: Json = {
    "fits": False,
    "judged_against": "nodes",
    "nodes": 3,
    "components": [{}, {}],
    "placement": {"state": "not_run", "reason": "the folder lacks etcd"},
    "situations": [
        situation("steady", "fits", quota=FIGURES),
        situation("node_lost", "does_not_fit"),
        situation("surge", "tight"),
    ],
}


def test_plain_text_has_a_line_for_each_situation_and_says_what_was_not_asked() -> None:
    assert list(plain_lines(RESULT)) == [
        "Capacity of 2 workloads against the inventory's nodes, as there is no cluster to ask (3 nodes):",
        "Steady state: fits. steady message.",
        "A node lost: does not fit. node_lost message.",
        "A rollout: tight. surge message.",
        "The scheduler could NOT be asked: the folder lacks etcd.",
    ]


@pytest.mark.parametrize("width", [40, 200])
def test_a_terminal_gets_a_table_with_the_same_facts(width: int) -> None:
    text = " ".join(shown(RESULT, terminal=True, width=width).split())
    for fact in ("does not fit", "tight", "node_lost message.", "could NOT be asked", "(90%)"):
        assert fact.split()[0] in text
    assert "steady message." not in text, "what fits needs no words"


def test_without_rich_the_plain_lines_are_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(*_arguments: object) -> str:
        raise ImportError("rich")

    monkeypatch.setattr(capacity_table, "_drawn", missing)
    assert shown(RESULT, terminal=True, width=80) == "\n".join(plain_lines(RESULT)) == shown(RESULT, terminal=False, width=80)


def test_the_fullest_figure_is_shown_and_none_where_nothing_is_allowed() -> None:
    assert quota_use({"quota": FIGURES}) == "limits.memory 225Gi of 250Gi (90%)"
    assert quota_use({"quota": FIGURES[2:]}) == ""
