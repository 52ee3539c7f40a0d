"""An admission webhook over TLS on loopback, that refuses what it is asked about and quotes it."""

from __future__ import annotations

import base64
import json
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from tests.support.openshift import certificate

NAME = "check.tests.example.com"


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        review = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        request = review["request"]
        message = f"no {request['kind']['kind']} like {json.dumps(request['object'].get('data'))} here"
        response = {"uid": request["uid"], "allowed": False, "status": {"message": message}}
        body = json.dumps({**review, "request": None, "response": response}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_arguments: object) -> None:
        """Silent."""


@contextmanager
def refusing(folder: Path) -> Iterator[dict[str, Any]]:
    """The ``clientConfig`` of a webhook that refuses everything."""
    authority, key = certificate(folder)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(authority, key)
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield client_config(server.server_port, authority)
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def client_config(port: int, authority: Path) -> dict[str, Any]:
    """Where the API server finds the webhook."""
    return {"url": f"https://127.0.0.1:{port}/check", "caBundle": base64.b64encode(authority.read_bytes()).decode()}


def configuration(namespace: str, client: dict[str, Any]) -> dict[str, Any]:
    """Asks the webhook about every ConfigMap and Secret of the namespace, and fails where it does not answer."""
    rule = {
        "apiGroups": [""],
        "apiVersions": ["v1"],
        "operations": ["CREATE", "UPDATE"],
        "resources": ["configmaps", "secrets"],
    }
    hook = {
        "name": NAME,
        "clientConfig": client,
        "rules": [rule],
        "failurePolicy": "Fail",
        "sideEffects": "None",
        "admissionReviewVersions": ["v1"],
        "timeoutSeconds": 2,
        "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": namespace}},
    }
    return {"metadata": {"name": namespace}, "webhooks": [hook]}
