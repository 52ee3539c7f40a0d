"""Every role has the same shape: values only in its manifests, argument_specs that equal its defaults."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[3]
ROLES = sorted(path for path in (ROOT / "roles").iterdir() if (path / "tasks" / "main.yml").exists())
MANIFESTS = sorted(ROOT.glob("roles/*/templates/objects/**/*.yaml.j2"))
named = pytest.mark.parametrize("role", ROLES, ids=lambda path: path.name)


def options(role: Path) -> dict[str, dict[str, object]]:
    text = (role / "meta" / "argument_specs.yml").read_text(encoding="utf-8")
    return yaml.safe_load(text)["argument_specs"]["main"].get("options") or {}


def defaults(role: Path) -> dict[str, object]:
    path = role / "defaults" / "main.yml"
    return (yaml.safe_load(path.read_text(encoding="utf-8")) or {}) if path.exists() else {}


@pytest.mark.parametrize("path", MANIFESTS, ids=lambda path: f"{path.parents[2].name}/{path.name}")
def test_manifests_hold_values_and_no_logic(path: Path) -> None:
    found = [line.strip() for line in path.read_text(encoding="utf-8").splitlines() if "{%" in line]
    assert not found, (
        f"{path.relative_to(ROOT)}: logic belongs in vars/main.yml, or the optional part in a file of its own: {found}"
    )


@named
def test_argument_specs_equal_defaults(role: Path) -> None:
    required = {name for name, option in options(role).items() if option.get("required")}
    assert set(options(role)) - required == set(defaults(role)), (
        "meta/argument_specs.yml and defaults/main.yml name different variables"
    )


@named
def test_argument_specs_repeat_the_literal_defaults(role: Path) -> None:
    specified = {name: option["default"] for name, option in options(role).items() if "default" in option}
    literal = {name: value for name, value in defaults(role).items() if "{{" not in str(value)}
    differing = {name: (value, literal[name]) for name, value in specified.items() if name in literal and literal[name] != value}
    assert not differing, f"default in meta/argument_specs.yml, then in defaults/main.yml: {differing}"


@named
def test_every_option_is_described(role: Path) -> None:
    assert not [name for name, option in options(role).items() if not option.get("description") or not option.get("type")]


@named
def test_variables_carry_the_roles_name(role: Path) -> None:
    private = role / "vars" / "main.yml"
    hidden = (yaml.safe_load(private.read_text(encoding="utf-8")) or {}) if private.exists() else {}
    assert not [name for name in defaults(role) if not name.startswith(f"{role.name}_")]
    assert not [name for name in hidden if not name.startswith(f"__{role.name}_")]


@named
def test_main_is_a_list_of_includes(role: Path) -> None:
    tasks = yaml.safe_load((role / "tasks" / "main.yml").read_text(encoding="utf-8"))
    modules = {key for task in tasks for key in task if re.fullmatch(r"[a-z_]+\.[a-z_]+\.[a-z_]+", key)}
    assert modules <= {"ansible.builtin.include_tasks", "ansible.builtin.import_tasks", "ansible.builtin.include_role"}


@named
def test_every_variable_is_read(role: Path) -> None:
    folders = [role / folder for folder in ("tasks", "templates", "vars")]
    files = [path for folder in folders for path in folder.rglob("*") if path.is_file()]
    read = "\n".join(path.read_text(encoding="utf-8") for path in files)
    # Defaults are computed from each other.
    inner = "\n".join(str(value) for value in defaults(role).values())
    lost = [name for name in defaults(role) if not re.search(rf"\b{name}\b", f"{read}\n{inner}")]
    assert not lost, f"{role.name} declares and never reads {lost}: remove them, or use them in tasks, templates or vars"


@named
def test_bundles_are_in_the_lock(role: Path) -> None:
    lock = yaml.safe_load((ROOT / "roles/artifact_store/files/lock.yml").read_text(encoding="utf-8"))
    known = {entry["name"] for entry in lock["artifacts"] if entry["kind"] == "bundle"}
    text = str(defaults(role).get(f"{role.name}_crd_bundles", ""))
    named_there = set(re.findall(r"\['([a-z-]+)'\]", text))
    assert bool(named_there) == bool(text)
    assert named_there <= known, f"{role.name}_crd_bundles: the lock has no bundle {sorted(named_there - known)}"
