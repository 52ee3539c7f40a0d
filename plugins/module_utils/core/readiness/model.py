# Copyright (c) autotrade.deployment engineers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a readiness rule answers: a state, a one-word reason and a sentence; and what a rule is given."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import Enum
from typing import Any, Protocol

from ansible_collections.autotrade.deployment.plugins.module_utils.core.objects import KubeObject


class State(str, Enum):
    """State of one object. READY, WAITING and PAUSED are settled: nothing more happens until something else acts."""

    READY = "ready"
    IN_PROGRESS = "in_progress"
    FAILED = "failed"
    TERMINATING = "terminating"
    PAUSED = "paused"
    WAITING = "waiting"
    NOT_FOUND = "not_found"
    UNKNOWN = "unknown"

    def __str__(self) -> str:
        return self.value


_SETTLED = (State.READY, State.WAITING, State.PAUSED)
_BEST_FIRST = (
    State.READY,
    State.PAUSED,
    State.WAITING,
    State.IN_PROGRESS,
    State.TERMINATING,
    State.NOT_FOUND,
    State.UNKNOWN,
    State.FAILED,
)


@dataclass(frozen=True)
class Readiness:
    """Answer for one object: ``reason`` is one CamelCase word, ``message`` a sentence with counts or the quoted cause."""

    state: State
    reason: str
    message: str

    @property
    def settled(self) -> bool:
        """True where waiting longer for this object alone changes nothing: ready, paused by someone, waiting for a consumer."""
        return self.state in _SETTLED


def worst(readinesses: Iterable[Readiness]) -> Readiness:
    """The answer that decides for a set: the first of the worst state; ready with reason Empty where there is none."""
    answer = Readiness(State.READY, "Empty", "There is nothing to wait for.")
    for readiness in readinesses:
        if answer.reason == "Empty" or _BEST_FIRST.index(readiness.state) > _BEST_FIRST.index(answer.state):
            answer = readiness
    return answer


@dataclass(frozen=True)
class Patience:
    """How long a rule gives a sign of trouble before it counts as failed.

    ``grace``: an image that cannot be pulled, a container that cannot be created, a rejected pod. ``settle``: a custom
    resource whose controller has not written a status yet. ``unschedulable``: a bare pod without a node (kstatus: 15 s).
    """

    grace: timedelta = timedelta(seconds=30)
    settle: timedelta = timedelta(seconds=10)
    unschedulable: timedelta = timedelta(seconds=15)


class Search(Protocol):
    """Evaluates an expression (JMESPath at the edge) on a document; raises ValueError where the expression is wrong."""

    def __call__(self, expression: str, document: Any) -> Any: ...


@dataclass(frozen=True)
class CustomRule:
    """Rule for one kind: the object is failed where ``failed`` holds, ready where ``ready`` holds, else in progress.

    The expressions see the whole object. ``message`` yields the sentence that is shown.
    """

    ready: str
    search: Search
    failed: str | None = None
    message: str | None = None


@dataclass(frozen=True)
class Facts:
    """Everything that a rule may look at: the object, the time of the question, and objects related to it."""

    obj: KubeObject
    now: datetime
    pods: Sequence[KubeObject] = ()
    related: Sequence[KubeObject] = ()
    patience: Patience = field(default_factory=Patience)


def ready(reason: str, message: str) -> Readiness:
    """Answer READY."""
    return Readiness(State.READY, reason, message)


def in_progress(reason: str, message: str) -> Readiness:
    """Answer IN_PROGRESS."""
    return Readiness(State.IN_PROGRESS, reason, message)


def failed(reason: str, message: str) -> Readiness:
    """Answer FAILED."""
    return Readiness(State.FAILED, reason, message)


def waiting(reason: str, message: str) -> Readiness:
    """Answer WAITING."""
    return Readiness(State.WAITING, reason, message)


def paused(reason: str, message: str) -> Readiness:
    """Answer PAUSED."""
    return Readiness(State.PAUSED, reason, message)
