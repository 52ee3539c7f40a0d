"""What a host cannot have is told before its kubelet is given it; a kubelet that would not start again is foreseen."""

from __future__ import annotations

from dataclasses import replace

import pytest
from ansible_collections.autotrade.deployment.plugins.module_utils.core.kubelet_pinning import (
    Pinning,
    PinningFacts,
    Remembered,
    findings,
    is_set,
    kubelet_config,
    must_forget,
    numbers,
)
from hypothesis import given
from hypothesis import strategies as st

PINNED = Pinning(cpu_policy="static", topology_policy="best-effort", reserved="0-3")
HOST = PinningFacts(processors=frozenset(range(72)))


def ids(wanted: Pinning, facts: PinningFacts) -> list[str]:
    return [finding.id for finding in findings(wanted, facts)]


def test_a_host_that_can_have_it_gets_it() -> None:
    assert findings(PINNED, HOST) == []
    assert kubelet_config(PINNED) == {
        "cpuManagerPolicy": "static",
        "reservedSystemCPUs": "0-3",
        "topologyManagerPolicy": "best-effort",
        "topologyManagerScope": "container",
    }


def test_who_asks_for_nothing_gets_no_setting() -> None:
    assert kubelet_config(Pinning()) == {}
    assert findings(Pinning(), replace(HOST, numa_nodes=34)) == []


@pytest.mark.parametrize(
    ("name", "wanted", "facts"),
    [
        ("reserved-nothing", replace(PINNED, reserved=""), HOST),
        ("reserved-not-there", replace(PINNED, reserved="0,72"), HOST),
        ("reserved-everything", replace(PINNED, reserved="0-71"), HOST),
        ("reserved-not-a-set", replace(PINNED, reserved="four"), HOST),
        ("numa-nodes-too-many", PINNED, replace(HOST, numa_nodes=9)),
    ],
)
def test_what_a_kubelet_would_not_start_with_is_refused(name: str, wanted: Pinning, facts: PinningFacts) -> None:
    (finding,) = findings(wanted, facts)
    assert finding.id == name
    assert finding.source.startswith("https://")


@pytest.mark.parametrize(
    ("wanted", "remembered", "forget"),
    [
        (PINNED, None, False),
        (PINNED, Remembered("static", "0-71"), False),
        (PINNED, Remembered("static", "0-3,10-71"), False),
        (PINNED, Remembered("none", ""), True),
        (PINNED, Remembered("static", "4-71"), True),
        (PINNED, Remembered("unreadable", ""), True),
        (Pinning(), Remembered("none", ""), False),
        (Pinning(), Remembered("static", "0-71"), True),
    ],
)
def test_the_kubelet_forgets_only_what_would_keep_it_from_starting(
    wanted: Pinning, remembered: Remembered | None, forget: bool
) -> None:
    assert must_forget(wanted, replace(HOST, remembered=remembered)) is forget


@given(st.frozensets(st.integers(0, 300)))
def test_sets_are_read_as_the_kernel_writes_them(wanted: frozenset[int]) -> None:
    assert numbers(",".join(map(str, sorted(wanted))) + "\n") == wanted


@pytest.mark.parametrize(("text", "good"), [("", True), ("0-3,8", True), ("x", False), ("a-b", False)])
def test_what_is_no_set(text: str, good: bool) -> None:
    assert is_set(text) is good
