# Copyright (c) autotrade.deployment engineers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""HTTP to one API server: one TLS context, one pool, retries with a deadline, and JSON as it stands on the wire."""

from __future__ import annotations

import json
import re
import ssl
import tempfile
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

try:
    import urllib3
    from urllib3 import exceptions as http
except ImportError:  # reported by arguments.missing_library, before anything here is called
    urllib3 = None  # type: ignore[assignment]

from ansible_collections.autotrade.deployment.plugins.module_utils.core.retries import (
    Patience,
    Troubles,
    delay,
    retry_after_of,
    retryable,
    trouble_of,
)
from ansible_collections.autotrade.deployment.plugins.module_utils.edge.clock import Clock, SystemClock
from ansible_collections.autotrade.deployment.plugins.module_utils.edge.kube_credentials import Login
from ansible_collections.autotrade.deployment.plugins.module_utils.edge.kube_errors import (
    ApiError,
    KubeError,
    LoginError,
    StrangerError,
    UnreachableError,
    api_error,
)

CONNECT_TIMEOUT_S = 5.0
# Admission webhooks may take 30 s by the API's own limit, and large objects were seen to take 34 s.
READ_TIMEOUT_S = 65.0
USER_AGENT = "autotrade.deployment"
WITNESS = "X-Kubernetes-PF-FlowSchema-UID"
HTTP_REDIRECT = 300
UNREACHABLE = "unreachable"
# YAML refuses these in a quoted text, or folds them into a space.
_NOT_YAML = re.compile("[\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]")
_PLAIN_PATH = re.compile(r"[\w/.:-]+", re.ASCII)
_TRANSIENT: tuple[type[Exception], ...] = (
    (OSError,) if urllib3 is None else (http.TimeoutError, http.NewConnectionError, http.ProtocolError, http.ProxyError, OSError)
)
# An open answer may end in any way, and is renewed whatever it was.
_BROKEN: tuple[type[Exception], ...] = _TRANSIENT if urllib3 is None else (*_TRANSIENT, http.HTTPError)


@dataclass(frozen=True)
class _Again:
    """A failed try that may succeed later: what it suffered from, and what the server (or, as text, the network) said."""

    trouble: str
    said: ApiError | str
    retry_after: float | None = None


class Transport:
    """Sends requests; safe to use from several threads."""

    def __init__(self, login: Login, connections: int = 16, clock: Clock | None = None, patience: Patience | None = None) -> None:
        self.login = login
        self.requests: Counter[str] = Counter()
        self.warnings: dict[str, None] = {}
        # UID of the FlowSchema that the last answer carried.
        self.witness = ""
        self._clock = clock or SystemClock()
        self._patience = patience or Patience()
        self._troubles = Troubles()
        self._answered = False
        self._lock = threading.Lock()
        self._ask = _way(login, connections)

    def json(
        self,
        method: str,
        path: str,
        query: Mapping[str, str] | None = None,
        *,
        body: Any = None,
        content_type: str = "application/json",
        accept: str = "application/json",
    ) -> tuple[int, Any]:
        """Status and parsed body of a 2xx answer; ``body`` may be encoded. Raises ApiError, UnreachableError or LoginError."""
        data = body if body is None or isinstance(body, bytes) else encode(body)
        status, raw = self._patiently(method, _url(path, query), data, {"Content-Type": content_type, "Accept": accept})
        return status, self._parsed(status, raw)

    def text(self, path: str, query: Mapping[str, str] | None = None) -> str:
        """Body of a GET that is no JSON, such as a log. Asked once: it only adorns a message."""
        response = self._send("GET", _url(path, query), None, {"Accept": "*/*"}, silence=READ_TIMEOUT_S, preload=True)
        if response.status >= HTTP_REDIRECT:
            raise api_error(response.status, response.data)
        return str(response.data.decode("utf-8", "replace"))

    def stream(self, path: str, query: Mapping[str, str], silence: float) -> Any:
        """An open answer for a watch; ``silence`` is the longest pause in seconds between two bytes. Raises like ``json``."""
        try:
            response = self._send("GET", _url(path, query), None, {"Accept": "application/json"}, silence=silence, preload=False)
        except _TRANSIENT as error:
            raise UnreachableError(self.login.host, _why(error), 0) from None
        if response.status >= HTTP_REDIRECT:
            raise api_error(response.status, response.read())
        return response

    def lines(self, response: Any) -> Iterator[bytes]:
        """Lines of an open answer, until it ends or is silent, which asking again judges. Raises UnreachableError for a break."""
        rest = b""
        try:
            for chunk in response.stream(65536):
                *whole, rest = (rest + chunk).split(b"\n")
                yield from (line for line in whole if line)
        except _BROKEN as error:
            if not isinstance(error, http.ReadTimeoutError):
                raise UnreachableError(self.login.host, _why(error), 0) from None
        finally:
            response.close()

    def _parsed(self, status: int, raw: bytes) -> Any:
        """An API server's answer is a JSON object; anything else was sent by something that stands in its place."""
        try:
            document = json.loads(raw) if raw else {}
        except (ValueError, RecursionError):
            document = None
        if not isinstance(document, dict):
            raise StrangerError(self.login.host, status, len(raw))
        return document

    def _patiently(self, method: str, url: str, data: bytes | None, headers: Mapping[str, str]) -> tuple[int, bytes]:
        started = self._clock.monotonic()
        attempt = 0
        while True:
            outcome = self._try(method, url, data, headers)
            if isinstance(outcome, tuple):
                return outcome
            patience = self._patience.outage if self._answered else self._patience.contact
            waited = self._waited(outcome.trouble, started)
            pause = delay(attempt, outcome.retry_after, patience - waited)
            if pause is None:
                raise self._given_up(outcome.said, waited) from None
            self._clock.sleep(pause)
            attempt += 1

    def _waited(self, trouble: str, started: float) -> float:
        """Seconds of this trouble. What all requests suffer from is waited for once, not by each of them anew."""
        now = self._clock.monotonic()
        with self._lock:
            return now - min(started, self._troubles.since(trouble, now))

    def _given_up(self, said: ApiError | str, waited: float) -> KubeError:
        return said if isinstance(said, ApiError) else UnreachableError(self.login.host, said, waited, met=self._answered)

    def _try(self, method: str, url: str, data: bytes | None, headers: Mapping[str, str]) -> tuple[int, bytes] | _Again:
        try:
            response = self._send(method, url, data, headers, silence=READ_TIMEOUT_S, preload=True)
        except _TRANSIENT as error:
            return _Again(UNREACHABLE, _why(error))
        self._answered = True
        if response.status < HTTP_REDIRECT:
            with self._lock:
                self._troubles.over()
            return response.status, response.data
        refused = api_error(response.status, response.data)
        if not retryable(refused.status, refused.message):
            raise refused
        wanted = retry_after_of(response.headers.get("Retry-After"))
        return _Again(trouble_of(refused.status, refused.message), refused, wanted)

    def _send(
        self, method: str, url: str, data: bytes | None, headers: Mapping[str, str], *, silence: float, preload: bool
    ) -> Any:
        sent = urllib3.HTTPHeaderDict([("User-Agent", USER_AGENT), *headers.items()])
        for name, value in self.login.headers():
            sent.add(name, value)
        timeout = urllib3.Timeout(connect=CONNECT_TIMEOUT_S, read=silence)
        try:
            response = self._ask(
                method,
                url,
                body=data,
                headers=sent,
                retries=False,
                redirect=False,
                timeout=timeout,
                preload_content=preload,
            )
        except http.SSLError as error:
            if isinstance(error.args[0], (ssl.SSLEOFError, ssl.SSLZeroReturnError)):
                # A server that ends in the middle of a handshake is as gone as one that does not listen.
                raise ConnectionResetError("the connection was closed") from None
            raise LoginError(f"TLS to {self.login.host} failed: {error}; check ca_cert, client_cert and validate_certs") from None
        self._note(method, url, response)
        self.witness = response.headers.get(WITNESS, "")
        return response

    def _note(self, method: str, url: str, response: Any) -> None:
        with self._lock:
            self.requests[f"{method} (dry run)" if "dryRun=" in url else method] += 1
            for value in response.headers.getlist("Warning"):
                self.warnings[value.partition('"')[2].rstrip('"').replace('\\"', '"') or value] = None


def encode(body: Any) -> bytes:
    """JSON as it travels. API servers read what is applied as YAML, which JSON is but for a few characters."""
    text = json.dumps(body, ensure_ascii=False, separators=(",", ":"))
    if "\x7f" in text or not text.isascii():
        text = _NOT_YAML.sub(lambda found: f"\\u{ord(found[0]):04x}", text)
    return text.encode()


def _url(path: str, query: Mapping[str, str] | None) -> str:
    quoted = path if _PLAIN_PATH.fullmatch(path) else quote(path, safe="/:@!$&'()*+,;=~", errors="replace")
    return f"{quoted}?{_encoded(tuple(query.items()))}" if query else quoted


@lru_cache(maxsize=16)
def _encoded(query: tuple[tuple[str, str], ...]) -> str:
    """Thousands of objects are sent with the same few queries."""
    return urlencode(query)


def _why(error: Exception) -> str:
    """The reason without the connection object that urllib3 prints before it."""
    return str(error).rpartition(">: ")[2].removeprefix("Failed to establish a new connection: ") or type(error).__name__


def _way(login: Login, connections: int) -> Callable[..., Any]:
    """How a request reaches the server: ``request`` of urllib3, given a path. Raises LoginError where there is no address."""
    if not login.verify:
        # The user switched the check off by name; urllib3 would say so again for every request.
        urllib3.disable_warnings(http.InsecureRequestWarning)
    tls: dict[str, Any] = {"ssl_context": _tls(login)} if login.host.startswith("https:") else {}
    if tls and login.server_name:
        tls |= {"server_hostname": login.server_name, "assert_hostname": login.server_name}
    try:
        if login.proxy and not bypassed(login):
            headers = urllib3.make_headers(**{name: value for name, value in (login.proxy_headers or {}).items() if value})
            manager = urllib3.ProxyManager(login.proxy, maxsize=connections, proxy_headers=headers, **tls)
            return _below(manager.request, login.host)
        pool = urllib3.connection_from_url(login.host, maxsize=connections, **tls)
        return _below(pool.request, urlsplit(login.host).path)
    except (http.LocationValueError, ValueError):
        raise LoginError(f"{login.host} is no address; check host, proxy and the kubeconfig") from None


def _below(request: Callable[..., Any], base: str) -> Callable[..., Any]:
    return lambda method, url, **how: request(method, base + url, **how)


def bypassed(login: Login) -> bool:
    """Whether no_proxy names the host, exactly or by domain, as curl reads it."""
    host = urlsplit(login.host).hostname or ""
    names = [n.strip().lstrip(".") for n in (login.no_proxy or "").split(",") if n.strip()]
    return any(n in ("*", host) or host.endswith(f".{n}") for n in names)


def _tls(login: Login) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    if not login.verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    elif login.ca:
        _load_authority(context, login.ca)
    else:
        context.load_default_certs()
    if login.certificate:
        _load_pair(context, login.certificate, login.key or b"")
    return context


def _load_authority(context: ssl.SSLContext, authority: bytes) -> None:
    try:
        context.load_verify_locations(cadata=authority.decode("ascii", "ignore"))
    except (ssl.SSLError, ValueError):
        raise LoginError(
            "the certificate authority is no PEM certificate; check ca_cert or certificate-authority-data of the kubeconfig"
        ) from None


def _load_pair(context: ssl.SSLContext, certificate: bytes, key: bytes) -> None:
    # OpenSSL reads a client key from a file only: mode 0600, gone as soon as it is read.
    with tempfile.NamedTemporaryFile(prefix="kube-") as both:
        both.write(certificate + b"\n" + key)
        both.flush()
        try:
            context.load_cert_chain(both.name)
        except ssl.SSLError as error:
            raise LoginError(f"client_cert and client_key do not fit each other: {error.reason}") from None
