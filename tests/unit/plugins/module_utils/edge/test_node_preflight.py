"""The host that runs the tests, measured: what it lacks is told, and what was measured with it."""

from __future__ import annotations

import platform
import time
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.autotrade.deployment.plugins.module_utils.edge import membership, node_preflight
from ansible_collections.autotrade.deployment.plugins.module_utils.edge.node_preflight import run

NEEDS = {"cpus": 1, "memory": 1, "disk": 1, "spare": 0, "solid_state": False, "ports": [], "fsync_ms": None}
RELEASE = platform.freedesktop_os_release()
ASKED = {
    "cluster": "trading",
    "systems": {RELEASE["ID"]: [RELEASE.get("VERSION_ID", "")]},
    "architectures": ["amd64", "arm64"],
    "directory": "/var/lib",
    "disks": [],
    "swap_allowed": True,
    "waived": ["not-root", "cgroup-v1", "cluster-remains"],
}


def asked(**needs: Any) -> dict[str, Any]:
    return {**ASKED, "clock": time.time(), "needs": {**NEEDS, **needs}}


def test_a_host_that_has_what_is_asked_for_is_measured() -> None:
    ending = run(asked())
    assert not ending.failed, ending.result["msg"]
    assert ending.result["measured"]["hostname"] == platform.node()
    assert ending.result["measured"]["fsync_p99_ms"] is None


def test_what_is_lacking_is_told_with_its_waiver_and_what_was_measured() -> None:
    ending = run(asked(cpus=100_000))
    assert ending.failed
    assert ending.result["msg"].endswith("To go on all the same: node_preflight_waived: [cpus-too-few]")
    assert ending.result["measured"]["cpus"] >= 1
    assert not run({**asked(cpus=100_000), "waived": [*ASKED["waived"], "cpus-too-few"]}).failed


def test_synced_writes_are_measured_where_a_limit_is_set() -> None:
    assert run(asked(fsync_ms=60_000.0)).result["measured"]["fsync_p99_ms"] > 0


def test_the_clusters_name_is_compared_with_the_one_in_the_hosts_mark(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    mark = tmp_path / "membership.json"
    monkeypatch.setattr(membership, "MARK", mark)
    mark.write_text('{"cluster": "staging", "standing": "begun"}')
    ending = run(asked(fsync_ms=60_000.0))
    assert ending.failed
    assert "other-cluster: found the mark of cluster staging" in ending.result["msg"]
    # What it has of a cluster is its own work once the names agree: its disk is then busy, and measured no more.
    mine = run({**asked(fsync_ms=60_000.0), "cluster": "staging"})
    assert not mine.failed, mine.result["msg"]
    assert mine.result["measured"]["fsync_p99_ms"] is None


def test_a_disk_for_volumes_is_as_large_as_the_kernel_counts_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "queue").mkdir()
    (tmp_path / "queue/rotational").write_text("1\n")
    (tmp_path / "size").write_text("7814037168\n")
    monkeypatch.setattr(node_preflight, "_device", lambda _number: tmp_path)
    (disk,) = run({**asked(), "disks": ["/dev/disk/by-id/a"]}).result["measured"]["spare"]
    assert disk == {"path": "/dev/disk/by-id/a", "size": 4000787030016, "rotational": True}


def test_a_file_is_no_disk_and_nothing_is_none_either(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"0" * 512)
    ending = run({**asked(spare=1), "disks": [str(tmp_path / "file"), str(tmp_path / "nothing")]})
    assert ending.failed
    assert "spare-disks-too-small: found 0 GiB" in ending.result["msg"]
