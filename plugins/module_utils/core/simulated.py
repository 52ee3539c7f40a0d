# Copyright (c) autotrade.deployment engineers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a simulated cluster is made of: its parts, their order, its files and its settings. Nothing here touches a machine."""

from __future__ import annotations

import enum
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

#: A name becomes a folder name, a context name and part of a certificate's subject.
NAME_PATTERN = re.compile(r"[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?\Z")


class Component(str, enum.Enum):
    """One process of the cluster; the value is the name of its binary."""

    ETCD = "etcd"
    API_SERVER = "kube-apiserver"
    CONTROLLER_MANAGER = "kube-controller-manager"
    SCHEDULER = "kube-scheduler"
    KWOK = "kwok"


START_ORDER: tuple[Component, ...] = (
    Component.ETCD,
    Component.API_SERVER,
    Component.CONTROLLER_MANAGER,
    Component.SCHEDULER,
    Component.KWOK,
)

#: An API server that has lost its etcd hangs in shutdown and keeps its port, so it goes before etcd and its exit is awaited.
STOP_ORDER: tuple[Component, ...] = (
    Component.KWOK,
    Component.SCHEDULER,
    Component.CONTROLLER_MANAGER,
    Component.API_SERVER,
    Component.ETCD,
)


class SettingError(ValueError):
    """A setting that no cluster can be made of."""

    def __init__(self, setting: str, found: object, expected: str) -> None:
        super().__init__(f"{setting}: found {found!r}, expected {expected}. Change {setting}.")


@dataclass(frozen=True)
class Ports:
    """Loopback ports, chosen once and remembered."""

    etcd: int
    etcd_peer: int
    api_server: int
    controller_manager: int
    scheduler: int

    def of(self, component: Component) -> tuple[int, ...]:
        """The ports that this component listens on."""
        return {
            Component.ETCD: (self.etcd, self.etcd_peer),
            Component.API_SERVER: (self.api_server,),
            Component.CONTROLLER_MANAGER: (self.controller_manager,),
            Component.SCHEDULER: (self.scheduler,),
        }.get(component, ())


@dataclass(frozen=True)
class Timers:
    """Seconds. The defaults are those of a production cluster (Kubernetes 1.32 and later)."""

    node_monitor_grace_period: int = 50
    node_monitor_period: int = 5
    node_lease_duration: int = 40
    default_not_ready_toleration: int = 300
    default_unreachable_toleration: int = 300
    autoscaler_sync_period: int = 15


@dataclass(frozen=True)
class Sizes:
    """Limits of the control plane itself."""

    client_qps: int = 1000
    etcd_quota_mebibytes: int = 4096
    max_requests_inflight: int = 400
    audit_log_mebibytes: int = 50


@dataclass(frozen=True)
class Networks:
    """Address ranges; no packet is ever sent to them."""

    pods: str = "10.128.0.0/10"
    pods_mask_per_node: int = 24
    services: str = "10.96.0.0/16"


@dataclass(frozen=True)
class Layout:
    """Where everything of one cluster lies, below its own directory."""

    directory: str

    def path(self, *parts: str) -> str:
        return "/".join((self.directory, *parts))

    @property
    def kubeconfig(self) -> str:
        return self.path("admin.kubeconfig")

    @property
    def etcd_data(self) -> str:
        return self.path("etcd")

    def pki(self, name: str) -> str:
        return self.path("pki", name)

    def config(self, name: str) -> str:
        return self.path("config", name)

    def log(self, component: Component) -> str:
        return self.path("logs", f"{component.value}.log")

    def component_kubeconfig(self, user: str) -> str:
        return self.path("config", f"{user}.kubeconfig")


@dataclass(frozen=True)
class ClusterSpec:
    """Everything that decides how one simulated cluster is started."""

    name: str
    layout: Layout
    binaries: Mapping[Component, str]
    ports: Ports
    timers: Timers = field(default_factory=Timers)
    sizes: Sizes = field(default_factory=Sizes)
    networks: Networks = field(default_factory=Networks)
    api_server_extra_args: Mapping[str, str] = field(default_factory=dict)

    @property
    def server(self) -> str:
        return f"https://127.0.0.1:{self.ports.api_server}"

    @property
    def context(self) -> str:
        return f"simulated-{self.name}"


def check_name(name: str) -> str:
    """Returns ``name`` when it can be a folder and a context name, raises :class:`SettingError` otherwise."""
    if not NAME_PATTERN.match(name):
        raise SettingError("name", name, "1 to 40 lower-case letters, digits and dashes, neither first nor last a dash")
    return name


def check_timers(timers: Timers) -> Timers:
    """Refuses timers under which healthy nodes would flap: the lease must be renewed well within the grace period."""
    for name, value in vars(timers).items():
        if value < 1:
            raise SettingError(f"timers.{name}", value, "at least 1 second")
    if timers.node_monitor_grace_period <= timers.node_lease_duration // 4:
        raise SettingError(
            "timers.node_monitor_grace_period",
            timers.node_monitor_grace_period,
            f"more than a quarter of timers.node_lease_duration ({timers.node_lease_duration} s): leases are renewed that often",
        )
    return timers
