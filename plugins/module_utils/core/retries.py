# Copyright (c) autotrade.deployment engineers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""When to ask an API server again: pure, so that every branch has a test without a server."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

BUSY = frozenset({429, 502, 503, 504})
INTERNAL_ERROR = 500
# An API server answers 500 for bad input as well; these are the ones that pass.
PASSING_ERRORS = ("etcdserver:", "leader changed", "failed calling webhook", "connection refused", "context deadline exceeded")
FIRST_DELAY_S = 0.1
LONGEST_DELAY_S = 5.0
FORGOTTEN_AFTER_S = 2 * LONGEST_DELAY_S
# What etcd says of an object that it will not take either when it is asked again.
LASTING_ERRORS = ("request is too large", "larger than max")
#: An admission webhook that does not answer, in the API server's words.
SILENT_WEBHOOK = re.compile(r'failed calling webhook "(?P<name>[^"]+)"')


@dataclass(frozen=True)
class Patience:
    """Seconds to keep trying: ``contact`` until a first answer ever came, ``outage`` afterwards (an API server that restarts)."""

    contact: float = 5.0
    outage: float = 60.0


def retryable(status: int, message: str) -> bool:
    """Whether asking again may help: throttling, a gateway's complaint, or an internal error that passes."""
    if any(text in message for text in LASTING_ERRORS):
        return False
    return status in BUSY or (status == INTERNAL_ERROR and any(text in message for text in PASSING_ERRORS))


def trouble_of(status: int, message: str) -> str:
    """What a refusal that passes suffers from: this admission webhook, or the server as a whole."""
    match = SILENT_WEBHOOK.search(message)
    return f"webhook {match['name']}" if match else str(status)


@dataclass
class Troubles:
    """Since when the requests of a run suffer from what, so that a thousand of them do not wait for it one after another.

    An answer to any request ends the troubles of the server as a whole. A webhook's end only when it has not been heard of for
    a while, because other objects may never pass it. All times in monotonic seconds.
    """

    _seen: dict[str, tuple[float, float]] = field(default_factory=dict)

    def since(self, trouble: str, now: float) -> float:
        """When it began; takes note that it lasts."""
        began, last = self._seen.get(trouble, (now, now))
        if now - last > FORGOTTEN_AFTER_S:
            began = now
        self._seen[trouble] = (began, now)
        return began

    def over(self) -> None:
        """A request was answered."""
        if self._seen:
            self._seen = {trouble: times for trouble, times in self._seen.items() if trouble.startswith("webhook ")}


def backoff(attempt: int) -> float:
    """Seconds before retry number ``attempt`` (0 is the first): 0.1 doubling up to 5."""
    return min(LONGEST_DELAY_S, FIRST_DELAY_S * float(2**attempt))


def delay(attempt: int, retry_after: float | None, left: float) -> float | None:
    """Seconds to sleep before the next try, or None when ``left`` seconds do not hold it. A server's Retry-After wins."""
    wanted = backoff(attempt) if retry_after is None else retry_after
    return wanted if wanted <= left else None


def retry_after_of(value: str | None) -> float | None:
    """Retry-After in seconds; API servers send no dates, so anything but a number is ignored."""
    try:
        return max(0.0, float(value)) if value is not None else None
    except ValueError:
        return None
