# Copyright (c) autotrade.deployment engineers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Starts, stops and removes one simulated cluster; safe after a crash of any process, of a run, or of the machine."""

from __future__ import annotations

import datetime as dt
import ipaddress
import shutil
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from ansible_collections.autotrade.deployment.plugins.module_utils.core.simulated import (
    START_ORDER,
    STOP_ORDER,
    ClusterSpec,
    Component,
    Layout,
    Networks,
    Ports,
    Sizes,
    Timers,
)
from ansible_collections.autotrade.deployment.plugins.module_utils.core.simulated_commands import command
from ansible_collections.autotrade.deployment.plugins.module_utils.core.simulated_failures import Cause, grace
from ansible_collections.autotrade.deployment.plugins.module_utils.core.simulated_files import Document, files, served_stages
from ansible_collections.autotrade.deployment.plugins.module_utils.core.simulated_processes import (
    Identity,
    Plan,
    Record,
    alive,
    fingerprint,
    leftovers,
    plan_started,
    plan_stopped,
)
from ansible_collections.autotrade.deployment.plugins.module_utils.edge import simulated_pki, simulated_processes
from ansible_collections.autotrade.deployment.plugins.module_utils.edge.simulated_api import SimulatedApi
from ansible_collections.autotrade.deployment.plugins.module_utils.edge.simulated_launch import Launcher, LaunchError
from ansible_collections.autotrade.deployment.plugins.module_utils.edge.simulated_prepared import Bundles, key_of
from ansible_collections.autotrade.deployment.plugins.module_utils.edge.simulated_state import (
    State,
    choose_ports,
    ports_of_neighbours,
)

PORT_ATTEMPTS = 3
NO_PORTS = Ports(0, 0, 0, 0, 0)


@dataclass(frozen=True)
class Settings:
    """What the user asks for. ``wait_timeout`` in seconds; ``components`` are those that shall run, all by default."""

    name: str
    root: Path
    binaries: Mapping[Component, str]
    stages: tuple[Document, ...] = ()
    timers: Timers = field(default_factory=Timers)
    sizes: Sizes = field(default_factory=Sizes)
    networks: Networks = field(default_factory=Networks)
    api_server_extra_args: Mapping[str, str] | None = None
    wait_timeout: float = 60.0
    reset_corrupt_data: bool = False
    bundles: tuple[Path, ...] = ()
    bundles_applied: bool = False
    cache: Path = Path("/nonexistent")
    components: tuple[Component, ...] = START_ORDER


@dataclass(frozen=True)
class Outcome:
    """What was done (in check mode: what would be), and the cluster as it is now."""

    plan: Plan
    removed: bool
    spec: ClusterSpec
    pids: Mapping[Component, int]
    bundles_current: bool = False

    @property
    def changed(self) -> bool:
        return self.plan.changed or self.removed


class SimulatedCluster:
    """One cluster of one user on this machine. The caller holds the lock."""

    def __init__(self, settings: Settings, check_mode: bool = False) -> None:
        self._settings = settings
        self._check_mode = check_mode
        self._state = State(settings.root / settings.name)

    def started(self) -> Outcome:
        """Brings every process up as the settings say and waits until the cluster answers."""
        if self._check_mode:
            spec = self._spec(self._state.ports() or NO_PORTS)
            outcome = self._outcome(self._plan(spec, simulated_pki.mark(Path(spec.layout.pki("")))), spec)
            return replace(outcome, bundles_current=self._bundles().current(None))
        self._state.create()
        self._stop_leftovers()
        for attempt in range(PORT_ATTEMPTS):
            try:
                return self._start()
            except LaunchError as error:
                reset = error.ended.cause is Cause.CORRUPT_DATA and self._settings.reset_corrupt_data
                if attempt + 1 == PORT_ATTEMPTS or not (reset or error.ended.cause is Cause.PORT_TAKEN):
                    raise
                self._stop(plan_stopped(self._records(), self._running()))
                if reset:
                    shutil.rmtree(self._spec(NO_PORTS).layout.etcd_data)
                    self._bundles().forget()
        raise AssertionError("unreachable: the last attempt returns or raises")

    def stopped(self, *, at_once: bool = False) -> Outcome:
        """Ends every process and keeps the data; ``at_once`` lets none of them say good-bye."""
        plan = plan_stopped(self._records(), self._running())
        if not self._check_mode:
            self._stop(plan, at_once=at_once)
            plan = replace(plan, stop=(*plan.stop, *self._stop_leftovers()))
        return self._outcome(plan, self._spec(self._state.ports() or NO_PORTS))

    def absent(self, *, at_once: bool = False) -> Outcome:
        """Ends every process and removes the cluster's directory."""
        existed = self._state.exists()
        outcome = self.stopped(at_once=at_once)
        if existed and not self._check_mode:
            self._state.remove()
        return replace(outcome, removed=existed)

    def _start(self) -> Outcome:
        live = tuple(component for component, record in self._records().items() if alive(record, self._running()))
        ports = choose_ports(self._state.ports(), live, ports_of_neighbours(self._settings.root, self._settings.name))
        self._state.remember_ports(ports)
        spec = self._spec(ports)
        mark = simulated_pki.ensure(Path(spec.layout.pki("")), _first_address(spec), dt.datetime.now(dt.timezone.utc))
        plan = self._plan(spec, mark)
        self._stop(plan)
        bundles = self._bundles()
        bundles.seed()
        launcher = Launcher(spec, self._state, self._settings.wait_timeout)
        launcher.start(
            plan.start,
            lambda kinds: self._files(spec, kinds),
            lambda component, texts: self._mark(spec, component, texts, mark),
        )
        outcome = self._outcome(plan, spec)
        return replace(outcome, bundles_current=self._note_bundles(bundles, spec, outcome.pids[Component.ETCD]))

    def _note_bundles(self, bundles: Bundles, spec: ClusterSpec, etcd_pid: int) -> bool:
        served = SimulatedApi(spec).kinds()
        if self._settings.bundles_applied and not bundles.current(served):
            bundles.remember(served)
            bundles.keep(etcd_pid)
        return bundles.current(served)

    def _bundles(self) -> Bundles:
        settings = self._settings
        programs = [Path(settings.binaries[component]) for component in (Component.ETCD, Component.API_SERVER)]
        key = key_of(settings.bundles, programs, settings.networks.services)
        return Bundles(self._state.directory, settings.cache, key)

    def _plan(self, spec: ClusterSpec, mark: str) -> Plan:
        """The kinds that KWOK can play are asked of the running API server; where none runs, KWOK starts anyway."""
        records, running = self._records(), self._running()
        kinds: Iterable[tuple[str, str]] = ()
        deaf: tuple[Component, ...] = ()
        if all(alive(records.get(component), running) for component in (Component.ETCD, Component.API_SERVER)):
            try:
                kinds = SimulatedApi(spec).playable()
            except OSError:
                deaf = (Component.API_SERVER,)
        texts = self._files(spec, kinds)
        # Without a stage there is nothing for KWOK to do, and it refuses to run.
        wanted = [
            component for component in self._settings.components if component is not Component.KWOK or self._settings.stages
        ]
        desired = {component: self._mark(spec, component, texts, mark) for component in wanted}
        return plan_started(desired, records, running, deaf)

    def _files(self, spec: ClusterSpec, kinds: Iterable[tuple[str, str]]) -> Mapping[str, str]:
        return files(spec, served_stages(self._settings.stages, frozenset(kinds)))

    def _mark(self, spec: ClusterSpec, component: Component, texts: Mapping[str, str], pki_mark: str) -> str:
        binary = Path(spec.binaries[component])
        known = binary.stat() if binary.exists() else None
        stamp = f"{known.st_size}:{known.st_mtime_ns}" if known else "absent"
        return fingerprint(command(spec, component), texts, f"{stamp}:{pki_mark}")

    def _stop(self, plan: Plan, *, at_once: bool = False) -> None:
        records = self._records()
        for component in plan.stop:
            live = {name for name, record in records.items() if alive(record, self._running())}
            simulated_processes.stop(records[component].identity, 0 if at_once else grace(component, live))
            del records[component]
            self._state.remember(records)

    def _stop_leftovers(self) -> tuple[Component, ...]:
        known = [record.identity.pid for record in self._records().values()]
        lines = simulated_processes.command_lines()
        found = leftovers(lines, str(self._state.directory), known)
        stopped = []
        for component in STOP_ORDER:
            for pid in (pid for pid, owner in found.items() if owner is component):
                identity = simulated_processes.identity(pid, simulated_processes.boot_id())
                if identity:
                    # Nobody knows what state it is in, and nothing here is worth waiting for it.
                    simulated_processes.stop(identity, 0)
                    stopped.append(component)
        return tuple(stopped)

    def _records(self) -> dict[Component, Record]:
        return self._state.records()

    def _running(self) -> dict[int, Identity]:
        return simulated_processes.identities(record.identity.pid for record in self._records().values())

    def _spec(self, ports: Ports) -> ClusterSpec:
        settings = self._settings
        return ClusterSpec(
            name=settings.name,
            layout=Layout(str(self._state.directory)),
            binaries=settings.binaries,
            ports=ports,
            timers=settings.timers,
            sizes=settings.sizes,
            networks=settings.networks,
            api_server_extra_args=settings.api_server_extra_args or {},
        )

    def _outcome(self, plan: Plan, spec: ClusterSpec) -> Outcome:
        running = self._running()
        pids = {component: record.identity.pid for component, record in self._records().items() if alive(record, running)}
        return Outcome(plan, False, spec, pids)


def _first_address(spec: ClusterSpec) -> str:
    """The address of the Service "kubernetes", which stands in the serving certificate."""
    return str(ipaddress.ip_network(spec.networks.services)[1])
