# Copyright (c) autotrade.deployment engineers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a host with an NVIDIA GPU is, what it shall be, and whether it has to start anew for that."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum

from ansible_collections.autotrade.deployment.plugins.module_utils.core.gpu_drivers import COHERENT, KIB
from ansible_collections.autotrade.deployment.plugins.module_utils.core.host_findings import ERROR, PENDING, Finding

PAGE_SIZES: Mapping[str, int] = {"4k": 4 * KIB, "64k": 64 * KIB}
#: What the driver's own file shows when it keeps the GPU's memory to itself (CDMM).
BY_DRIVER = "driver"
MODPROBE_FILE = "/etc/modprobe.d/autotrade-nvidia.conf"
BOOT_FILE = "/etc/default/grub.d/90-autotrade-gpu.cfg"
PIN_FILE = "/etc/apt/preferences.d/autotrade-nvidia"
NOTE_FILE = "/var/lib/autotrade/gpu-restart.json"


class Kind(str, Enum):
    """What the host's GPU is. ``ADVERTISED``: a number that the scheduler counts, with no device behind it."""

    COHERENT = "coherent"
    PCIE = "pcie"
    ADVERTISED = "advertised"
    NONE = "none"


@dataclass(frozen=True)
class Driver:
    """A loaded driver. ``memory_mode`` is what it says of a coherent GPU's memory; empty where it says nothing."""

    version: str
    is_open: bool
    memory_mode: str = ""


@dataclass(frozen=True)
class Note:
    """What was written before the last restart: in which boot, and what it should cure."""

    boot: str = ""
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True)
class GpuFacts:
    """What was seen on a host. ``page_size`` in bytes; ``gpus`` are PCI ids; ``menu`` is None where no GRUB menu was found.

    ``memory_only_nodes`` are NUMA nodes without processors: where the kernel was given a GPU's memory, it stands there.
    ``packages`` are the driver's that are installed, with their versions.
    """

    architecture: str
    page_size: int
    gpus: tuple[str, ...]
    command_line: tuple[str, ...] = ()
    menu: frozenset[str] | None = None
    numa_nodes: int = 1
    memory_only_nodes: int = 0
    driver: Driver | None = None
    packages: Mapping[str, str] = field(default_factory=dict)
    cdi: bool = False
    boot: str = ""
    note: Note = Note()


@dataclass(frozen=True)
class GpuWishes:
    """What the inventory asks for; ``packages`` are the driver's. Once ``settled``, what was pending before is an error."""

    driver: str
    page_size: str
    packages: tuple[str, ...] = ()
    boot_arguments: tuple[str, ...] = ()
    mig: bool = False
    advertised: bool = False
    lab: bool = False
    settled: bool = False


Rule = Callable[[GpuWishes, GpuFacts], Iterator[Finding]]


def kind(wishes: GpuWishes, facts: GpuFacts) -> Kind:
    """What the host's GPU is."""
    # What a host of the lab shows of a GPU is the machine's underneath.
    if wishes.advertised and (wishes.lab or not facts.gpus):
        return Kind.ADVERTISED
    if not facts.gpus:
        return Kind.NONE
    return Kind.COHERENT if any(gpu in COHERENT for gpu in facts.gpus) else Kind.PCIE


def is_real(wishes: GpuWishes, facts: GpuFacts) -> bool:
    """Whether there is a device to set up."""
    return bool(facts.gpus) and not wishes.advertised


def missing_arguments(wishes: GpuWishes, facts: GpuFacts, present: Iterable[str]) -> tuple[str, ...]:
    """Boot arguments that are asked for and not ``present``; they are Grace's, so no other host is asked for them."""
    if kind(wishes, facts) is not Kind.COHERENT:
        return ()
    there = frozenset(present)
    return tuple(argument for argument in wishes.boot_arguments if argument not in there)


def files(wishes: GpuWishes, facts: GpuFacts) -> dict[str, str]:
    """Path -> content of what the driver, the boot loader and the package manager read; nothing where there is no device."""
    if not is_real(wishes, facts):
        return {}
    ours = "# Owned by the role gpu_node.\n"
    found = {PIN_FILE: f"{ours}Package: *nvidia* libcuda* libnvcuvid*\nPin: version {wishes.driver}*\nPin-Priority: 1000\n"}
    if kind(wishes, facts) is Kind.COHERENT:
        found[MODPROBE_FILE] = f"{ours}options nvidia NVreg_CoherentGPUMemoryMode={BY_DRIVER}\n"
        words = " ".join(wishes.boot_arguments)
        found[BOOT_FILE] = f'{ours}GRUB_CMDLINE_LINUX="$GRUB_CMDLINE_LINUX {words}"\n'
    return found


def wrong_packages(wishes: GpuWishes, facts: GpuFacts) -> tuple[str, ...]:
    """Packages of the driver that are installed in another version; what is not installed yet is no fault."""
    found = {name: facts.packages[name] for name in wishes.packages if name in facts.packages}
    return tuple(name for name, version in found.items() if not version.rpartition(":")[2].startswith(wishes.driver))


def menu_is_stale(wishes: GpuWishes, facts: GpuFacts) -> bool:
    """Whether the boot loader's menu still lacks an argument, so that a restart would not bring it."""
    return facts.menu is not None and bool(missing_arguments(wishes, facts, facts.menu))


def shortfall(wishes: GpuWishes) -> str:
    """The level of what the role puts right: pending before its work, an error after it."""
    return ERROR if wishes.settled else PENDING


def restart_reasons(found: Iterable[Finding]) -> tuple[str, ...]:
    """What a restart cures, with what was wanted, so that another wish is another reason."""
    return tuple(f"{finding.id}: {finding.wanted}" for finding in found if finding.id in CURED_BY_RESTART)


def note_text(facts: GpuFacts, reasons: Iterable[str]) -> str:
    """What is written before a restart; a second one for the same reasons is refused."""
    return json.dumps({"boot": facts.boot, "reasons": list(reasons)}) + "\n"


def note_is_over(facts: GpuFacts, reasons: Iterable[str]) -> bool:
    """Whether nothing of what was noted stands any more, so that the same fault may be cured by a restart another time."""
    return bool(facts.note.reasons) and not set(facts.note.reasons) & set(reasons)


CURED_BY_RESTART = frozenset(
    {
        "page-size-differs",
        "driver-not-loaded",
        "driver-version-differs",
        "driver-proprietary",
        "memory-not-by-driver",
        "boot-arguments-missing",
    }
)
