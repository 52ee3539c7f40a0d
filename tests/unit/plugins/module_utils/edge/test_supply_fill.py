"""Filling the store from a tiny real Go module and from a loopback server."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import time
from pathlib import Path

import pytest

from tests.unit.plugins.module_utils.edge.supply_world import (
    ELF,
    GOMOD,
    World,
    binary,
    filled,
    refused,
    release,
    run_module,
    sha256,
    site,
    start_module,
)

needs_go = pytest.mark.skipif(shutil.which("go") is None, reason="builds with the real Go toolchain")
STORED = "binaries/tool/v1.0.0+autotrade.1/amd64/tool"


@pytest.fixture
def world(tmp_path: Path) -> World:
    made = World(tmp_path)
    made.write_module()
    made.write_lock(binary(gomod=GOMOD))
    return made


@needs_go
def test_a_program_is_built_stamped_linked_and_then_left_alone(world: World) -> None:
    first = filled(world)
    (tool,) = first["artifacts"]
    assert (tool["source"], tool["version"], tool["changed"]) == ("gomod", "v1.0.0+autotrade.1", True)
    assert tool["sha256"] == sha256(Path(tool["path"]).read_bytes())
    run = subprocess.run([world.store / "bin/tool"], capture_output=True, text=True, check=True)
    assert run.stderr == "v1.0.0+autotrade.1\n"
    assert world.visible() == ["bin/tool", STORED, "index.json"]

    second = filled(world)
    assert not second["changed"]
    assert second["artifacts"][0]["reason"] == "present"


@needs_go
def test_check_mode_predicts_and_writes_nothing(world: World) -> None:
    assert filled(world, check_mode=True)["changed"]
    assert not world.store.exists() and not world.cache.exists()
    filled(world)
    assert not filled(world, check_mode=True)["changed"]
    (world.store / "bin/tool").unlink()
    assert filled(world, check_mode=True)["changed"]
    assert not (world.store / "bin/tool").exists()


@needs_go
def test_another_store_and_checkout_take_the_build_from_the_cache(world: World, tmp_path: Path) -> None:
    counting = world.go("go", f'[ "$1" = build ] && echo built >> {tmp_path}/builds\nexec $GO "$@"')
    filled(world, go=counting)
    filled(world, go=counting, store_dir=str(tmp_path / "other"))
    assert (tmp_path / "builds").read_text() == "built\n"
    assert (tmp_path / "other" / STORED).exists()


@needs_go
def test_changed_inputs_build_anew(world: World) -> None:
    before = filled(world)["artifacts"][0]["sha256"]
    world.write_module(main='package main\n\nvar version = "x"\n\nfunc main() { println("other", version) }\n')
    after = filled(world)
    assert after["changed"] and after["artifacts"][0]["sha256"] != before


@needs_go
def test_a_damaged_file_of_the_store_is_replaced(world: World) -> None:
    good = filled(world)["artifacts"][0]["sha256"]
    stored = world.store / STORED
    stored.unlink()
    stored.write_bytes(b"damaged")
    again = filled(world)
    assert again["changed"] and sha256(stored.read_bytes()) == good


@needs_go
def test_a_damaged_file_of_the_cache_is_built_again(world: World, tmp_path: Path) -> None:
    good = filled(world)["artifacts"][0]["sha256"]
    (kept,) = world.cache.glob("results/*/tool")
    kept.unlink()
    kept.write_bytes(b"damaged")
    filled(world, store_dir=str(tmp_path / "other"))
    assert sha256((tmp_path / "other" / STORED).read_bytes()) == good


@needs_go
def test_a_store_filled_elsewhere_needs_no_go(world: World, tmp_path: Path) -> None:
    filled(world)
    copied = tmp_path / "copied"
    shutil.copytree(world.store, copied, symlinks=True, copy_function=shutil.copyfile)
    answer = filled(world, store_dir=str(copied), go=str(tmp_path / "absent"))
    assert not answer["changed"]


def test_without_go_every_other_way_out_is_named(world: World) -> None:
    text = refused(world, go="/nowhere/go")
    assert "found no Go toolchain at '/nowhere/go'; expected Go 1.20 or newer, to build tool" in text
    for way in (
        "install Go 1.20",
        "artifact_store_go",
        "release checksums",
        "artifact_store_source",
        "artifact_store_dir",
    ):
        assert way in text
    assert not world.store.exists() and not world.cache.exists()


def test_a_go_that_is_too_old_is_named(world: World) -> None:
    old = world.go("go", "echo go1.19.1")
    world.write_module(go="1.26.0")
    assert "found go1.19.1 at" in refused(world, go=old)


@needs_go
def test_a_failing_build_shows_the_compiler_and_leaves_nothing(world: World) -> None:
    world.write_module(main="package main\n\nfunc main() { undefined() }\n")
    text = refused(world)
    assert "go build ." in text and "undefined: undefined" in text
    assert world.visible() == [] and list(world.cache.glob("work/*")) == []


def test_a_full_disk_during_a_build_is_named(world: World) -> None:
    full = world.go("go", '[ "$1" = env ] && exec $GO "$@"\necho "write x: no space left on device" >&2; exit 1')
    if shutil.which("go") is None:
        full = world.go("go", '[ "$1" = env ] && echo go1.26.8 && exit\necho "no space left on device" >&2; exit 1')
    text = refused(world, go=full)
    assert "a full disk during go build" in text and "artifact_store_cache_dir" in text


def test_too_little_space_is_refused_before_anything_is_written(world: World) -> None:
    world.write_lock(binary(gomod=GOMOD, megabytes=1e12))
    with_go = world.go("go", "echo go1.26.8")
    text = refused(world, go=with_go)
    assert "MB free; expected at least 1000000000064 MB" in text and "artifact_store_cache_dir" in text
    assert not world.store.exists() and not world.cache.exists()


def test_a_program_for_the_wrong_architecture_is_refused(world: World) -> None:
    with site() as server:
        server.files["tool"] = ELF["arm64"]
        world.write_lock(binary(release=release(f"{server.base}/tool", amd64=sha256(ELF["arm64"]))))
        text = refused(world)
    assert "tool for amd64: found an ELF program for arm64; expected an ELF program for amd64" in text
    assert world.visible() == []


def test_a_file_that_is_no_program_is_refused(world: World) -> None:
    with site() as server:
        server.files["tool"] = b"<html>sign in first</html>"
        world.write_lock(binary(release=release(f"{server.base}/tool", amd64=sha256(server.files["tool"]))))
        assert "a file that is no 64-bit ELF program" in refused(world)


def test_both_architectures_come_from_their_releases(world: World) -> None:
    with site() as server:
        server.files.update(ELF)
        url = server.base + "/{arch}"
        world.write_lock(binary(release=release(url, sha256(ELF["amd64"]), sha256(ELF["arm64"]))))
        filled(world, arches=["amd64", "arm64"], allow_unofficial=False)
        asked = len(server.asked)
        assert not filled(world, arches=["amd64", "arm64"], allow_unofficial=False)["changed"]
        assert len(server.asked) == asked
    assert (world.store / "binaries/tool/v1.0.0/arm64/tool").read_bytes() == ELF["arm64"]


@needs_go
def test_auto_falls_back_to_a_build_when_the_server_does_not_answer_and_says_so(world: World) -> None:
    world.write_lock(binary(release=release("http://127.0.0.1:9/tool", amd64="a" * 64), gomod=GOMOD))
    answer = filled(world)
    (tool,) = answer["artifacts"]
    assert tool["version"] == "v1.0.0+autotrade.1" and tool["reason"].startswith("release not in reach")
    assert not filled(world)["changed"]


@needs_go
def test_auto_never_falls_back_from_a_wrong_checksum(world: World) -> None:
    with site() as server:
        server.files["tool"] = ELF["amd64"]
        world.write_lock(binary(release=release(f"{server.base}/tool", amd64="a" * 64), gomod=GOMOD))
        text = refused(world)
    assert f"found sha256 {sha256(ELF['amd64'])}; expected sha256 {'a' * 64}" in text


def test_a_release_without_a_checksum_is_refused(world: World) -> None:
    world.write_lock(binary(release=release("https://example.org/tool")))
    assert "not trusted on first use" in refused(world, source="release")


@needs_go
def test_two_runs_at_once_build_once(world: World, tmp_path: Path) -> None:
    # The build goes on only when the other run has said that it waits; a run that never says so must not hang the test.
    waits = f'for _ in $(seq 1200); do grep -qs "waiting for another run" {tmp_path}/lines* && break; sleep 0.1; done'
    slow = world.go("go", f'[ "$1" = build ] && {{ echo built >> {tmp_path}/builds; {waits}; }}\nexec $GO "$@"')
    options = [world.options(go=slow, progress_file=str(tmp_path / f"lines{n}")) for n in (1, 2)]
    runs = [start_module(option) for option in options]
    for run, option in zip(runs, options, strict=True):
        assert run.stdin is not None
        run.stdin.write(json.dumps({"ANSIBLE_MODULE_ARGS": option}))
        run.stdin.close()
    answers = [json.loads(run.stdout.read().splitlines()[-1]) for run in runs if run.stdout]
    assert [run.wait(120) for run in runs] == [0, 0]
    assert (tmp_path / "builds").read_text() == "built\n"
    assert {answer["artifacts"][0]["sha256"] for answer in answers} == {sha256((world.store / STORED).read_bytes())}
    told = "".join(path.read_text() for path in tmp_path.glob("lines*"))
    assert "waiting for another run that is at tool for amd64" in told


@needs_go
def test_a_killed_run_leaves_nothing_visible_and_the_next_one_finishes(world: World, tmp_path: Path) -> None:
    stuck = world.go(
        "go", f'[ "$1" = build ] && echo $$ > {tmp_path}/new && mv {tmp_path}/new {tmp_path}/pid && exec sleep 900\nexec $GO "$@"'
    )
    options = world.options(go=stuck)
    run = start_module(options)
    assert run.stdin is not None
    run.stdin.write(json.dumps({"ANSIBLE_MODULE_ARGS": options}))
    run.stdin.close()
    deadline = time.monotonic() + 120
    while not (tmp_path / "pid").exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    run.send_signal(signal.SIGKILL)
    run.wait(120)
    os.kill(int((tmp_path / "pid").read_text()), signal.SIGKILL)
    assert world.visible() == []
    assert len(list(world.cache.glob("work/*"))) == 1

    assert filled(world)["changed"]
    assert list(world.cache.glob("work/*")) == []
    assert world.visible() == ["bin/tool", STORED, "index.json"]


@needs_go
def test_progress_is_written_as_lines_of_json(world: World, tmp_path: Path) -> None:
    file = tmp_path / "lines"
    filled(world, progress_file=str(file))
    (line,) = [json.loads(text) for text in file.read_text().splitlines()]
    assert (line["step"], line["steps"], line["name"]) == (1, 1, "tool for amd64")
    assert line["message"] == "building tool for amd64" and line["eta_s"] > 0 and line["time"] > 0
    assert json.loads((world.cache / "durations.json").read_text()).keys() == {"gomod:tool:amd64"}


def test_the_module_fails_with_the_refusal_and_no_trace(world: World) -> None:
    answer = run_module(world.options(names=["absent"]))
    assert answer["failed"] and answer["msg"].startswith("names: found 'absent'; expected one of tool.")
    assert "exception" not in answer


def test_a_lock_that_is_not_there_or_not_yaml_is_named(world: World) -> None:
    world.lock.write_text("a: [")
    assert "expected YAML" in refused(world)
    world.lock.unlink()
    assert "expected the lock file" in refused(world)


def test_a_directory_without_pins_is_named(world: World) -> None:
    (world.lock.parent / "gomod/tool/go.mod").write_text("module m\n\nrequire example.org/m v1.0.0\n")
    assert "no go.sum; expected a directory of pinned Go modules" in refused(world)
