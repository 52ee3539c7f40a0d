"""Settings that cannot work are refused before anything is applied, by their name."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest

DIGEST = "sha256:" + "a" * 64
IMAGE = {"repository": "registry.test/other", "tag": "9.9.9", "digest": DIGEST}

REFUSED = {
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


@pytest.mark.requirement("A8")
@pytest.mark.parametrize(("variables", "words"), REFUSED.values(), ids=REFUSED)
def test_refuses_by_name(apply_role: Callable[..., Any], variables: dict[str, Any], words: list[str]) -> None:
    answer = apply_role("trading_system", **{"trading_system_only": "data-acquisition", **variables})
    assert answer.returncode != 0, answer.stdout
    said = re.sub(r"\s+", " ", answer.stdout + answer.stderr)
    assert all(word in said for word in words), said


def test_the_whole_role_runs(apply_role: Callable[..., Any]) -> None:
    answer = apply_role("trading_system", trading_system_strategy="blue_green")
    assert answer.returncode == 0, answer.stdout
