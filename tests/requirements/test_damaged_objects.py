"""Checks on a real cluster of which pieces were replaced by nonsense: they answer, they never raise."""

from __future__ import annotations

import random
from typing import Any

from ansible_collections.autotrade.deployment.plugins.module_utils.core.requirements.evaluation import evaluate
from ansible_collections.autotrade.deployment.plugins.module_utils.core.requirements.model import REGISTRY, Cluster

from tests.requirements.simulation import as_observed

NONSENSE: tuple[Any, ...] = (
    None,
    True,
    -1,
    0.5,
    "",
    "x",
    "10%",
    "9" * 400,
    [],
    [None],
    [[]],
    [{}],
    {},
    {"a": None},
    {"matchLabels": []},
)
ROUNDS, WOUNDS = 10, 300


def test_checks_answer_on_damaged_objects(objects: list[dict[str, Any]]) -> None:
    seed = random.randrange(2**32)
    print(f"seed {seed}")
    chance = random.Random(seed)
    for number in range(ROUNDS):
        damaged = _copy(as_observed(objects) if number % 2 else objects)
        for _ in range(WOUNDS):
            _wound(chance, chance.choice(damaged))
        findings = evaluate(Cluster(damaged))
        assert len(findings) == len(REGISTRY)


def _copy(tree: Any) -> Any:
    if isinstance(tree, dict):
        return {key: _copy(inner) for key, inner in tree.items()}
    return [_copy(inner) for inner in tree] if isinstance(tree, list) else tree


def _wound(chance: random.Random, obj: dict[str, Any]) -> None:
    """Replace one part of an object, at a depth of chance; kind and name stay, so that checks still look at it."""
    here: Any = obj
    while True:
        keys = [key for key in here if key not in ("kind", "name")] if isinstance(here, dict) else list(range(len(here)))
        if not keys:
            return
        key = chance.choice(keys)
        if isinstance(here[key], (dict, list)) and here[key] and chance.random() < 0.85:
            here = here[key]
        else:
            # A copy: a shared piece put into itself would be a cycle, which no JSON holds.
            here[key] = _copy(chance.choice(NONSENSE))
            return
