"""Composed images: what is in them, that they are the same everywhere, and what is refused."""

from __future__ import annotations

import errno
import io
import json
import os
import shutil
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.autotrade.deployment.plugins.module_utils.edge import supply_image, supply_sources

from tests.unit.plugins.module_utils.edge.supply_world import (
    ELF,
    GOMOD,
    Site,
    World,
    binary,
    blobs_of,
    composed,
    filled,
    refused,
    release,
    sha256,
    site,
)

needs_go = pytest.mark.skipif(shutil.which("go") is None, reason="builds with the real Go toolchain")
STORED = "images/tool-image/v1.0.0+autotrade.1/amd64/tool-image.tar"


@pytest.fixture
def server() -> Iterator[Site]:
    with site() as served:
        served.files.update({arch: ELF[arch] + b"program" * 100 for arch in ELF})
        yield served


@pytest.fixture
def world(tmp_path: Path, server: Site) -> World:
    made = World(tmp_path)
    write_lock(made, server)
    return made


def write_lock(world: World, server: Site, **config: Any) -> None:
    sums = {arch: sha256(server.files[arch]) for arch in ELF}
    world.write_lock(binary(release=release(server.base + "/{arch}", **sums)), composed(**config))


def test_the_image_is_a_whole_layout_with_the_program_in_its_layer(world: World, server: Site) -> None:
    (tool, made) = filled(world)["artifacts"]
    assert (made["kind"], made["source"], made["version"], made["changed"]) == ("image", "compose", "v1.0.0+autotrade.1", True)
    assert made["reference"] == "localhost/tool:v1.0.0_autotrade.1" and tool["digest"] == tool["reference"] == ""
    index, blobs = blobs_of(Path(made["path"]))
    (entry,) = index["manifests"]
    assert entry["digest"] == made["digest"] and entry["annotations"] == {"org.opencontainers.image.ref.name": made["reference"]}
    manifest = json.loads(blobs[entry["digest"]])
    config, (layer,) = json.loads(blobs[manifest["config"]["digest"]]), manifest["layers"]
    assert len(blobs) == 3 and all(len(blobs[found["digest"]]) == found["size"] for found in (entry, manifest["config"], layer))
    assert config["rootfs"]["diff_ids"] == [layer["digest"]] and config["architecture"] == "amd64"
    assert config["config"]["User"] == "65532:65532" and config["config"]["Entrypoint"] == ["/bin/tool"]
    with tarfile.open(fileobj=io.BytesIO(blobs[layer["digest"]])) as content:
        assert content.getnames() == ["bin", "bin/tool"]
        assert content.extractfile("bin/tool").read() == server.files["amd64"]  # type: ignore[union-attr]


def test_it_is_linked_entered_and_then_left_alone(world: World) -> None:
    made = filled(world, names=["tool-image"])["artifacts"][1]
    assert {"images/tool-image.tar", STORED, "bin/tool"} <= set(world.visible())
    entries = {entry["name"]: entry for entry in json.loads((world.store / "index.json").read_text())["artifacts"]}
    assert entries["tool-image"]["digest"] == made["digest"] and entries["tool"]["digest"] == ""
    assert entries["tool-image"]["sha256"] == sha256((world.store / "images/tool-image.tar").read_bytes())
    second = filled(world, names=["tool-image"])
    assert not second["changed"]
    assert second["artifacts"][1] == made | {"changed": False, "reason": "present"}


def test_the_same_inputs_give_the_same_archive_anywhere(world: World, server: Site, tmp_path: Path) -> None:
    other = World(tmp_path / "elsewhere")
    write_lock(other, server)
    archives = [Path(filled(place)["artifacts"][1]["path"]) for place in (world, other)]
    assert archives[0].read_bytes() == archives[1].read_bytes() and archives[0].stat().st_ino != archives[1].stat().st_ino


def test_the_same_inputs_give_this_archive_on_every_python(world: World) -> None:
    """If this fails on purpose, COMPOSER has to be raised, too: stores keep archives by their inputs."""
    made = filled(world)["artifacts"][1]
    assert made["digest"] == "sha256:b6aa1474a387759e50b00d40c837a9d92fdfe959c82f7eb3bf0fbfe1b9860733"
    assert made["sha256"] == "45195e5a2874109ecf1a34fd3d72a0c2cf946691e3bee939fa0053e34eed1087"


def test_check_mode_predicts_and_writes_nothing(world: World) -> None:
    predicted = filled(world, check_mode=True)
    assert [artifact["changed"] for artifact in predicted["artifacts"]] == [True, True]
    assert predicted["artifacts"][1]["path"] == STORED and predicted["artifacts"][1]["digest"] == ""
    assert not world.store.exists() and not world.cache.exists()
    filled(world)
    assert not filled(world, check_mode=True)["changed"]


def test_each_architecture_has_its_own_program(world: World) -> None:
    made = [artifact for artifact in filled(world, arches=["amd64", "arm64"])["artifacts"] if artifact["kind"] == "image"]
    assert len({artifact["digest"] for artifact in made}) == 2
    assert (world.store / "images/tool-image/v1.0.0+autotrade.1/arm64/tool-image.tar").exists()


@needs_go
def test_a_changed_program_changes_the_image_and_nothing_else_does(world: World, tmp_path: Path) -> None:
    world.write_module()
    world.write_lock(composed(), binary(gomod=GOMOD, own=True))
    counting = world.go("go", f'[ "$1" = build ] && echo built >> {tmp_path}/builds\nexec $GO "$@"')
    options = {"go": counting, "names": ["tool-image"], "allow_unofficial": False}
    first = filled(world, **options)["artifacts"]
    assert [artifact["name"] for artifact in first] == ["tool", "tool-image"]
    world.write_lock(composed(), binary(gomod=GOMOD | {"build_seconds": 9}, own=True, megabytes=2))
    assert not filled(world, **options)["changed"]
    world.write_module(main="package main\n\nvar version string\n\nfunc main() { println(version, 2) }\n")
    second = filled(world, **options)["artifacts"]
    assert [artifact["changed"] for artifact in second] == [True, True] and first[1]["digest"] != second[1]["digest"]
    assert (tmp_path / "builds").read_text() == "built\n" * 2


@needs_go
def test_an_image_follows_the_program_that_stood_in_for_an_unreachable_release(world: World) -> None:
    world.write_module()
    unreachable = release("http://127.0.0.1:9/tool", amd64="a" * 64)
    world.write_lock(binary(release=unreachable, gomod=GOMOD), composed())
    tool, made = filled(world)["artifacts"]
    assert tool["source"] == "gomod" and made["source"] == "compose"
    assert Path(tool["path"]).read_bytes() in Path(made["path"]).read_bytes()
    assert not filled(world)["changed"]


def test_a_changed_configuration_composes_anew_from_the_program_that_is_there(world: World, server: Site) -> None:
    before = filled(world)["artifacts"][1]["digest"]
    write_lock(world, server, user="1000:1000")
    asked = len(server.asked)
    after = filled(world)
    assert [artifact["changed"] for artifact in after["artifacts"]] == [False, True] and len(server.asked) == asked
    assert after["artifacts"][1]["digest"] != before


def test_a_damaged_image_of_the_store_is_replaced(world: World) -> None:
    good = filled(world)["artifacts"][1]["sha256"]
    stored = world.store / STORED
    whole = stored.read_bytes()
    stored.unlink()
    stored.write_bytes(whole[:-1024])
    again = filled(world)
    assert [artifact["changed"] for artifact in again["artifacts"]] == [False, True] and sha256(stored.read_bytes()) == good


def test_a_store_filled_elsewhere_is_as_good(world: World, server: Site, tmp_path: Path) -> None:
    filled(world)
    copied = tmp_path / "copied"
    shutil.copytree(world.store, copied, symlinks=True, copy_function=shutil.copyfile)
    server.files.clear()
    assert not filled(world, store_dir=str(copied), cache_dir=str(tmp_path / "empty"))["changed"]


def test_a_program_that_is_changed_in_the_store_goes_into_no_image(world: World, server: Site) -> None:
    filled(world, names=["tool"])
    (stored,) = world.store.glob("binaries/tool/*/amd64/tool")
    state = stored.stat()
    good = stored.read_bytes()
    stored.unlink()
    stored.write_bytes(good[:-1] + b"X")
    # A change that hides its time passes the cheap look at the store, and must not pass the image.
    os.utime(stored, ns=(state.st_atime_ns, state.st_mtime_ns))
    text = refused(world)
    assert f"tool-image for amd64: {stored}: found sha256 {sha256(stored.read_bytes())}; expected sha256 {sha256(good)}" in text
    assert STORED not in world.visible() and list(world.cache.glob("work/*")) == []


def test_a_program_for_another_machine_goes_into_no_image(world: World, server: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    server.files["amd64"] = server.files["arm64"]
    write_lock(world, server)
    monkeypatch.setattr(supply_sources, "check_elf", lambda *_: None)
    text = refused(world)
    assert "tool-image for amd64: tool: found an ELF program for arm64; expected an ELF program for amd64" in text
    assert STORED not in world.visible() and list(world.cache.glob("work/*")) == []


def test_a_full_disk_is_named_and_leaves_nothing(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_arguments: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(supply_image, "pack", full)
    text = refused(world)
    assert "No space left on device" in text and "artifact_store_cache_dir" in text
    assert STORED not in world.visible() and list(world.cache.glob("work/*")) == []


def test_too_little_space_is_refused_before_anything_is_written(world: World, server: Site) -> None:
    sums = {arch: sha256(server.files[arch]) for arch in ELF}
    world.write_lock(binary(release=release(server.base + "/{arch}", **sums)), composed() | {"megabytes": 1e12})
    assert "MB free; expected at least 1000000000065 MB" in refused(world)
    assert not world.store.exists() and not world.cache.exists()
