# Copyright (c) autotrade.deployment engineers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Claims, volumes and attachments. A claim that waits for its first consumer does not hold up what comes before the pod."""

from __future__ import annotations

from collections.abc import Mapping

from ansible_collections.autotrade.deployment.plugins.module_utils.core.objects import annotations_of, dig, dig_text
from ansible_collections.autotrade.deployment.plugins.module_utils.core.quantities import is_quantity, parse
from ansible_collections.autotrade.deployment.plugins.module_utils.core.readiness import reasons
from ansible_collections.autotrade.deployment.plugins.module_utils.core.readiness.conditions import condition
from ansible_collections.autotrade.deployment.plugins.module_utils.core.readiness.model import (
    Facts,
    Readiness,
    failed,
    in_progress,
    ready,
    waiting,
)

_SELECTED_NODE = "volume.kubernetes.io/selected-node"


def claim(facts: Facts) -> Readiness:
    """Rule for a PersistentVolumeClaim; needs its StorageClass among the related objects to know that it waits."""
    obj = facts.obj
    phase = dig_text(obj, "status", "phase", default="Pending")
    if phase == "Lost":
        return failed(reasons.LOST, f"The volume {dig_text(obj, 'spec', 'volumeName', default='(none)')} of the claim is gone.")
    if phase == "Bound":
        return _resize(facts) or ready(reasons.BOUND, f"Bound to {dig_text(obj, 'spec', 'volumeName', default='a volume')}.")
    name = dig_text(obj, "spec", "storageClassName")
    if _waits_for_consumer(facts, name) and _SELECTED_NODE not in annotations_of(obj):
        return waiting(reasons.NO_CONSUMER, f"Storage class {name} binds the claim when the first pod that uses it is placed.")
    return in_progress(reasons.UNBOUND, f"Phase {phase}, storage class {name or '(none)'}.")


def _waits_for_consumer(facts: Facts, name: str) -> bool:
    return any(
        dig(one, "kind") == "StorageClass"
        and dig(one, "metadata", "name") == name
        and dig(one, "volumeBindingMode") == "WaitForFirstConsumer"
        for one in facts.related
    )


def _resize(facts: Facts) -> Readiness | None:
    wanted = dig(facts.obj, "spec", "resources", "requests", "storage")
    given = dig(facts.obj, "status", "capacity", "storage")
    if not (is_quantity(wanted) and is_quantity(given)) or parse(given) >= parse(wanted):
        return None
    text = f"Capacity: {given}, wanted {wanted}"
    pending = condition(facts.obj, "FileSystemResizePending")
    if pending.true:
        return waiting("FileSystemResizePending", f"{text}. {pending.sentence('The file system grows when a pod mounts it.')}")
    return in_progress(reasons.RESIZING, text)


def volume(facts: Facts) -> Readiness:
    """Rule for a PersistentVolume."""
    phase = dig_text(facts.obj, "status", "phase", default="Pending")
    text = dig_text(facts.obj, "status", "message", default=f"Phase {phase}.")
    if phase in ("Available", "Bound"):
        return ready(phase, text)
    if phase == "Failed":
        return failed(dig_text(facts.obj, "status", "reason", default="Failed"), text)
    if phase == "Released":
        return waiting(reasons.RELEASED, "Its claim was deleted; the volume is kept until someone reclaims it.")
    return in_progress(reasons.PENDING, text)


def attachment(facts: Facts) -> Readiness:
    """Rule for a VolumeAttachment."""
    error = dig(facts.obj, "status", "attachError")
    if isinstance(error, Mapping):
        return in_progress("AttachError", dig_text(error, "message", default="The volume cannot be attached."))
    if dig(facts.obj, "status", "attached", default=False):
        return ready("Attached", f"Attached to {dig(facts.obj, 'spec', 'nodeName')}.")
    return in_progress(reasons.NOT_ATTACHED, "The volume is not attached yet.")
