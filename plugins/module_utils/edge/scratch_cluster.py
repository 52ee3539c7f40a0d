# Copyright (c) autotrade.deployment engineers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A control plane that lives as long as a question: real etcd, API server and scheduler on loopback, and nothing left of them.

It is one of the simulated clusters, without controllers and without KWOK: nothing but the scheduler ever moves a pod. Its run
holds its lock, which the kernel lets go of when the run dies: so the next run finds what a killed one has left, and ends it.
"""

from __future__ import annotations

import contextlib
import os
import signal
import threading
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, NoReturn

from ansible_collections.autotrade.deployment.plugins.module_utils.core.simulated import START_ORDER, Component
from ansible_collections.autotrade.deployment.plugins.module_utils.edge.scratch_api import ScratchApi
from ansible_collections.autotrade.deployment.plugins.module_utils.edge.simulated_cluster import Settings, SimulatedCluster
from ansible_collections.autotrade.deployment.plugins.module_utils.edge.simulated_state import StateError, default_root, locked

# Admission that would change or refuse what was admitted for real already, or looks at objects that are not there.
NOT_ADMITTING = (
    "CertificateSubjectRestriction",
    "DefaultIngressClass",
    "DefaultStorageClass",
    "DefaultTolerationSeconds",
    "LimitRanger",
    "MutatingAdmissionWebhook",
    "PersistentVolumeClaimResize",
    "PodSecurity",
    "Priority",
    "ResourceQuota",
    "RuntimeClass",
    "ServiceAccount",
    "StorageObjectInUseProtection",
    "TaintNodesByCondition",
    "ValidatingAdmissionWebhook",
)
API_SERVER_ARGS: Mapping[str, str] = {
    # Only this run holds a certificate, and roles take seconds to come up.
    "authorization-mode": "AlwaysAllow",
    "audit-log-path": "",
    "disable-admission-plugins": ",".join(NOT_ADMITTING),
    "enable-admission-plugins": "NamespaceLifecycle",
    "enable-priority-and-fairness": "false",
}
STORE_PARTS = (Component.ETCD, Component.API_SERVER)
ALL_PARTS = (*STORE_PARTS, Component.SCHEDULER)
ENDING_SIGNALS = (signal.SIGTERM, signal.SIGHUP)


class Scratch:
    """A running one. ``api`` takes objects from the beginning; nothing is placed before ``schedule`` is called."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        outcome = SimulatedCluster(replace(settings, components=STORE_PARTS)).started()
        self.api = ScratchApi(outcome.spec)

    def schedule(self) -> None:
        """Starts the scheduler, which takes the pods that wait in the order of their priority."""
        SimulatedCluster(replace(self._settings, components=ALL_PARTS)).started()


def missing_programs(directory: Path | None) -> list[str]:
    """The programs that a scratch cluster needs and that cannot be executed there."""
    names = [component.value for component in ALL_PARTS]
    return names if directory is None else [name for name in names if not os.access(directory / name, os.X_OK)]


@contextlib.contextmanager
def scratch_cluster(directory: Path, timeout: float) -> Iterator[Scratch]:
    """A scratch cluster of the programs in ``directory``; it is gone when the block ends, however it ends.

    :param timeout: seconds that it may take to start.
    :raises LaunchError, ProcessError, StateError, OSError: it did not come up.
    """
    root = default_root(os.environ).parent / "scratch"
    name = f"capacity-{os.getpid()}-{threading.get_ident() % 10000}"
    binaries = {component: str(directory / component.value) for component in START_ORDER}
    settings = Settings(name, root, binaries, api_server_extra_args=API_SERVER_ARGS, wait_timeout=timeout)
    _sweep(settings)
    with _signals_as_exceptions(), locked(root, name, timeout):
        try:
            yield Scratch(settings)
        finally:
            _end(settings)


def _sweep(settings: Settings) -> None:
    """Ends the clusters of runs that died."""
    for lock in settings.root.glob("*.lock"):
        with contextlib.suppress(StateError), locked(settings.root, lock.stem, 0):
            _end(replace(settings, name=lock.stem))


def _end(settings: Settings) -> None:
    SimulatedCluster(settings).absent(at_once=True)
    (settings.root / f"{settings.name}.lock").unlink(missing_ok=True)


@contextlib.contextmanager
def _signals_as_exceptions() -> Iterator[None]:
    """Being told to end unwinds the stack, so that the cluster is removed; only the main thread may say so."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    former = {number: signal.signal(number, _leave) for number in ENDING_SIGNALS}
    try:
        yield
    finally:
        for number, handler in former.items():
            signal.signal(number, handler)


def _leave(number: int, _frame: Any) -> NoReturn:
    raise SystemExit(128 + number)
