# Copyright (c) autotrade.deployment engineers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The verification as a person likes to read it: tables on a terminal, plain lines elsewhere."""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

LETTERS: Mapping[str, str] = {
    "C": "Cluster",
    "N": "Namespace, quota, defaults",
    "A": "Applications",
    "D": "Deployment strategies",
    "S": "State and platform",
    "H": "Scaling and availability",
    "X": "Network and security",
    "V": "Test, validate, operate",
}
MARKS: Mapping[str, tuple[str, str]] = {
    "passed": ("\u2714", "green"),
    "failed": ("\u2718", "bold red"),
    "not_run": ("\u2013", "yellow"),
}


@dataclass(frozen=True)
class Facts:
    """What there is to show; findings and components as the module returns them, empty paths are left out."""

    findings: Sequence[Mapping[str, str]]
    components: Sequence[Mapping[str, Any]]
    nodes: int
    kubeconfig: str
    report: str

    def in_state(self, state: str) -> list[Mapping[str, str]]:
        """The findings of one state."""
        return [finding for finding in self.findings if finding["state"] == state]

    def by_letter(self) -> Iterator[tuple[str, list[Mapping[str, str]]]]:
        """The findings in groups of the letter of their id."""
        for letter, found in groupby(self.findings, key=lambda finding: finding["id"][0]):
            yield letter, list(found)

    def verdict(self) -> str:
        """The counts in one sentence."""
        passed, failed, rest = (len(self.in_state(state)) for state in ("passed", "failed", "not_run"))
        return f"{len(self.findings)} requirements: {passed} passed, {failed} failed, {rest} not run"

    def places(self) -> list[tuple[str, str]]:
        """Where a person goes on."""
        ready = sum(one["ready"] >= one["wanted"] for one in self.components)
        pods = sum(one["ready"] for one in self.components)
        found = [("Components", f"{ready} of {len(self.components)} ready, {pods} pods on {self.nodes} nodes")]
        found += [("Kubeconfig", self.kubeconfig)] if self.kubeconfig else []
        return found + ([("Report", self.report)] if self.report else [])


def shown(facts: Facts, terminal: bool, width: int) -> str:
    """The whole text. ``rich`` draws it on a terminal when it is installed; ``width`` is in columns."""
    if terminal:
        try:
            return _drawn(facts, width)
        except ImportError:
            pass
    return "\n".join(plain_lines(facts))


def plain_lines(facts: Facts) -> Iterator[str]:
    """One fact per line, for logs and pipes."""
    for one in facts.components:
        yield f"{one['namespace']}/{one['name']} ({one['kind']}): {one['ready']} of {one['wanted']} ready, {one['version']}"
    for letter, found in facts.by_letter():
        states = "; ".join(
            f"{state.replace('_', ' ')}: {', '.join(one['id'] for one in found if one['state'] == state)}"
            for state in MARKS
            if any(one["state"] == state for one in found)
        )
        yield f"{letter} {LETTERS.get(letter, '')}: {states}"
    for state, heading in (("not_run", "not run"), ("failed", "FAILED")):
        for finding in facts.in_state(state):
            yield f"{finding['id']} {heading} ({finding['title']}): {finding['message']}"
    for name, place in facts.places():
        yield f"{name}: {place}"
    yield facts.verdict()


def _drawn(facts: Facts, width: int) -> str:
    from rich.console import Console, Group  # noqa: PLC0415 - optional: without it the plain lines are shown
    from rich.panel import Panel  # noqa: PLC0415

    target = io.StringIO()
    console = Console(file=target, force_terminal=True, width=max(60, min(width, 140)), highlight=False)
    colour = "red" if facts.in_state("failed") else "green"
    parts = [_components(facts), _letters(facts), *_findings(facts), _places(facts)]
    console.print(Panel(Group(*parts), title="Verification", subtitle=facts.verdict(), border_style=colour, padding=(1, 2)))
    return target.getvalue().rstrip("\n")


def _components(facts: Facts) -> Any:
    from rich.table import Table  # noqa: PLC0415

    table = Table("Component", "Kind", "Ready", "Version", title="The trading system", title_justify="left", expand=True)
    for one in facts.components:
        colour = "green" if one["ready"] >= one["wanted"] else "bold red"
        table.add_row(
            f"{one['namespace']}/{one['name']}", one["kind"], f"[{colour}]{one['ready']}/{one['wanted']}[/]", one["version"]
        )
    return table


def _letters(facts: Facts) -> Any:
    from rich.table import Table  # noqa: PLC0415

    table = Table(
        "", "Requirements", "Passed", "Failed", "Not run", "Ids", title="\nVerification", title_justify="left", expand=True
    )
    for letter, found in facts.by_letter():
        numbers = [sum(one["state"] == state for one in found) for state in MARKS]
        ids = " ".join(f"[{MARKS[one['state']][1]}]{MARKS[one['state']][0]}{one['id']}[/]" for one in found)
        table.add_row(letter, LETTERS.get(letter, ""), *(str(number) if number else "" for number in numbers), ids)
    return table


def _findings(facts: Facts) -> Iterator[Any]:
    from rich.table import Table  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    for state, heading in (("not_run", "Not run, and why"), ("failed", "Failed")):
        found = facts.in_state(state)
        if not found:
            continue
        table = Table.grid(padding=(0, 2))
        for finding in found:
            message = finding["message"] if state == "not_run" else finding["message"].replace("; ", "\n")
            table.add_row(Text(finding["id"], style=MARKS[state][1]), Text(finding["title"], style="bold"), Text(message))
        yield Text(f"\n{heading}", style="italic")
        yield table


def _places(facts: Facts) -> Any:
    from rich.table import Table  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    table = Table.grid(padding=(0, 2))
    table.add_row("", "")
    for name, place in facts.places():
        table.add_row(Text(name, style="bold"), Text(place))
    return table
