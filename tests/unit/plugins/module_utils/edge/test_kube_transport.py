"""HTTP with retries, against a small server of its own."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import ClassVar

import pytest
import yaml
from ansible_collections.autotrade.deployment.plugins.module_utils.edge.kube_credentials import Login
from ansible_collections.autotrade.deployment.plugins.module_utils.edge.kube_errors import (
    ApiError,
    KubeError,
    LoginError,
    StrangerError,
    UnreachableError,
)
from ansible_collections.autotrade.deployment.plugins.module_utils.edge.kube_transport import Transport, encode

from tests.support.clock import Clock

BUSY = (429, b'{"kind":"Status","message":"slow down","reason":"TooManyRequests"}', {"Retry-After": "2"})
FINE = (200, b'{"ok": true}', {"Warning": '299 - "v1beta1 is old"'})


class Server(BaseHTTPRequestHandler):
    answers: ClassVar[list[tuple[int, bytes, dict[str, str]]]] = []
    seen: ClassVar[list[list[str]]] = []
    paths: ClassVar[list[str]] = []

    def do_PATCH(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.do_GET()

    def do_GET(self) -> None:
        Server.paths.append(self.path)
        Server.seen.append(self.headers.get_all("Impersonate-Group") or [])
        status, body, headers = Server.answers.pop(0)
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_arguments: object) -> None:
        """Silent."""


@pytest.fixture
def host() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Server)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    Server.seen = []
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def test_a_throttled_request_waits_as_long_as_the_server_says(host: str) -> None:
    clock = Clock()
    Server.answers = [FINE, BUSY, BUSY, FINE]
    transport = Transport(Login(host), clock=clock)
    transport.json("GET", "/a")
    assert transport.json("GET", "/b") == (200, {"ok": True})
    assert clock.slept == [2.0, 2.0]
    assert list(transport.warnings) == ["v1beta1 is old"]
    assert transport.requests == {"GET": 4}


def test_patience_ends_with_the_servers_own_words(host: str) -> None:
    clock = Clock()
    Server.answers = [FINE, *[BUSY] * 100]
    transport = Transport(Login(host), clock=clock)
    transport.json("GET", "/a")
    with pytest.raises(ApiError, match="slow down") as caught:
        transport.json("GET", "/b")
    assert (caught.value.status, caught.value.reason) == (429, "TooManyRequests")
    assert 50 < clock.time <= 60


def test_bad_input_is_not_asked_twice(host: str) -> None:
    clock = Clock()
    Server.answers = [(500, b'{"kind":"Status","message":"field not declared in schema"}', {})]
    with pytest.raises(ApiError, match="not declared"):
        Transport(Login(host), clock=clock).json("GET", "/a")
    assert clock.slept == []


def test_nobody_there_is_said_soon_with_the_settings() -> None:
    clock = Clock()
    with pytest.raises(UnreachableError, match=r"refused.*host, kubeconfig, context and proxy"):
        Transport(Login("http://127.0.0.1:9"), clock=clock).json("GET", "/a")
    assert clock.time <= 5


@pytest.mark.parametrize("answers", [0, 1])
def test_who_never_answered_is_told_from_who_went_away(host: str, answers: int) -> None:
    """Check mode goes on without a server that is not there yet, and not without one that was."""
    transport = Transport(Login(host), clock=Clock())
    Server.answers = [FINE] * answers
    for _ in range(answers):
        transport.json("GET", "/a")
    with pytest.raises(UnreachableError) as caught:
        transport.json("GET", "/b")
    assert caught.value.met == bool(answers)


def test_groups_travel_on_lines_of_their_own(host: str) -> None:
    Server.answers = [FINE]
    Transport(Login(host, impersonate_user="me", impersonate_groups=("a", "b"))).json("GET", "/a")
    assert Server.seen == [["a", "b"]]


@pytest.mark.parametrize(
    "authority", [b"hunter2", b"-----BEGIN CERTIFICATE-----\nhunter2\n-----END CERTIFICATE-----\n", "é".encode()]
)
def test_an_authority_that_is_no_certificate_names_the_setting(authority: bytes) -> None:
    with pytest.raises(LoginError, match="check ca_cert or certificate-authority-data") as caught:
        Transport(Login("https://127.0.0.1:9", ca=authority))
    assert "hunter2" not in str(caught.value)


def test_an_outage_is_waited_for_once_and_not_by_every_request(host: str) -> None:
    clock = Clock()
    Server.answers = [FINE, *[BUSY] * 100]
    transport = Transport(Login(host), clock=clock)
    transport.json("GET", "/a")
    for _request in range(5):
        with pytest.raises(ApiError, match="slow down"):
            transport.json("GET", "/b")
    assert clock.time <= 60


def test_an_answer_in_between_ends_the_outage(host: str) -> None:
    clock = Clock()
    busy = (BUSY[0], BUSY[1], {"Retry-After": "40"})
    Server.answers = [FINE, busy, FINE, busy, FINE]
    transport = Transport(Login(host), clock=clock)
    for path in ("/a", "/b", "/c"):
        transport.json("GET", path)
    assert clock.slept == [40.0, 40.0]


def test_a_webhook_that_is_down_is_waited_for_once(host: str) -> None:
    clock = Clock()
    down = (500, b'{"kind":"Status","message":"failed calling webhook \\"check.example.com\\": connection refused"}', {})
    Server.answers = [FINE, *[down] * 100]
    transport = Transport(Login(host), clock=clock)
    transport.json("GET", "/a")
    with pytest.raises(ApiError, match="failed calling webhook"):
        transport.json("PATCH", "/b", body={})
    # Objects that do not pass the webhook are answered, which says nothing about it.
    Server.answers = [FINE, *[down] * 100]
    transport.json("GET", "/a")
    with pytest.raises(ApiError, match="failed calling webhook"):
        transport.json("PATCH", "/c", body={})
    assert 50 < clock.time <= 60


class Watched(BaseHTTPRequestHandler):
    """Opens an answer, sends one event, and then does what ``then`` says: says nothing more, or breaks off."""

    protocol_version = "HTTP/1.1"
    ended: ClassVar[threading.Event]
    then: ClassVar[str]

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        self.wfile.write(b'a\r\n{"one": 1}\r\n1\r\n\n\r\n')
        if self.then == "silence":
            self.ended.wait(60)
        self.close_connection = True

    def log_message(self, *_arguments: object) -> None:
        """Silent."""


@pytest.fixture
def watched() -> Iterator[Transport]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Watched)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    Watched.ended = threading.Event()
    yield Transport(Login(f"http://127.0.0.1:{server.server_port}"), 1)
    Watched.ended.set()
    server.shutdown()
    server.server_close()


def test_an_open_answer_that_stays_silent_ends(watched: Transport) -> None:
    Watched.then = "silence"
    assert list(watched.lines(watched.stream("/watch", {}, 0.3))) == [b'{"one": 1}']


def test_an_open_answer_that_breaks_is_told_without_a_time_that_nobody_waited(watched: Transport) -> None:
    Watched.then = "break"
    lines = watched.lines(watched.stream("/watch", {}, 5))
    assert next(lines) == b'{"one": 1}'
    with pytest.raises(UnreachableError, match="did not answer: "):
        next(lines)


def test_an_object_that_is_too_large_is_not_sent_again(host: str) -> None:
    clock = Clock()
    Server.answers = [(500, b'{"kind":"Status","message":"etcdserver: request is too large"}', {})]
    with pytest.raises(ApiError, match="too large"):
        Transport(Login(host), clock=clock).json("PATCH", "/a", body={})
    assert clock.slept == []


@pytest.mark.parametrize("body", [b"<html>hunter2</html>", b'["hunter2"]', b'"hunter2"', b"\xff"])
def test_what_no_api_server_says_is_told_and_not_quoted(host: str, body: bytes) -> None:
    Server.answers = [(200, body, {})]
    with pytest.raises(StrangerError, match=r"no JSON object.*check host and proxy") as caught:
        Transport(Login(host)).json("GET", "/a")
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize("address", ["https://a b", "https://[::1", "https://a:b"])
def test_an_address_that_is_none_names_the_settings(address: str) -> None:
    with pytest.raises(KubeError, match="host"):
        Transport(Login(address), clock=Clock()).json("GET", "/a")


def test_characters_that_yaml_folds_travel_as_escapes() -> None:
    text = "a\u2028b\u0085c\x7fd\ufeffe \U0001f4b9 \u05e9"
    sent = encode({"a": text})
    assert json.loads(sent) == yaml.safe_load(sent) == {"a": text}
    assert "\U0001f4b9 \u05e9".encode() in sent


def test_a_path_is_quoted(host: str) -> None:
    Server.answers = [FINE]
    Transport(Login(host)).json("GET", "/a b/\u00fc?#")
    assert Server.paths[-1] == "/a%20b/%C3%BC%3F%23"
