"""Interleaved pairs: ours and the peer's in turn, so that a machine that drifts slows both. Ratios are the result, seconds are noise."""

from __future__ import annotations

import json
import statistics
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

REPORT = Path(__file__).resolve().parents[2] / "build" / "bench.json"


@dataclass(frozen=True)
class Row:
    """One line of build/bench.json. Times are medians in seconds; ``spread`` is the smallest and largest ratio of a pair."""

    id: str
    ours: float
    peer: str
    peers: float
    ratio: float
    spread: tuple[float, float]
    goal: float
    ok: bool
    unit: str = "s"


def seconds(act: Callable[[], object]) -> float:
    start = time.perf_counter()
    act()
    return time.perf_counter() - start


def compare(name: str, ours: Callable[[], object], peer: str, theirs: Callable[[], object], goal: float, pairs: int = 5) -> Row:
    """Measure ``pairs`` interleaved pairs and record the row; ``goal`` is the largest ratio that is still good."""
    measured = [(seconds(ours), seconds(theirs)) for _ in range(pairs)]
    ratios = [a / b for a, b in measured]
    middle = statistics.median(ratios)
    row = Row(
        id=name,
        ours=round(statistics.median(a for a, _ in measured), 3),
        peer=peer,
        peers=round(statistics.median(b for _, b in measured), 3),
        ratio=round(middle, 3),
        spread=(round(min(ratios), 3), round(max(ratios), 3)),
        goal=goal,
        ok=middle <= goal,
    )
    record(row)
    return row


def record(row: Row) -> None:
    REPORT.parent.mkdir(exist_ok=True)
    rows = json.loads(REPORT.read_text()) if REPORT.exists() else []
    rows = [old for old in rows if old["id"] != row.id] + [asdict(row)]
    REPORT.write_text(json.dumps(sorted(rows, key=lambda one: one["id"]), indent=2) + "\n")
    low, high = row.spread
    print(f"\n{row.id}: {row.ours} s, {row.peer} {row.peers} s, ratio {row.ratio} ({low} to {high}), goal {row.goal}: {'ok' if row.ok else 'MISSED'}")
