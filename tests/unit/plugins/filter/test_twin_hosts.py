"""Twins among the hosts of a play, some of which may not have been measured."""

from __future__ import annotations

from typing import Any

from ansible_collections.autotrade.deployment.plugins.filter.twin_hosts import twin_hosts


def measured(machine_id: str, name: str) -> dict[str, Any]:
    return {"__node_preflight": {"measured": {"machine_id": machine_id, "hostname": name, "macs": []}}}


def test_clones_are_found_among_those_that_were_measured() -> None:
    hostvars = {
        "a": measured("1", "a"),
        "b": measured("1", "b"),
        "c": measured("2", "c"),
        "down": {"__node_preflight": {"unreachable": True}},
        "new": {},
    }
    found = twin_hosts(hostvars, hostvars)
    assert {name: [finding["id"] for finding in findings] for name, findings in found.items()} == {
        "a": ["machine-id-twice"],
        "b": ["machine-id-twice"],
    }
    assert twin_hosts(["a", "c"], hostvars) == {}
