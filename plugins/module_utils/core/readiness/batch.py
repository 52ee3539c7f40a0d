# Copyright (c) autotrade.deployment engineers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Job and CronJob. A running Job is in progress, unlike in kstatus, where it counts as current."""

from __future__ import annotations

from ansible_collections.autotrade.deployment.plugins.module_utils.core.objects import dig, dig_int, dig_list, dig_text
from ansible_collections.autotrade.deployment.plugins.module_utils.core.readiness import reasons
from ansible_collections.autotrade.deployment.plugins.module_utils.core.readiness.conditions import condition
from ansible_collections.autotrade.deployment.plugins.module_utils.core.readiness.model import (
    Facts,
    Readiness,
    failed,
    in_progress,
    paused,
    ready,
)


def job(facts: Facts) -> Readiness:
    """Rule for a Job."""
    obj = facts.obj
    if condition(obj, "Complete").true:
        return ready(reasons.COMPLETED, f"Succeeded: {_progress(facts)}")
    for kind in ("Failed", "FailureTarget"):
        ended = condition(obj, kind)
        if ended.true:
            return failed(ended.reason or kind, ended.sentence("The Job failed."))
    if dig(obj, "spec", "suspend", default=False) and condition(obj, "Suspended").true:
        return paused(reasons.SUSPENDED, f"The Job is suspended. Succeeded: {_progress(facts)}")
    if dig(obj, "status", "startTime") is None:
        return in_progress(reasons.NOT_STARTED, "The Job has not started yet.")
    active, broken = dig_int(obj, "status", "active"), dig_int(obj, "status", "failed")
    return in_progress(reasons.RUNNING, f"Succeeded: {_progress(facts)}, active: {active}, failed: {broken}")


def _progress(facts: Facts) -> str:
    done = dig_int(facts.obj, "status", "succeeded")
    wanted = dig_int(facts.obj, "spec", "completions", default=dig_int(facts.obj, "spec", "parallelism", default=1))
    return f"{done}/{wanted}"


def cron_job(facts: Facts) -> Readiness:
    """Rule for a CronJob: its Jobs are judged by themselves."""
    schedule = dig_text(facts.obj, "spec", "schedule", default="no schedule")
    if dig(facts.obj, "spec", "suspend", default=False):
        return paused(reasons.SUSPENDED, f"The CronJob is suspended (schedule {schedule}).")
    last = dig_text(facts.obj, "status", "lastScheduleTime", default="never")
    active = len(dig_list(facts.obj, "status", "active"))
    return ready(reasons.SCHEDULED, f"Schedule {schedule}, last run {last}, active: {active}")
