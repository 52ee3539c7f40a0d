# Copyright (c) autotrade.deployment engineers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""User and password at an OpenShift cluster: its OAuth server gives a token for them, which is revoked when the run ends.

An API server of Kubernetes itself knows no passwords. One of OpenShift announces an OAuth server (RFC 8414), whose client
``openshift-challenging-client`` takes user and password by basic authentication and answers with an authorization code. The
packages for that are an optional extra, imported here and only when they are needed.
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import logging
import ssl
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from ansible_collections.autotrade.deployment.plugins.module_utils.edge.kube_credentials import Login
from ansible_collections.autotrade.deployment.plugins.module_utils.edge.kube_errors import (
    ApiError,
    KubeError,
    LoginError,
    StrangerError,
)
from ansible_collections.autotrade.deployment.plugins.module_utils.edge.kube_transport import (
    CONNECT_TIMEOUT_S,
    READ_TIMEOUT_S,
    Transport,
    bypassed,
)

ANNOUNCED = "/.well-known/oauth-authorization-server"
CLIENT = "openshift-challenging-client"
TOKENS = "/apis/oauth.openshift.io/v1/useroauthaccesstokens"
MARK = "sha256~"
HIDDEN = "(hidden)"
FOUND, UNAUTHORIZED = 302, 401


@dataclass(frozen=True)
class _Server:
    """What an OAuth server says of itself."""

    authorize: str
    token: str
    pkce: str | None


def exchanged(login: Login) -> Login:
    """The login with a token in place of user and password where the server is an OpenShift's; any other as it is.

    Raises LoginError when OpenShift refuses them or a package is missing, UnreachableError when nobody answers.
    """
    if login.token or login.username is None:
        return login
    server = _server(login)
    if server is None:
        return login
    return replace(login, token=_token(login, server), username=None, password=None, token_is_ours=True)


def revoke(transport: Transport) -> None:
    """Ends the token that ``exchanged`` got. One that cannot be revoked ends by itself, and is mentioned in a warning."""
    if not transport.login.token_is_ours:
        return
    try:
        transport.json("DELETE", f"{TOKENS}/{token_name(transport.login.token or '')}")
    except KubeError as error:
        transport.warnings[
            f"The token of this run could not be revoked at OpenShift, so it ends when its time is over: {error}"
        ] = None


def token_name(token: str) -> str:
    """Name of the object that stands for a token: a hash, so that the name gives no access (OpenShift 4.6 and later)."""
    digest = hashlib.sha256(token.removeprefix(MARK).encode()).digest()
    return MARK + base64.urlsafe_b64encode(digest).decode().rstrip("=")


def _server(login: Login) -> _Server | None:
    # Without user and password: nobody is to see them who did not say what for.
    asking = Transport(replace(login, username=None, password=None), connections=1)
    try:
        document: Any = asking.json("GET", ANNOUNCED)[1]
    except (ApiError, StrangerError):
        return None
    if not isinstance(document, dict):
        return None
    authorize, token = document.get("authorization_endpoint"), document.get("token_endpoint")
    if not all(isinstance(url, str) and url.startswith("https://") for url in (authorize, token)):
        return None
    return _Server(
        str(authorize), str(token), "S256" if "S256" in (document.get("code_challenge_methods_supported") or ()) else None
    )


def _token(login: Login, server: _Server) -> str:
    try:
        from oauthlib.oauth2 import OAuth2Error  # noqa: PLC0415 - optional, and rarely needed
        from requests_oauthlib import OAuth2Session  # noqa: PLC0415 - as above
    except ImportError as error:
        raise LoginError(
            f"{login.host} is an OpenShift cluster, where username and password need the Python package requests-oauthlib here:"
            f" {error}; install it, or give api_key"
        ) from None
    try:
        with _silent(), _authority(login) as verify, OAuth2Session(client_id=CLIENT, pkce=server.pkce) as session:
            return _ask(session, login, server, verify)
    # Errors of requests are OSErrors.
    except (OSError, OAuth2Error, ValueError, KeyError) as error:
        raise _failed(login, f"{type(error).__name__}: {error}") from None


def _ask(session: Any, login: Login, server: _Server, verify: bool | str) -> str:
    # The environment may name a proxy, an authority and, in .netrc, even another user: what counts is the login.
    session.trust_env = False
    proxied = login.proxy and not bypassed(replace(login, host=server.authorize))
    options = {
        "verify": verify,
        "proxies": {"https": login.proxy} if proxied else {},
        "timeout": (CONNECT_TIMEOUT_S, READ_TIMEOUT_S),
    }
    url, _state = session.authorization_url(server.authorize)
    answer = session.get(
        url,
        headers={"X-CSRF-Token": "1"},
        auth=((login.username or "").encode(), (login.password or "").encode()),
        allow_redirects=False,
        **options,
    )
    if answer.status_code == UNAUTHORIZED:
        raise _failed(login, "it refuses them (HTTP 401)")
    if answer.status_code != FOUND:
        raise _failed(login, f"{server.authorize} answered HTTP {answer.status_code}, expected {FOUND}")
    return str(session.fetch_token(server.token, authorization_response=answer.headers["Location"], **options)["access_token"])


def _failed(login: Login, why: str) -> LoginError:
    hidden = why.replace(login.password, HIDDEN) if login.password else why
    text = f"the login at OpenShift ({login.host}) as {login.username} failed: {hidden}"
    return LoginError(f"{text}; check username, password, and that ca_cert holds the authority of the OAuth server too")


@contextlib.contextmanager
def _authority(login: Login) -> Iterator[bool | str]:
    """What requests verifies by: nothing, a file, or its own default."""
    if not login.verify:
        yield False
    elif not login.ca:
        yield ssl.get_default_verify_paths().cafile or True
    else:
        with tempfile.NamedTemporaryFile(prefix="kube-") as file:
            file.write(login.ca)
            file.flush()
            yield file.name


@contextlib.contextmanager
def _silent() -> Iterator[None]:
    """The packages log whole headers at level DEBUG, the password among them."""
    loggers = [logging.getLogger(name) for name in ("requests_oauthlib", "oauthlib", "urllib3", "requests")]
    before = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.WARNING)
    try:
        yield
    finally:
        for logger, level in zip(loggers, before, strict=True):
            logger.setLevel(level)
