# Copyright (c) autotrade.deployment engineers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Looks at a host's disks, and makes volume groups of those that nobody uses, for the module ``volume_group``."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from ansible_collections.autotrade.deployment.plugins.module_utils.core.storage_disks import (
    Disk,
    DiskError,
    DiskFacts,
    Group,
    findings,
    plan,
)
from ansible_collections.autotrade.deployment.plugins.module_utils.edge.host_report import report
from ansible_collections.autotrade.deployment.plugins.module_utils.edge.results import Ending

Run = Callable[[list[str]], str]
_TIMEOUT_S = 120
_LSBLK = ["lsblk", "--json", "--paths", "--output", "NAME,TYPE,RO,MOUNTPOINTS"]
_PVS = ["pvs", "--reportformat", "json", "--options", "pv_name,vg_name,vg_tags"]


def run_program(command: list[str]) -> str:
    """Run a program that asks nothing and is answered nothing, and return what it printed.

    :raises DiskError: with the end of what it said.
    """
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=_TIMEOUT_S, check=False, stdin=subprocess.DEVNULL)
    except OSError as error:
        raise DiskError(f"{command[0]}: {error.strerror}; expected the program on this host. Install its package.") from error
    except subprocess.TimeoutExpired as error:
        raise DiskError(
            f"{' '.join(command)}: not done within {_TIMEOUT_S} s; a disk may not answer. Look at `dmesg`."
        ) from error
    if done.returncode:
        raise DiskError(f"{' '.join(command)}: exit status {done.returncode}: {(done.stderr or done.stdout).strip()[-1500:]}")
    return done.stdout


def look(paths: list[str], run: Run) -> DiskFacts:
    """What lies at ``paths``, and every volume group."""
    volumes = list(_volumes(run))
    groups: dict[str, Group] = {}
    for device, name, tags in volumes:
        known = groups.get(name, Group(frozenset(), tags))
        groups[name] = Group(known.devices | {device}, tags)
    owners = {device: name for device, name, _tags in volumes}
    return DiskFacts(tuple(_disk(path, owners, run) for path in paths), groups)


def _volumes(run: Run) -> Iterator[tuple[str, str, frozenset[str]]]:
    # Where lvm is not installed yet there is no group.
    if not shutil.which(_PVS[0]):
        return
    for entry in json.loads(run(_PVS))["report"][0]["pv"]:
        if entry["vg_name"]:
            yield os.path.realpath(entry["pv_name"]), entry["vg_name"], frozenset(filter(None, entry["vg_tags"].split(",")))


def _disk(path: str, owners: Mapping[str, str], run: Run) -> Disk:
    if not Path(path).exists():
        return Disk(path)
    device = os.path.realpath(path)
    entry = json.loads(run([*_LSBLK, device]))["blockdevices"][0]
    signatures = json.loads(run(["wipefs", "--no-act", "--json", device]) or '{"signatures": []}')["signatures"]
    return Disk(
        path=path,
        device=device,
        kind=entry["type"],
        read_only=bool(entry["ro"]),
        users=tuple(_users(entry)),
        signatures=tuple(dict.fromkeys(signature["type"] for signature in signatures)),
        group=owners.get(device, ""),
    )


def _users(entry: Mapping[str, Any]) -> Iterator[str]:
    for place in entry.get("mountpoints") or ():
        if place:
            yield place
    for child in entry.get("children") or ():
        yield child["name"]


def run(params: Mapping[str, Any], check_mode: bool, program: Run = run_program) -> Ending:
    """Make the disks a volume group, unless something speaks against it; how the module ends.

    :raises DiskError: with a message for the user.
    """
    name = params["name"]
    facts = look(params["disks"], program)
    told = report(findings(name, facts), params["waived"], "storage_node_waived", {})
    if told.failed:
        return told
    wanted = plan(name, facts)
    if wanted.paths and not check_mode:
        program(wanted.command())
    line = wanted.line()
    acts = {
        "changed": bool(line),
        "done": [line] if line else [],
        "diff": {"before": "", "after": f"{line}\n" if line else ""},
    }
    return Ending({**told.result, **acts})
