# Copyright (c) autotrade.deployment engineers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""ApplySets (KEP-3659): which object stands for a set, which objects are its members, and where members may be found.

The parent records kinds and namespaces, never names: members are found by their label. So the record is widened before
anything is applied and narrowed after everything else is gone, and a run that is cut in between forgets nothing.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ansible_collections.autotrade.deployment.plugins.module_utils.core.api_resources import ResourceType
from ansible_collections.autotrade.deployment.plugins.module_utils.core.manifests import Sourced
from ansible_collections.autotrade.deployment.plugins.module_utils.core.objects import (
    KubeObject,
    ManifestError,
    ManifestSetError,
    ObjectRef,
    annotations_of,
    dig_map,
    labels_of,
)

ID = "applyset.kubernetes.io/id"
PART_OF = "applyset.kubernetes.io/part-of"
TOOLING = "applyset.kubernetes.io/tooling"
KINDS = "applyset.kubernetes.io/contains-group-kinds"
NAMESPACES = "applyset.kubernetes.io/additional-namespaces"
TOOL = "autotrade.deployment"
TOOL_VERSION = "v0.1.0"
PARENT_KINDS = ("ConfigMap", "Secret")


@dataclass(frozen=True)
class Parent:
    """The object that stands for a set. ``kind`` is one of PARENT_KINDS, both of the core group."""

    kind: str
    namespace: str
    name: str

    @property
    def ref(self) -> ObjectRef:
        return ObjectRef("v1", self.kind, self.namespace, self.name)

    @property
    def id(self) -> str:
        """Value of the labels on parent and members: a hash of ``name.namespace.kind.group`` as KEP-3659 defines it."""
        identity = ".".join((self.name, self.namespace, self.kind, ""))
        digest = base64.urlsafe_b64encode(hashlib.sha256(identity.encode()).digest()).decode().rstrip("=")
        return f"applyset-{digest}-v1"


@dataclass(frozen=True)
class Extent:
    """Where members may be: kinds as ``Kind.group`` (``Kind`` alone for the core group), and namespaces."""

    kinds: frozenset[str] = frozenset()
    namespaces: frozenset[str] = frozenset()

    def __or__(self, other: Extent) -> Extent:
        return Extent(self.kinds | other.kinds, self.namespaces | other.namespaces)


def group_kind(of: ObjectRef | ResourceType) -> str:
    """Kind as the annotation of the parent writes it."""
    return f"{of.kind}.{of.group}" if of.group else of.kind


def extent_of(refs: Iterable[ObjectRef]) -> Extent:
    """Where these objects are."""
    refs = tuple(refs)
    return Extent(frozenset(map(group_kind, refs)), frozenset(ref.namespace for ref in refs if ref.namespace))


def document(parent: Parent, extent: Extent) -> KubeObject:
    """The parent as it is applied. Its own namespace belongs to the set without being listed."""
    annotations = {
        TOOLING: f"{TOOL}/{TOOL_VERSION}",
        KINDS: ",".join(sorted(extent.kinds)),
        NAMESPACES: ",".join(sorted(extent.namespaces - {parent.namespace})),
    }
    metadata = {"name": parent.name, "namespace": parent.namespace, "labels": {ID: parent.id}, "annotations": annotations}
    return {"apiVersion": "v1", "kind": parent.kind, "metadata": metadata}


def recorded(parent: Parent, live: KubeObject) -> Extent:
    """What a live parent that is ours (see ``foreign``) records."""
    annotations = annotations_of(live)
    listed = {key: frozenset(filter(None, annotations.get(key, "").split(","))) for key in (KINDS, NAMESPACES)}
    return Extent(listed[KINDS], listed[NAMESPACES] | {parent.namespace})


def foreign(parent: Parent, live: KubeObject) -> str:
    """Why a live object must not be used as our parent; empty where it may be."""
    tooling, given_id = annotations_of(live).get(TOOLING, ""), labels_of(live).get(ID)
    if given_id is None and not tooling:
        return f"exists and is no ApplySet parent (no label {ID}). Choose another name in applyset.name"
    if tooling.rpartition("/")[0] != TOOL:
        return (
            f"is the ApplySet parent of another tool ({TOOLING}: {tooling or 'nothing'}, expected {TOOL}/...)."
            " Choose another name in applyset.name, or let that tool go on managing the set"
        )
    if given_id != parent.id:
        return f"has the label {ID}: {given_id or 'nothing'}, expected {parent.id}. Correct it, or choose another applyset.name"
    if KINDS not in annotations_of(live):
        return f"lacks the annotation {KINDS}, so its members cannot be found. Restore it, or delete the object and apply again"
    return ""


def labelled(parent: Parent, sourced: Sequence[Sourced]) -> tuple[Sourced, ...]:
    """The objects as members of the set. Raises ManifestSetError where a manifest names another set, or is the parent itself."""
    faults = [fault for one in sourced if (fault := _fault(parent, one))]
    if faults:
        raise ManifestSetError(faults)
    return tuple(Sourced(_member(parent, one.obj), one.source) for one in sourced)


def _member(parent: Parent, obj: KubeObject) -> KubeObject:
    return {**obj, "metadata": {**dig_map(obj, "metadata"), "labels": {**labels_of(obj), PART_OF: parent.id}}}


def _fault(parent: Parent, one: Sourced) -> ManifestError | None:
    given = labels_of(one.obj).get(PART_OF)
    if given not in (None, parent.id):
        return ManifestError(
            f"{one.source}, {one.ref}, field metadata.labels[{PART_OF!r}]",
            given,
            "no such label, because the option applyset sets it",
            "Remove the label from the manifest, or apply the object without applyset.",
        )
    if (one.ref.group, one.ref.kind, one.ref.name) == ("", parent.kind, parent.name) and one.ref.namespace in (
        None,
        parent.namespace,
    ):
        return ManifestError(
            f"{one.source}, {one.ref}",
            "the object that stands for the set",
            "an object beside it",
            "Choose another name in applyset.name, or take the object out of the manifests.",
        )
    return None


def member_of(obj: KubeObject) -> str:
    """Id of the set that a live object belongs to; empty where it belongs to none."""
    return labels_of(obj).get(PART_OF) or ""
