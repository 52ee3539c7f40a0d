# Copyright (c) autotrade.deployment engineers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What can go wrong between us and an API server, as data."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Cause:
    """One entry of ``details.causes`` in a Status answer."""

    reason: str
    field: str
    message: str


class KubeError(Exception):
    """Base of all; its text is for people."""


class LoginError(KubeError):
    """The credentials or the kubeconfig cannot be used; the text names the setting."""


class NoClusterError(LoginError):
    """No API server to ask: no kubeconfig, or nobody listens. Check mode goes on without, unless it was ``met`` before."""

    met = False


class UnreachableError(NoClusterError):
    """The API server did not answer within our patience, of ``seconds``; 0 where it was not asked again."""

    def __init__(self, host: str, why: str, seconds: float, *, met: bool = False) -> None:
        waited = f" for {seconds:.0f} s" if seconds else ""
        super().__init__(f"the API server {host} did not answer{waited}: {why}; check host, kubeconfig, context and proxy")
        self.host, self.met = host, met


class ServerChangedError(KubeError):
    """At this address answers another server than the one whose kinds were kept: begin again (``kube_session`` does)."""

    def __init__(self, host: str) -> None:
        super().__init__(f"at {host} answers another API server than before; run again")


class ApiError(KubeError):
    """The API server said no. ``reason`` and ``causes`` are those of its Status answer."""

    def __init__(self, status: int, reason: str, message: str, causes: tuple[Cause, ...] = ()) -> None:
        super().__init__(message)
        self.status = status
        self.reason = reason
        self.message = message
        self.causes = causes


class StrangerError(KubeError):
    """What answers is no API server: a success without a JSON object, such as the page of a proxy."""

    def __init__(self, host: str, status: int, size: int) -> None:
        # The answer is not quoted: it may repeat what was sent.
        found = f"{host} answered with HTTP {status} and {size} bytes that are no JSON object"
        super().__init__(f"{found}, which no API server does; check host and proxy")


def api_error(status: int, body: bytes) -> ApiError:
    """Reads a Status document; what is no Status (a proxy's page) is quoted in its first 200 characters."""
    try:
        document: Any = json.loads(body)
    except ValueError:
        document = None
    if not isinstance(document, dict) or document.get("kind") != "Status":
        text = body[:200].decode("utf-8", "replace").strip()
        return ApiError(status, "", f"HTTP {status}: {text or 'no body'}")
    details = document.get("details")
    listed = details.get("causes") if isinstance(details, dict) else None
    causes = tuple(
        Cause(str(c.get("reason", "")), str(c.get("field", "")), str(c.get("message", "")))
        for c in listed or ()
        if isinstance(c, dict)
    )
    return ApiError(status, str(document.get("reason") or ""), str(document.get("message") or f"HTTP {status}"), causes)
