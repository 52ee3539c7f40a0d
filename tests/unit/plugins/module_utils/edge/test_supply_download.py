"""Downloads that break off, change, or do not fit."""

from __future__ import annotations

import io
import os
import subprocess
import sys
import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from ansible_collections.autotrade.deployment.plugins.module_utils.core.supply import SupplyError, UnreachableError
from ansible_collections.autotrade.deployment.plugins.module_utils.edge.supply_download import extract, fetch

from tests.unit.plugins.module_utils.edge.supply_world import ROOT, Site, sha256, site

BODY = bytes(range(256)) * 4000


@pytest.fixture
def server() -> Iterator[Site]:
    with site() as served:
        served.files["file"] = BODY
        yield served


def got(server: Site, directory: Path, expected: str = sha256(BODY)) -> Path:
    return fetch(f"{server.base}/file", expected, directory, lambda: None)


def test_a_download_is_named_by_its_checksum_and_fetched_once(server: Site, tmp_path: Path) -> None:
    file = got(server, tmp_path)
    assert file.read_bytes() == BODY and file.name == sha256(BODY)
    got(server, tmp_path)
    assert len(server.asked) == 1


def test_a_download_that_breaks_off_is_continued(server: Site, tmp_path: Path) -> None:
    server.cut_after, server.cuts_left = 300_000, 2
    assert got(server, tmp_path).read_bytes() == BODY
    assert [asked for _path, asked in server.asked] == ["", "bytes=300000-", "bytes=600000-"]


def test_a_server_that_cannot_continue_begins_anew(server: Site, tmp_path: Path) -> None:
    server.cut_after, server.cuts_left, server.ranges = 300_000, 1, False
    assert got(server, tmp_path).read_bytes() == BODY


def test_a_download_that_always_breaks_off_says_how_far_it_came_and_goes_on_later(server: Site, tmp_path: Path) -> None:
    server.cut_after, server.cuts_left = 100_000, 3
    with pytest.raises(UnreachableError, match=rf"a truncated download: 300000 of {len(BODY)} bytes; expected the whole file"):
        got(server, tmp_path)
    assert not (tmp_path / sha256(BODY)).exists()
    assert got(server, tmp_path).read_bytes() == BODY
    assert server.asked[-1][1] == "bytes=300000-"


def test_a_wrong_checksum_names_both_and_keeps_nothing(server: Site, tmp_path: Path) -> None:
    with pytest.raises(SupplyError) as raised:
        got(server, tmp_path, "c" * 64)
    assert f"{server.base}/file: found sha256 {sha256(BODY)}; expected sha256 {'c' * 64}" in str(raised.value)
    assert list(tmp_path.iterdir()) == []


def test_a_part_of_another_file_does_not_spoil_the_download(server: Site, tmp_path: Path) -> None:
    (tmp_path / f"{sha256(BODY)}.part").write_bytes(b"something else")
    assert got(server, tmp_path).read_bytes() == BODY


def test_a_part_longer_than_the_file_begins_anew(server: Site, tmp_path: Path) -> None:
    (tmp_path / f"{sha256(BODY)}.part").write_bytes(BODY + b"more")
    assert got(server, tmp_path).read_bytes() == BODY


def test_a_missing_file_and_a_dead_server_are_named(server: Site, tmp_path: Path) -> None:
    with pytest.raises(UnreachableError, match="found HTTP 404"):
        fetch(f"{server.base}/absent", "c" * 64, tmp_path, lambda: None)
    with pytest.raises(UnreachableError, match="Connection refused"):
        fetch("http://127.0.0.1:9/file", "c" * 64, tmp_path, lambda: None)


def test_a_full_disk_names_the_place_and_the_setting(server: Site, tmp_path: Path) -> None:
    # A limit on the size of files is the one full disk that needs no file system of its own.
    program = (
        "import resource, sys, pathlib\n"
        "from ansible_collections.autotrade.deployment.plugins.module_utils.edge.supply_download import fetch\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, 200_000))\n"
        "try:\n    fetch(sys.argv[1], sys.argv[2], pathlib.Path(sys.argv[3]), lambda: None)\n"
        "except Exception as error:\n    print(type(error).__name__, error)\n"
    )
    arguments = [sys.executable, "-c", program, f"{server.base}/file", sha256(BODY), str(tmp_path)]
    environment = os.environ | {"PYTHONPATH": str(ROOT / ".collections")}
    run = subprocess.run(arguments, env=environment, capture_output=True, text=True, check=True)
    assert run.stdout.startswith(f"SupplyError {tmp_path}: found File too large; expected enough space.")
    assert "artifact_store_cache_dir" in run.stdout
    assert not (tmp_path / sha256(BODY)).exists()


def test_one_file_comes_out_of_an_archive(tmp_path: Path) -> None:
    archive = tmp_path / "a.tar.gz"
    with tarfile.open(archive, "w:gz") as content:
        info = tarfile.TarInfo("dir/tool")
        info.size = 4
        content.addfile(info, io.BytesIO(b"tool"))
        content.addfile(tarfile.TarInfo("dir/link"))
    extract(archive, "dir/tool", tmp_path / "tool", "https://example.org/a.tar.gz")
    assert (tmp_path / "tool").read_bytes() == b"tool"
    with pytest.raises(SupplyError, match="an archive without the file dir/absent"):
        extract(archive, "dir/absent", tmp_path / "tool", "https://example.org/a.tar.gz")


def test_what_is_no_archive_is_named(tmp_path: Path) -> None:
    (tmp_path / "a.tar.gz").write_bytes(b"no archive")
    with pytest.raises(SupplyError, match="Correct member in the lock file"):
        extract(tmp_path / "a.tar.gz", "tool", tmp_path / "tool", "https://example.org/a.tar.gz")
