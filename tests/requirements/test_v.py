"""V: test, validate, operate, as far as it can be proved without running hosts."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tarfile
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.conftest import ROOT
from tests.requirements.conftest import assert_passed
from tests.requirements.simulation import as_observed
from tests.sabotage.registry import chosen

# What a user of the installed collection reaches by name.
SHIPPED = (
    "playbooks/*.yml",
    "plugins/modules/*.py",
    "plugins/module_utils/core/**/*.py",
    "roles/*/tasks/main.yml",
    "roles/*/templates/**/*.j2",
)
NEVER = (".venv", "build", ".git", ".collections", ".nox", ".ci")


@pytest.mark.requirement("V1")
def test_every_component_is_ready(objects: list[dict[str, Any]]) -> None:
    assert_passed(as_observed(objects), "V1")


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A copy of the checkout that a sabotage may damage."""
    copy = tmp_path / "checkout"
    shutil.copytree(ROOT, copy, ignore=shutil.ignore_patterns(*NEVER, "tests", "__pycache__", ".*_cache", ".hypothesis"))
    entry = chosen()
    if entry is not None and entry.damage is not None:
        entry.damage(copy)
    return copy


@pytest.mark.requirement("V8")
def test_the_built_collection_ships_what_a_user_reaches(checkout: Path, tmp_path: Path) -> None:
    galaxy = Path(sys.executable).parent / "ansible-galaxy"
    build = [str(galaxy), "collection", "build", str(checkout), "--output-path", str(tmp_path)]
    answer = subprocess.run(build, cwd=tmp_path, capture_output=True, text=True, timeout=600, check=False)
    assert answer.returncode == 0, answer.stderr
    (archive,) = tmp_path.glob("autotrade-deployment-*.tar.gz")
    with tarfile.open(archive) as opened:
        names = set(opened.getnames())
    wanted = {str(path.relative_to(ROOT)) for pattern in SHIPPED for path in ROOT.glob(pattern)}
    assert wanted - names == set()


@pytest.mark.requirement("V8")
def test_the_collection_states_what_it_needs(checkout: Path) -> None:
    runtime = yaml.safe_load((checkout / "meta" / "runtime.yml").read_text(encoding="utf-8"))
    assert runtime["requires_ansible"] == ">=2.18.0,<2.22.0"
    modules = {path.stem for path in (ROOT / "plugins" / "modules").glob("*.py")}
    assert {"cluster_objects", "requirements_info"} <= modules & set(runtime["action_groups"]["cluster"])
