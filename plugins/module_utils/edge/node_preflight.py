# Copyright (c) autotrade.deployment engineers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Measures a host, for the module ``node_preflight``; changes nothing but a scratch file that is gone afterwards."""

from __future__ import annotations

import os
import platform
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from ansible_collections.autotrade.deployment.plugins.module_utils.core import architectures
from ansible_collections.autotrade.deployment.plugins.module_utils.core.membership import Traces
from ansible_collections.autotrade.deployment.plugins.module_utils.core.node_preflight import (
    HostFacts,
    Identity,
    Needs,
    Question,
    SpareDisk,
    findings,
    is_own,
)
from ansible_collections.autotrade.deployment.plugins.module_utils.edge.host_report import report
from ansible_collections.autotrade.deployment.plugins.module_utils.edge.membership import look
from ansible_collections.autotrade.deployment.plugins.module_utils.edge.results import Ending

_REMAINS = (
    "/etc/kubernetes/kubelet.conf",
    "/etc/kubernetes/manifests/kube-apiserver.yaml",
    "/var/lib/etcd/member",
    "/etc/rancher",
)
_LISTENS = "0A"
# The kernel counts a disk's size in these, whatever its own sectors are.
_SECTOR = 512
_SYNCS, _BLOCK = 200, b"x" * 8192


def measure(directory: str, disks: Sequence[str], traces: Traces, with_sync: bool) -> HostFacts:
    """What the host is. ``directory`` is the one whose disk counts, ``disks`` are there for volumes."""
    release = platform.freedesktop_os_release()
    where = _existing(Path(directory))
    disk = os.statvfs(where)
    return HostFacts(
        system=release.get("ID", ""),
        system_version=release.get("VERSION_ID", ""),
        architecture=architectures.of_machine(platform.machine()),
        python=(sys.version_info.major, sys.version_info.minor),
        cpus=len(os.sched_getaffinity(0)),
        memory=os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"),
        disk=disk.f_frsize * disk.f_blocks,
        rotational=_rotational(where.stat().st_dev),
        swaps=tuple(line.split()[0] for line in _lines("/proc/swaps")[1:]),
        clock=time.time(),
        cgroup_version=2 if Path("/sys/fs/cgroup/cgroup.controllers").exists() else 1,
        busy_ports=dict.fromkeys(_listening(), ""),
        remains=tuple(path for path in _REMAINS if Path(path).exists()),
        user_id=os.geteuid(),
        spare=tuple(map(_spare, disks)),
        fsync_p99_ms=_sync_time(where) if with_sync else None,
        traces=traces,
    )


def identity() -> Identity:
    """By what the host is told from others."""
    return Identity("".join(_lines("/etc/machine-id")), platform.node(), _macs())


def _existing(path: Path) -> Path:
    return next(parent for parent in (path, *path.parents) if parent.exists())


def _lines(path: str) -> list[str]:
    try:
        return Path(path).read_text(encoding="utf-8").splitlines()
    except OSError:
        return []


def _spare(path: str) -> SpareDisk:
    number = Path(path).stat().st_rdev if Path(path).is_block_device() else 0
    sectors = _lines(str(_device(number) / "size"))
    return SpareDisk(path, int(sectors[0]) * _SECTOR if sectors else 0, _rotational(number))


def _device(number: int) -> Path:
    return Path(f"/sys/dev/block/{os.major(number)}:{os.minor(number)}")


def _rotational(number: int) -> bool | None:
    device = _device(number)
    # A partition has no queue of its own; its disk is the directory above.
    for place in (device, device.resolve().parent):
        answer = _lines(str(place / "queue/rotational"))
        if answer:
            return answer[0] == "1"
    return None


def _listening() -> set[int]:
    rows = [line.split() for name in ("tcp", "tcp6") for line in _lines(f"/proc/net/{name}")[1:]]
    return {int(row[1].rpartition(":")[2], 16) for row in rows if row[3] == _LISTENS}


def _macs() -> tuple[str, ...]:
    # Bridges and veths draw their addresses by themselves; only links with a device, or the one of a container, identify a host.
    links = [path for path in Path("/sys/class/net").iterdir() if (path / "device").exists() or path.name == "eth0"]
    return tuple(sorted("".join(_lines(str(path / "address"))) for path in links))


def _sync_time(where: Path) -> float:
    """Milliseconds within which 99 of 100 writes of 8 KiB reach the disk, as etcd writes its log."""
    taken = []
    with tempfile.TemporaryFile(dir=where) as scratch:
        for _number in range(_SYNCS):
            scratch.write(_BLOCK)
            scratch.flush()
            begun = time.perf_counter()
            os.fdatasync(scratch.fileno())
            taken.append((time.perf_counter() - begun) * 1000)
    return sorted(taken)[_SYNCS * 99 // 100]


def run(params: Mapping[str, Any]) -> Ending:
    """How the module ends: everything found, and whether errors stand that nobody waived."""
    needs = params["needs"]
    question = Question(
        needs=Needs(**{**needs, "ports": tuple(needs["ports"])}),
        systems=params["systems"],
        architectures=params["architectures"],
        clock=params["clock"],
        directory=params["directory"],
        cluster=params["cluster"],
        swap_allowed=params["swap_allowed"],
    )
    # A member has work to do on its disk, and was measured before it joined.
    traces = look()
    with_sync = needs["fsync_ms"] is not None and not is_own(question.cluster, traces)
    facts = measure(params["directory"], params["disks"], traces, with_sync)
    measured = {"measured": {**asdict(facts), **asdict(identity())}}
    return report(findings(question, facts), params["waived"], "node_preflight_waived", measured)
