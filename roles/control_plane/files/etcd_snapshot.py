"""Takes a snapshot of the etcd member of this host, checks it, keeps the newest, and copies it off the host.

Started by etcd-snapshot.timer; settings are the JSON file given as argument. Nothing old is removed before the new one is
checked, and a copy that fails makes the unit fail, with the snapshot itself kept.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

PKI = "/etc/kubernetes/pki/etcd"
SUFFIX = ".db"
# etcd appends the SHA-256 of a snapshot to it; the database before it is a whole number of sectors
# (etcdutl/snapshot/v3_snapshot.go).
DIGEST_BYTES, SECTOR_BYTES = 32, 512
CHUNK_BYTES = 1 << 20


class SnapshotError(Exception):
    """Why there is no snapshot, or no copy, told to the journal."""


def taken(settings: Mapping[str, Any], now: datetime) -> tuple[Path, str]:
    """A new snapshot under its final name, checked, with its SHA-256."""
    directory = Path(settings["directory"])
    draft = directory / "draft"
    command = [
        *settings["etcdctl"], "--endpoints=https://127.0.0.1:2379", f"--cacert={PKI}/ca.crt",
        f"--cert={PKI}/healthcheck-client.crt", f"--key={PKI}/healthcheck-client.key", "snapshot", "save", str(draft),
    ]  # fmt: skip
    _ran(command, settings["timeout"])
    sha256 = checked(draft)
    final = directory / f"{own_prefix(settings)}{now:%Y%m%dT%H%M%SZ}{SUFFIX}"
    draft.chmod(0o600)
    draft.replace(final)
    return final, sha256


def own_prefix(settings: Mapping[str, Any]) -> str:
    """How the names of this host's snapshots begin."""
    return f"{settings['cluster']}-{settings['host']}-"


def _ran(command: Sequence[str], timeout: float) -> None:
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=timeout, check=False)
    except subprocess.TimeoutExpired:
        raise SnapshotError(f"{command[0]}: no end after {timeout:g} s. Raise control_plane_snapshot_timeout.") from None
    if done.returncode:
        raise SnapshotError(f"{command[0]}: exit status {done.returncode}: {done.stderr.strip()[-1000:]}")


def checked(path: Path) -> str:
    """The SHA-256 of the whole file, once the one that etcd put at its end is found to be right."""
    size = path.stat().st_size
    if size % SECTOR_BYTES != DIGEST_BYTES:
        raise SnapshotError(f"{path}: {size} bytes; expected whole sectors and a digest of {DIGEST_BYTES}. The snapshot was cut.")
    inner, outer = hashlib.sha256(), hashlib.sha256()
    with path.open("rb") as file:
        left = size - DIGEST_BYTES
        while left:
            chunk = file.read(min(CHUNK_BYTES, left))
            inner.update(chunk)
            outer.update(chunk)
            left -= len(chunk)
        digest = file.read()
    if inner.digest() != digest:
        raise SnapshotError(f"{path}: its content does not have the digest at its end. The disk may be failing; look at dmesg.")
    outer.update(digest)
    return outer.hexdigest()


def copied(path: Path, sha256: str, settings: Mapping[str, Any]) -> list[str]:
    """Where else the snapshot lies now: the directory of another machine that is mounted here, and what the command made."""
    copies = []
    if settings["copy_directory"]:
        directory = Path(settings["copy_directory"])
        copies.append(_to_directory(path, sha256, directory))
        prune(directory, own_prefix(settings), settings["keep"])
    if settings["copy_command"]:
        command = [word.replace("{file}", str(path)) for word in settings["copy_command"]]
        _ran(command, settings["timeout"])
        # The rest of the command may hold credentials.
        copies.append(command[0])
    return copies


def _to_directory(path: Path, sha256: str, directory: Path) -> str:
    # A directory of this host's own disks would be lost with it; an empty mount point lies on that of the root.
    own = {path.stat().st_dev, Path("/").stat().st_dev}
    if not directory.is_dir() or directory.stat().st_dev in own:
        raise SnapshotError(f"{directory}: on a disk of this host, or missing; expected a mount from another machine.")
    target, draft = directory / path.name, directory / f".{path.name}"
    shutil.copyfile(path, draft)
    os.chmod(draft, 0o600)  # noqa: PTH101 - hosts have no more than the standard library's oldest ways
    if checked(draft) != sha256:
        raise SnapshotError(f"{draft}: differs from {path} after copying. Look at the mount.")
    draft.replace(target)
    return str(target)


def prune(directory: Path, prefix: str, keep: int) -> list[str]:
    """Remove all but the newest ``keep`` of this host; names sort by time."""
    # Whole names, because the name of a host may begin with that of another.
    own = re.compile(rf"{re.escape(prefix)}\d{{8}}T\d{{6}}Z{re.escape(SUFFIX)}")
    old = sorted(path for path in directory.iterdir() if own.fullmatch(path.name))[:-keep]
    for path in old:
        path.unlink()
    return [path.name for path in old]


@contextlib.contextmanager
def alone(directory: Path) -> Iterator[None]:
    """Exclude a second run, as of a hand beside the timer."""
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    with (directory / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def run(settings: Mapping[str, Any], now: datetime) -> dict[str, Any]:
    """One snapshot from beginning to end; what is returned also stands in ``last.json`` beside the snapshots."""
    directory = Path(settings["directory"])
    with alone(directory):
        path, sha256 = taken(settings, now)
        prune(directory, own_prefix(settings), settings["keep"])
        report = {"time": now.isoformat(), "file": path.name, "bytes": path.stat().st_size, "sha256": sha256}
        _noted(directory, {**report, "copies": None})
        report["copies"] = copied(path, sha256, settings)
        _noted(directory, report)
    return report


def _noted(directory: Path, report: Mapping[str, Any]) -> None:
    draft = directory / ".last.json"
    draft.write_text(json.dumps(report) + "\n", encoding="utf-8")
    draft.replace(directory / "last.json")


def read(path: Path) -> dict[str, Any]:
    """The settings. Older versions of Ansible render numbers as texts."""
    settings = json.loads(path.read_text(encoding="utf-8"))
    numbers = {"keep": int(settings["keep"]), "timeout": float(settings["timeout"])}
    if numbers["keep"] < 1:
        raise SnapshotError(f"{path}: keep is {numbers['keep']}; expected at least 1. Set control_plane_snapshot_keep.")
    return {**settings, **numbers}


def main() -> int:
    """Run by systemd."""
    try:
        print(json.dumps(run(read(Path(sys.argv[1])), datetime.now(timezone.utc))))
    except (SnapshotError, OSError) as error:
        print(f"etcd-snapshot: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
