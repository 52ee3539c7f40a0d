# Copyright (c) autotrade.deployment engineers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a person wants to know after a deployment: each component, how many pods are ready, which version."""

from __future__ import annotations

from dataclasses import asdict, dataclass

from ansible_collections.autotrade.deployment.plugins.module_utils.core.requirements.model import Cluster
from ansible_collections.autotrade.deployment.plugins.module_utils.core.requirements.reading import text, whole
from ansible_collections.autotrade.deployment.plugins.module_utils.core.requirements.workloads import Workload

KINDS = ("StatefulSet", "Deployment", "DaemonSet")


@dataclass(frozen=True)
class Component:
    """One workload as the summary shows it."""

    namespace: str
    name: str
    kind: str
    ready: int
    wanted: int
    version: str

    def as_dict(self) -> dict[str, str | int]:
        """The component as a module returns it."""
        return asdict(self)


def components(cluster: Cluster) -> list[Component]:
    """The workloads of the trading system and of monitoring, in this order, by name."""
    namespaces = (cluster.settings.namespace, cluster.settings.monitoring_namespace)
    found = [workload for namespace in namespaces for workload in cluster.workloads(namespace) if workload.kind in KINDS]
    return sorted((_component(one) for one in found), key=lambda one: (namespaces.index(one.namespace), one.name, one.kind))


def _component(workload: Workload) -> Component:
    daemon = workload.kind == "DaemonSet"
    ready = whole(workload.obj, "status", "numberReady" if daemon else "readyReplicas") or 0
    wanted = (whole(workload.obj, "status", "desiredNumberScheduled") or 0) if daemon else workload.replicas
    tag = text(workload.main, "image").split("@")[0].rsplit("/", 1)[-1]
    return Component(workload.namespace, workload.name, workload.kind, ready, wanted, tag)
