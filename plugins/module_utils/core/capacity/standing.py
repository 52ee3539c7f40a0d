# Copyright (c) autotrade.deployment engineers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""One set of objects judged by itself: rendered manifests, or everything that a cluster holds."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timezone

from ansible_collections.autotrade.deployment.plugins.module_utils.core.capacity.amounts import ZERO, Resources, added, times
from ansible_collections.autotrade.deployment.plugins.module_utils.core.capacity.demands import Demand
from ansible_collections.autotrade.deployment.plugins.module_utils.core.capacity.quotas import charge
from ansible_collections.autotrade.deployment.plugins.module_utils.core.capacity.world import World
from ansible_collections.autotrade.deployment.plugins.module_utils.core.requirements.model import Cluster

#: The figures in which the sizes of a system are told.
TOLD = ("requests.cpu", "requests.memory", "limits.cpu", "limits.memory", "requests.nvidia.com/gpu", "pods")
# So early that no pod is overdue to be gone: without a clock, each still counts.
EARLY = datetime.min.replace(tzinfo=timezone.utc)


def alone(cluster: Cluster) -> World:
    """A world in which what stands is what shall stand."""
    return World(cluster, cluster, tuple(cluster.nodes), EARLY)


def total(demands: Iterable[Demand], namespace: str) -> Resources:
    """What the pods of a namespace ask for together, in the figures that are told."""
    charges = (times(charge(one.sample.pod, EARLY), one.pods) for one in demands if one.workload.namespace == namespace)
    found = added(dict.fromkeys(TOLD, ZERO), *charges)
    return {key: found[key] for key in TOLD}
