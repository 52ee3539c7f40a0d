# Copyright (c) autotrade.deployment engineers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Gathers why an object failed: the pod, its reason and exit code, the last lines of its log, refusals, the scheduler's words."""

from __future__ import annotations

from datetime import datetime

from ansible_collections.autotrade.deployment.plugins.module_utils.core.apply_pods import (
    Sickness,
    refusals,
    sicknesses,
    unschedulable,
)
from ansible_collections.autotrade.deployment.plugins.module_utils.core.objects import KubeObject, dig
from ansible_collections.autotrade.deployment.plugins.module_utils.core.readiness.model import Facts
from ansible_collections.autotrade.deployment.plugins.module_utils.core.readiness.owned_pods import pods_of
from ansible_collections.autotrade.deployment.plugins.module_utils.edge.apply_wait import Surroundings
from ansible_collections.autotrade.deployment.plugins.module_utils.edge.kube_api import KubeApi
from ansible_collections.autotrade.deployment.plugins.module_utils.edge.kube_errors import KubeError

LOG_LINES = 5
MOST_PODS = 3


def explain(api: KubeApi, obj: KubeObject | None, around: Surroundings, now: datetime) -> list[str]:
    """Sentences for a person; empty where the cluster tells no more than the object's own status."""
    if obj is None:
        return []
    namespace = dig(obj, "metadata", "namespace")
    pods = _pods(obj, tuple(around.pods.get(namespace, {}).values()), now)
    found: list[str] = []
    for pod in pods:
        if len(found) >= MOST_PODS:
            break
        found += [_quoted(api, namespace, sickness) for sickness in sicknesses(pod)]
        found += [words] if (words := unschedulable(pod)) else []
    return found[:MOST_PODS] + _refused(obj, around, namespace)


def _pods(obj: KubeObject, pods: tuple[KubeObject, ...], now: datetime) -> tuple[KubeObject, ...]:
    return (obj,) if obj.get("kind") == "Pod" else pods_of(Facts(obj, now, pods))


def _refused(obj: KubeObject, around: Surroundings, namespace: str | None) -> list[str]:
    return refusals(obj, around.events.get(namespace, {}).values())[-1:]


def _quoted(api: KubeApi, namespace: str, sickness: Sickness) -> str:
    if not sickness.has_log:
        return str(sickness)
    try:
        log = api.log(namespace, sickness.pod, sickness.container, LOG_LINES, sickness.previous).strip()
    except (KubeError, OSError):
        # The container's log may be gone with its node; the reason alone is still worth saying.
        return str(sickness)
    return f"{sickness}; last lines of its log:\n{log}" if log else str(sickness)
