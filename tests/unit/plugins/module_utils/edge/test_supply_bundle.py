"""Bundles come out of a module's proven zip and nowhere else."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import zipfile
from pathlib import Path
from typing import Any

import pytest

from tests.unit.plugins.module_utils.edge.supply_world import World, run_module, write_proxy

pytestmark = pytest.mark.skipif(shutil.which("go") is None, reason="reads modules with the real Go toolchain")
MODULE, VERSION = "example.org/definitions", "v1.2.3"
FILES = {"crds/b.yaml": "---\nkind: B\n", "crds/a.yaml": "kind: A\n", "crds/skip_me.yaml": "kind: C\n", "other.yaml": "kind: D\n"}


@pytest.fixture
def world(tmp_path: Path) -> World:
    made = World(tmp_path)
    bundle = {"directory": "crds", "module": MODULE, "files": ["crds/*.yaml", "!crds/skip_*"]}
    made.write_lock({"name": "definitions", "kind": "bundle", "version": VERSION, "gomod": bundle})
    directory = made.lock.parent / "gomod/crds"
    directory.mkdir(parents=True)
    (directory / "go.mod").write_text(f"module example.org/pins\n\ngo 1.20\n\nrequire {MODULE} {VERSION}\n")
    write_proxy(tmp_path / "proxy", MODULE, VERSION, FILES)
    (directory / "go.sum").write_text(sums_by_go(environment(made)))
    return made


def environment(world: World) -> dict[str, str]:
    return {
        "GOPROXY": (world.root / "proxy").as_uri(),
        "GOMODCACHE": str(world.root / "modules"),
        "GONOSUMDB": "*",
        "GOFLAGS": "-modcacherw",
    }


def sums_by_go(settings: dict[str, str]) -> str:
    """The lines of go.sum as the toolchain itself computes them."""
    command = ["go", "mod", "download", "-json", f"{MODULE}@{VERSION}"]
    run = subprocess.run(command, cwd="/", env=os.environ | settings, capture_output=True, text=True, check=True)
    found = json.loads(run.stdout)
    return f"{MODULE} {VERSION} {found['Sum']}\n{MODULE} {VERSION}/go.mod {found['GoModSum']}\n"


def answer(world: World, **options: Any) -> dict[str, Any]:
    return run_module(world.options(allow_unofficial=False, **options), **environment(world))


def test_a_bundle_is_one_yaml_of_the_chosen_files(world: World) -> None:
    first = answer(world)
    assert first["changed"], first
    (bundle,) = first["artifacts"]
    assert (bundle["arch"], bundle["version"]) == ("any", VERSION)
    text = (world.store / "bundles/definitions.yaml").read_text()
    prefix = f"{MODULE}@{VERSION}/crds"
    assert text == f"---\n# {prefix}/a.yaml\nkind: A\n---\n# {prefix}/b.yaml\nkind: B\n"
    assert not answer(world)["changed"]


def test_a_zip_changed_in_the_module_cache_is_refused(world: World) -> None:
    (kept,) = (world.root / "modules/cache/download").glob(f"{MODULE}/@v/*.zip")
    with zipfile.ZipFile(kept, "a") as archive:
        archive.writestr(f"{MODULE}@{VERSION}/crds/planted.yaml", "kind: Planted\n")
    found = answer(world)
    assert found["failed"] and "pinned by gomod/crds/go.sum" in found["msg"] and "go clean -modcache" in found["msg"]
    assert world.visible() == []


def test_a_module_that_go_sum_does_not_pin_is_refused(world: World) -> None:
    (world.lock.parent / "gomod/crds/go.sum").write_text("")
    found = answer(world)
    assert found["failed"] and f"no checksum of {MODULE} {VERSION}" in found["msg"]


def test_another_module_than_pinned_is_refused_by_its_sum(world: World) -> None:
    sums = world.lock.parent / "gomod/crds/go.sum"
    lines = sums.read_text().splitlines()
    sums.write_text(f"{MODULE} {VERSION} h1:{'A' * 43}=\n{lines[1]}\n")
    found = answer(world)
    assert found["failed"] and "checksum" in found["msg"]
    assert world.visible() == []


def test_patterns_that_match_nothing_are_refused(world: World) -> None:
    world.lock.write_text(world.lock.read_text().replace("crds/*.yaml", "moved/*.yaml"))
    found = answer(world)
    assert found["failed"] and "no file that matches; expected moved/*.yaml" in found["msg"]


def test_a_proxy_out_of_reach_is_named(world: World) -> None:
    settings = environment(world) | {"GOPROXY": "https://user:secret@127.0.0.1:9", "GOMODCACHE": str(world.root / "empty")}
    found = run_module(world.options(), **settings)
    assert found["failed"] and "Set GOPROXY to a Go proxy in reach" in found["msg"]
    assert "secret" not in json.dumps(found)
