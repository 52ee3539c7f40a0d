"""What a run of Kubernetes' end-to-end suite says about a cluster: which specs passed, and why the others did not run."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

import yaml

SIGS = ("sig-apps", "sig-network", "sig-storage")
FOCUS = rf"\[({'|'.join(SIGS)})\].*\[Conformance\]"
MARKS = ("<!-- outcome: written by molecule/conformance -->", "<!-- end of outcome -->")
# The suite's names end in the labels once more.
_NAME = re.compile(r"\[It\] (?P<name>\[(?P<sig>[^]]+)\] .*\[Conformance\].*?)(?: \[[^][]*\])?")


@dataclass(frozen=True)
class Rule:
    """Why specs whose name contains a text are left out."""

    contains: str
    reason: str


@dataclass(frozen=True)
class Spec:
    """One spec of the report; ``state`` is ginkgo's: passed, skipped, failed, timedout and so on."""

    name: str
    sig: str
    state: str
    seconds: float
    message: str


def read_rules(path: Path) -> list[Rule]:
    """The rules of a file such as molecule/conformance/vars/not_run.yml."""
    document = yaml.safe_load(path.read_text(encoding="utf-8"))
    return [Rule(entry["contains"], " ".join(entry["reason"].split())) for entry in document["rules"]]


def skip(rules: Iterable[Rule]) -> str:
    """The regular expression that leaves the rules' specs out."""
    return "|".join(re.escape(rule.contains) for rule in rules)


def read_report(path: Path) -> list[Spec]:
    """The conformance specs of the judged SIGs in ginkgo's JUnit report, by name."""
    found = []
    for case in ElementTree.parse(path).iter("testcase"):
        match = _NAME.fullmatch(case.get("name", ""))
        if match and match["sig"] in SIGS:
            message = " ".join(str(child.get("message", "")) for child in case if child.tag in ("skipped", "failure", "error"))
            spec = Spec(match["name"], match["sig"], case.get("status", ""), float(case.get("time", "0")), message)
            found.append(spec)
    return sorted(found, key=lambda spec: spec.name)


def reason(spec: Spec, rules: Iterable[Rule]) -> str | None:
    """Why the spec is left out; None where no rule says so."""
    return next((rule.reason for rule in rules if rule.contains in spec.name), None)


def passed(specs: Iterable[Spec]) -> list[Spec]:
    """The specs that ran and passed."""
    return [spec for spec in specs if spec.state == "passed"]


def failed(specs: Iterable[Spec]) -> list[Spec]:
    """The specs that ran, or were to run, and did not pass."""
    return [spec for spec in specs if spec.state not in ("passed", "skipped")]


def left_out(specs: Iterable[Spec]) -> list[Spec]:
    """The specs that did not run, by a rule or by their own decision."""
    return [spec for spec in specs if spec.state == "skipped"]


def unexplained(specs: Iterable[Spec], rules: Sequence[Rule]) -> list[str]:
    """Specs that did not run and meet no rule, with what the suite said about them."""
    return [f"{spec.name}: {spec.message}" for spec in left_out(specs) if reason(spec, rules) is None]


def idle(specs: Sequence[Spec], rules: Iterable[Rule]) -> list[str]:
    """Rules that leave nothing out; they would hide a spec that comes later."""
    return [rule.contains for rule in rules if not any(rule.contains in spec.name for spec in specs)]


def outcome(specs: Sequence[Spec], rules: Sequence[Rule]) -> str:
    """The outcome as the document tells it: counts by SIG, then each spec that did not run, with its reason."""
    counts = [(sig, [spec for spec in specs if spec.sig == sig]) for sig in SIGS]
    rows = [f"| {sig} | {len(own)} | {len(passed(own))} | {len(failed(own))} | {len(left_out(own))} |" for sig, own in counts]
    total = f"| together | {len(specs)} | {len(passed(specs))} | {len(failed(specs))} | {len(left_out(specs))} |"
    missing = [f"| {spec.name.replace('|', '/')} | {reason(spec, rules)} |" for spec in left_out(specs)]
    lines = [
        MARKS[0], "", "| SIG | conformance specs | passed | failed | not run |", "|---|---|---|---|---|", *rows, total, "",
        "| not run | because |", "|---|---|", *missing, "", MARKS[1],
    ]  # fmt: skip
    return "\n".join(lines) + "\n"


def told(document: str) -> str:
    """The outcome that a document tells; empty where it tells none."""
    start, end = document.find(MARKS[0]), document.find(MARKS[1])
    return document[start : end + len(MARKS[1])] + "\n" if 0 <= start < end else ""
