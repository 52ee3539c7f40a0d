"""The command that refreshes the lock, against a loopback server with constructed checksum files."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from ansible_collections.autotrade.deployment.plugins.plugin_utils.lock_refresh import main

from tests.unit.plugins.module_utils.edge.supply_world import Site, World, site

A, B, C = "a" * 64, "b" * 64, "c" * 64
LOCK = """---
# Kept: the reason why.
format: 1
stamp: autotrade.1

artifacts:
  - name: single   # one checksum per file
    kind: binary
    version: v1.0.0
    release:
      url: BASE/{version}/{arch}/single
      checksums: BASE/{version}/{arch}/single.sha256
      sha256:
        amd64: ""
        arm64: ""   # a note
  - name: summed
    kind: binary
    version: v2.0.0
    release:
      url: BASE/summed-{arch}.tar.gz
      checksums: BASE/SHA256SUMS
      member: summed
      sha256: {amd64: "", arm64: ''}
  - name: silent
    kind: bundle
    version: v3.0.0
    release:
      url: BASE/silent.yaml
      sha256:
        any: ""
"""


@pytest.fixture
def server() -> Iterator[Site]:
    with site() as served:
        served.files["v1.0.0/amd64/single.sha256"] = A.encode()
        served.files["v1.0.0/arm64/single.sha256"] = f"{B}  single\n".encode()
        served.files["SHA256SUMS"] = f"{B}  summed-amd64.tar.gz\n{C}  summed-arm64.tar.gz\n".encode()
        yield served


@pytest.fixture
def lock(server: Site, tmp_path: Path) -> Path:
    path = tmp_path / "lock.yml"
    path.write_text(LOCK.replace("BASE", server.base))
    return path


def test_checksums_are_filled_and_everything_else_stays(lock: Path, server: Site, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--lock", str(lock)]) == 0
    expected = LOCK.replace("BASE", server.base)
    expected = expected.replace('amd64: ""\n        arm64: ""   # a', f'amd64: "{A}"\n        arm64: "{B}"   # a')
    expected = expected.replace("""{amd64: "", arm64: ''}""", f'{{amd64: "{B}", arm64: "{C}"}}')
    assert lock.read_text() == expected
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[:3] for line in lines[:4]] == [
        [name, arch, "filled"] for name in ("single", "summed") for arch in ("amd64", "arm64")
    ]
    assert "no checksum file" in lines[4] and "silent.yaml" in lines[4]
    assert sum(path == "/SHA256SUMS" for path, _range in server.asked) == 1


def test_a_second_run_changes_nothing(lock: Path) -> None:
    main(["--lock", str(lock)])
    before = lock.stat().st_mtime_ns
    assert main(["--lock", str(lock)]) == 0
    assert lock.stat().st_mtime_ns == before


def test_check_writes_nothing(lock: Path) -> None:
    before = lock.read_text()
    assert main(["--lock", str(lock), "--check"]) == 0
    assert lock.read_text() == before


def test_another_checksum_for_the_same_version_is_an_alarm(lock: Path, server: Site, capsys: pytest.CaptureFixture[str]) -> None:
    main(["--lock", str(lock), "single"])
    server.files["v1.0.0/amd64/single.sha256"] = C.encode()
    before = lock.read_text()
    assert main(["--lock", str(lock), "single"]) == 1
    assert lock.read_text() == before
    assert "find out why" in capsys.readouterr().out
    assert main(["--lock", str(lock), "single", "--replace"]) == 0
    assert f'amd64: "{C}"' in lock.read_text()


def test_a_page_instead_of_a_checksum_fills_nothing(lock: Path, server: Site) -> None:
    server.files["v1.0.0/amd64/single.sha256"] = b"<html>please sign in</html>"
    assert main(["--lock", str(lock), "single"]) == 1
    assert 'amd64: ""' in lock.read_text() and f'arm64: "{B}"' in lock.read_text()


def test_a_server_that_does_not_answer_is_told(lock: Path, server: Site, capsys: pytest.CaptureFixture[str]) -> None:
    del server.files["SHA256SUMS"]
    assert main(["--lock", str(lock), "summed"]) == 1
    assert "not reachable" in capsys.readouterr().out


def test_unknown_entries_and_broken_locks_are_refused(lock: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--lock", str(lock), "absent"]) == 2
    assert "found 'absent'" in capsys.readouterr().err
    lock.write_text("format: 2")
    assert main(["--lock", str(lock)]) == 2


IMAGES = f"""---
format: 1
stamp: autotrade.1
artifacts:
  - name: pause
    kind: image
    version: 3.10.1
    release:
      reference: registry.example.org/pause:{{version}}
      digest:
        amd64: ""   # a note
        arm64: "sha256:{C}"
"""


def registry(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *digests: str) -> Path:
    """A lock with an image, and a stand-in for skopeo that shows an index with these digests."""
    platforms = ({"os": "linux", "architecture": arch} for arch in ("amd64", "arm64"))
    manifests = [{"digest": f"sha256:{digest}", "platform": one} for digest, one in zip(digests, platforms, strict=False)]
    World(tmp_path).skopeo(f"echo '{json.dumps({'manifests': manifests})}'" if digests else "echo 'unauthorized' >&2; exit 1")
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    lock = tmp_path / "images.yml"
    lock.write_text(IMAGES)
    return lock


def test_digests_come_from_the_index_of_the_registry(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lock = registry(tmp_path, monkeypatch, A, C)
    assert main(["--lock", str(lock)]) == 0
    assert lock.read_text() == IMAGES.replace('amd64: ""', f'amd64: "sha256:{A}"')
    assert (tmp_path / "skopeo.calls").read_text() == "inspect --raw docker://registry.example.org/pause:3.10.1\n"


def test_a_tag_that_moved_is_an_alarm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lock = registry(tmp_path, monkeypatch, A, B)
    assert main(["--lock", str(lock)]) == 1
    assert f'arm64: "sha256:{C}"' in lock.read_text()


def test_an_image_without_an_index_is_left_to_a_person(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    lock = registry(tmp_path, monkeypatch, A)
    assert main(["--lock", str(lock)]) == 1
    assert "not published there" in capsys.readouterr().out


def test_a_registry_that_refuses_is_quoted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    lock = registry(tmp_path, monkeypatch)
    assert main(["--lock", str(lock)]) == 2
    assert "found skopeo ended with 1: unauthorized" in capsys.readouterr().err and lock.read_text() == IMAGES
