"""Runs are killed where it was asked for, with or without what they started."""

from __future__ import annotations

import os
import random
import sys
from pathlib import Path

import pytest

from tests.support.cut_runs import Cut, Ran, draw, run
from tests.support.lab import eventually

PATIENCE_S = 30.0
# Prints tasks as Ansible does, with a child in a session of its own, as Ansible's workers are; the third task never ends.
PLAY = """
import subprocess, sys, time
subprocess.Popen(["sleep", "600"], start_new_session=True)
for name in ("first", "role : second", "third"):
    print(f"TASK [{name}] " + "*" * 40, flush=True)
if len(sys.argv) > 1:
    print("cpu-1  : ok=3    changed=1    unreachable=0 \\ncpu-2 : ok=0 changed=0 unreachable=1", flush=True)
    sys.exit(4)
time.sleep(600)
"""


def play(cut: Cut | None, *arguments: str, known: int = 0) -> Ran:
    return run([sys.executable, "-c", PLAY, *arguments], Path.cwd(), os.environ, cut, known)


def end(ran: Ran) -> None:
    for process in ran.left:
        if process.alive():
            os.kill(process.pid, 9)


@pytest.mark.parametrize("whole", [True, False])
def test_a_kill_takes_the_children_or_leaves_them(whole: bool) -> None:
    ran = play(Cut(3, whole))
    try:
        assert ran.killed
        assert ran.tasks == ("first", "role : second", "third")
        assert len(ran.left) == 1
        if whole:
            eventually(lambda: not ran.left[0].alive(), PATIENCE_S)
        else:
            assert ran.left[0].alive()
    finally:
        end(ran)
    eventually(lambda: not ran.left[0].alive(), PATIENCE_S)


def test_time_in_a_task_counts_once_the_known_tasks_are_past() -> None:
    # One tick for the start of the third task; the second comes while it goes on.
    ran = play(Cut(2, whole=True), known=3)
    assert ran.killed
    assert ran.tasks[-1] == "third"
    assert ran.seconds > 1


def test_a_run_that_ends_by_itself_tells_how() -> None:
    ran = run([sys.executable, "-c", PLAY.replace('subprocess.Popen(["sleep", "600"], start_new_session=True)', ""), "end"],
              Path.cwd(), os.environ, Cut(99, whole=True))  # fmt: skip
    assert (ran.killed, ran.status, ran.left) == (False, 4, ())
    assert ran.recap() == {"cpu-1": {"ok": 3, "changed": 1, "unreachable": 0}, "cpu-2": {"ok": 0, "changed": 0, "unreachable": 1}}


def test_cuts_are_repeated_by_their_seed_and_are_of_both_kinds() -> None:
    cuts = draw(random.Random(7), 10, step=19)
    assert cuts == draw(random.Random(7), 10, step=19)
    assert cuts != draw(random.Random(8), 10, step=19)
    assert sum(cut.whole for cut in cuts) == 5
    assert all(10 <= cut.ticks <= 28 for cut in cuts)
