# Copyright (c) autotrade.deployment engineers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Progress of a fill as JSON lines that the controller follows."""

from __future__ import annotations

import contextlib
import json
import time
from collections.abc import Callable
from pathlib import Path

from ansible_collections.autotrade.deployment.plugins.module_utils.core.supply_progress import (
    Schedule,
)

_QUIET_S = 15.0


class Progress:
    """Appends one line per step, and one more whenever fifteen seconds have passed in silence."""

    def __init__(self, file: Path | None, schedule: Schedule, clock: Callable[[], float] = time.time) -> None:
        self._file, self._schedule, self._clock = file, schedule, clock
        self._index, self._message, self._began, self._last = 0, "", clock(), 0.0
        self._taken: list[float] = []

    def begin(self, index: int, message: str) -> None:
        """Step ``index`` (from 0) begins, and the one before it has ended."""
        if index:
            self._taken.append(self.elapsed())
        self._index, self._message, self._began = index, message, self._clock()
        self._write(message)

    def beat(self) -> None:
        """The step goes on."""
        if self._clock() - self._last >= _QUIET_S:
            late = self._schedule.is_late(self._index, self.elapsed(), self._pace())
            self._write(f"{self._message}, slower than expected" if late else self._message)

    def note(self, message: str) -> None:
        """Something worth a line of its own happened within the step."""
        self._write(message)

    def elapsed(self) -> float:
        """Seconds since the step began."""
        return self._clock() - self._began

    def _pace(self) -> float:
        return self._schedule.pace(self._taken)

    def _write(self, message: str) -> None:
        self._last = self._clock()
        if self._file is None:
            return
        line = {
            "time": round(self._last, 3),
            "step": self._index + 1,
            "steps": len(self._schedule.labels),
            "name": self._schedule.labels[self._index],
            "message": message,
            "eta_s": round(self._schedule.remaining(self._index, self.elapsed(), self._pace()), 1),
        }
        # Nobody's view of the work may stop the work.
        with contextlib.suppress(OSError), self._file.open("a", encoding="utf-8") as stream:
            stream.write(json.dumps(line) + "\n")
