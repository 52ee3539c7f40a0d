"""User and password at a constructed OpenShift: exchanged for a token that ends with the run, and shown to nobody."""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.autotrade.deployment.plugins.module_utils.core.api_resources import ResourceType
from ansible_collections.autotrade.deployment.plugins.module_utils.edge.kube_api import HttpKubeApi, connect
from ansible_collections.autotrade.deployment.plugins.module_utils.edge.kube_errors import LoginError
from ansible_collections.autotrade.deployment.plugins.module_utils.edge.kube_login_openshift import token_name

from tests.support.openshift import PASSWORD, USER, Cluster, running

NAMESPACES = ResourceType("", "v1", "Namespace", "namespaces", False)


@pytest.fixture(autouse=True)
def _no_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("KUBECONFIG", "KUBERNETES_SERVICE_HOST", "HTTPS_PROXY", "https_proxy", "NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))


@pytest.fixture
def openshift(tmp_path: Path) -> Iterator[tuple[Cluster, Path]]:
    with running(tmp_path) as started:
        yield started


def connected(openshift: tuple[Cluster, Path], **options: Any) -> HttpKubeApi:
    cluster, authority = openshift
    return connect({"host": cluster.host, "ca_cert": str(authority), "username": USER, "password": PASSWORD, **options})


@pytest.mark.parametrize("pkce", [True, False])
def test_a_token_is_fetched_used_and_revoked(openshift: tuple[Cluster, Path], pkce: bool) -> None:
    cluster = openshift[0]
    cluster.pkce = pkce
    api = connected(openshift)
    assert api.list(NAMESPACES, None).items == ()
    assert cluster.valid == {cluster.token}
    api.close()
    assert cluster.valid == set()
    assert cluster.paths == [
        "GET /.well-known/oauth-authorization-server",
        "GET /oauth/authorize",
        "POST /oauth/token",
        "GET /api/v1/namespaces",
        f"DELETE /apis/oauth.openshift.io/v1/useroauthaccesstokens/{token_name(cluster.token)}",
    ]
    assert api.warnings() == ()


def test_a_token_is_known_by_its_hash() -> None:
    # printf abc | openssl dgst -sha256 -binary | basenc --base64url
    assert token_name("sha256~abc") == token_name("abc") == "sha256~ungWv48Bz-pBQUDeXa4iI7ADYaOWF3qctBD_YfIAFa0"


def test_a_wrong_password_names_the_settings_and_not_the_password(openshift: tuple[Cluster, Path]) -> None:
    with pytest.raises(LoginError) as caught:
        connected(openshift, password="wrong-" + PASSWORD)
    assert "refuses them (HTTP 401)" in str(caught.value)
    assert "check username, password" in str(caught.value)
    assert PASSWORD not in str(caught.value)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"authorize_status": 500}, "answered HTTP 500, expected 302"),
        ({"authorize_status": 200}, "answered HTTP 200, expected 302"),
        ({"code": "other"}, "invalid_grant"),
    ],
)
def test_an_oauth_server_that_fails_is_quoted(openshift: tuple[Cluster, Path], change: dict[str, Any], words: str) -> None:
    vars(openshift[0]).update(change)
    with pytest.raises(LoginError, match=r"login at OpenShift .* as trader failed") as caught:
        connected(openshift)
    assert words in str(caught.value)
    assert PASSWORD not in str(caught.value)


def test_a_server_that_announces_nothing_gets_basic_authentication(openshift: tuple[Cluster, Path]) -> None:
    cluster = openshift[0]
    cluster.announces = False
    api = connected(openshift)
    assert cluster.paths == ["GET /.well-known/oauth-authorization-server"]
    assert api._transport.login.headers()[0][1].startswith("Basic ")
    api.close()
    assert len(cluster.seen) == 1


def test_a_token_that_was_given_is_used_and_left_alone(openshift: tuple[Cluster, Path]) -> None:
    cluster = openshift[0]
    cluster.valid.add("given")
    api = connected(openshift, api_key="given")
    api.list(NAMESPACES, None)
    api.close()
    assert cluster.paths == ["GET /api/v1/namespaces"]
    assert cluster.valid == {"given"}


def test_a_token_that_cannot_be_revoked_is_mentioned(openshift: tuple[Cluster, Path]) -> None:
    cluster = openshift[0]
    api = connected(openshift)
    cluster.valid.clear()
    api.close()
    (warning,) = api.warnings()
    assert "could not be revoked" in warning
    assert cluster.token not in warning


def test_an_authority_that_is_not_trusted_stops_before_the_password(openshift: tuple[Cluster, Path], tmp_path: Path) -> None:
    with running(tmp_path) as (_other, authority):
        wrong = authority.read_bytes()
    (tmp_path / "wrong.crt").write_bytes(wrong)
    with pytest.raises(LoginError, match="ca_cert"):
        connected(openshift, ca_cert=str(tmp_path / "wrong.crt"))
    assert openshift[0].seen == []


def test_a_missing_package_is_named(openshift: tuple[Cluster, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "requests_oauthlib", None)
    with pytest.raises(LoginError, match=r"Python package requests-oauthlib.*or give api_key"):
        connected(openshift)


def test_the_password_is_in_no_log_and_no_request_line(
    openshift: tuple[Cluster, Path], caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    # Another user in .netrc must not take the place of ours.
    (tmp_path / ".netrc").write_text("machine 127.0.0.1 login other password other\n")
    monkeypatch.setenv("NETRC", str(tmp_path / ".netrc"))
    with caplog.at_level(logging.DEBUG):
        api = connected(openshift)
        api.close()
    assert PASSWORD not in caplog.text
    assert openshift[0].token not in caplog.text
    assert not any(PASSWORD in line for line in openshift[0].lines)
    assert logging.getLogger("requests_oauthlib").level == logging.NOTSET
