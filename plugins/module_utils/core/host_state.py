# Copyright (c) autotrade.deployment engineers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a host has to have (files, programs, units, kernel settings), and what is still to be done to have it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

UNIT_DIRECTORY = "/etc/systemd/system/"
#: What proves that a part of the kernel is there, whether loaded as a module or built in.
KERNEL_SIGNS: Mapping[str, str] = {
    "overlay": "/sys/module/overlay",
    "br_netfilter": "/proc/sys/net/bridge",
    "nf_conntrack": "/proc/sys/net/netfilter",
    "vxlan": "/sys/module/vxlan",
}


class HostStateError(Exception):
    """What could not be brought about on this host, and which setting to change."""


@dataclass(frozen=True)
class File:
    """A file of the host. ``content`` is None for a program, whose ``sha256`` is known and whose content comes from ``url``."""

    path: str
    sha256: str
    mode: int
    owner: str = "root"
    group: str = "root"
    content: bytes | None = None
    url: str = ""
    secret: bool = False
    validate: str = ""


@dataclass(frozen=True)
class FileFact:
    """What lies at a path."""

    sha256: str
    mode: int
    owner: str
    group: str


@dataclass(frozen=True)
class Unit:
    """A systemd unit. ``enabled`` and ``running`` are None where they are somebody else's business.

    ``watches`` are the files that it reads when it starts: it is restarted when one of them is not what it last started with.
    """

    name: str
    enabled: bool | None = None
    running: bool | None = None
    watches: tuple[str, ...] = ()


@dataclass(frozen=True)
class UnitFact:
    """What systemd shows of a unit. ``stamp`` is the hash of its watched files when this collection last started it."""

    active: bool
    enabled: bool
    stamp: str = ""
    stale: bool = False


@dataclass(frozen=True)
class Wanted:
    """The whole of what is wanted."""

    files: tuple[File, ...] = ()
    absent: tuple[str, ...] = ()
    units: tuple[Unit, ...] = ()
    sysctls: Mapping[str, str] = field(default_factory=dict)
    modules: tuple[str, ...] = ()
    packages: tuple[str, ...] = ()
    swap_off: bool = False


@dataclass(frozen=True)
class Observed:
    """What is there: facts by path, unit, setting; ``modules`` and ``packages`` are those of the wanted ones that are."""

    files: Mapping[str, FileFact | None]
    units: Mapping[str, UnitFact]
    sysctls: Mapping[str, str | None]
    modules: frozenset[str]
    packages: frozenset[str] = frozenset()
    swaps: tuple[str, ...] = ()


@dataclass(frozen=True)
class Plan:
    """What is to be done, in the order of the fields."""

    install: tuple[str, ...] = ()
    load: tuple[str, ...] = ()
    write: tuple[File, ...] = ()
    remove: tuple[str, ...] = ()
    set_sysctls: tuple[str, ...] = ()
    swap_off: bool = False
    reload_systemd: bool = False
    enable: tuple[str, ...] = ()
    disable: tuple[str, ...] = ()
    stop: tuple[str, ...] = ()
    start: tuple[str, ...] = ()
    restart: tuple[str, ...] = ()
    #: Unit -> hash of its watched files, to be remembered once the unit runs with them.
    stamps: Mapping[str, str] = field(default_factory=dict)

    def lines(self) -> list[str]:
        """The plan for people, one line each; stamps are our own memory and say nothing."""
        return [
            *(f"install {name}" for name in self.install),
            *(f"load kernel module {name}" for name in self.load),
            *(f"write {file.path}" for file in self.write),
            *(f"remove {path}" for path in self.remove),
            *(f"set {setting}" for setting in self.set_sysctls),
            *(["switch swap off"] if self.swap_off else []),
            *(["reload systemd"] if self.reload_systemd else []),
            *(f"enable {name}" for name in self.enable),
            *(f"disable {name}" for name in self.disable),
            *(f"stop {name}" for name in self.stop),
            *(f"start {name}" for name in self.start),
            *(f"restart {name}" for name in self.restart),
        ]


def plan(wanted: Wanted, observed: Observed) -> Plan:
    """What makes the host as wanted."""
    write = tuple(file for file in wanted.files if not _is_right(file, observed.files.get(file.path)))
    remove = tuple(path for path in wanted.absent if observed.files.get(path) is not None)
    stamps = {unit.name: stamp(unit, _hashes(wanted, observed)) for unit in wanted.units if unit.watches}
    touched = (*(file.path for file in write), *remove)
    return Plan(
        install=tuple(name for name in wanted.packages if name not in observed.packages),
        load=tuple(name for name in wanted.modules if name not in observed.modules),
        write=write,
        remove=remove,
        set_sysctls=tuple(f"{key}={value}" for key, value in wanted.sysctls.items() if observed.sysctls.get(key) != value),
        swap_off=wanted.swap_off and bool(observed.swaps),
        reload_systemd=any(path.startswith(UNIT_DIRECTORY) for path in touched)
        or any(fact.stale for fact in observed.units.values()),
        enable=tuple(_units(wanted, observed, enabled=True)),
        disable=tuple(_units(wanted, observed, enabled=False)),
        stop=tuple(unit.name for unit in wanted.units if unit.running is False and observed.units[unit.name].active),
        start=tuple(unit.name for unit in wanted.units if unit.running and not observed.units[unit.name].active),
        restart=tuple(_restarts(wanted, observed, stamps)),
        stamps={name: value for name, value in stamps.items() if value != observed.units[name].stamp},
    )


def _is_right(file: File, fact: FileFact | None) -> bool:
    return fact == FileFact(file.sha256, file.mode, file.owner, file.group)


def _units(wanted: Wanted, observed: Observed, enabled: bool) -> Iterator[str]:
    for unit in wanted.units:
        if unit.enabled is enabled and observed.units[unit.name].enabled is not enabled:
            yield unit.name


def _restarts(wanted: Wanted, observed: Observed, stamps: Mapping[str, str]) -> Iterator[str]:
    for unit in wanted.units:
        fact = observed.units[unit.name]
        # One that does not run reads the new files whenever it starts.
        if fact.active and unit.running is not False and stamps.get(unit.name, fact.stamp) != fact.stamp:
            yield unit.name


def _hashes(wanted: Wanted, observed: Observed) -> dict[str, str]:
    there = {path: fact.sha256 for path, fact in observed.files.items() if fact and path not in wanted.absent}
    return {**there, **{file.path: file.sha256 for file in wanted.files}}


def stamp(unit: Unit, hashes: Mapping[str, str]) -> str:
    """The hash of what a unit reads."""
    read = [[path, hashes.get(path, "")] for path in unit.watches]
    return hashlib.sha256(json.dumps(read).encode()).hexdigest()


def watched_paths(wanted: Wanted) -> tuple[str, ...]:
    """Every path of which the facts are needed."""
    watched: Iterable[str] = (path for unit in wanted.units for path in unit.watches)
    return tuple(dict.fromkeys([*(file.path for file in wanted.files), *wanted.absent, *watched]))
