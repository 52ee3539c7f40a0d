"""Rows of build/bench.json: what was measured, against whom, and which ratio is still good.

Ratios of interleaved runs are the result, so that a machine that drifts slows both; seconds stand beside them and gate nothing.
"""

from __future__ import annotations

import json
import statistics
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

REPORT = Path(__file__).resolve().parents[2] / "build" / "bench.json"
PAIRS = 5


@dataclass(frozen=True)
class Row:
    """One line. Values are medians, ``peers`` by name; ``spread`` is the smallest and the largest ratio of a pair."""

    id: str
    ours: float
    ratio: float
    spread: tuple[float, float]
    goal: float
    ok: bool
    peers: Mapping[str, float] = field(default_factory=dict)
    floor: float | None = None
    unit: str = "s"


def against_peer(name: str, ours: Sequence[float], peer: str, theirs: Sequence[float], goal: float) -> Row:
    """The row of interleaved runs, ours and the peer's; ``goal`` is the largest ratio that is still good."""
    middle, spread = _ratio(ours, theirs)
    return record(Row(name, _median(ours), middle, spread, goal, middle <= goal, peers={peer: _median(theirs)}))


def against_floor(name: str, ours: Sequence[float], floor: Sequence[float], goal: float) -> Row:
    """The row of interleaved runs against what the same requests cost without us."""
    middle, spread = _ratio(ours, floor)
    return record(Row(name, _median(ours), middle, spread, goal, middle <= goal, floor=_median(floor)))


def against_limit(name: str, value: float, limit: float, unit: str = "MB") -> Row:
    """The row of a peak of memory, or of another number, against the most that is allowed."""
    share = round(value / limit, 3)
    return record(Row(name, round(value, 1), share, (share, share), 1.0, value <= limit, floor=None, unit=unit))


def record(row: Row) -> Row:
    """Put the row into build/bench.json in place of an earlier one of its id."""
    REPORT.parent.mkdir(exist_ok=True)
    rows = [old for old in recorded() if old["id"] != row.id] + [asdict(row)]
    REPORT.write_text(json.dumps(sorted(rows, key=lambda one: one["id"]), indent=2) + "\n")
    return row


def recorded() -> list[dict[str, object]]:
    """Every row of build/bench.json."""
    rows: list[dict[str, object]] = json.loads(REPORT.read_text()) if REPORT.exists() else []
    return rows


def table(rows: Iterable[Mapping[str, object]]) -> list[str]:
    """Lines for a person, in the order given."""
    lines = [("what", "ours", "against", "ratio (spread)", "goal", "")]
    for row in rows:
        low, high = row["spread"]  # type: ignore[misc]
        verdict = "ok" if row["ok"] else "MISSED"
        ours, ratio = f"{row['ours']} {row['unit']}", f"{row['ratio']} ({low} to {high})"
        lines.append((str(row["id"]), ours, _against(row), ratio, f"{row['goal']}", verdict))
    widths = [max(len(line[column]) for line in lines) for column in range(len(lines[0]))]
    return ["  ".join(text.ljust(width) for text, width in zip(line, widths, strict=True)).rstrip() for line in lines]


def _against(row: Mapping[str, object]) -> str:
    peers = row["peers"]
    assert isinstance(peers, Mapping)
    parts = [f"{name} {value} {row['unit']}" for name, value in peers.items()]
    return ", ".join(parts) or (f"bare threads {row['floor']} {row['unit']}" if row["floor"] is not None else "the limit")


def _median(values: Iterable[float]) -> float:
    return round(statistics.median(values), 3)


def _ratio(ours: Sequence[float], theirs: Sequence[float]) -> tuple[float, tuple[float, float]]:
    assert len(ours) == len(theirs) >= PAIRS, f"{len(ours)} and {len(theirs)} runs, expected at least {PAIRS} pairs"
    ratios = [one / other for one, other in zip(ours, theirs, strict=True)]
    return round(statistics.median(ratios), 3), (round(min(ratios), 3), round(max(ratios), 3))
