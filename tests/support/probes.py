"""Requests from outside while something fails: how long nobody answered, and what was acknowledged."""

from __future__ import annotations

import http.client
import json
import ssl
import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import pairwise

READ_TIMEOUT_S, WRITE_TIMEOUT_S = 0.5, 2.0
BETWEEN_READS_S, BETWEEN_WRITES_S = 0.05, 0.1
HTTP_OK, HTTP_CREATED, HTTP_CONFLICT = 200, 201, 409


def longest_gap(answered: Iterable[float], since: float, until: float) -> float:
    """Seconds of the longest time between two answers, both ends of the time that is looked at included."""
    times = [since, *sorted(at for at in answered if since <= at <= until), until]
    return max(later - earlier for earlier, later in pairwise(times))


@dataclass
class Probe:
    """Asks again and again in a thread of its own, each time over a connection of its own."""

    address: str
    port: int
    context: ssl.SSLContext
    answered: list[float] = field(default_factory=list)
    _ended: threading.Event = field(default_factory=threading.Event)

    def __enter__(self) -> Probe:
        self._thread = threading.Thread(target=self._ask, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._ended.set()
        self._thread.join()

    def answers_since(self, since: float) -> int:
        return sum(at >= since for at in self.answered)

    def _ask(self) -> None:
        while not self._ended.wait(self.pause):
            if self.once():
                self.answered.append(time.monotonic())

    pause = BETWEEN_READS_S

    def once(self) -> bool:
        """One read: is the API ready?"""
        return self._status("GET", "/readyz", READ_TIMEOUT_S) == HTTP_OK

    def _status(self, method: str, path: str, timeout: float, body: str | None = None) -> int:
        """The answer's status; 0 for none."""
        connection = http.client.HTTPSConnection(self.address, self.port, timeout=timeout, context=self.context)
        try:
            connection.request(method, path, body=body, headers={"Content-Type": "application/json"})
            response = connection.getresponse()
            response.read()
        except (OSError, http.client.HTTPException):
            return 0
        finally:
            connection.close()
        return response.status


@dataclass
class Writer(Probe):
    """Writes numbered ConfigMaps. A number that was not answered is written again until it is."""

    written: int = 0
    pause = BETWEEN_WRITES_S

    def once(self) -> bool:
        name = f"write-{self.written}"
        body = json.dumps({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, "labels": {"test": "writes"}}})
        status = self._status("POST", "/api/v1/namespaces/default/configmaps", WRITE_TIMEOUT_S, body)
        # A conflict is the answer to a write that was done and not acknowledged.
        done = status in (HTTP_CREATED, HTTP_CONFLICT)
        self.written += done
        return done
