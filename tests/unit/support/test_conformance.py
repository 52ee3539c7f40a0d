"""The judge of a conformance run: what it reads, what it lets nobody overlook, and that the document tells the rules."""

from __future__ import annotations

import re
from pathlib import Path
from xml.sax.saxutils import quoteattr

import pytest

from tests.conftest import ROOT
from tests.support.conformance import (
    FOCUS,
    Rule,
    Spec,
    failed,
    idle,
    left_out,
    outcome,
    passed,
    read_report,
    read_rules,
    reason,
    skip,
    told,
    unexplained,
)

RULES = read_rules(ROOT / "molecule/conformance/vars/not_run.yml")
DOCUMENT = (ROOT / "docs/conformance.md").read_text(encoding="utf-8")
APPS, NETWORK, STORAGE = (
    "[sig-apps] Job should end [Conformance]",
    "[sig-network] DNS should answer (a.b) [Conformance]",
    "[sig-storage] Volume should hold [NodeConformance] [Conformance]",
)


def case(name: str, status: str, inner: str = "") -> str:
    return f"<testcase name={quoteattr(name)} status={quoteattr(status)} time='1.5'>{inner}</testcase>"


@pytest.fixture
def report(tmp_path: Path) -> Path:
    cases = [
        case(f"[It] {STORAGE} [sig-storage, NodeConformance, Conformance]", "passed"),
        case(f"[It] {NETWORK} [sig-network, Conformance]", "failed", "<failure message='no answer'/>"),
        case(f"[It] {APPS} [sig-apps, Conformance]", "skipped", "<skipped message='too few nodes'/>"),
        case("[It] [sig-node] Pods should start [Conformance] [sig-node, Conformance]", "failed"),
        case("[It] [sig-apps] Job should be new [sig-apps]", "failed"),
        case("[SynchronizedBeforeSuite]", "passed"),
    ]
    path = tmp_path / "report.xml"
    path.write_text(f"<testsuites><testsuite>{''.join(cases)}</testsuite></testsuites>", encoding="utf-8")
    return path


def test_the_specs_of_the_judged_sigs_are_read(report: Path) -> None:
    assert read_report(report) == [
        Spec(APPS, "sig-apps", "skipped", 1.5, "too few nodes"),
        Spec(NETWORK, "sig-network", "failed", 1.5, "no answer"),
        Spec(STORAGE, "sig-storage", "passed", 1.5, ""),
    ]


@pytest.mark.parametrize("state", ["failed", "timedout", "panicked", "interrupted", "aborted", "pending", ""])
def test_whatever_is_neither_passed_nor_skipped_has_failed(state: str) -> None:
    spec = Spec(APPS, "sig-apps", state, 1.0, "")
    assert (failed([spec]), passed([spec]), left_out([spec])) == ([spec], [], [])


def test_a_spec_that_did_not_run_needs_a_reason(report: Path) -> None:
    specs = read_report(report)
    assert unexplained(specs, [Rule("DNS", "no resolver")]) == [f"{APPS}: too few nodes"]
    assert unexplained(specs, [Rule("Job", "no time")]) == []


def test_a_rule_that_meets_no_spec_is_named(report: Path) -> None:
    assert idle(read_report(report), [Rule("Job", "no time"), Rule("Cron", "no clock")]) == ["Cron"]


def test_a_rule_leaves_its_own_text_out_alone() -> None:
    pattern = skip([Rule("should answer (a.b)", "no resolver"), Rule("Job", "no time")])
    assert re.search(pattern, NETWORK)
    assert re.search(pattern, APPS)
    assert not re.search(pattern, NETWORK.replace("a.b", "a-b"))


def test_the_focus_takes_conformance_specs_of_the_judged_sigs_alone() -> None:
    assert all(re.search(FOCUS, name) for name in (APPS, NETWORK, STORAGE))
    assert not re.search(FOCUS, "[sig-apps] Job should be new")
    assert not re.search(FOCUS, "[sig-node] Pods should start [Conformance]")
    assert not re.search(FOCUS, "[sig-storage] Volume should hold [NodeConformance]")


def test_the_outcome_counts_and_lists(report: Path) -> None:
    rows = outcome(read_report(report), [Rule("Job", "no time")]).splitlines()
    assert "| sig-network | 1 | 0 | 1 | 0 |" in rows
    assert "| together | 3 | 1 | 1 | 1 |" in rows
    assert f"| {APPS} | no time |" in rows


def test_what_a_document_tells_is_found(report: Path) -> None:
    text = outcome(read_report(report), [])
    assert told(f"# Before\n\n{text}\nAfter\n") == text
    assert told("# Nothing\n") == ""


def test_the_document_lists_what_the_rules_leave_out_with_their_reasons() -> None:
    rows = dict(re.findall(r"^\| (\[sig-.*\]) \| (.*) \|$", told(DOCUMENT), flags=re.MULTILINE))
    specs = [Spec(name, "", "skipped", 0.0, "") for name in rows]
    assert {spec.name: reason(spec, RULES) for spec in specs} == rows
    assert idle(specs, RULES) == []
