"""The lines that a fill writes, by a clock that the test turns."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from ansible_collections.autotrade.deployment.plugins.module_utils.core.supply_progress import Schedule
from ansible_collections.autotrade.deployment.plugins.module_utils.edge.supply_progress import Progress

PLAN = Schedule(("first", "second"), (100.0, 60.0))


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(text) for text in path.read_text().splitlines()]


def test_a_line_per_step_and_one_after_each_silence(tmp_path: Path) -> None:
    clock, file = Clock(), tmp_path / "lines"
    progress = Progress(file, PLAN, clock)
    progress.begin(0, "building first")
    clock.now += 14
    progress.beat()
    clock.now += 2
    progress.beat()
    assert [(line["step"], line["steps"], line["message"], line["eta_s"]) for line in lines(file)] == [
        (1, 2, "building first", 160.0),
        (1, 2, "building first", 144.0),
    ]


def test_a_late_step_says_so_and_the_pace_scales_what_follows(tmp_path: Path) -> None:
    clock, file = Clock(), tmp_path / "lines"
    progress = Progress(file, PLAN, clock)
    progress.begin(0, "building first")
    clock.now += 200
    progress.beat()
    progress.begin(1, "building second")
    late, second = lines(file)[1:]
    assert (late["message"], late["eta_s"]) == ("building first, slower than expected", 110.0)
    assert second["eta_s"] == 120.0


def test_without_a_file_or_with_one_out_of_reach_the_work_goes_on(tmp_path: Path) -> None:
    for file in (None, tmp_path / "absent/lines"):
        progress = Progress(file, PLAN, Clock())
        progress.begin(0, "building first")
        progress.note("still there")
