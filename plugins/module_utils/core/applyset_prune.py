# Copyright (c) autotrade.deployment engineers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Which members of an ApplySet are deleted because they left the manifests, which are kept and why, and when it is too many."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

from ansible_collections.autotrade.deployment.plugins.module_utils.core.applyset import group_kind, member_of
from ansible_collections.autotrade.deployment.plugins.module_utils.core.objects import (
    KubeObject,
    ManifestError,
    ObjectRef,
    annotations_of,
    dig,
    dig_list,
    ref_of,
)

NEVER = "autotrade.deployment/prune"
MOST_NAMED = 10
_ALL = 100

# What is lost with an object of these kinds is more than the object itself.
_PROTECTED: Mapping[str, str] = {
    "Namespace": "everything in it would be deleted with it",
    "CustomResourceDefinition.apiextensions.k8s.io": "every object of its kind would be deleted with it",
    "PersistentVolumeClaim": "its data may be deleted with it",
    "PersistentVolume": "its data may be deleted with it",
}
_OWN_CLAIMS = "its claims would be deleted with it (persistentVolumeClaimRetentionPolicy.whenDeleted is Delete)"
_ALLOWABLE = (*_PROTECTED, "StatefulSet.apps")


@dataclass(frozen=True)
class PruneRules:
    """What the user allows. ``max_share`` in percent of all members of the set, those of the manifests included."""

    allow: tuple[str, ...] = ()
    max_count: int = 20
    max_share: int = 50

    def __post_init__(self) -> None:
        for pattern in self.allow:
            if pattern.partition("/")[0] not in _ALLOWABLE or not pattern.partition("/")[2]:
                raise ManifestError(
                    "option prune.allow",
                    repr(pattern),
                    f"a kind of {', '.join(_ALLOWABLE)}, a slash, and a name in which * and ? may stand",
                    "Write for example PersistentVolumeClaim/scratch-*; other kinds need no allowance.",
                )
        if self.max_count < 0 or not 0 <= self.max_share <= _ALL:
            raise ManifestError(
                "options prune.max_count and prune.max_share",
                f"{self.max_count} and {self.max_share}",
                "a count of at least 0, and a percentage from 0 to 100",
                "Correct them.",
            )

    def allows(self, ref: ObjectRef) -> bool:
        """Whether a protected object may be deleted."""
        return any(fnmatchcase(f"{group_kind(ref)}/{ref.name}", pattern) for pattern in self.allow)


@dataclass(frozen=True)
class Pruning:
    """``delete`` and ``kept`` in no order, ``leaving`` are on their way out already. With a ``refusal`` nothing is deleted."""

    delete: tuple[KubeObject, ...] = ()
    kept: tuple[tuple[KubeObject, str], ...] = ()
    leaving: tuple[KubeObject, ...] = ()
    refusal: str = ""

    @property
    def stay(self) -> tuple[ObjectRef, ...]:
        """Members outside the manifests that will still be there."""
        return tuple(ref_of(obj) for obj in (*(obj for obj, _why in self.kept), *self.leaving))


def pruning(
    set_id: str, members: Iterable[KubeObject], wanted: Sequence[ObjectRef], wanted_uids: Iterable[str], rules: PruneRules
) -> Pruning:
    """Sorts the live objects ``members`` of the set.

    ``wanted`` are the objects of the manifests, ``wanted_uids`` the UIDs of those that exist: some objects are served under
    two groups, and are one all the same. Objects of another set are not looked at.
    """
    keys, uids = {ref.key for ref in wanted}, frozenset(wanted_uids)
    surplus = [
        obj
        for obj in members
        if member_of(obj) == set_id and ref_of(obj).key not in keys and dig(obj, "metadata", "uid") not in uids
    ]
    leaving = tuple(obj for obj in surplus if dig(obj, "metadata", "deletionTimestamp"))
    staying = [obj for obj in surplus if not dig(obj, "metadata", "deletionTimestamp")]
    services = {(ref.namespace, ref.name) for ref in (*wanted, *map(ref_of, staying)) if group_kind(ref) == "Service"}
    judged = [(obj, _why_kept(obj, rules, services)) for obj in staying]
    delete = tuple(obj for obj, why in judged if not why)
    return Pruning(
        delete,
        tuple((obj, why) for obj, why in judged if why),
        leaving,
        _refusal([ref_of(obj) for obj in delete], len(wanted) + len(staying), rules),
    )


def _why_kept(obj: KubeObject, rules: PruneRules, services: set[tuple[str | None, str]]) -> str:
    """Empty where the object may be deleted."""
    ref = ref_of(obj)
    if annotations_of(obj).get(NEVER) == "never":
        return f"its annotation {NEVER} is never"
    for owner in dig_list(obj, "metadata", "ownerReferences"):
        if dig(owner, "controller") is True:
            return f"it belongs to its controller, {dig(owner, 'kind')} {dig(owner, 'name')}"
    if group_kind(ref) == "Endpoints" and (ref.namespace, ref.name) in services:
        return "it belongs to the Service of its name, from which it has its labels"
    loss = _loss(obj, ref)
    if loss and not rules.allows(ref):
        return f"{loss}; to delete it, add {group_kind(ref)}/{ref.name} to prune.allow"
    return ""


def _loss(obj: KubeObject, ref: ObjectRef) -> str:
    if group_kind(ref) == "StatefulSet.apps":
        deletes = dig(obj, "spec", "persistentVolumeClaimRetentionPolicy", "whenDeleted") == "Delete"
        return _OWN_CLAIMS if deletes else ""
    return _PROTECTED.get(group_kind(ref), "")


def _refusal(delete: Sequence[ObjectRef], members: int, rules: PruneRules) -> str:
    """The lower of the two ceilings counts; empty where it holds."""
    by_share = members * rules.max_share // _ALL
    if len(delete) <= min(rules.max_count, by_share):
        return ""
    broken = [
        *([f"prune.max_count ({rules.max_count})"] if len(delete) > rules.max_count else []),
        *([f"prune.max_share ({rules.max_share} %, which is {by_share})"] if len(delete) > by_share else []),
    ]
    named = ", ".join(str(ref) for ref in sorted(delete)[:MOST_NAMED])
    more = f" and {len(delete) - MOST_NAMED} more" if len(delete) > MOST_NAMED else ""
    return (
        f"{len(delete)} of the {members} members of the set left the manifests, more than {' and '.join(broken)}, so none"
        f" is deleted: {named}{more}. Check that the manifests are complete; if they are, raise these settings for one run"
    )
