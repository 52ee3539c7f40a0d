"""Settings that cannot work are refused before anything is applied, by their name."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest

DIGEST = "sha256:" + "a" * 64
IMAGE = {"repository": "registry.test/other", "tag": "9.9.9", "digest": DIGEST}

REFUSED: dict[str, tuple[dict[str, Any], list[str]]] = {
    "latest": (
        {"trading_system_images": {"data-acquisition": {**IMAGE, "tag": "latest"}}},
        ["data-acquisition", "trading_system_images", "latest"],
    ),
    "no digest": (
        {"trading_system_images": {"data-acquisition": {"repository": "r", "tag": "1"}}},
        ["data-acquisition", "trading_system_images", "digest"],
    ),
    "short digest": (
        {"trading_system_images": {"data-acquisition": {**IMAGE, "digest": "sha256:abc"}}},
        ["data-acquisition", "64 hexadecimal"],
    ),
    "no image": ({"trading_system_images": {"x": IMAGE}}, ["data-acquisition", "not set"]),
    "unknown component": ({"trading_system_only": "data-aquisition"}, ["data-aquisition", "trading_system_only"]),
    "unknown override": (
        {"trading_system_overrides": {"model-interference": {}}},
        ["model-interference", "trading_system_overrides"],
    ),
    "unknown strategy": ({"trading_system_strategy": "big_bang"}, ["big_bang", "blue_green"]),
    "weights": (
        {
            "trading_system_strategy": "canary",
            "trading_system_canary": {"stable": "v1", "replicas": {"v1": 3, "v2": 3}, "weights": {"v1": 90, "v2": 20}},
        },
        ["90 and 20", "trading_system_canary.weights"],
    ),
    "zones": (
        {"trading_system_inference_zones": "required_per_zone"},
        ["6 replicas", "zone-a, zone-b, zone-c", "trading_system_inference_zones"],
    ),
}


ACCEPTED = {"everything": {"trading_system_only": "", "trading_system_strategy": "blue_green"}}


@pytest.fixture(scope="module")
def refused(run_role: Callable[..., dict[str, str]]) -> dict[str, str]:
    cases = {name: {"trading_system_only": "data-acquisition", **variables} for name, (variables, _words) in REFUSED.items()}
    return run_role("trading_system", {**cases, **ACCEPTED})


@pytest.mark.requirement("A8")
@pytest.mark.parametrize("name", REFUSED)
def test_refuses_by_name(refused: dict[str, str], name: str) -> None:
    assert name in refused, "the role accepted it"
    said = re.sub(r"\s+", " ", refused[name])
    assert all(word in said for word in REFUSED[name][1]), said


def test_the_whole_role_runs(refused: dict[str, str]) -> None:
    assert set(refused) == set(REFUSED)
