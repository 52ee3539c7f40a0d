# Copyright (c) autotrade.deployment engineers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The directory of a simulated cluster on disk: private files, the lock, the remembered ports and processes."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import random
import shutil
import socket
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from ansible_collections.autotrade.deployment.plugins.module_utils.core.simulated import Component, Ports
from ansible_collections.autotrade.deployment.plugins.module_utils.core.simulated_processes import Identity, Record

#: Below the range from which kernels take the ports of outgoing connections (32768 and up on Linux).
PORT_RANGE = range(20000, 32000)
LOCK_POLL_SECONDS = 0.1


class StateError(RuntimeError):
    """The state directory cannot be used as it is."""


def default_root(environment: Mapping[str, str]) -> Path:
    """``$XDG_STATE_HOME/autotrade/simulated``, with the default of the XDG base directory specification."""
    base = environment.get("XDG_STATE_HOME") or "~/.local/state"
    return Path(base).expanduser() / "autotrade" / "simulated"


def default_cache(environment: Mapping[str, str]) -> Path:
    """``$XDG_CACHE_HOME/autotrade/simulated``: what may be deleted at any time."""
    base = environment.get("XDG_CACHE_HOME") or "~/.cache"
    return Path(base).expanduser() / "autotrade" / "simulated"


def write_private(path: Path, text: str) -> None:
    """Replaces the file in one step, readable by the owner alone from its first byte on."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    scratch = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(scratch, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
        stream.write(text)
    scratch.replace(path)


@contextlib.contextmanager
def locked(root: Path, name: str, timeout: float) -> Iterator[None]:
    """Holds the cluster's lock; the kernel lets go of it when the holder dies.

    :param timeout: seconds to wait for another run on the same name.
    :raises StateError: another run still held it when the time was over.
    """
    root.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = root / f"{name}.lock"
    deadline = time.monotonic() + timeout
    with path.open("a+", encoding="utf-8") as stream:
        while True:
            try:
                fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() >= deadline:
                    raise StateError(
                        f"{path}: held by another run for more than {timeout:g} s. "
                        "Wait for that run, use another name, or raise wait_timeout."
                    ) from None
            time.sleep(LOCK_POLL_SECONDS)
        yield


class State:
    """What is remembered about one cluster between runs."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self._processes = directory / "processes.json"
        self._ports = directory / "ports.json"
        self._versions = directory / "versions.json"

    def exists(self) -> bool:
        return self.directory.is_dir()

    def create(self) -> None:
        for path in (self.directory, self.directory / "logs", self.directory / "config", self.directory / "pki"):
            path.mkdir(mode=0o700, parents=True, exist_ok=True)
            path.chmod(0o700)

    def remove(self) -> None:
        shutil.rmtree(self.directory)

    def ports(self) -> Ports | None:
        found = _load(self._ports)
        try:
            return Ports(**found)
        except TypeError:
            return None

    def remember_ports(self, ports: Ports) -> None:
        write_private(self._ports, json.dumps(asdict(ports)))

    def records(self) -> dict[Component, Record]:
        records = {}
        for name, entry in _load(self._processes).items():
            with contextlib.suppress(KeyError, TypeError, ValueError):
                component = Component(name)
                records[component] = Record(component, Identity(**entry["identity"]), str(entry["fingerprint"]))
        return records

    def remember(self, records: Mapping[Component, Record]) -> None:
        entries = {
            component.value: {"identity": asdict(record.identity), "fingerprint": record.fingerprint}
            for component, record in records.items()
        }
        write_private(self._processes, json.dumps(entries))

    def versions(self) -> dict[str, str]:
        return {str(mark): str(version) for mark, version in _load(self._versions).items()}

    def remember_versions(self, versions: Mapping[str, str]) -> None:
        write_private(self._versions, json.dumps(dict(versions)))


def _load(path: Path) -> dict[str, Any]:
    """An unreadable or half-written file counts as empty: processes are then found by their command lines."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def choose_ports(remembered: Ports | None, kept: Iterable[Component], avoid: Iterable[int]) -> Ports:
    """The remembered ports, save those of components that are not ``kept`` (running) and that someone else took."""
    held = {port for component in kept if remembered for port in remembered.of(component)}
    taken = set(avoid)
    values: dict[str, int] = {}
    for name, port in (asdict(remembered) if remembered else dict.fromkeys(Ports.__dataclass_fields__, 0)).items():
        values[name] = port if port in held or (port and port not in taken and is_free(port)) else _free_port(taken)
        taken.add(values[name])
    return Ports(**values)


def ports_of_neighbours(root: Path, name: str) -> set[int]:
    """Ports that other clusters below ``root`` remember, running or not."""
    neighbours = (State(path.parent).ports() for path in root.glob("*/ports.json") if path.parent.name != name)
    return {port for ports in neighbours if ports for port in asdict(ports).values()}


def is_free(port: int) -> bool:
    """True when this port of 127.0.0.1 can be listened on now."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


def _free_port(taken: set[int]) -> int:
    for port in random.sample(PORT_RANGE, len(PORT_RANGE)):
        if port not in taken and is_free(port):
            return port
    raise StateError(f"127.0.0.1: no free port from {PORT_RANGE.start} to {PORT_RANGE.stop - 1}. Stop what listens there.")
