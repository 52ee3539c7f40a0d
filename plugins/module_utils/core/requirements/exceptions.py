# Copyright (c) autotrade.deployment engineers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Platform pods that may not follow a rule of the trading system, one by one and each with its reason.

A test holds this list against the rendered objects: an entry that excuses nothing any more has to go.
"""

from __future__ import annotations

from dataclasses import dataclass

from ansible_collections.autotrade.deployment.plugins.module_utils.core.requirements.workloads import Container, Workload


@dataclass(frozen=True)
class Excuse:
    """One rule that one workload (or one of its containers) need not follow."""

    rule: str
    kind: str
    namespace: str
    name: str
    reason: str
    container: str = ""


PLUGIN = ("DaemonSet", "kube-system", "nvidia-device-plugin-daemonset")
DCGM = ("DaemonSet", "kube-system", "dcgm-exporter")
NODES = ("DaemonSet", "monitoring-nodes", "node-exporter")
CLOUD = ("DaemonSet", "kube-system", "cloud-controller-manager")
LOGS = ("DaemonSet", "logging", "fluent-bit")
EXCUSES: tuple[Excuse, ...] = (
    Excuse("A8.user", *PLUGIN, reason="kubelet's plugin directory belongs to root, and the plugin makes its socket there"),
    Excuse(
        "A8.probes",
        *PLUGIN,
        reason="it speaks to kubelet by a socket alone; kubelet itself withdraws the GPUs when it falls silent",
    ),
    Excuse(
        "A8.host_namespaces",
        *NODES,
        reason="it measures the host's own processes and network, which only the host's namespaces show",
    ),
    Excuse(
        "A8.host_namespaces",
        *CLOUD,
        reason="nodes get their pod network only after it has looked at them, and instance metadata is for hosts alone",
    ),
    Excuse("A8.user", *DCGM, reason="profiling counters of the driver are open to root only"),
    Excuse("A8.user", *LOGS, reason="containerd's log files belong to root and are closed to every other user"),
)


def excused(rule: str, subject: Workload | Container) -> Excuse | None:
    """The entry that excuses a workload or a container from a rule."""
    workload = subject if isinstance(subject, Workload) else subject.workload
    container = "" if isinstance(subject, Workload) else subject.name
    identity = (rule, workload.kind, workload.namespace, workload.name)
    for entry in EXCUSES:
        if (entry.rule, entry.kind, entry.namespace, entry.name) == identity and entry.container in ("", container):
            return entry
    return None
