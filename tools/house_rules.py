"""The rules of the house that no linter knows: lengths, what may not stand in the repository, the shape of roles."""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import yaml
from workspace import ROOT, listed_files

MAX_FUNCTION, MAX_FILE = 50, 300
# Registry mirrors and paths of one machine would make the repository work in one place only.
FORBIDDEN = re.compile(
    r"(?<![\w.])/(?:work|root)/|bash_jobs|proxy\.golang|pypi\.(?:org|python)|files\.pythonhosted|registry\.npmjs|"
    r"repo1\.maven|deb\.debian\.org|static\.crates"
)
HEADER = "GNU General Public License v3.0+"
TEXT = {".py", ".yml", ".yaml", ".md", ".j2", ".cfg", ".toml", ".txt", ".in", ".sh", ".go", ".mod", ""}


def long_code(name: str, text: str) -> Iterator[str]:
    lines = text.count("\n")
    if lines > MAX_FILE and "/modules/" not in name:
        yield f"{name}: {lines} lines, at most {MAX_FILE}; split it by noun"
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            length = (node.end_lineno or node.lineno) - node.lineno + 1
            limit = 20 if node.name == "main" and "/modules/" in name else MAX_FUNCTION
            if length > limit:
                yield f"{name}:{node.lineno}: {node.name} has {length} lines, at most {limit}"


def forbidden_words(name: str, text: str) -> Iterator[str]:
    for number, line in enumerate(text.splitlines(), start=1):
        if found := FORBIDDEN.search(line):
            where = f"{name}:{number}: {found.group()!r} names one machine or a package registry"
            yield f"{where}; use a variable or the host's own settings"


def plugin_header(name: str, text: str) -> Iterator[str]:
    if name.startswith("plugins/") and text.strip() and HEADER not in text:
        yield f"{name}: no licence line; expected {HEADER!r} near the top"


def role_shape(role: Path) -> Iterator[str]:
    for part in ("README.md", "meta/main.yml", "meta/argument_specs.yml", "defaults/main.yml", "tasks/main.yml"):
        if not (role / part).exists():
            yield f"roles/{role.name}: {part} is missing"
    defaults, spec = load(role / "defaults/main.yml"), load(role / "meta/argument_specs.yml")
    options = spec.get("argument_specs", {}).get("main", {}).get("options", {})
    for key in sorted(set(defaults) ^ set(options)):
        where = "argument_specs" if key in defaults else "defaults"
        yield f"roles/{role.name}: {key} is missing in {where}"
    for key in sorted(set(defaults)):
        if not key.startswith(role.name + "_"):
            yield f"roles/{role.name}: default {key} should start with {role.name}_"
    for template in sorted(role.glob("templates/objects/**/*.j2")):
        if "{%" in template.read_text():
            where = f"{template.relative_to(ROOT)}: logic in a manifest"
            yield f"{where}; only values may stand there, choices belong to vars/main.yml"


def load(path: Path) -> dict[str, object]:
    return (yaml.safe_load(path.read_text()) or {}) if path.exists() else {}


def findings() -> Iterator[str]:
    for name in listed_files():
        path = ROOT / name
        if path.suffix not in TEXT or name.endswith(("go.sum", "tools/house_rules.py")):
            continue
        text = path.read_text(errors="replace")
        yield from forbidden_words(name, text)
        if path.suffix == ".py":
            yield from long_code(name, text)
            yield from plugin_header(name, text)
    for role in sorted(ROOT.glob("roles/*/")):
        yield from role_shape(role)


if __name__ == "__main__":
    found = list(findings())
    print("\n".join(found) or "house rules: nothing found")
    sys.exit(bool(found))
