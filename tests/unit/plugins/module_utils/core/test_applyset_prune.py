"""What is deleted because it left the manifests, what stays and why, and when it is too many."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.autotrade.deployment.plugins.module_utils.core.applyset import PART_OF
from ansible_collections.autotrade.deployment.plugins.module_utils.core.applyset_prune import PruneRules, Pruning, pruning
from ansible_collections.autotrade.deployment.plugins.module_utils.core.objects import ManifestError, ObjectRef, ref_of
from hypothesis import given
from hypothesis import strategies as st

SET = "applyset-a-v1"
ALL = PruneRules(max_count=1000, max_share=100)
TYPES = {
    "ConfigMap": "v1",
    "Deployment": "apps/v1",
    "Service": "v1",
    "Endpoints": "v1",
    "StatefulSet": "apps/v1",
    "Namespace": "v1",
    "CustomResourceDefinition": "apiextensions.k8s.io/v1",
    "PersistentVolumeClaim": "v1",
    "PersistentVolume": "v1",
}
CLUSTER_SCOPED = ("Namespace", "CustomResourceDefinition", "PersistentVolume")


def obj(kind: str = "ConfigMap", name: str = "a", of: str = SET, **metadata: Any) -> dict[str, Any]:
    place = {} if kind in CLUSTER_SCOPED else {"namespace": "demo"}
    own = {"name": name, **place, "labels": {PART_OF: of}, "uid": f"{kind}/{name}", **metadata}
    return {"apiVersion": TYPES[kind], "kind": kind, "metadata": own}


def sort(*members: dict[str, Any], wanted: list[ObjectRef] | None = None, rules: PruneRules = ALL) -> Pruning:
    return pruning(SET, members, wanted or [], [], rules)


def why(*members: dict[str, Any], rules: PruneRules = ALL) -> list[str]:
    return [text for _obj, text in sort(*members, rules=rules).kept]


def test_what_is_wanted_stays_whatever_its_version() -> None:
    wanted = ObjectRef("apps/v1beta1", "Deployment", "demo", "a")
    found = sort(obj("Deployment"), obj("Deployment", "b"), obj(), wanted=[wanted])
    assert [str(ref_of(one)) for one in found.delete] == ["apps/v1 Deployment demo/b", "v1 ConfigMap demo/a"]


def test_an_object_that_is_served_under_two_groups_is_one() -> None:
    assert pruning(SET, [obj(uid="same")], [ObjectRef("events.k8s.io/v1", "Event", "demo", "a")], ["same"], ALL).delete == ()


def test_objects_of_another_set_or_of_none_are_not_looked_at() -> None:
    assert sort(obj(of="applyset-b-v1"), obj(of=""), obj(labels=None)) == Pruning()


def test_what_is_on_its_way_out_is_not_deleted_again_and_stays_recorded() -> None:
    leaving = obj("Deployment", deletionTimestamp="2026-01-01T00:00:00Z")
    found = sort(leaving)
    assert (found.delete, found.kept, found.stay) == ((), (), (ref_of(leaving),))


@pytest.mark.parametrize(
    ("kind", "allow"),
    [
        ("Namespace", "Namespace/a"),
        ("CustomResourceDefinition", "CustomResourceDefinition.apiextensions.k8s.io/a*"),
        ("PersistentVolumeClaim", "PersistentVolumeClaim/?"),
        ("PersistentVolume", "PersistentVolume/*"),
    ],
)
def test_kinds_that_take_more_with_them_need_an_allowance_by_name(kind: str, allow: str) -> None:
    (text,) = why(obj(kind))
    assert f"add {allow.partition('/')[0]}/a to prune.allow" in text
    assert why(obj(kind), rules=PruneRules((allow,), 9, 100)) == []
    assert why(obj(kind, "other"), rules=PruneRules((f"{allow.partition('/')[0]}/a",), 9, 100)) != []


def test_a_stateful_set_that_takes_its_claims_with_it_needs_one_too() -> None:
    keeps, deletes = obj("StatefulSet", "keeps"), obj("StatefulSet", "deletes")
    deletes["spec"] = {"persistentVolumeClaimRetentionPolicy": {"whenDeleted": "Delete"}}
    keeps["spec"] = {"persistentVolumeClaimRetentionPolicy": {"whenDeleted": "Retain", "whenScaled": "Delete"}}
    (text,) = why(keeps, deletes)
    assert "StatefulSet.apps/deletes to prune.allow" in text
    assert why(deletes, rules=PruneRules(("StatefulSet.apps/deletes",), 9, 100)) == []


def test_never_in_the_annotation_counts_more_than_an_allowance() -> None:
    marked = obj("Namespace", annotations={"autotrade.deployment/prune": "never"})
    assert why(marked, rules=PruneRules(("Namespace/*",), 9, 100)) == ["its annotation autotrade.deployment/prune is never"]
    assert why(obj(annotations={"autotrade.deployment/prune": "later"})) == []


def test_what_a_controller_owns_is_left_to_it() -> None:
    owner = {"kind": "ExternalSecret", "name": "x", "controller": True}
    assert why(obj(ownerReferences=[owner])) == ["it belongs to its controller, ExternalSecret x"]
    assert why(obj(ownerReferences=[owner | {"controller": False}])) == []


def test_endpoints_that_have_their_labels_from_a_service_are_left_to_it() -> None:
    service = ObjectRef("v1", "Service", "demo", "a")
    kept = pruning(SET, [obj("Endpoints")], [service], [], ALL).kept
    assert [text for _obj, text in kept] == ["it belongs to the Service of its name, from which it has its labels"]
    assert sort(obj("Endpoints"), wanted=[ObjectRef("v1", "Service", "demo", "b")]).kept == ()


@pytest.mark.parametrize(
    ("rules", "delete", "wanted", "settings"),
    [
        (PruneRules(), 20, 20, ""),
        (PruneRules(), 21, 100, "prune.max_count (20)"),
        (PruneRules(), 6, 5, "prune.max_share (50 %, which is 5)"),
        (PruneRules(), 25, 20, "prune.max_count (20) and prune.max_share (50 %, which is 22)"),
        (PruneRules(max_share=100), 1, 0, ""),
        (PruneRules(max_count=0), 1, 9, "prune.max_count (0)"),
        (PruneRules(max_share=0), 1, 9, "prune.max_share (0 %, which is 0)"),
        (PruneRules(), 0, 0, ""),
    ],
)
def test_the_lower_ceiling_counts(rules: PruneRules, delete: int, wanted: int, settings: str) -> None:
    refs = [ObjectRef("v1", "ConfigMap", "demo", f"w{number}") for number in range(wanted)]
    refusal = sort(*(obj(name=f"d{number}") for number in range(delete)), wanted=refs, rules=rules).refusal
    assert settings in refusal
    assert bool(settings) == bool(refusal)
    if settings:
        assert f"{delete} of the {delete + wanted} members of the set" in refusal


def test_what_is_kept_is_no_deletion_but_a_member() -> None:
    kept = [obj("PersistentVolumeClaim", name) for name in "abc"]
    assert sort(*kept, obj(), rules=PruneRules(max_share=25)).refusal == ""
    assert sort(*kept, obj(), obj(name="b"), rules=PruneRules(max_share=25)).refusal != ""


@pytest.mark.parametrize("allow", ["*", "Deployment.apps/a", "CustomResourceDefinition/a", "Namespace", "Namespace/", "*/a"])
def test_an_allowance_that_allows_nothing_or_everything_is_refused(allow: str) -> None:
    with pytest.raises(ManifestError, match=r"prune\.allow"):
        PruneRules((allow,))


@pytest.mark.parametrize("figures", [{"max_count": -1}, {"max_share": 101}, {"max_share": -1}])
def test_ceilings_outside_their_range_are_refused(figures: dict[str, int]) -> None:
    with pytest.raises(ManifestError, match=r"prune\.max_share"):
        PruneRules(**figures)


MEMBERS = st.lists(
    st.builds(
        obj,
        st.sampled_from(sorted(TYPES)),
        st.sampled_from("abcd"),
        st.sampled_from([SET, SET, "applyset-b-v1"]),
        annotations=st.sampled_from([{}, {"autotrade.deployment/prune": "never"}]),
        deletionTimestamp=st.sampled_from([None, None, "2026-01-01T00:00:00Z"]),
    ),
    unique_by=ref_of,
    max_size=12,
)
RULES = st.builds(
    PruneRules,
    st.lists(st.sampled_from(["Namespace/a", "PersistentVolume/*", "PersistentVolumeClaim/b"])).map(tuple),
    st.integers(0, 12),
    st.integers(0, 100),
)


@given(MEMBERS, MEMBERS, RULES)
def test_every_member_is_wanted_deleted_kept_or_leaving_and_no_other_is_touched(
    members: list[dict[str, Any]], wanted: list[dict[str, Any]], rules: PruneRules
) -> None:
    keys = {ref_of(one).key for one in wanted}
    found = pruning(SET, members, [ref_of(one) for one in wanted], [], rules)
    treated = [*found.delete, *(one for one, _why in found.kept), *found.leaving]
    ours = [one for one in members if one["metadata"]["labels"][PART_OF] == SET and ref_of(one).key not in keys]
    assert sorted(map(ref_of, treated)) == sorted(map(ref_of, ours))
    if not found.refusal:
        assert len(found.delete) <= rules.max_count
        assert len(found.delete) * 100 <= rules.max_share * (len(found.delete) + len(found.kept) + len(wanted))
    for one in found.delete:
        assert "autotrade.deployment/prune" not in one["metadata"]["annotations"]
        assert one["kind"] in ("ConfigMap", "Deployment", "Service", "Endpoints", "StatefulSet") or rules.allows(ref_of(one))
