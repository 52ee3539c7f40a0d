# Copyright (c) autotrade.deployment engineers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Which processes of a simulated cluster are ours, which are stale, and what has to be stopped and started."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from ansible_collections.autotrade.deployment.plugins.module_utils.core.simulated import START_ORDER, STOP_ORDER, Component


@dataclass(frozen=True)
class Identity:
    """A process beyond its number: numbers are reused, the start time (clock ticks since boot) within one boot is not."""

    pid: int
    start_time: int
    boot_id: str


@dataclass(frozen=True)
class Record:
    """What was written down when a component was started."""

    component: Component
    identity: Identity
    fingerprint: str


@dataclass(frozen=True)
class Plan:
    """Components to stop and to start, each in its order. Both empty: nothing to do."""

    stop: tuple[Component, ...] = ()
    start: tuple[Component, ...] = ()

    @property
    def changed(self) -> bool:
        return bool(self.stop or self.start)


def fingerprint(command: Iterable[str], files: Mapping[str, str], binary_mark: str) -> str:
    """Changes when the command line, a file that it names, or the binary changes."""
    digest = hashlib.sha256()
    arguments = tuple(command)
    read = {path: text for path, text in files.items() if any(path in argument for argument in arguments)}
    for part in (*arguments, *(item for path in sorted(read) for item in (path, read[path])), binary_mark):
        digest.update(part.encode() + b"\0")
    return digest.hexdigest()


def alive(record: Record | None, running: Mapping[int, Identity]) -> bool:
    """True when the recorded process is the very one that runs under that number now."""
    return record is not None and running.get(record.identity.pid) == record.identity


def plan_started(
    desired: Mapping[Component, str],
    records: Mapping[Component, Record],
    running: Mapping[int, Identity],
    deaf: Collection[Component] = (),
) -> Plan:
    """What brings the cluster to ``desired`` (component -> fingerprint); ``deaf`` ones run but do not answer.

    What runs and is not desired is stopped.

    A change of etcd restarts all, a change of the API server all but etcd: nothing may outlive the server that it talks to.
    """
    live = {component for component, record in records.items() if alive(record, running)}
    unfit = {
        component
        for component in desired
        if component not in live or component in deaf or records[component].fingerprint != desired[component]
    }
    affected = unfit | set(START_ORDER if Component.ETCD in unfit else ()) | (live - set(desired))
    if Component.API_SERVER in affected:
        affected |= set(START_ORDER) - {Component.ETCD}
    return Plan(
        stop=tuple(component for component in STOP_ORDER if component in affected & live),
        start=tuple(component for component in START_ORDER if component in affected and component in desired),
    )


def plan_stopped(records: Mapping[Component, Record], running: Mapping[int, Identity]) -> Plan:
    """Everything of ours that runs, in the order in which it may be stopped."""
    return Plan(stop=tuple(component for component in STOP_ORDER if alive(records.get(component), running)))


def leftovers(command_lines: Mapping[int, tuple[str, ...]], directory: str, known: Iterable[int]) -> Mapping[int, Component]:
    """Processes of this cluster that no record knows (a run was killed between starting and writing down).

    They are recognised by the name of their binary and by the cluster's directory in their arguments.
    """
    names = {component.value: component for component in Component}
    recorded = set(known)
    found: dict[int, Component] = {}
    for pid, arguments in command_lines.items():
        component = names.get(arguments[0].rsplit("/", 1)[-1]) if arguments else None
        if component and pid not in recorded and any(f"={directory}/" in argument for argument in arguments[1:]):
            found[pid] = component
    return found
