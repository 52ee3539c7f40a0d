"""Peak memory of a program with all that it starts."""

from __future__ import annotations

import os
import threading
from collections import defaultdict
from pathlib import Path

from tests.bench.sides import Command

INTERVAL_S = 0.02
PAGE = os.sysconf("SC_PAGE_SIZE")


def peak_megabytes(command: Command) -> float:
    """The largest sum of resident memory over the process tree; what processes share counts for each of them."""
    ended, peak = threading.Event(), [0]

    def watch(root: int) -> None:
        while not ended.wait(INTERVAL_S):
            peak[0] = max(peak[0], _resident(root))

    with command.start() as process:
        watcher = threading.Thread(target=watch, args=(process.pid,))
        watcher.start()
        output, _ = process.communicate()
        ended.set()
        watcher.join()
    assert process.returncode == 0, output[-4000:]
    return peak[0] / 1_000_000


def _resident(root: int) -> int:
    """Bytes of the tree below ``root``, itself included; a process that ends meanwhile counts nothing."""
    children: dict[int, list[int]] = defaultdict(list)
    pages: dict[int, int] = {}
    for entry in Path("/proc").glob("[0-9]*/stat"):
        try:
            # The name in parentheses may have spaces; ppid is the 2nd field after it, rss the 22nd.
            fields = entry.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        pid = int(entry.parent.name)
        children[int(fields[1])].append(pid)
        pages[pid] = int(fields[21])
    tree = [root]
    for pid in tree:
        tree += children[pid]
    return sum(pages.get(pid, 0) for pid in tree) * PAGE
