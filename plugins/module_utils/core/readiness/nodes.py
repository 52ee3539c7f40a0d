# Copyright (c) autotrade.deployment engineers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Nodes. A node that is not heard of is unknown, a cordoned one is paused."""

from __future__ import annotations

from ansible_collections.autotrade.deployment.plugins.module_utils.core.objects import dig, dig_list
from ansible_collections.autotrade.deployment.plugins.module_utils.core.readiness import reasons
from ansible_collections.autotrade.deployment.plugins.module_utils.core.readiness.conditions import condition
from ansible_collections.autotrade.deployment.plugins.module_utils.core.readiness.model import (
    Facts,
    Readiness,
    State,
    failed,
    in_progress,
    paused,
    ready,
)
from ansible_collections.autotrade.deployment.plugins.module_utils.core.readiness.times import elapsed

#: Of k8s.io/cloud-provider/api/well_known_taints.go: a kubelet with an external cloud provider registers with it.
UNINITIALIZED = "node.cloudprovider.kubernetes.io/uninitialized"
_TROUBLES = ("NetworkUnavailable", "DiskPressure", "MemoryPressure", "PIDPressure")


def node(facts: Facts) -> Readiness:
    """Rule for a Node."""
    up = condition(facts.obj, "Ready")
    if not up.status:
        return in_progress(reasons.NO_CONDITION, "The kubelet has not reported yet.")
    if up.status == "Unknown":
        return Readiness(State.UNKNOWN, up.reason or "NodeStatusUnknown", up.sentence("The kubelet stopped reporting."))
    if up.false:
        answer = failed if elapsed(up.since, facts.now) > facts.patience.grace else in_progress
        return answer(up.reason or reasons.NOT_READY, up.sentence("The node is not ready."))
    for kind in _TROUBLES:
        trouble = condition(facts.obj, kind)
        if trouble.true:
            return in_progress(kind, trouble.sentence(f"The node reports {kind}."))
    return _held(facts) or ready(reasons.READY, up.sentence("The node is ready."))


def _held(facts: Facts) -> Readiness | None:
    """Why a node takes no pod although its kubelet is well, or None."""
    if any(dig(taint, "key") == UNINITIALIZED for taint in dig_list(facts.obj, "spec", "taints")):
        return in_progress(reasons.UNINITIALIZED, f"The cloud's controller has not looked at it yet (taint {UNINITIALIZED}).")
    if dig(facts.obj, "spec", "unschedulable", default=False):
        return paused(reasons.CORDONED, "The node is ready but cordoned: no pod is placed on it.")
    return None
