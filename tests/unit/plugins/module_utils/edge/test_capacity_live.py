"""Reading a cluster for its capacity: names alone of what is only counted, forbidden kinds told, nodes and pods needed."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from ansible_collections.autotrade.deployment.plugins.module_utils.edge.capacity_live import observe
from ansible_collections.autotrade.deployment.plugins.module_utils.edge.kube_errors import ApiError

from tests.support.capacity import quota

Json = dict[str, Any]
POD = {"kind": "Pod", "metadata": {"name": "a", "managedFields": [1]}}


class Api:
    """Serves every kind of Kubernetes itself; answers 403 for the kinds in ``forbidden``."""

    def __init__(self, *live: Json, forbidden: dict[str, int] | None = None) -> None:
        self.asked: list[tuple[str, str | None, bool]] = []
        self._live = live
        self._forbidden = forbidden or {}

    def discovery(self) -> Any:
        def find(version: str, kind: str) -> Any:
            return None if version.startswith("keda.sh") else SimpleNamespace(kind=kind, api_version=version)

        return SimpleNamespace(find=find)

    def list(self, kind: Any, namespace: str | None, *, metadata_only: bool = False) -> Any:
        self.asked.append((kind.kind, namespace, metadata_only))
        if kind.kind in self._forbidden:
            raise ApiError(self._forbidden[kind.kind], "Forbidden", "no")
        return SimpleNamespace(items=tuple(one for one in self._live if one["kind"] == kind.kind))


def test_secrets_are_counted_by_name_and_where_a_quota_counts_them_alone() -> None:
    api = Api(quota(secrets="9", pods="9"))
    observe(api, [quota("mine", configmaps="9")], placement=False)  # type: ignore[arg-type]
    named = [one for one in api.asked if one[0] in ("Secret", "ConfigMap")]
    assert named == [("ConfigMap", "shop", True), ("Secret", "shop", True)]
    assert {metadata_only for kind, _namespace, metadata_only in api.asked if kind in ("Pod", "Node")} == {False}


def test_volumes_are_read_for_the_scheduler_alone() -> None:
    for placement in (False, True):
        api = Api()
        observe(api, [], placement)  # type: ignore[arg-type]
        assert any(kind == "PersistentVolume" for kind, _namespace, _metadata in api.asked) is placement


def test_what_the_server_does_not_serve_is_not_asked_for() -> None:
    api = Api()
    observe(api, [], placement=True)  # type: ignore[arg-type]
    assert "ScaledObject" not in {kind for kind, _namespace, _metadata in api.asked}


def test_the_bookkeeping_of_field_managers_is_dropped() -> None:
    assert observe(Api(POD), [], placement=False).objects == [{"kind": "Pod", "metadata": {"name": "a"}}]  # type: ignore[arg-type]


def test_a_kind_that_may_not_be_listed_is_told_unless_nothing_can_be_said_without_it() -> None:
    found = observe(Api(POD, forbidden={"PriorityClass": 403}), [], placement=False)  # type: ignore[arg-type]
    assert (found.hidden, len(found.objects)) == (["PriorityClass"], 1)
    for kind, status in (("Pod", 403), ("Node", 403), ("PriorityClass", 500)):
        with pytest.raises(ApiError):
            observe(Api(forbidden={kind: status}), [], placement=False)  # type: ignore[arg-type]
