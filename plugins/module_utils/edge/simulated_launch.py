# Copyright (c) autotrade.deployment engineers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Starts the processes of a simulated cluster in their order and waits until each of them answers."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path

from ansible_collections.autotrade.deployment.plugins.module_utils.core.simulated import ClusterSpec, Component
from ansible_collections.autotrade.deployment.plugins.module_utils.core.simulated_commands import command
from ansible_collections.autotrade.deployment.plugins.module_utils.core.simulated_failures import Ended, why_ended
from ansible_collections.autotrade.deployment.plugins.module_utils.core.simulated_processes import Record
from ansible_collections.autotrade.deployment.plugins.module_utils.edge import simulated_processes
from ansible_collections.autotrade.deployment.plugins.module_utils.edge.simulated_api import SimulatedApi
from ansible_collections.autotrade.deployment.plugins.module_utils.edge.simulated_state import State, write_private

POLL_SECONDS = 0.05
#: KWOK has no port to ask; a bad stage makes it end within this time of seeing the API server.
KWOK_SETTLE_SECONDS = 0.3
#: A definition whose names another one has taken is never served, so nobody waits for ever.
DEFINITIONS_SECONDS = 60.0
LOG_LINES = 8

Texts = Mapping[str, str]
Kinds = Collection[tuple[str, str]]
#: Component -> (port's component, path) that tells whether it is ready.
PROBES: Mapping[Component, str] = {
    Component.API_SERVER: "/readyz",
    Component.CONTROLLER_MANAGER: "/healthz",
    Component.SCHEDULER: "/readyz",
}


class LaunchError(RuntimeError):
    """A process ended, or did not answer in time."""

    def __init__(self, ended: Ended) -> None:
        super().__init__(ended.message)
        self.ended = ended


class Launcher:
    """One start: spawns, writes down what it spawned, and waits; ``timeout`` in seconds for the whole of it."""

    def __init__(self, spec: ClusterSpec, state: State, timeout: float) -> None:
        self._spec = spec
        self._state = state
        self._timeout = timeout
        self._deadline = time.monotonic() + timeout
        self._api = SimulatedApi(spec)
        self._had_data = Path(spec.layout.etcd_data, "member").exists()

    def start(
        self, components: Sequence[Component], texts: Callable[[Kinds], Texts], mark: Callable[[Component, Texts], str]
    ) -> None:
        """Starts ``components``; the files of KWOK are made when the API server can say which kinds it serves."""
        written = texts(())
        kwok = self._spec.layout.config("kwok.json")
        self._write({path: text for path, text in written.items() if path != kwok})
        first = [component for component in components if component in (Component.ETCD, Component.API_SERVER)]
        self._spawn(first, written, mark)
        # The API server waits for etcd by itself; the other processes give up early, so they start once it answers.
        self._wait_ready(first)
        if Component.KWOK in components:
            written = texts(self._playable(first))
            self._write({kwok: written[kwok]})
        rest = [component for component in components if component not in first]
        self._spawn(rest, written, mark)
        self._wait_ready(rest)
        if Component.KWOK in rest:
            self._settle(Component.KWOK)

    def _playable(self, servers: Sequence[Component]) -> Kinds:
        until = min(self._deadline, time.monotonic() + DEFINITIONS_SECONDS)
        while not self._api.settled() and time.monotonic() < until:
            self._check_alive(servers)
            time.sleep(POLL_SECONDS)
        return self._api.playable()

    def _write(self, texts: Texts) -> None:
        for path, text in texts.items():
            target = Path(path)
            if not target.exists() or target.read_text(encoding="utf-8") != text:
                write_private(target, text)

    def _spawn(self, components: Sequence[Component], texts: Texts, mark: Callable[[Component, Texts], str]) -> None:
        for component in components:
            log = Path(self._spec.layout.log(component))
            log.unlink(missing_ok=True)
            identity = simulated_processes.spawn(command(self._spec, component), log)
            records = self._state.records()
            records[component] = Record(component, identity, mark(component, texts))
            self._state.remember(records)

    def _wait_ready(self, components: Sequence[Component]) -> None:
        waiting = {component for component in components if component in PROBES}
        while True:
            self._check_alive(components)
            waiting = {component for component in waiting if not self._ready(component)}
            if not waiting:
                return
            if time.monotonic() >= self._deadline:
                self._give_up(sorted(waiting)[0])
            time.sleep(POLL_SECONDS)

    def _ready(self, component: Component) -> bool:
        return self._api.answers(self._spec.ports.of(component)[0], PROBES[component])

    def _settle(self, component: Component) -> None:
        until = time.monotonic() + KWOK_SETTLE_SECONDS
        while time.monotonic() < until:
            self._check_alive([component])
            time.sleep(POLL_SECONDS)

    def _check_alive(self, components: Sequence[Component]) -> None:
        records = self._state.records()
        running = simulated_processes.identities(record.identity.pid for record in records.values())
        for component in components:
            record = records[component]
            if running.get(record.identity.pid) != record.identity:
                raise LaunchError(self._why(component))

    def _why(self, component: Component) -> Ended:
        log = simulated_processes.tail(Path(self._spec.layout.log(component)), LOG_LINES)
        return why_ended(component, self._spec.layout, log, self._had_data)

    def _give_up(self, component: Component) -> None:
        ended = self._why(component)
        message = (
            f"{component.value} runs but did not answer {PROBES[component]} within {self._timeout:g} s. "
            f"Raise wait_timeout on a slow machine. {ended.message.partition('. ')[2]}"
        )
        raise LaunchError(Ended(component, ended.cause, message))
