# Copyright (c) autotrade.deployment engineers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""When to ask an API server again: pure, so that every branch has a test without a server."""

from __future__ import annotations

from dataclasses import dataclass

BUSY = frozenset({429, 502, 503, 504})
INTERNAL_ERROR = 500
# An API server answers 500 for bad input as well; these are the ones that pass.
PASSING_ERRORS = ("etcdserver:", "leader changed", "failed calling webhook", "connection refused", "context deadline exceeded")
FIRST_DELAY_S = 0.1
LONGEST_DELAY_S = 5.0


@dataclass(frozen=True)
class Patience:
    """Seconds to keep trying: ``contact`` until a first answer ever came, ``outage`` afterwards (an API server that restarts)."""

    contact: float = 5.0
    outage: float = 60.0


def retryable(status: int, message: str) -> bool:
    """Whether asking again may help: throttling, a gateway's complaint, or an internal error that passes."""
    return status in BUSY or (status == INTERNAL_ERROR and any(text in message for text in PASSING_ERRORS))


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
