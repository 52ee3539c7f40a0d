"""Running a command: what it wrote, and what is told of it."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest
from ansible_collections.autotrade.deployment.plugins.module_utils.edge import supply_command
from ansible_collections.autotrade.deployment.plugins.module_utils.edge.supply_command import Ended, run_command


def run(script: str, beat: object = lambda: None) -> Ended:
    return run_command(["bash", "-c", script], Path("/"), os.environ, beat)  # type: ignore[arg-type]


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


def test_a_long_command_gives_signs_of_life_and_dies_with_the_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supply_command, "_HEARTBEAT_S", 0.05)
    alive: list[bool] = []

    def interrupted() -> None:
        if (tmp_path / "pid").exists():
            alive.append(_runs(int((tmp_path / "pid").read_text())))
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(f"echo $$ > {tmp_path}/new; mv {tmp_path}/new {tmp_path}/pid; exec sleep 60", interrupted)
    assert alive == [True] and not _runs(int((tmp_path / "pid").read_text()))


def _runs(pid: int) -> bool:
    return subprocess.run(["kill", "-0", str(pid)], capture_output=True, check=False).returncode == 0
