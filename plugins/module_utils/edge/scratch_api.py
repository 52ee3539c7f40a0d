# Copyright (c) autotrade.deployment engineers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The few requests that a scratch cluster gets: create, delete, list pods, and ask the scheduler whether it is done."""

from __future__ import annotations

import http.client
import json
import re
import ssl
import threading
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from ansible_collections.autotrade.deployment.plugins.module_utils.core.simulated import ClusterSpec

PARALLEL = 8
TIMEOUT_SECONDS = 30.0
NOT_FOUND, CONFLICT = 404, 409
HTTP_REDIRECT = 300
PLURALS: Mapping[str, str] = {
    "Namespace": "namespaces",
    "Node": "nodes",
    "PersistentVolume": "persistentvolumes",
    "PersistentVolumeClaim": "persistentvolumeclaims",
    "Pod": "pods",
}
_PENDING = re.compile(r'^scheduler_pending_pods\{queue="(\w+)"\} (\S+)$', re.MULTILINE)
Body = Mapping[str, Any]


class ScratchError(RuntimeError):
    """The scratch cluster did not take an object, or did not answer."""


class ScratchApi:
    """Speaks as the administrator over loopback, past every proxy; each thread keeps a connection."""

    def __init__(self, spec: ClusterSpec) -> None:
        pki = spec.layout.pki
        self._ports = spec.ports
        self._context = ssl.create_default_context(cafile=pki("ca.crt"))
        self._context.load_cert_chain(pki("admin.crt"), pki("admin.key"))
        self._kept = threading.local()

    def create(self, bodies: Iterable[Body]) -> None:
        """Makes the objects; one that is there already is left as it is. Raises ScratchError."""
        self._each("POST", ((_collection(body), body) for body in bodies), CONFLICT)

    def delete(self, bodies: Iterable[Body]) -> None:
        """Removes the objects at once; one that is gone already is no error. Raises ScratchError."""
        now = {"gracePeriodSeconds": 0}
        self._each("DELETE", ((f"{_collection(body)}/{body['metadata']['name']}", now) for body in bodies), NOT_FOUND)

    def pods(self, pending: bool = False) -> list[dict[str, Any]]:
        """Every pod, or those without a node."""
        query = "?fieldSelector=spec.nodeName%3D" if pending else ""
        found: list[dict[str, Any]] = self._must("GET", f"/api/v1/pods{query}")["items"]
        return found

    def queues(self) -> dict[str, int]:
        """How many pods the scheduler has in each of its queues."""
        status, text = self._send("GET", "/metrics", None, self._ports.scheduler)
        if status >= HTTP_REDIRECT:
            raise ScratchError(f"the scheduler answered {status} to /metrics")
        return {queue: int(float(count)) for queue, count in _PENDING.findall(text.decode())}

    def _each(self, method: str, requests: Iterable[tuple[str, Body]], excused: int) -> None:
        with ThreadPoolExecutor(PARALLEL) as pool:
            list(pool.map(lambda one: self._must(method, one[0], one[1], excused), list(requests)))

    def _must(self, method: str, path: str, body: Body | None = None, excused: int = 0) -> dict[str, Any]:
        status, text = self._send(method, path, body, self._ports.api_server)
        if status >= HTTP_REDIRECT and status != excused:
            raise ScratchError(f"{method} {path}: {status} {_message(text)}")
        document: dict[str, Any] = json.loads(text)
        return document

    def _send(self, method: str, path: str, body: Body | None, port: int) -> tuple[int, bytes]:
        """One request; a connection that the server closed meanwhile is opened once more."""
        data = None if body is None else json.dumps(body).encode()
        for last in (False, True):
            connection = self._connection(port)
            try:
                connection.request(method, path, body=data, headers={"Content-Type": "application/json"})
                answer = connection.getresponse()
                return answer.status, answer.read()
            except (OSError, http.client.HTTPException) as error:
                self._forget(port)
                if last:
                    raise ScratchError(f"{method} {path}: {error or type(error).__name__}") from error
        raise AssertionError("unreachable: the last try returns or raises")

    def _connection(self, port: int) -> http.client.HTTPSConnection:
        kept: dict[int, http.client.HTTPSConnection] = self._kept.__dict__.setdefault("connections", {})
        if port not in kept:
            kept[port] = http.client.HTTPSConnection("127.0.0.1", port, timeout=TIMEOUT_SECONDS, context=self._context)
        return kept[port]

    def _forget(self, port: int) -> None:
        self._kept.__dict__["connections"].pop(port).close()


def _collection(body: Body) -> str:
    namespace = body["metadata"].get("namespace")
    return f"/api/v1/{f'namespaces/{namespace}/' if namespace else ''}{PLURALS[body['kind']]}"


def _message(text: bytes) -> str:
    try:
        return str(json.loads(text).get("message", ""))
    except (ValueError, AttributeError):
        return text[:200].decode(errors="replace")
