"""Prove that the tests of the requirements can fail: apply every registered sabotage and require that its tests turn red.

Usage: ``python tests/sabotage/run.py [NAME or ID ...]``. Runs in one process: the objects are rendered once, then each test runs
unharmed (must be green) and once per sabotage (must be red). Exits with 1 when a sabotage stayed green, a test is red unharmed,
or a requirement that has tests has no sabotage.
"""

from __future__ import annotations

import os
import sys
import time
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / ".collections")]

import pytest  # noqa: E402 - the checkout has to be importable first
from _pytest.runner import runtestprotocol  # noqa: E402
from rich.console import Console  # noqa: E402
from rich.markup import escape  # noqa: E402
from rich.table import Table  # noqa: E402

from tests.sabotage.registry import VARIABLE, Sabotage, registered  # noqa: E402

SUITE = "tests/requirements"


@dataclass(frozen=True)
class Outcome:
    """What a requirement's tests said to one sabotage."""

    sabotage: Sabotage
    red: bool
    why: str


@dataclass
class Prover:
    """A pytest plugin that runs the collected tests itself: unharmed first, then against each sabotage."""

    wanted: frozenset[str]
    tests: dict[str, list[Any]] = field(default_factory=lambda: defaultdict(list))
    harmless: list[str] = field(default_factory=list)
    outcomes: list[Outcome] = field(default_factory=list)

    def pytest_runtestloop(self, session: Any) -> bool:
        """Take the place of pytest's own loop."""
        for item in session.items:
            for marker in item.iter_markers("requirement"):
                for requirement in marker.args:
                    self.tests[requirement].append(item)
        entries = [one for one in registered() if not self.wanted or {one.name, one.requirement} & self.wanted]
        for requirement in sorted({one.requirement for one in entries}):
            self.harmless += [
                f"{item.nodeid} is red without any sabotage:\n{why}" for item in self.tests[requirement] if (why := run(item))
            ]
        for entry in entries:
            self.outcomes.append(self._break(entry))
        return True

    def _break(self, entry: Sabotage) -> Outcome:
        if not self.tests[entry.requirement]:
            return Outcome(entry, False, f"no test bears the mark {entry.requirement}")
        os.environ[VARIABLE] = entry.name
        try:
            answers = [run(item) for item in self.tests[entry.requirement]]
        finally:
            del os.environ[VARIABLE]
        broken = next((answer for answer in answers if "LookupError" in answer), "")
        red = next((answer for answer in answers if answer), "")
        return Outcome(entry, bool(red) and not broken, broken or red)


def run(item: Any) -> str:
    """Run one test; why it failed, or nothing. Fixtures are made anew each time."""
    reports = runtestprotocol(item, log=False, nextitem=None)
    return "\n".join(str(report.longrepr) for report in reports if report.failed)


def table(outcomes: Iterable[Outcome]) -> Table:
    """One line per sabotage with the message that gave it away."""
    found = Table("Requirement", "Sabotage", "Test", "What the test said", title="Every sabotage must turn its test red")
    for one in outcomes:
        said = escape(" ".join(one.why.split())[:110] or "nothing")
        found.add_row(
            one.sabotage.requirement, escape(one.sabotage.what), "[green]red[/]" if one.red else "[bold red]GREEN[/]", said
        )
    return found


def main(arguments: list[str]) -> int:
    """Run the proof and print it."""
    os.chdir(ROOT)
    started, prover = time.monotonic(), Prover(frozenset(arguments))
    code = pytest.main(
        [SUITE, "-q", "-p", "no:cacheprovider", "-p", "no:xdist", "--no-header", "-m", "requirement"], plugins=[prover]
    )
    bare = sorted(set(prover.tests) - {one.requirement for one in registered()}) if not arguments else []
    green = [one for one in prover.outcomes if not one.red]
    console = Console(width=None if sys.stdout.isatty() else 200)
    console.print(table(prover.outcomes))
    for problem in [*prover.harmless, *(f"{one} has tests and no sabotage" for one in bare)]:
        console.print(problem, style="red", markup=False)
    turned = len(prover.outcomes) - len(green)
    console.print(f"{turned} of {len(prover.outcomes)} sabotages were noticed in {time.monotonic() - started:.0f} s")
    return int(bool(green or bare or prover.harmless or not prover.outcomes or code not in (0, 5)))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
