"""Live progress: lines appear while the work goes on, in words that a person reads."""

from __future__ import annotations

import json
import stat
import time
from pathlib import Path

import pytest
from ansible_collections.autotrade.deployment.plugins.plugin_utils.progress import described, left, shown


def append(path: Path, text: str) -> None:
    with path.open("a", encoding="utf-8") as stream:
        stream.write(text)


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (
            {"message": "building kube-apiserver", "step": 3, "steps": 9, "eta_s": 250},
            "building kube-apiserver (step 3 of 9), about 4 min left",
        ),
        ({"message": "waiting"}, "waiting"),
        ({"name": "etcd", "eta_s": 31.0}, "etcd, about 30 s left"),
        ({}, "working"),
    ],
)
def test_lines_in_words(line: dict[str, object], expected: str) -> None:
    assert described(line) == expected


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [(0, "nearly done"), (1, "about 5 s left"), (62, "about 60 s left"), (95, "about 2 min left"), (600, "about 10 min left")],
)
def test_time_left(seconds: float, expected: str) -> None:
    assert left(seconds) == expected


def test_lines_are_shown_while_the_work_goes_on() -> None:
    seen: list[str] = []
    with shown(seen.append) as path:
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        append(path, json.dumps({"message": "one"}) + "\n" + '{"mess')
        deadline = time.monotonic() + 120
        while not seen and time.monotonic() < deadline:
            time.sleep(0.02)
        assert seen == ["one"]
        append(path, 'age": "two"}\nnot json\n[1]\n{"message": "last"}\n')
    assert seen == ["one", "two", "last"]
    assert not path.exists()


def test_the_file_goes_when_the_work_fails() -> None:
    with pytest.raises(ValueError, match="broken"), shown(lambda _text: None) as path:
        raise ValueError("broken")
    assert not path.exists()


def test_a_caller_may_describe_lines_its_own_way() -> None:
    seen: list[str] = []
    with shown(seen.append, lambda line: f"<{line['n']}>") as path:
        append(path, '{"n": 1}\n')
    assert seen == ["<1>"]
