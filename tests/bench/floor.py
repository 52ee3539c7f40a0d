"""The floor: the very requests of a run, sent by bare threads that keep their connection and read no answer."""

from __future__ import annotations

import http.client
import json
import re
import ssl
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain, groupby
from typing import Any
from unittest import mock

from ansible_collections.autotrade.deployment.plugins.module_utils.edge.apply_engine import THREADS
from ansible_collections.autotrade.deployment.plugins.module_utils.edge.kube_transport import Transport

from tests.integration.booted import Cluster

_CONTINUE = re.compile(rb'"continue":"([^"]+)"')
# A list's own metadata stands before its items.
_HEAD = 500


@dataclass(frozen=True)
class Request:
    """One request as it was sent."""

    method: str
    url: str
    body: bytes | None
    headers: Mapping[str, str]

    @property
    def phase(self) -> tuple[str, bool]:
        """What is sent side by side: all dry runs, then all writes."""
        return self.method, "dryRun=" in self.url

    @property
    def onward(self) -> bool:
        """Whether it asks for another page of a list."""
        return "continue=" in self.url

    def moved(self, old: str, new: str) -> Request:
        """The same in another namespace."""
        body = self.body and self.body.replace(old.encode(), new.encode())
        return Request(self.method, self.url.replace(old, new), body, self.headers)


@contextmanager
def recorded() -> Iterator[list[Request]]:
    """Every request that the engine sends meanwhile."""
    requests: list[Request] = []
    send = Transport._send

    def noting(self: Transport, method: str, url: str, data: bytes | None, headers: Mapping[str, str], **how: Any) -> Any:
        requests.append(Request(method, url, data, headers))
        return send(self, method, url, data, headers, **how)

    with mock.patch.object(Transport, "_send", noting):
        yield requests


class BareThreads:
    """As many threads as the engine has, each with one connection."""

    def __init__(self, cluster: Cluster) -> None:
        self._port: int = cluster.result["ports"]["api_server"]
        self._context: ssl.SSLContext = cluster.context
        self._own = threading.local()

    def send(self, requests: Sequence[Request]) -> list[bytes]:
        """Sends all, phase by phase, and returns what came. Pages of a list follow each other as its answers say."""
        texts: list[bytes] = []
        with ThreadPoolExecutor(THREADS) as pool:
            for _phase, together in groupby((one for one in requests if not one.onward), key=lambda one: one.phase):
                texts += chain.from_iterable(pool.map(self._whole, together))
        return texts

    def _whole(self, request: Request) -> list[bytes]:
        texts = [self._answer(request, request.url)]
        while more := _CONTINUE.search(texts[-1], 0, _HEAD):
            texts.append(self._answer(request, f"{request.url}&continue={more[1].decode()}"))
        return texts

    def _answer(self, request: Request, url: str) -> bytes:
        connection = self._connection()
        connection.request(request.method, url, body=request.body, headers=dict(request.headers))
        response = connection.getresponse()
        text = response.read()
        assert response.status < 300, f"{request.method} {url}: {response.status} {text[:300]!r}"
        return text

    def _connection(self) -> http.client.HTTPSConnection:
        if not hasattr(self._own, "connection"):
            self._own.connection = http.client.HTTPSConnection("127.0.0.1", self._port, context=self._context)
        connection: http.client.HTTPSConnection = self._own.connection
        return connection


def compared(objects: str, answers: Iterable[bytes]) -> int:
    """The least that a client in Python has to do to know what is unchanged: how many objects are within a live one.

    ``objects`` is what the module is given. Nothing is checked, ordered or normalized, and nobody's ownership is looked at.
    """
    lists = [json.loads(answer) for answer in answers]
    live = {(page["kind"], one["metadata"]["name"]): one for page in lists for one in page.get("items", ())}
    wanted = [one for _source, one in json.loads(objects)]
    return sum(_within(one.get("spec", one.get("data")), _body(live, one)) for one in wanted)


def _body(live: Mapping[tuple[str, str], Any], one: Any) -> Any:
    found = live.get((f"{one['kind']}List", one["metadata"]["name"]), {})
    return found.get("spec", found.get("data"))


def _within(wanted: Any, found: Any) -> bool:
    if isinstance(wanted, dict):
        return isinstance(found, dict) and all(name in found and _within(one, found[name]) for name, one in wanted.items())
    if isinstance(wanted, list):
        return isinstance(found, list) and len(wanted) == len(found) and all(map(_within, wanted, found))
    return bool(wanted == found)
