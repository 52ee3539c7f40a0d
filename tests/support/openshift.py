"""A constructed OpenShift: API server and OAuth server in one, over TLS on loopback.

Constructed after the documentation of OpenShift 4 ("Authentication and authorization", internal OAuth server) and RFC 8414, 6749
and 7636; no cluster of OpenShift has been asked. It checks what such a server checks, and remembers what it was sent.
"""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
import ipaddress
import json
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import parse_qs, quote, urlsplit

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

USER, PASSWORD = "trader", "correct-horse-β-battery"
CLIENT_BASIC = "Basic " + base64.b64encode(b"openshift-challenging-client:").decode()


@dataclass
class Cluster:
    """Settings of one constructed cluster, and what happened at it."""

    host: str = ""
    announces: bool = True
    pkce: bool = True
    authorize_status: int = 302
    code: str = "code-1"
    token: str = "sha256~secret-token"
    seen: list[tuple[str, str]] = field(default_factory=list)
    challenge: str | None = None
    valid: set[str] = field(default_factory=set)
    lines: list[str] = field(default_factory=list)

    @property
    def paths(self) -> list[str]:
        return [f"{method} {urlsplit(url).path}" for method, url in self.seen]


class Handler(BaseHTTPRequestHandler):
    """Answers for ``cluster``, which each server sets in a class of its own."""

    cluster: ClassVar[Cluster]
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self._note()
        path = urlsplit(self.path).path
        answers = {
            "/.well-known/oauth-authorization-server": self._announce,
            "/oauth/authorize": self._authorize,
            "/api/v1/namespaces": self._namespaces,
        }
        answers.get(path, self._nothing)()

    def do_POST(self) -> None:
        self._note()
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        if urlsplit(self.path).path == "/oauth/token":
            self._token({key: value[0] for key, value in parse_qs(body).items()})
        else:
            self._nothing()

    def do_DELETE(self) -> None:
        self._note()
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        name = self.path.rpartition("/")[2]
        known = {hashed(token): token for token in self.cluster.valid}
        if self.path.startswith("/apis/oauth.openshift.io/v1/useroauthaccesstokens/") and self._bearer() and name in known:
            self.cluster.valid.discard(known[name])
            self._say(200, {"kind": "Status", "status": "Success"})
        else:
            self._nothing()

    def _announce(self) -> None:
        assert "Authorization" not in self.headers
        if not self.cluster.announces:
            self._nothing()
            return
        methods = ["plain", "S256"] if self.cluster.pkce else []
        endpoints = {
            "authorization_endpoint": f"{self.cluster.host}/oauth/authorize",
            "token_endpoint": f"{self.cluster.host}/oauth/token",
        }
        self._say(200, {"issuer": self.cluster.host, **endpoints, "code_challenge_methods_supported": methods})

    def _authorize(self) -> None:
        query = {key: value[0] for key, value in parse_qs(urlsplit(self.path).query).items()}
        wanted = "Basic " + base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
        if self.headers.get("Authorization") != wanted or not self.headers.get("X-CSRF-Token"):
            self._say(401, {}, {"WWW-Authenticate": 'Basic realm="openshift"'})
            return
        assert query["client_id"] == "openshift-challenging-client"
        assert query["response_type"] == "code"
        self.cluster.challenge = query.get("code_challenge")
        where = f"{self.cluster.host}/oauth/token/implicit?code={self.cluster.code}&state={quote(query['state'])}"
        self._say(self.cluster.authorize_status, {}, {"Location": where})

    def _token(self, form: dict[str, str]) -> None:
        verifier = form.get("code_verifier", "")
        challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("=")
        proved = challenge == self.cluster.challenge if self.cluster.pkce else self.cluster.challenge is None
        asked = (form.get("grant_type"), form.get("code"), self.headers.get("Authorization"))
        if asked != ("authorization_code", "code-1", CLIENT_BASIC) or not proved:
            self._say(400, {"error": "invalid_grant", "error_description": "no such code"})
            return
        self.cluster.valid.add(self.cluster.token)
        self._say(200, {"access_token": self.cluster.token, "expires_in": 86400, "scope": "user:full", "token_type": "Bearer"})

    def _namespaces(self) -> None:
        if self._bearer():
            self._say(200, {"kind": "NamespaceList", "metadata": {"resourceVersion": "1"}, "items": []})
        else:
            self._say(401, {"kind": "Status", "message": "Unauthorized", "reason": "Unauthorized"})

    def _bearer(self) -> bool:
        return self.headers.get("Authorization", "").removeprefix("Bearer ") in self.cluster.valid

    def _nothing(self) -> None:
        self._say(404, {"kind": "Status", "message": "not found", "reason": "NotFound"})

    def _note(self) -> None:
        self.cluster.seen.append((self.command, self.path))
        self.cluster.lines.append(self.requestline)

    def _say(self, status: int, body: Any, headers: dict[str, str] | None = None) -> None:
        data = json.dumps(body).encode()
        self.send_response(status)
        for name, value in {**(headers or {}), "Content-Type": "application/json", "Content-Length": str(len(data))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_arguments: object) -> None:
        """Silent."""


def hashed(token: str) -> str:
    digest = hashlib.sha256(token.removeprefix("sha256~").encode()).digest()
    return "sha256~" + base64.urlsafe_b64encode(digest).decode().rstrip("=")


def certificate(folder: Path) -> tuple[Path, Path]:
    """A self-signed certificate for 127.0.0.1 and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "constructed-openshift")])
    now = dt.datetime.now(dt.timezone.utc)
    address = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    builder = builder.serial_number(x509.random_serial_number()).not_valid_before(now - dt.timedelta(hours=1))
    builder = builder.not_valid_after(now + dt.timedelta(hours=1)).add_extension(address, critical=False)
    builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
    signed = builder.sign(key, hashes.SHA256())
    plain = serialization.NoEncryption()
    private = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain)
    files = (folder / "openshift.crt", folder / "openshift.key")
    files[0].write_bytes(signed.public_bytes(serialization.Encoding.PEM))
    files[1].write_bytes(private)
    return files


@contextmanager
def running(folder: Path) -> Iterator[tuple[Cluster, Path]]:
    """The cluster and the file with its authority."""
    cluster = Cluster()
    authority, key = certificate(folder)
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (Handler,), {"cluster": cluster}))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(authority, key)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    cluster.host = f"https://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield cluster, authority
    finally:
        server.shutdown()
        server.server_close()
