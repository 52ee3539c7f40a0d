"""What is decided for one object from what is wanted and what is there."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any

import pytest
from ansible_collections.autotrade.deployment.plugins.module_utils.core.api_resources import ResourceType
from ansible_collections.autotrade.deployment.plugins.module_utils.core.apply_model import Item, Method
from ansible_collections.autotrade.deployment.plugins.module_utils.core.apply_plan import (
    Around,
    defined_kinds,
    item_of,
    scale_targets,
    step_of,
    waits_for_rollout,
    waits_for_scaler,
    without_scaled_replicas,
)
from ansible_collections.autotrade.deployment.plugins.module_utils.core.manifests import Sourced
from ansible_collections.autotrade.deployment.plugins.module_utils.core.objects import ManifestError, ref_of
from ansible_collections.autotrade.deployment.plugins.module_utils.core.rollout_guard import Guard

MANAGER = "autotrade.deployment"
DEPLOYMENT = ResourceType("apps", "v1", "Deployment", "deployments", True)
CLASS = ResourceType("scheduling.k8s.io", "v1", "PriorityClass", "priorityclasses", False)


def wanted(replicas: int = 2) -> dict[str, Any]:
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "web", "namespace": "demo"},
        "spec": {"replicas": replicas, "paused": False},
    }


def live(replicas: int, *owned: str) -> dict[str, Any]:
    fields = {"f:spec": {f"f:{name}": {} for name in owned}}
    entry = {"manager": MANAGER, "operation": "Apply", "apiVersion": "apps/v1", "fieldsType": "FieldsV1", "fieldsV1": fields}
    obj = wanted(replicas)
    obj["metadata"] |= {"uid": "1", "resourceVersion": "5", "managedFields": [entry]}
    return obj


def item(obj: dict[str, Any]) -> Item:
    return Item(obj, ref_of(obj), "web.yaml", DEPLOYMENT)


def test_absent_is_created_and_equal_is_left_alone() -> None:
    assert step_of(item(wanted()), None, Around(MANAGER)).method is Method.CREATE
    assert step_of(item(wanted()), live(2, "replicas", "paused"), Around(MANAGER)).method is Method.UNCHANGED


def test_a_difference_is_applied_and_its_path_named() -> None:
    step = step_of(item(wanted(3)), live(2, "replicas", "paused"), Around(MANAGER))
    assert step.method is Method.APPLY
    assert "spec.replicas" in step.doubt


@pytest.mark.parametrize(("owned", "kept"), [(("replicas", "paused"), 5), (("paused",), None)])
def test_scaled_replicas_are_carried_while_ours_and_left_out_after(owned: tuple[str, ...], kept: int | None) -> None:
    assert without_scaled_replicas(wanted(2), live(5, *owned), MANAGER)["spec"].get("replicas") == kept


def test_a_scaled_workload_whose_replicas_moved_is_unchanged() -> None:
    scaled = frozenset({("Deployment", "demo", "web")})
    assert step_of(item(wanted(2)), live(5, "paused"), Around(MANAGER, scaled=scaled)).method is Method.UNCHANGED


def test_autoscalers_name_their_targets() -> None:
    horizontal = {"kind": "HorizontalPodAutoscaler", "metadata": {"namespace": "demo"}}
    keda = {"kind": "ScaledObject", "metadata": {"namespace": "demo"}, "spec": {"scaleTargetRef": {"name": "b"}}}
    target = {"spec": {"scaleTargetRef": {"kind": "StatefulSet", "name": "a"}}}
    assert scale_targets([horizontal | target, keda, wanted()]) == {("StatefulSet", "demo", "a"), ("Deployment", "demo", "b")}


def test_the_option_namespace_fills_what_is_missing_and_nothing_else() -> None:
    bare = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"}}
    assert item_of(Sourced(bare, "a"), DEPLOYMENT, None, "demo").ref.namespace == "demo"
    assert item_of(Sourced(wanted(), "a"), DEPLOYMENT, None, "other").ref.namespace == "demo"
    cluster_wide = {"apiVersion": "scheduling.k8s.io/v1", "kind": "PriorityClass", "metadata": {"name": "a", "namespace": "demo"}}
    assert item_of(Sourced(cluster_wide, "a"), CLASS, None, "demo").ref.namespace is None
    with pytest.raises(ManifestError, match=r"a\.yaml.*metadata\.namespace"):
        item_of(Sourced(bare, "a.yaml"), DEPLOYMENT, None, None)


def test_kinds_of_definitions_in_the_set_are_known_but_deferred() -> None:
    definition = {
        "kind": "CustomResourceDefinition",
        "spec": {
            "group": "example.com",
            "scope": "Namespaced",
            "names": {"kind": "Database", "plural": "databases"},
            "versions": [{"name": "v1"}, {"name": "v0", "served": False}],
        },
    }
    kinds = defined_kinds([definition])
    assert len(kinds) == 1
    found = kinds.find("example.com/v1", "Database")
    custom = {"apiVersion": "example.com/v1", "kind": "Database", "metadata": {"name": "a"}}
    assert item_of(Sourced(custom, "a"), None, found, "demo").deferred
    assert item_of(Sourced(custom, "a"), None, None, "demo").kind is None


def test_a_guarded_object_keeps_its_traffic_and_says_so() -> None:
    def service(color: str) -> dict[str, Any]:
        metadata = {"name": "web", "namespace": "demo"}
        return {"apiVersion": "v1", "kind": "Service", "metadata": metadata, "spec": {"selector": {"color": color}, "type": "X"}}

    wanted = Item(service("green"), ref_of(service("green")), "web.yaml", ResourceType("", "v1", "Service", "services", True))
    fields = {"f:spec": {"f:selector": {}, "f:type": {}}}
    entry = {"manager": MANAGER, "operation": "Apply", "apiVersion": "v1", "fieldsV1": fields}
    found = {**service("blue"), "metadata": {**service("blue")["metadata"], "managedFields": [entry]}}
    guard = Guard("web", "runner-1", datetime(2026, 1, 5, tzinfo=timezone.utc))
    free = step_of(wanted, found, Around(MANAGER))
    assert (free.method, free.notes) == (Method.APPLY, ())
    held = step_of(wanted, found, Around(MANAGER, guards={wanted.ref.key: guard}))
    assert (held.method, held.item.obj["spec"]["selector"]) == (Method.UNCHANGED, {"color": "blue"})
    assert "held by runner-1" in held.notes[0]
    assert waits_for_rollout([wanted], {wanted.ref: found}) == (wanted,)
    assert waits_for_rollout([wanted], {}) == waits_for_rollout([wanted], {wanted.ref: service("green")}) == ()


@pytest.mark.parametrize(
    ("replicas", "owned", "waits"), [(2, ("replicas",), False), (3, ("replicas",), True), (2, ("paused",), True)]
)
def test_autoscalers_matter_where_replicas_differ_or_are_not_ours(replicas: int, owned: tuple[str, ...], waits: bool) -> None:
    one = item(wanted(2))
    assert bool(waits_for_scaler([one], {one.ref: live(replicas, *owned)}, MANAGER)) is waits


def test_an_earlier_manager_is_a_reason_to_apply() -> None:
    obj = live(2, "replicas", "paused")
    obj["metadata"]["managedFields"] = [
        {**obj["metadata"]["managedFields"][0], "manager": "kubectl-create", "operation": "Update"}
    ]
    step = step_of(item(wanted()), obj, Around(MANAGER, earlier=("kubectl-create",)))
    assert step.migration is not None
    assert (step.method, step.migration.managers) == (Method.APPLY, ("kubectl-create",))
    assert step_of(item(wanted()), obj, Around(MANAGER)).migration is None
