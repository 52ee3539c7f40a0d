"""Interleaved pairs: ours and the peer's in turn, so that a machine that drifts slows both.

Ratios are the result; seconds are reported beside them and gate nothing.
"""

from __future__ import annotations

import json
import statistics
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

REPORT = Path(__file__).resolve().parents[2] / "build" / "bench.json"
PAIRS = 5


@dataclass(frozen=True)
class Side:
    """One of the two: its name and what it does, anew at each call."""

    name: str
    act: Callable[[], object]

    def seconds(self) -> float:
        start = time.perf_counter()
        self.act()
        return time.perf_counter() - start


@dataclass(frozen=True)
class Row:
    """One line of build/bench.json. Times are medians; ``spread`` is the smallest and the largest ratio of a pair."""

    id: str
    ours: float
    peer: str
    peers: float
    ratio: float
    spread: tuple[float, float]
    goal: float
    ok: bool
    unit: str = "s"

    def __str__(self) -> str:
        low, high = self.spread
        verdict = "ok" if self.ok else "MISSED"
        times = f"{self.ours} s, {self.peer} {self.peers} s"
        return f"{self.id}: {times}, ratio {self.ratio} ({low} to {high}), goal {self.goal}: {verdict}"


def compare(name: str, ours: Side, peer: Side, goal: float) -> Row:
    """Measure five interleaved pairs and record the row; ``goal`` is the largest ratio that is still good."""
    measured = [(ours.seconds(), peer.seconds()) for _ in range(PAIRS)]
    ratios = [a / b for a, b in measured]
    middle = statistics.median(ratios)
    row = Row(
        id=name,
        ours=round(statistics.median(a for a, _ in measured), 3),
        peer=peer.name,
        peers=round(statistics.median(b for _, b in measured), 3),
        ratio=round(middle, 3),
        spread=(round(min(ratios), 3), round(max(ratios), 3)),
        goal=goal,
        ok=middle <= goal,
    )
    record(row)
    return row


def record(row: Row) -> None:
    """Put the row into build/bench.json in place of an earlier one of its id, and print it."""
    REPORT.parent.mkdir(exist_ok=True)
    rows = json.loads(REPORT.read_text()) if REPORT.exists() else []
    rows = [old for old in rows if old["id"] != row.id] + [asdict(row)]
    REPORT.write_text(json.dumps(sorted(rows, key=lambda one: one["id"]), indent=2) + "\n")
    print(f"\n{row}")
