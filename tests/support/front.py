"""A small HTTP server before a real API server: hands requests on, and answers, delays or drops them as a test says."""

from __future__ import annotations

import http.client
import json
import ssl
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar


@dataclass(frozen=True)
class Said:
    """An answer in place of the API server's own; without a status the connection is closed without one."""

    status: int | None
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""


def status(code: int, reason: str, message: str, **headers: str) -> Said:
    """A Status document, as API servers refuse."""
    document = {"kind": "Status", "apiVersion": "v1", "status": "Failure", "code": code, "reason": reason, "message": message}
    return Said(code, {name.replace("_", "-"): value for name, value in headers.items()}, json.dumps(document).encode())


@dataclass
class Front:
    """``before`` is asked about each write (PATCH and DELETE that are no dry runs) with its number from 1, ``ahead`` about every
    request; what they answer is sent. ``lost``: numbers of the writes that reach the API server while their answer is lost."""

    port: int
    context: ssl.SSLContext
    url: str = ""
    before: Callable[[int], Said | None] = lambda _number: None
    ahead: Callable[[str, str], Said | None] = lambda _method, _path: None
    lost: frozenset[int] = frozenset()
    writes: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def decide(self, method: str, path: str) -> tuple[Said | None, bool]:
        """What to answer at once, and whether the API server's answer is to be lost."""
        said = self.ahead(method, path)
        if said or method not in ("PATCH", "DELETE") or "dryRun=" in path:
            return said, False
        with self.lock:
            self.writes += 1
            return self.before(self.writes), self.writes in self.lost


class _Handler(BaseHTTPRequestHandler):
    front: ClassVar[Front]
    protocol_version = "HTTP/1.1"

    def _any(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        said, lost = self.front.decide(self.command, self.path)
        said = said or self._real(body)
        if lost or said.status is None:
            self.close_connection = True
            return
        self.send_response(said.status)
        for name, value in {**said.headers, "Content-Length": str(len(said.body))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(said.body)

    do_GET = do_PATCH = do_POST = do_DELETE = do_PUT = _any  # noqa: N815 - names of the standard library

    def _real(self, body: bytes) -> Said:
        connection = http.client.HTTPSConnection("127.0.0.1", self.front.port, context=self.front.context, timeout=60)
        kept = ("accept", "content-type", "authorization")
        try:
            headers = {name: value for name, value in self.headers.items() if name.lower() in kept}
            connection.request(self.command, self.path, body or None, headers)
            answer = connection.getresponse()
            found = {n: v for n, v in answer.getheaders() if n.lower() in ("content-type", "x-kubernetes-pf-flowschema-uid")}
            return Said(answer.status, found, answer.read())
        except OSError:
            return Said(None)
        finally:
            connection.close()

    def log_message(self, *_arguments: object) -> None:
        """Silent."""


@contextmanager
def front(port: int, context: ssl.SSLContext, **options: Any) -> Iterator[Front]:
    """Before the API server on this port of loopback. ``context`` is who the requests come from, where they bring no token."""
    made = Front(port, context, **options)
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"front": made}))
    server.daemon_threads = True
    made.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield made
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
