"""The role node_preflight: what a class asks of its own directory, and of the disks that the storage role will take."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import run_playbook

TINY = {"cpus": 1, "memory": 0, "disk": 0, "solid_state": False, "fsync_ms": 0}
ALWAYS = ["not-root", "cgroup-v1", "cluster-remains", "system-unsupported", "port-10250-in-use"]


def measured(folder: Path, **settings: Any) -> str:
    play = {
        "hosts": "localhost",
        "gather_facts": False,
        "vars": {"node_class": "storage", "node_preflight_waived": ALWAYS, **settings},
        "tasks": [{"ansible.builtin.include_role": {"name": "autotrade.deployment.node_preflight"}}],
    }
    playbook = folder / "play.yml"
    playbook.write_text(json.dumps([play]), encoding="utf-8")
    return run_playbook(playbook, {}).stdout


@pytest.mark.requirement("C1")
def test_a_storage_host_needs_its_two_terabytes_on_disks_for_volumes(tmp_path: Path) -> None:
    shown = measured(tmp_path, storage_node_volume_groups={"ssd": ["/dev/disk/by-id/one"], "hdd": ["/dev/disk/by-id/two"]})
    assert "spare-disks-too-small: found 0 GiB (/dev/disk/by-id/one, /dev/disk/by-id/two)" in shown
    assert "1862 GiB on disks for volumes alone" in shown
    assert "2048 GiB" not in shown


def test_a_class_may_keep_its_data_in_a_directory_of_its_own(tmp_path: Path) -> None:
    needs = {"storage": {**TINY, "disk": 1 << 30, "directory": "/proc"}}
    shown = measured(tmp_path, node_preflight_needs=needs)
    assert "GiB below /proc" in shown
    assert "spare-disks-too-small" not in shown


def test_a_class_that_asks_for_no_disks_is_asked_for_none(tmp_path: Path) -> None:
    assert "failed=0" in measured(tmp_path, node_preflight_needs={"storage": TINY})
