"""Running a command: what it wrote, and what is told of it."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest
from ansible_collections.autotrade.deployment.plugins.module_utils.edge import supply_command
from ansible_collections.autotrade.deployment.plugins.module_utils.edge.supply_command import Ended, run_command


def run(script: str) -> Ended:
    return run_command(["bash", "-c", script], Path("/"), os.environ, lambda: None)


def test_both_streams_and_the_exit_status_are_kept() -> None:
    ended = run("echo out; echo err >&2; exit 3")
    assert (ended.code, ended.output, ended.errors) == (3, "out\n", "err\n")
    assert ended.text == "out\n\nerr" and ended.tail(1) == "err"


def test_it_runs_nicer_than_this_process() -> None:
    nicer = min(os.getpriority(os.PRIO_PROCESS, 0) + 5, 19)
    # The command may begin a moment before it is made nicer.
    assert run(f"for _ in $(seq 1000); do [ $(nice) = {nicer} ] && exit 0; done; exit 1").code == 0


def test_the_tail_shows_no_credentials() -> None:
    ended = Ended(1, "get https://trader:secret@proxy.example/x\n", "")
    assert ended.tail(5) == "get https://***@proxy.example/x"


@pytest.mark.parametrize(
    ("text", "full", "unreachable"),
    [
        ("write /x: no space left on device", True, False),
        ("dial tcp 127.0.0.1:9: connect: connection refused", False, True),
        ("lookup registry.example.org: no such host", False, True),
        ("manifest unknown", False, False),
    ],
)
def test_the_common_causes_are_known(text: str, full: bool, unreachable: bool) -> None:
    for ended in (Ended(1, text, ""), Ended(1, "", text)):
        assert (ended.full_disk, ended.unreachable) == (full, unreachable)


LONG = """
import os, pathlib, sys, time
pathlib.Path("new").write_text(str(os.getpid()))
os.rename("new", "begun")
time.sleep(8)
pathlib.Path("ended").touch()
"""


def test_a_long_command_gives_signs_of_life_and_dies_with_the_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supply_command, "_HEARTBEAT_S", 0.05)

    def interrupted() -> None:
        if (tmp_path / "begun").exists():
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run_command([sys.executable, "-c", LONG], tmp_path, os.environ, interrupted)
    with pytest.raises(ProcessLookupError):
        os.kill(int((tmp_path / "begun").read_text()), 0)
    assert not (tmp_path / "ended").exists()
