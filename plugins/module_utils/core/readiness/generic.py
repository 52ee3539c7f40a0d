# Copyright (c) autotrade.deployment engineers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What holds for every kind: deletion, generations, and the conditions that controllers share by convention."""

from __future__ import annotations

from ansible_collections.autotrade.deployment.plugins.module_utils.core.api_groups import is_built_in
from ansible_collections.autotrade.deployment.plugins.module_utils.core.objects import KubeObject, dig, dig_int, dig_list, dig_map
from ansible_collections.autotrade.deployment.plugins.module_utils.core.readiness import reasons
from ansible_collections.autotrade.deployment.plugins.module_utils.core.readiness.conditions import condition, conditions
from ansible_collections.autotrade.deployment.plugins.module_utils.core.readiness.model import (
    Facts,
    Readiness,
    State,
    failed,
    in_progress,
    ready,
)
from ansible_collections.autotrade.deployment.plugins.module_utils.core.readiness.policies import what_holds_namespace
from ansible_collections.autotrade.deployment.plugins.module_utils.core.readiness.times import age_of

# Controllers that do not keep status.observedGeneration up to date (istio/istio#31931).
_STALE_GENERATIONS = frozenset({"networking.istio.io"})
# Configuration that nobody reports on: it holds as soon as it is stored.
_SILENT_GROUPS = frozenset(
    {
        "crd.projectcalico.org",
        "extensions.istio.io",
        "metallb.io",
        "networking.istio.io",
        "projectcalico.org",
        "security.istio.io",
        "telemetry.istio.io",
    }
)


def group_of(obj: KubeObject) -> str:
    """API group of the object; empty for the core group."""
    return str(obj.get("apiVersion", "")).rpartition("/")[0]


def going(facts: Facts) -> Readiness | None:
    """Terminating, with what holds the object; None where it is not being deleted."""
    since = dig(facts.obj, "metadata", "deletionTimestamp")
    if since is None:
        return None
    finalizers = [*dig_list(facts.obj, "metadata", "finalizers"), *dig_list(facts.obj, "spec", "finalizers")]
    text = f"Deletion asked for at {since}"
    if finalizers:
        text += f", held by {', '.join(map(str, finalizers))}"
    why = what_holds_namespace(facts.obj) if facts.obj.get("kind") == "Namespace" else ""
    return Readiness(State.TERMINATING, reasons.TERMINATING, f"{text}. {why}".rstrip(" ") if why else f"{text}.")


def outdated(facts: Facts) -> Readiness | None:
    """In progress while the status belongs to an older generation; None where it does not say so."""
    generation, observed = dig(facts.obj, "metadata", "generation"), dig(facts.obj, "status", "observedGeneration")
    if generation is None or observed is None or generation == observed or group_of(facts.obj) in _STALE_GENERATIONS:
        return None
    return in_progress(reasons.NOT_OBSERVED, f"Generation {generation} is not observed yet (status is of {observed}).")


def declared(facts: Facts) -> Readiness | None:
    """The answer of the standard conditions Reconciling and Stalled, whichever comes first; None where neither is True."""
    for entry in conditions(facts.obj):
        if entry.true and entry.type == "Reconciling":
            return in_progress(entry.reason or entry.type, entry.sentence("The controller is at work."))
        if entry.true and entry.type == "Stalled":
            return failed(entry.reason or entry.type, entry.sentence("The controller gave up."))
    return None


def by_ready_condition(facts: Facts) -> Readiness:
    """Rule for kinds without a rule of their own: the Ready condition where there is one, else the object's existence."""
    up = condition(facts.obj, "Ready")
    if up.status:
        return _ready_condition(facts)
    silent = is_built_in(group_of(facts.obj)) or group_of(facts.obj) in _SILENT_GROUPS
    if silent or dig_map(facts.obj, "status"):
        return ready(reasons.EXISTS, "The object exists.")
    if age_of(facts.obj, facts.now) < facts.patience.settle:
        return in_progress(reasons.NO_STATUS, "No controller has written a status yet.")
    return ready(reasons.EXISTS, "The object exists; no controller reports on it.")


def reported(facts: Facts) -> Readiness:
    """Rule for kinds whose controller always says Ready: without the condition they are in progress, however old."""
    if not condition(facts.obj, "Ready").status:
        return in_progress(reasons.NO_CONDITION, "The controller has not reported a Ready condition yet.")
    return _ready_condition(facts)


def _ready_condition(facts: Facts) -> Readiness:
    up = condition(facts.obj, "Ready")
    generation = dig_int(facts.obj, "metadata", "generation")
    if up.observed_generation is not None and up.observed_generation < generation:
        return in_progress(reasons.NOT_OBSERVED, f"Ready is of generation {up.observed_generation}, the object at {generation}.")
    if up.true:
        return ready(reasons.READY, up.sentence("Ready."))
    return in_progress(up.reason or reasons.NOT_READY, up.sentence(f"Ready is {up.status}."))
