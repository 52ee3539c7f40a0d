"""The summary of a verification, on a terminal and in a pipe."""

from __future__ import annotations

import builtins
import re
from typing import Any

import pytest
from ansible_collections.autotrade.deployment.plugins.plugin_utils.verification import Facts, plain_lines, shown

FACTS = Facts(
    findings=[
        {"id": "C3", "title": "Calico", "state": "passed", "message": "one pool"},
        {"id": "N2", "title": "Quota", "state": "failed", "message": "spec.hard[pods] is not set; spec.hard[secrets] is 1"},
        {"id": "V2", "title": "Availability", "state": "not_run", "message": "shows only in a drill"},
    ],
    components=[
        {"namespace": "trading-system", "name": "redis", "kind": "StatefulSet", "ready": 2, "wanted": 3, "version": "redis:8"}
    ],
    nodes=16,
    kubeconfig="admin.kubeconfig",
    report="build/verify.json",
)


def test_plain_lines_say_everything_once() -> None:
    lines = list(plain_lines(FACTS))
    assert "trading-system/redis (StatefulSet): 2 of 3 ready, redis:8" in lines
    assert "N Namespace, quota, defaults: failed: N2" in lines
    assert "N2 FAILED (Quota): spec.hard[pods] is not set; spec.hard[secrets] is 1" in lines
    assert "V2 not run (Availability): shows only in a drill" in lines
    assert lines[-1] == "3 requirements: 1 passed, 1 failed, 1 not run"
    assert "Report: build/verify.json" in lines


def test_without_a_terminal_there_is_no_drawing() -> None:
    assert shown(FACTS, terminal=False, width=200) == "\n".join(plain_lines(FACTS))


@pytest.mark.parametrize("width", [20, 80, 200])
def test_a_terminal_gets_the_same_facts_drawn(width: int) -> None:
    drawn = re.sub(r"\x1b\[[0-9;]*m", "", shown(FACTS, terminal=True, width=width))
    assert "spec.hard[pods]" in " ".join(drawn.split())
    assert all(len(line) <= max(60, min(width, 140)) for line in drawn.splitlines())


def test_without_rich_a_terminal_gets_plain_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def refuse(name: str, *rest: Any, **named: Any) -> Any:
        if name.startswith("rich"):
            raise ImportError(name)
        return real(name, *rest, **named)

    monkeypatch.setattr(builtins, "__import__", refuse)
    assert shown(FACTS, terminal=True, width=80).endswith("3 requirements: 1 passed, 1 failed, 1 not run")
