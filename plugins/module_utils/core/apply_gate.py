# Copyright (c) autotrade.deployment engineers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Whether a wave may end: done, wait on, or fail, decided from readiness and the clock alone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ansible_collections.autotrade.deployment.plugins.module_utils.core.objects import ObjectRef
from ansible_collections.autotrade.deployment.plugins.module_utils.core.readiness.model import Readiness, State


@dataclass(frozen=True)
class Wait:
    """Some objects are under way; ``left`` seconds until the deadline."""

    unsettled: tuple[ObjectRef, ...]
    left: float


@dataclass(frozen=True)
class Done:
    """Every object is settled: ready, or paused or waiting for someone else."""


@dataclass(frozen=True)
class Fail:
    """Waiting longer is pointless (an object failed) or over (the deadline). ``culprits`` are to be named."""

    culprits: tuple[ObjectRef, ...]
    timed_out: bool


Verdict = Wait | Done | Fail


def decide(judged: Mapping[ObjectRef, Readiness], now: float, deadline: float) -> Verdict:
    """Fails at the first failed object; ``now`` and ``deadline`` are monotonic seconds."""
    failed = tuple(ref for ref, readiness in judged.items() if readiness.state is State.FAILED)
    if failed:
        return Fail(failed, timed_out=False)
    unsettled = tuple(ref for ref, readiness in judged.items() if not readiness.settled)
    if not unsettled:
        return Done()
    return Fail(unsettled, timed_out=True) if now >= deadline else Wait(unsettled, deadline - now)


def decide_gone(judged: Mapping[ObjectRef, Readiness], now: float, deadline: float) -> Verdict:
    """The same for deletion: done when nothing is found any more."""
    there = tuple(ref for ref, readiness in judged.items() if readiness.state is not State.NOT_FOUND)
    if not there:
        return Done()
    return Fail(there, timed_out=True) if now >= deadline else Wait(there, deadline - now)
