"""playbooks/mirror.yml with a lock of one tiny program: live progress, check mode, a second run that changes nothing."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.unit.plugins.module_utils.edge.supply_world import GOMOD, ROOT, World, binary

pytestmark = pytest.mark.skipif(shutil.which("go") is None, reason="builds with the real Go toolchain")


def mirror(world: World, *arguments: str, allowed: bool = True) -> subprocess.CompletedProcess[str]:
    variables = {
        "artifact_store_lock": str(world.lock),
        "artifact_store_dir": str(world.store),
        "artifact_store_cache_dir": str(world.cache),
        "artifact_store_names": [],
        "artifact_store_allow_unofficial": allowed,
    }
    program = Path(sys.executable).with_name("ansible-playbook")
    command = [program, "playbooks/mirror.yml", "-i", "localhost,", "-e", json.dumps(variables), *arguments]
    environment = os.environ | {"ANSIBLE_NOCOLOR": "1"}
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)


@pytest.fixture
def world(tmp_path: Path) -> World:
    made = World(tmp_path)
    made.write_module()
    made.write_lock(binary(gomod=GOMOD))
    return made


def test_the_store_is_filled_once_and_says_what_it_does(world: World) -> None:
    predicted = mirror(world, "--check")
    assert "changed=1" in predicted.stdout, predicted.stdout
    assert not world.store.exists() and not world.cache.exists()
    first = mirror(world)
    assert "changed=1" in first.stdout
    assert "building tool for " in first.stdout and "(step 1 of 1), about 30 s left" in first.stdout
    second = mirror(world)
    assert "changed=0" in second.stdout and "building" not in second.stdout


def test_builds_of_our_own_are_refused_unless_allowed(world: World) -> None:
    run = mirror(world, allowed=False)
    assert run.returncode == 2
    assert "artifact_store_allow_unofficial: true" in run.stdout
