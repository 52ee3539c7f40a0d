"""Which kinds a starting API server can let KWOK play, from what it answers."""

from __future__ import annotations

import http.client
import json
import ssl
from typing import Any

import pytest
from ansible_collections.autotrade.deployment.plugins.module_utils.core.simulated import ClusterSpec, Layout, Ports
from ansible_collections.autotrade.deployment.plugins.module_utils.edge.simulated_api import DEFINITIONS, SimulatedApi

GATEWAYS = ("gateway.networking.k8s.io", "v1", "gateways", "Gateway")


def discovery(*served: tuple[str, str, str, str]) -> dict[str, Any]:
    return {
        "items": [
            {
                "metadata": {"name": group},
                "versions": [{"version": version, "resources": [{"resource": plural, "responseKind": {"kind": kind}}]}],
            }
            for group, version, plural, kind in served
        ]
    }


def described(*paths: str) -> dict[str, Any]:
    return {"paths": {key: {} for key in ("api/v1", *paths)}}


def defined(*names: str) -> dict[str, Any]:
    return {"items": [{"metadata": {"name": name}} for name in names]}


@pytest.fixture
def answers(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """Path -> document; a path without one answers 503."""
    found: dict[str, Any] = {"/api": discovery(("", "v1", "pods", "Pod")), "/apis": discovery(GATEWAYS)}

    def get(_self: SimulatedApi, _port: int, path: str, _headers: Any = None) -> tuple[int, bytes]:
        return (http.client.OK, json.dumps(found[path]).encode()) if path in found else (http.client.SERVICE_UNAVAILABLE, b"")

    monkeypatch.setattr(SimulatedApi, "_get", get)
    monkeypatch.setattr(ssl.SSLContext, "load_cert_chain", lambda *_arguments: None)
    monkeypatch.setattr(ssl, "create_default_context", lambda **_options: ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT))
    return found


@pytest.fixture
def api() -> SimulatedApi:
    return SimulatedApi(ClusterSpec("x", Layout("/nowhere"), {}, Ports(1, 2, 3, 4, 5)))


def test_a_kind_can_be_played_when_openapi_describes_it(answers: dict[str, Any], api: SimulatedApi) -> None:
    answers["/openapi/v3"] = described()
    assert api.playable() == {("v1", "Pod")}
    assert api.kinds() == {("v1", "Pod"), ("gateway.networking.k8s.io/v1", "Gateway")}
    answers["/openapi/v3"] = described("apis/gateway.networking.k8s.io/v1")
    assert api.playable() == api.kinds()


def test_a_server_is_settled_when_all_that_is_defined_can_be_played(answers: dict[str, Any], api: SimulatedApi) -> None:
    assert not api.settled(), "it answers 503"
    answers["/openapi/v3"] = described()
    answers[DEFINITIONS] = {"items": None}
    assert api.settled(), "nothing is defined, which the API server writes as null"
    answers[DEFINITIONS] = defined("gateways.gateway.networking.k8s.io", "issuers.cert-manager.io")
    answers["/openapi/v3"] = described("apis/gateway.networking.k8s.io/v1", "apis/cert-manager.io/v1")
    assert not api.settled(), "issuers are not served yet"
    answers["/apis"] = discovery(GATEWAYS, ("cert-manager.io", "v1", "issuers", "Issuer"))
    assert api.settled()
    answers["/openapi/v3"] = described("apis/gateway.networking.k8s.io/v1")
    assert not api.settled(), "issuers are not described yet"
