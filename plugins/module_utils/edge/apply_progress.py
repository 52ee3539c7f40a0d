# Copyright (c) autotrade.deployment engineers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Progress as JSON lines, which the action plugin shows while the module still runs."""

from __future__ import annotations

import json
from pathlib import Path

from ansible_collections.autotrade.deployment.plugins.module_utils.edge.clock import Clock

SAME_STATE_AGAIN_S = 10.0
# A set of a hundred objects gets ready one by one: a line for each would drown what matters.
SAME_WAVE_AGAIN_S = 1.0


class Progress:
    """Appends ``{"time", "wave", "waves", "ready", "total", "message"}`` to a file; silent without one. Times in seconds."""

    def __init__(self, path: str | None, clock: Clock) -> None:
        self._path = Path(path) if path else None
        self._clock = clock
        self._started = clock.monotonic()
        self._last: tuple[object, ...] = ()
        self._last_time = 0.0

    def say(self, wave: tuple[int, int], ready: int, total: int, message: str) -> None:
        """A line when something changed, or when the same has been true for a while."""
        now = self._clock.monotonic() - self._started
        state = (wave, ready, total, message)
        if self._path is None or now - self._last_time < self._pause(state):
            return
        self._last, self._last_time = state, now
        line = {"time": round(now, 2), "wave": wave[0], "waves": wave[1], "ready": ready, "total": total, "message": message}
        try:
            with self._path.open("a", encoding="utf-8") as stream:
                stream.write(json.dumps(line, ensure_ascii=False) + "\n")
        except OSError:
            self._path = None

    def _pause(self, state: tuple[object, ...]) -> float:
        """Seconds that have to pass before this line: none for a new or a finished wave."""
        if state == self._last:
            return SAME_STATE_AGAIN_S
        wave, ready, total, _message = state
        same_wave = self._last[:1] == (wave,)
        return SAME_WAVE_AGAIN_S if same_wave and ready != total else 0.0
