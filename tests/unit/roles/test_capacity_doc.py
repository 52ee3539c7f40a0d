"""The tables of docs/capacity.md are those of today's objects, and what the document says of them holds."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tools import capacity

Objects = dict[str, list[dict[str, Any]]]


@pytest.fixture(scope="module")
def situations(rendered: Objects, render: Callable[..., Objects]) -> list[capacity.Situation]:
    both_sides = render(list(rendered), trading_system_strategy="blue_green")
    return capacity.situations_of(*([obj for role in objects.values() for obj in role] for objects in (rendered, both_sides)))


@pytest.fixture(scope="module")
def nodes() -> list[dict[str, Any]]:
    return capacity.nodes_of(capacity.inventory_hosts())


def over(situation: capacity.Situation) -> bool:
    return not all(figure.fits for figure in situation.judge().charges.figures(situation.demands()))


@pytest.mark.requirement("N4")
def test_the_document_is_up_to_date(situations: list[capacity.Situation], nodes: list[dict[str, Any]]) -> None:
    text = capacity.DOCUMENT.read_text(encoding="utf-8")
    assert text == capacity.written(text, capacity.tables(situations, nodes)), "run: python tools/capacity.py"


@pytest.mark.requirement("N4")
def test_steady_state_and_blue_green_fit_the_quota_and_the_maximum_does_not(situations: list[capacity.Situation]) -> None:
    assert [over(situation) for situation in situations] == [False, False, True]


@pytest.mark.requirement("N4")
def test_the_inventory_holds_the_steady_state_with_a_cpu_node_lost(
    situations: list[capacity.Situation], nodes: list[dict[str, Any]]
) -> None:
    for lost in [node for node in nodes if capacity.class_of(node) == "cpu"]:
        assert not capacity.unplaced(situations[0], [node for node in nodes if node is not lost]), (
            f"without {lost['metadata']['name']}"
        )


@pytest.mark.requirement("N4")
def test_the_specifications_three_cpu_nodes_do_not(situations: list[capacity.Situation], nodes: list[dict[str, Any]]) -> None:
    few = [node for node in nodes if class_index(node, nodes) < 3 or capacity.class_of(node) != "cpu"]
    assert capacity.unplaced(situations[0], few)


def class_index(node: dict[str, Any], nodes: list[dict[str, Any]]) -> int:
    return [one for one in nodes if capacity.class_of(one) == capacity.class_of(node)].index(node)
