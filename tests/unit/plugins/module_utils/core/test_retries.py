"""When an API server is asked again."""

from __future__ import annotations

import pytest
from ansible_collections.autotrade.deployment.plugins.module_utils.core.retries import backoff, delay, retry_after_of, retryable


@pytest.mark.parametrize(
    ("status", "message", "again"),
    [
        (429, "", True),
        (503, "", True),
        (500, "etcdserver: leader changed", True),
        (500, 'failed calling webhook "x": connection refused', True),
        (500, "failed to create typed patch object: field not declared in schema", False),
        (404, "", False),
        (409, "", False),
    ],
)
def test_only_what_passes_is_asked_again(status: int, message: str, again: bool) -> None:
    assert retryable(status, message) is again


def test_the_pause_grows_to_a_limit_and_the_servers_wish_wins() -> None:
    assert [backoff(n) for n in (0, 1, 2, 20)] == [0.1, 0.2, 0.4, 5.0]
    assert delay(0, 7.0, 10) == 7.0
    assert delay(0, 7.0, 6) is None
    assert delay(3, None, 10) == 0.8


def test_retry_after_is_seconds_or_nothing() -> None:
    assert retry_after_of("3") == 3.0
    assert retry_after_of("-1") == 0.0
    assert retry_after_of("Mon, 01 Jan") is None
    assert retry_after_of(None) is None
