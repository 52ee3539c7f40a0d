"""playbooks/mirror.yml with a lock of one tiny program: live progress, check mode, a second run that changes nothing."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible_collections.autotrade.deployment.plugins.module_utils.core.supply import Policy, Source, SupplyError
from ansible_collections.autotrade.deployment.plugins.module_utils.core.supply_lock import parse_lock
from ansible_collections.autotrade.deployment.plugins.module_utils.core.supply_plan import Step, Wanted, resolve

from tests.unit.plugins.module_utils.edge.supply_world import GOMOD, ROOT, World, binary, image, pulled

ROLE = ROOT / "roles/artifact_store"

needs_go = pytest.mark.skipif(shutil.which("go") is None, reason="builds with the real Go toolchain")


def mirror(world: World, *arguments: str, allowed: bool = True, **more: Any) -> subprocess.CompletedProcess[str]:
    variables = {
        "artifact_store_lock": str(world.lock),
        "artifact_store_dir": str(world.store),
        "artifact_store_cache_dir": str(world.cache),
        "artifact_store_names": [],
        "artifact_store_allow_unofficial": allowed,
    }
    variables |= more
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


@needs_go
def test_the_store_is_filled_once_and_says_what_it_does(world: World) -> None:
    predicted = mirror(world, "--check")
    assert "changed=1" in predicted.stdout, predicted.stdout
    assert not world.store.exists() and not world.cache.exists()
    first = mirror(world)
    assert "changed=1" in first.stdout
    assert "building tool for " in first.stdout and "(step 1 of 1), about 30 s left" in first.stdout
    second = mirror(world)
    assert "changed=0" in second.stdout and "building" not in second.stdout


@needs_go
def test_builds_of_our_own_are_refused_unless_allowed(world: World) -> None:
    run = mirror(world, allowed=False)
    assert run.returncode == 2
    assert "artifact_store_allow_unofficial: true" in run.stdout


def test_the_role_hands_skopeo_and_the_credentials_on(world: World, tmp_path: Path) -> None:
    pause = pulled(tmp_path / "pulled")
    source = {"reference": "registry.example.org/pause:{version}", "digest": {"amd64": pause.digest, "arm64": ""}}
    world.write_lock(image("pause", "3.10.1", release=source))
    (tmp_path / "auth.json").write_text("{}")
    options = {"artifact_store_skopeo": world.skopeo(f"cp -r {pause.folder} $TO"), "artifact_store_arches": ["amd64"]}
    run = mirror(world, allowed=False, artifact_store_registry_auth_file=str(tmp_path / "auth.json"), **options)
    assert "changed=1" in run.stdout and "downloading pause for amd64" in run.stdout, run.stdout
    assert f"--authfile {tmp_path}/auth.json" in (tmp_path / "skopeo.calls").read_text()


def examples() -> dict[str, Any]:
    """The entries of a lock that the README shows."""
    blocks = re.findall(r"^```yaml\n(  - name: .*?)^```", (ROLE / "README.md").read_text(), re.DOTALL | re.MULTILINE)
    return {entry["name"]: entry for block in blocks for entry in yaml.safe_load(textwrap.dedent(block))}


def planned(*entries: dict[str, Any], name: str) -> tuple[Step, ...]:
    lock = parse_lock({"format": 1, "stamp": "autotrade.1", "artifacts": list(entries)})
    return resolve(lock, Wanted((name,), ("amd64", "arm64"), Policy.AUTO, allow_unofficial=False))


def test_the_example_of_a_pinned_image_is_refused_until_its_digests_are_there() -> None:
    pause = examples()["pause"]
    with pytest.raises(SupplyError) as raised:
        planned(pause, name="pause")
    assert [problem.where for problem in raised.value.problems] == [
        "pause: release.digest.amd64",
        "pause: release.digest.arm64",
    ]
    pause["release"]["digest"] = dict.fromkeys(("amd64", "arm64"), f"sha256:{'a' * 64}")
    assert [step.source for step in planned(pause, name="pause")] == [Source.RELEASE] * 2


def test_the_example_of_a_composed_image_and_that_of_the_lock_are_allowed_everywhere() -> None:
    entries = {entry["name"]: entry for entry in yaml.safe_load((ROLE / "files/lock.yml").read_text())["artifacts"]}
    name = "reference-workload-image"
    for shown in (examples()[name], entries[name]):
        steps = planned(entries["reference-workload"], shown, name=name)
        assert [step.source for step in steps] == [Source.GOMOD, Source.COMPOSE] * 2
        assert {step.version for step in steps} == {"v0.1.0+autotrade.1"}
