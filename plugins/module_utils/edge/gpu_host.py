# Copyright (c) autotrade.deployment engineers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Looks at a host's GPU for the module ``gpu_host_info``: reads files alone, so it works before any driver does."""

from __future__ import annotations

import json
import os
import platform
import re
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Any

from ansible_collections.autotrade.deployment.plugins.module_utils.core import architectures
from ansible_collections.autotrade.deployment.plugins.module_utils.core.gpu_findings import findings
from ansible_collections.autotrade.deployment.plugins.module_utils.core.gpu_host import (
    NOTE_FILE,
    Driver,
    GpuFacts,
    GpuWishes,
    Note,
    files,
    kind,
    menu_is_stale,
    note_is_over,
    note_text,
    restart_reasons,
    wrong_packages,
)
from ansible_collections.autotrade.deployment.plugins.module_utils.core.kubelet_pinning import numbers
from ansible_collections.autotrade.deployment.plugins.module_utils.edge.host_report import report
from ansible_collections.autotrade.deployment.plugins.module_utils.edge.results import Ending

_NVIDIA = "0x10de"
#: Display controllers; an NVIDIA host has bridges and network cards of the same vendor, too.
_DISPLAY = "0x03"
_MENUS = ("boot/grub/grub.cfg", "boot/grub2/grub.cfg")
_VERSION = re.compile(r"NVRM version: .*?(\d+\.\d+(?:\.\d+)?)")


def look(root: Path, machine: str, page_size: int, packages: Collection[str] = ()) -> GpuFacts:
    """What stands below ``root``, which is ``/`` but for tests; ``machine`` as ``uname -m`` and ``page_size`` in bytes.

    ``packages`` are those whose versions count.
    """
    nodes = root / "sys/devices/system/node"
    with_processors = numbers(_text(nodes / "has_cpu"))
    with_memory = numbers(_text(nodes / "has_memory"))
    return GpuFacts(
        architecture=architectures.of_machine(machine),
        page_size=page_size,
        gpus=tuple(_gpus(root / "sys/bus/pci/devices")),
        command_line=tuple(_text(root / "proc/cmdline").split()),
        menu=_menu(root),
        numa_nodes=len(numbers(_text(nodes / "online"))) or 1,
        memory_only_nodes=len(with_memory - with_processors),
        driver=_driver(root / "proc/driver/nvidia"),
        packages={name: version for name, version in _packages(root / "var/lib/dpkg/status") if name in packages},
        cdi=any(_cdi_files(root)),
        boot=_text(root / "proc/sys/kernel/random/boot_id").strip(),
        note=_note(root / NOTE_FILE.lstrip("/")),
    )


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""


def _gpus(devices: Path) -> Iterator[str]:
    for device in sorted(devices.iterdir()) if devices.is_dir() else ():
        if _text(device / "vendor").strip() == _NVIDIA and _text(device / "class").startswith(_DISPLAY):
            yield f"10de:{_text(device / 'device').strip().removeprefix('0x')}"


def _menu(root: Path) -> frozenset[str] | None:
    text = next((found for found in map(_text, (root / name for name in _MENUS)) if found), "")
    # The first entry is the everyday one; below it are other kernels, recovery, memory tests and what people add themselves.
    return next((frozenset(words[2:]) for words in map(str.split, text.splitlines()) if words[:1] == ["linux"]), None)


def _driver(directory: Path) -> Driver | None:
    found = _VERSION.search(_text(directory / "version"))
    if found is None:
        return None
    mode = re.search(r'^CoherentGPUMemoryMode: "?(\w*)"?', _text(directory / "params"), re.MULTILINE)
    return Driver(found[1], "Open Kernel Module" in found.string, mode[1] if mode else "")


def _packages(status: Path) -> Iterator[tuple[str, str]]:
    for stanza in _text(status).split("\n\n"):
        fields = dict(line.split(": ", 1) for line in stanza.splitlines() if ": " in line and line[0] != " ")
        if fields.get("Status", "").endswith(" installed"):
            yield fields["Package"], fields["Version"]


def _cdi_files(root: Path) -> Iterator[bool]:
    for directory in ("var/run/cdi", "run/cdi", "etc/cdi"):
        for path in (root / directory).glob("*"):
            yield "nvidia.com/gpu" in _text(path)


def _note(path: Path) -> Note:
    try:
        found = json.loads(_text(path) or "{}")
        return Note(str(found.get("boot", "")), tuple(map(str, found.get("reasons", ()))))
    except (ValueError, AttributeError):
        return Note()


def run(params: Mapping[str, Any], root: Path = Path("/")) -> Ending:
    """How the module ends: what the host is, what is wrong, what is to be written, and why it has to start anew."""
    wishes = GpuWishes(
        driver=params["driver"],
        page_size=params["page_size"],
        packages=tuple(params["packages"]),
        boot_arguments=tuple(params["boot_arguments"]),
        mig=params["mig"],
        advertised=params["advertised"],
        lab=params["lab"],
        settled=params["settled"],
    )
    facts = look(root, platform.machine(), os.sysconf("SC_PAGE_SIZE"), wishes.packages)
    found = findings(wishes, facts)
    reasons = restart_reasons(found)
    more = {
        "kind": kind(wishes, facts).value,
        "files": [{"path": path, "content": content} for path, content in files(wishes, facts).items()],
        "wrong_packages": list(wrong_packages(wishes, facts)),
        "menu_stale": menu_is_stale(wishes, facts),
        "restart": list(reasons),
        "note": {"path": NOTE_FILE, "content": note_text(facts, reasons)},
        "note_over": note_is_over(facts, reasons),
        "measured": _plain(facts),
    }
    return report(found, params["waived"], "gpu_node_waived", more)


def _plain(facts: GpuFacts) -> dict[str, Any]:
    driver = facts.driver
    return {
        "architecture": facts.architecture,
        "page_size": facts.page_size,
        "gpus": list(facts.gpus),
        "driver": {"version": driver.version, "open": driver.is_open, "memory_mode": driver.memory_mode} if driver else {},
        "numa_nodes": facts.numa_nodes,
        "memory_only_nodes": facts.memory_only_nodes,
        "cdi": facts.cdi,
    }
