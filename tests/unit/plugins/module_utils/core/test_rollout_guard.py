"""What a rollout holds is not set back: only by a Lease that counts, and no more than traffic."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from ansible_collections.autotrade.deployment.plugins.module_utils.core.rollout_guard import (
    GUARDED_ANNOTATION,
    LEASE_LABEL,
    guards_of,
    left_to_rollout,
    with_live_traffic,
)

NOW = datetime(2026, 1, 5, 9, 0, tzinfo=timezone.utc)
KEY = ("networking.istio.io", "VirtualService", "demo", "web")


def lease(**spec: Any) -> dict[str, Any]:
    guarded = "VirtualService.networking.istio.io/web, Service/web"
    metadata = {"name": "web", "namespace": "demo", "labels": {LEASE_LABEL: "web"}, "annotations": {GUARDED_ANNOTATION: guarded}}
    held = {"holderIdentity": "runner-1", "renewTime": "2026-01-05T08:59:50.123456Z", "leaseDurationSeconds": 30}
    return {"metadata": metadata, "spec": {**held, **spec}}


def test_a_held_lease_guards_what_it_names() -> None:
    guards = guards_of([lease()], NOW)
    assert guards.keys() == {KEY, ("", "Service", "demo", "web")}
    assert str(guards[KEY]) == "Lease web, held by runner-1 until 2026-01-05T09:00:20+00:00"


@pytest.mark.parametrize(
    "spec",
    [
        {"holderIdentity": ""},
        {"holderIdentity": None},
        {"renewTime": None},
        {"renewTime": "yesterday"},
        {"leaseDurationSeconds": None},
        {"leaseDurationSeconds": 9},
        {"renewTime": "2026-01-05T08:59:30.000000Z"},
    ],
)
def test_a_lease_that_ran_out_or_is_free_guards_nothing(spec: dict[str, Any]) -> None:
    assert guards_of([lease(**spec)], NOW) == {}


def test_the_clock_alone_lets_a_lease_run_out() -> None:
    assert guards_of([lease()], NOW + timedelta(seconds=20))
    assert not guards_of([lease()], NOW + timedelta(seconds=21))


def destination(subset: str, weight: int | None) -> dict[str, Any]:
    place: dict[str, Any] = {"destination": {"host": "web", "subset": subset}}
    return place if weight is None else {**place, "weight": weight}


def virtual_service(*routes: Any, **route: Any) -> dict[str, Any]:
    http = [{"route": list(routes), **route}]
    return {"apiVersion": "networking.istio.io/v1", "kind": "VirtualService", "spec": {"hosts": ["web"], "http": http}}


V1, V2 = destination("v1", 100), destination("v2", 0)
LIVE = virtual_service(destination("v1", 90), destination("v2", 10))


def test_weights_are_carried_and_the_rest_is_the_manifests() -> None:
    kept = with_live_traffic(virtual_service(V1, V2, timeout="5s"), LIVE)
    assert kept == virtual_service(destination("v1", 90), destination("v2", 10), timeout="5s")
    swapped = with_live_traffic(virtual_service(V2, V1), LIVE)
    assert swapped["spec"]["http"][0]["route"] == [destination("v2", 10), destination("v1", 90)]


@pytest.mark.parametrize(
    "desired",
    [
        virtual_service(destination("v1", 100)),
        virtual_service(V1, destination("v3", 0)),
        virtual_service(V1, V2, V2),
        virtual_service(V1, V2, name="other"),
        {**LIVE, "spec": {"http": [*virtual_service(V1, V2)["spec"]["http"], *virtual_service(V1)["spec"]["http"]]}},
    ],
    ids=["missing", "another", "twice", "another-route", "more-routes"],
)
def test_other_destinations_carry_the_live_routes_whole(desired: dict[str, Any]) -> None:
    assert with_live_traffic(desired, LIVE)["spec"]["http"] == LIVE["spec"]["http"]


def test_mirroring_stays_as_the_rollout_has_it() -> None:
    mirrored = virtual_service(destination("v1", 90), destination("v2", 10), mirror={"host": "web", "subset": "v2"})
    assert with_live_traffic(virtual_service(V1, V2), mirrored) == mirrored
    wanted = virtual_service(V1, V2, mirror={"host": "old"})
    assert with_live_traffic(wanted, LIVE) == LIVE


def test_what_does_not_differ_is_the_manifest_itself() -> None:
    for obj in (LIVE, virtual_service(V1), {"kind": "ConfigMap", "apiVersion": "v1"}):
        assert with_live_traffic(obj, obj) is obj
    assert with_live_traffic({**LIVE, "kind": "Gateway"}, virtual_service(V1))["spec"] == LIVE["spec"]


def http_route(*backends: dict[str, Any]) -> dict[str, Any]:
    return {
        "apiVersion": "gateway.networking.k8s.io/v1",
        "kind": "HTTPRoute",
        "spec": {"rules": [{"backendRefs": list(backends)}]},
    }


def test_gateway_routes_and_their_defaults() -> None:
    live = http_route(
        {"group": "", "kind": "Service", "name": "a", "port": 80, "weight": 9}, {"name": "b", "port": 80, "weight": 1}
    )
    kept = with_live_traffic(http_route({"name": "a", "port": 80}, {"name": "b", "port": 80}), live)
    assert kept == http_route({"name": "a", "port": 80, "weight": 9}, {"name": "b", "port": 80})
    assert with_live_traffic(http_route({"name": "a", "port": 81}), live)["spec"]["rules"] == live["spec"]["rules"]


def service(color: str) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "Service", "spec": {"selector": {"app": "web", "color": color}, "ports": []}}


def test_the_selector_of_a_service_is_carried() -> None:
    assert with_live_traffic(service("green"), service("blue")) == service("blue")
    assert with_live_traffic({"apiVersion": "v1", "kind": "Service"}, service("blue")) == {"apiVersion": "v1", "kind": "Service"}


@pytest.mark.parametrize(("owner", "sent"), [("us", True), ("rollout", False)])
def test_what_the_rollout_owns_and_nothing_else_changes_is_not_sent(owner: str, sent: bool) -> None:
    fields = {"f:spec": {"f:http": {}, "f:hosts": {}}}
    live = {**LIVE, "metadata": {"managedFields": [{"manager": owner, "operation": "Apply", "fieldsV1": fields}]}}
    left = left_to_rollout(virtual_service(V1, V2), live, "us")
    assert ("http" in left["spec"]) is sent
    assert left["spec"]["hosts"] == ["web"]
    changed = left_to_rollout(virtual_service(V1, V2, timeout="5s"), live, "us")
    assert changed["spec"]["http"][0]["timeout"] == "5s"
    assert changed["spec"]["http"][0]["route"][0]["weight"] == 90
