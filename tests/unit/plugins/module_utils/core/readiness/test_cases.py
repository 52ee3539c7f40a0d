# Copyright (c) autotrade.deployment engineers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""One YAML case per readiness rule: objects and time in, state, reason and message out."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Any

import jmespath
import pytest
import yaml
from ansible_collections.autotrade.deployment.plugins.module_utils.core.readiness import reasons
from ansible_collections.autotrade.deployment.plugins.module_utils.core.readiness.assess import assess
from ansible_collections.autotrade.deployment.plugins.module_utils.core.readiness.generic import group_of
from ansible_collections.autotrade.deployment.plugins.module_utils.core.readiness.model import CustomRule, Readiness, State
from ansible_collections.autotrade.deployment.plugins.module_utils.core.readiness.table import OWNERS_OF_PODS, RULES
from ansible_collections.autotrade.deployment.plugins.module_utils.core.readiness.times import parse_time

CASES = sorted((Path(__file__).parent / "cases").glob("*.yaml"))


@functools.cache
def load(path: Path) -> dict[str, Any]:
    return yaml.safe_load(path.read_text(encoding="utf-8"))


def judge(case: dict[str, Any]) -> Readiness:
    now = parse_time(case["now"])
    assert now is not None
    rules = {kind: CustomRule(search=jmespath.search, **rule) for kind, rule in case.get("rules", {}).items()}
    return assess(case["object"], now, pods=case.get("pods", ()), related=case.get("related", ()), rules=rules)


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_case(path: Path) -> None:
    case = load(path)
    answer, expected = judge(case), case["expected"]
    assert (answer.state.value, answer.reason) == (expected["state"], expected["reason"])
    if expected["message"].endswith("*"):
        assert answer.message.startswith(expected["message"][:-1])
    else:
        assert answer.message == expected["message"]


def key_of(obj: Any) -> str:
    group = group_of(obj or {})
    return f"{obj['kind']}.{group}" if group else (obj or {}).get("kind", "")


def test_every_kind_of_the_table_has_a_case() -> None:
    assert set(RULES) <= {key_of(load(path)["object"]) for path in CASES}


def test_every_owner_of_pods_has_a_case_with_a_failed_pod() -> None:
    quoted = {key_of(load(path)["object"]) for path in CASES if load(path)["expected"]["message"].startswith("Pod ")}
    assert quoted == OWNERS_OF_PODS


def test_every_reason_has_a_case() -> None:
    ours = {value for name, value in vars(reasons).items() if name.isupper()}
    assert ours <= {load(path)["expected"]["reason"] for path in CASES}


def test_every_state_has_a_case() -> None:
    assert {state.value for state in State} == {load(path)["expected"]["state"] for path in CASES}


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_case_is_named_after_its_kind(path: Path) -> None:
    kind = (load(path)["object"] or {}).get("kind", "any").lower()
    assert path.stem.startswith((f"{kind}-", "any-"))
