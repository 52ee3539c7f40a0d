"""A clock that moves only while someone sleeps."""

from __future__ import annotations

from datetime import datetime, timezone


class Clock:
    """Stands where it is put; ``slept`` are the seconds of each sleep."""

    def __init__(self, time: float = 0.0) -> None:
        self.time = time
        self.slept: list[float] = []

    def now(self) -> datetime:
        return datetime.fromtimestamp(self.time, timezone.utc)

    def monotonic(self) -> float:
        return self.time

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.time += seconds
