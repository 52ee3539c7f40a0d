# Copyright (c) autotrade.deployment engineers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""How far a fill is and how long is left: arithmetic on durations, in seconds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ansible_collections.autotrade.deployment.plugins.module_utils.core.supply import (
    Kind,
    Source,
)
from ansible_collections.autotrade.deployment.plugins.module_utils.core.supply_plan import (
    Step,
)

#: Megabytes per second that a download is expected to reach before one was measured.
DOWNLOAD_RATE = 10.0
#: What collecting a bundle or composing an image takes.
GATHER_SECONDS = 2.0
#: A step that is late is taken to need this share of its time so far once more.
_LATE_SHARE = 0.25
#: Steps shorter than this say nothing about the machine's speed.
_TELLING_SECONDS = 5.0
_PACES = (0.1, 10.0)


@dataclass(frozen=True)
class Schedule:
    """The steps to come with the seconds that each is expected to take."""

    labels: tuple[str, ...]
    expected: tuple[float, ...]

    def remaining(self, index: int, elapsed: float, pace: float = 1.0) -> float:
        """Seconds left when step ``index`` (from 0) has run for ``elapsed``.

        :param pace: how many times longer than expected the steps took so far.
        """
        current = max(self.expected[index] * pace - elapsed, elapsed * _LATE_SHARE if self.is_late(index, elapsed, pace) else 0.0)
        return current + pace * sum(self.expected[index + 1 :])

    def is_late(self, index: int, elapsed: float, pace: float = 1.0) -> bool:
        """True when the step has run for longer than it was expected to."""
        return elapsed > max(self.expected[index] * pace, _TELLING_SECONDS)

    def pace(self, taken: Sequence[float]) -> float:
        """How many times longer than expected the finished steps took; 1 as long as they tell nothing."""
        telling = [(real, told) for real, told in zip(taken, self.expected, strict=False) if told >= _TELLING_SECONDS]
        if not telling:
            return 1.0
        ratio = sum(real for real, _told in telling) / sum(told for _real, told in telling)
        return min(max(ratio, _PACES[0]), _PACES[1])


def duration_key(step: Step) -> str:
    """The name under which the duration of such a step is remembered."""
    return f"{step.source.value}:{step.artifact.name}:{step.arch}"


def expected_seconds(step: Step, recorded: Mapping[str, float]) -> float:
    """What this step took the last time, else what the lock says."""
    known = recorded.get(duration_key(step))
    if known is not None and known >= 0:
        return known
    if step.source is Source.RELEASE:
        return step.artifact.megabytes / DOWNLOAD_RATE
    if step.artifact.kind is Kind.BUNDLE or step.artifact.gomod is None:
        return GATHER_SECONDS
    return step.artifact.gomod.build_seconds


def schedule(steps: Sequence[Step], recorded: Mapping[str, float]) -> Schedule:
    """The schedule of ``steps``."""
    return Schedule(tuple(step.label for step in steps), tuple(expected_seconds(step, recorded) for step in steps))


def verb(step: Step) -> str:
    """What is being done, for people."""
    if step.source is Source.RELEASE:
        return f"downloading {step.label}"
    verbs = {Kind.BINARY: "building", Kind.BUNDLE: "collecting", Kind.IMAGE: "composing"}
    return f"{verbs[step.artifact.kind]} {step.label}"
