"""A lock that another process holds."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

HOLDS = "import fcntl, sys; f = open(sys.argv[1], 'a'); fcntl.{call}(f, fcntl.LOCK_EX); print('held', flush=True); input()"


@contextmanager
def held(lock: Path, call: Literal["flock", "lockf"]) -> Iterator[subprocess.Popen[str]]:
    """The process that holds ``lock``, taken by this function of fcntl, until it dies or the block ends."""
    command = ["python3", "-c", HOLDS.format(call=call), str(lock)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        assert process.stdout.readline() == "held\n"
        yield process
        process.kill()
