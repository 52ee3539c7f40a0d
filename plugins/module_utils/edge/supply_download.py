# Copyright (c) autotrade.deployment engineers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Downloads that can be cut off and resumed, and that nobody sees before their checksum is right."""

from __future__ import annotations

import contextlib
import http.client
import os
import shutil
import tarfile
import urllib.error
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

from ansible.module_utils.urls import open_url
from ansible_collections.autotrade.deployment.plugins.module_utils.core.supply import (
    Problem,
    SupplyError,
    UnreachableError,
)
from ansible_collections.autotrade.deployment.plugins.module_utils.edge.supply_files import (
    full_disk_named,
    sha256_of,
)

_BLOCK = 1 << 18
_TIMEOUT_S = 30
_ATTEMPTS = 3
_PARTIAL = 206
_RANGE_REFUSED = 416
_HEARTBEAT_BLOCKS = 64
_SETTING = "artifact_store_cache_dir"


def fetch(url: str, sha256: str, directory: Path, beat: Callable[[], None]) -> Path:
    """The file of ``url`` in ``directory``, named by its checksum; a part that an earlier run left is continued.

    :raises UnreachableError: when the server does not answer or breaks off again and again.
    :raises SupplyError: when the whole file has another checksum than ``sha256``.
    """
    target, part = directory / sha256, directory / f"{sha256}.part"
    if target.exists() and sha256_of(target) == sha256:
        return target
    directory.mkdir(parents=True, exist_ok=True)
    continued = part.exists()
    with full_disk_named(directory, _SETTING):
        _complete(url, part, beat)
        if continued and sha256_of(part) != sha256:
            # The part may be of another file that stood at the same address: begin anew before blaming the server.
            part.unlink()
            _complete(url, part, beat)
    found = sha256_of(part)
    if found != sha256:
        part.unlink()
        raise SupplyError(
            Problem(
                url,
                f"sha256 {found}",
                f"sha256 {sha256}, pinned in the lock file",
                "Nothing was kept. Do not change the lock before the project's own checksum file says so.",
            )
        )
    part.replace(target)
    return target


def extract(archive: Path, member: str, target: Path, url: str) -> None:
    """Copy one regular file of a tar archive to ``target``."""
    try:
        with tarfile.open(archive) as content, full_disk_named(target.parent, _SETTING):
            source = content.extractfile(content.getmember(member))
            if source is None:
                raise KeyError(member)
            with target.open("wb") as sink:
                shutil.copyfileobj(source, sink, _BLOCK)
    except (KeyError, tarfile.TarError) as error:
        raise SupplyError(
            Problem(url, f"an archive without the file {member} ({error})", "that file", "Correct member in the lock file.")
        ) from error


def _complete(url: str, part: Path, beat: Callable[[], None]) -> None:
    problem = ""
    for _attempt in range(_ATTEMPTS):
        try:
            problem = _continue(url, part, beat)
        except urllib.error.HTTPError as error:
            raise _no_answer(url, f"HTTP {error.code} {error.reason}") from error
        except (http.client.HTTPException, urllib.error.URLError, TimeoutError, ConnectionError) as error:
            problem = str(getattr(error, "reason", "") or error or type(error).__name__)
        if not problem:
            return
    raise _no_answer(url, problem)


def _no_answer(url: str, found: str) -> UnreachableError:
    remedy = (
        "The part that came is kept and continued by the next run. Check network and proxy,"
        " or set artifact_store_source to gomod or auto."
    )
    return UnreachableError(Problem(url, found, "the whole file", remedy))


def _continue(url: str, part: Path, beat: Callable[[], None]) -> str:
    """Fetch what is missing of ``part``; the problem when the answer ended early, else an empty text."""
    have = part.stat().st_size if part.exists() else 0
    try:
        answer = open_url(url, headers={"Range": f"bytes={have}-"} if have else {}, timeout=_TIMEOUT_S)
    except urllib.error.HTTPError as error:
        if error.code != _RANGE_REFUSED:
            raise
        part.unlink()
        return "a partial file that the server cannot continue"
    with contextlib.closing(answer):
        resumed = answer.status == _PARTIAL and answer.headers.get("Content-Range", "").startswith(f"bytes {have}-")
        start = have if resumed else 0
        length = answer.headers.get("Content-Length")
        with part.open("ab" if resumed else "wb") as sink:
            received = _copy(answer, sink, beat)
    if length is not None and received < int(length):
        return f"a truncated download: {start + received} of {start + int(length)} bytes"
    return ""


def _copy(answer: http.client.HTTPResponse, sink: BinaryIO, beat: Callable[[], None]) -> int:
    received = blocks = 0
    while block := _read(answer):
        sink.write(block)
        received += len(block)
        blocks += 1
        if blocks % _HEARTBEAT_BLOCKS == 0:
            beat()
    sink.flush()
    os.fsync(sink.fileno())
    return received


def _read(answer: http.client.HTTPResponse) -> bytes:
    try:
        return answer.read(_BLOCK)
    except http.client.IncompleteRead as error:
        return error.partial
