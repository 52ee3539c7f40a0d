# Copyright (c) autotrade.deployment engineers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Follows kinds by LIST and WATCH in threads of their own and puts what they see into one inbox."""

from __future__ import annotations

import queue
import threading
from dataclasses import dataclass

from ansible_collections.autotrade.deployment.plugins.module_utils.core.api_resources import ResourceType
from ansible_collections.autotrade.deployment.plugins.module_utils.core.objects import KubeObject, dig
from ansible_collections.autotrade.deployment.plugins.module_utils.core.retries import backoff
from ansible_collections.autotrade.deployment.plugins.module_utils.edge.clock import Clock
from ansible_collections.autotrade.deployment.plugins.module_utils.edge.kube_api import EVERYTHING, KubeApi, Selector
from ansible_collections.autotrade.deployment.plugins.module_utils.edge.kube_errors import ApiError, KubeError

GONE = 410
NOT_WATCHABLE = (403, 405)
POLL_S = 2.0
LONGEST_PAUSE_S = 2.0

Scope = tuple[ResourceType, "str | None"]


@dataclass(frozen=True)
class Seen:
    """One object came, changed or (``obj`` None) went."""

    scope: Scope
    name: tuple[str | None, str]
    obj: KubeObject | None


@dataclass(frozen=True)
class Snapshot:
    """All objects of a scope that the selector picks, at once; what it would pick and is not among them is gone."""

    scope: Scope
    objects: tuple[KubeObject, ...]
    selector: Selector = EVERYTHING


@dataclass(frozen=True)
class Trouble:
    """The stream broke and is being renewed."""

    message: str


@dataclass(frozen=True)
class _Start:
    scope: Scope
    version: str | None
    selector: Selector


Sight = Seen | Snapshot | Trouble


class Followers:
    """One follower per kind, namespace and selector; all stop together."""

    def __init__(self, api: KubeApi, clock: Clock) -> None:
        self.inbox: queue.Queue[Sight] = queue.Queue()
        self._api = api
        self._clock = clock
        self._running: dict[tuple[Scope, Selector], _Follower] = {}

    def follow(self, scope: Scope, version: str | None, selector: Selector = EVERYTHING) -> None:
        """Starts at ``version``, or with a LIST when that is None. Asking twice is harmless."""
        if (scope, selector) not in self._running:
            follower = _Follower(self._api, self._clock, self.inbox, _Start(scope, version, selector))
            self._running[scope, selector] = follower
            follower.start()

    def stop(self) -> None:
        for follower in self._running.values():
            follower.stopped.set()


class _Follower(threading.Thread):
    """Daemon: a stream that is silent when everything is over must not hold up the end of the process."""

    def __init__(self, api: KubeApi, clock: Clock, inbox: queue.Queue[Sight], start: _Start) -> None:
        super().__init__(daemon=True)
        self.stopped = threading.Event()
        self._api, self._clock, self._inbox = api, clock, inbox
        self._scope, self._version, self._selector = start.scope, start.version, start.selector

    def run(self) -> None:
        failures = 0
        while not self.stopped.is_set():
            try:
                self._relist_if_needed()
                self._stream()
                failures = 0
            except ApiError as error:
                self._after_refusal(error)
            except (KubeError, OSError, ValueError) as error:
                self._inbox.put(Trouble(str(error)))
                self._clock.sleep(min(LONGEST_PAUSE_S, backoff(failures)))
                failures += 1

    def _after_refusal(self, error: ApiError) -> None:
        """410 means that our version is too old; without the right to watch, a LIST now and then must do."""
        self._version = None if error.status in (GONE, *NOT_WATCHABLE) else self._version
        if error.status != GONE:
            self._inbox.put(Trouble(error.message))
            self._clock.sleep(POLL_S)

    def _relist_if_needed(self) -> None:
        if self._version is None:
            listing = self._api.list(*self._scope, self._selector)
            self._inbox.put(Snapshot(self._scope, listing.items, self._selector))
            self._version = listing.resource_version

    def _stream(self) -> None:
        for event in self._api.watch(*self._scope, self._version or "0", self._selector):
            if self.stopped.is_set():
                return
            obj = event.get("object") or {}
            if event.get("type") == "ERROR":
                raise ApiError(int(obj.get("code", 0)), str(obj.get("reason", "")), str(obj.get("message", "watch failed")))
            self._version = str(dig(obj, "metadata", "resourceVersion", default=self._version))
            if event.get("type") != "BOOKMARK":
                name = (dig(obj, "metadata", "namespace"), str(dig(obj, "metadata", "name")))
                self._inbox.put(Seen(self._scope, name, None if event.get("type") == "DELETED" else obj))
