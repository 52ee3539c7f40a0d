"""Each requirement with the tests and the sabotages that name it; fails when one has none and does not wait for later work.

Reads the ids from docs/requirements.md, the marks from the source of the tests, the sabotages from their registry,
and the ids that wait from tests/requirements/waiting.yml.
"""

from __future__ import annotations

import ast
import re
import sys
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / ".collections")]

import yaml  # noqa: E402 - the checkout has to be importable first
from rich.console import Console  # noqa: E402
from rich.table import Table  # noqa: E402

from tests.sabotage.registry import registered  # noqa: E402

DOCUMENT = ROOT / "docs" / "requirements.md"
WAITING = ROOT / "tests" / "requirements" / "waiting.yml"
SUITES = ("tests", "molecule")
ROW = re.compile(r"^\| ([CNADSHXV]\d{1,2}) \| (.+?) \|", re.MULTILINE)
MOLECULE = re.compile(r"requirement[s]?:\s*\[?\s*((?:[CNADSHXV]\d{1,2}[,\s]*)+)")


@dataclass(frozen=True)
class Row:
    """One requirement and what stands for it."""

    id: str
    text: str
    tests: tuple[str, ...]
    sabotages: tuple[str, ...]
    waits: str

    @property
    def problem(self) -> str:
        """Why this requirement is not proved, or nothing."""
        if self.waits:
            return f"{self.id} waits and has tests: take it off {WAITING.name}" if self.tests else ""
        lacking = [what for what, found in (("test", self.tests), ("sabotage", self.sabotages)) if not found]
        return f"{self.id} has no {' and no '.join(lacking)}" if lacking else ""


def ids() -> dict[str, str]:
    """Every requirement of docs/requirements.md: id -> text."""
    return dict(ROW.findall(DOCUMENT.read_text(encoding="utf-8")))


def marked() -> Mapping[str, tuple[str, ...]]:
    """Requirement -> tests that bear its mark."""
    found: dict[str, list[str]] = defaultdict(list)
    for path in sorted(path for suite in SUITES for path in (ROOT / suite).rglob("*.py")):
        for requirement, name in marks_in(path.read_text(encoding="utf-8")):
            found[requirement].append(f"{path.relative_to(ROOT)}::{name}")
    for path in sorted((ROOT / "molecule").rglob("*.yml")):
        for match in MOLECULE.finditer(path.read_text(encoding="utf-8")):
            for requirement in re.findall(r"[CNADSHXV]\d{1,2}", match[1]):
                found[requirement].append(str(path.relative_to(ROOT)))
    return {requirement: tuple(dict.fromkeys(names)) for requirement, names in found.items()}


def marks_in(source: str) -> Iterator[tuple[str, str]]:
    """(requirement, test) for each ``@pytest.mark.requirement`` in a file; a mark on a class or module counts for it."""
    tree = ast.parse(source)
    for node in ast.walk(tree):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            for decorator in node.decorator_list:
                yield from ((requirement, node.name) for requirement in _arguments(decorator))
    for statement in tree.body:
        if isinstance(statement, ast.Assign) and any(isinstance(t, ast.Name) and t.id == "pytestmark" for t in statement.targets):
            yield from ((requirement, "all tests") for call in ast.walk(statement.value) for requirement in _arguments(call))


def _arguments(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.Call) and ast.unparse(node.func) == "pytest.mark.requirement":
        yield from (
            argument.value for argument in node.args if isinstance(argument, ast.Constant) and isinstance(argument.value, str)
        )


def waiting() -> dict[str, dict[str, str]]:
    """The ids that wait for later work: id -> why and what will prove it."""
    return {entry["id"]: entry for entry in yaml.safe_load(WAITING.read_text(encoding="utf-8"))["waiting"]}


def rows() -> list[Row]:
    """Every requirement with its tests and sabotages."""
    tests, waits = marked(), waiting()
    sabotages: dict[str, list[str]] = defaultdict(list)
    for entry in registered():
        sabotages[entry.requirement].append(entry.what)
    known = ids()
    strangers = {*tests, *sabotages, *waits} - set(known)
    if strangers:
        raise LookupError(
            f"{', '.join(sorted(strangers))} are named by tests, sabotages or {WAITING.name} and not by {DOCUMENT.name}"
        )
    return [
        Row(one, text, tests.get(one, ()), tuple(sabotages[one]), waits.get(one, {}).get("proof", ""))
        for one, text in known.items()
    ]


def main() -> int:
    """Print the table; 1 when a requirement is not proved."""
    found = rows()
    table = Table("Id", "Requirement", "Tests", "Sabotages", title="Requirements and what proves them", show_lines=True)
    for row in found:
        tests = "\n".join(row.tests) or (f"[yellow]waits:[/] {row.waits}" if row.waits else "[bold red]none[/]")
        table.add_row(row.id, row.text, tests, "\n".join(row.sabotages) or ("" if row.waits else "[bold red]none[/]"))
    console = Console(width=None if sys.stdout.isatty() else 200)
    console.print(table)
    problems = [row.problem for row in found if row.problem]
    waits = [row.id for row in found if row.waits]
    for problem in problems:
        console.print(problem, style="bold red")
    console.print(
        f"{len(found)} requirements: {len(found) - len(waits) - len(problems)} proved, {len(waits)} wait ({', '.join(waits)})"
    )
    return int(bool(problems))


if __name__ == "__main__":
    sys.exit(main())
