# Copyright (c) autotrade.deployment engineers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Live progress on the terminal: follows a file of JSON lines while a module runs and shows each line as it appears.

A module's result reaches the terminal only when its task ends. A module that takes long therefore appends lines such as
``{"time": 1.5, "step": 3, "steps": 9, "name": "kube-apiserver", "message": "building kube-apiserver", "eta_s": 240}``
to a file named by one of its options; its action plugin runs it inside :func:`shown`.
"""

from __future__ import annotations

import json
import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

INTERVAL = 0.2
_MINUTE = 60.0
_ABOUT_A_MINUTE = 90.0


@contextmanager
def shown(show: Callable[[str], None], describe: Callable[[Mapping[str, Any]], str] | None = None) -> Iterator[Path]:
    """Yield the path of an empty file (mode 0600) and call ``show`` with each line that is appended to it.

    :param show: usually ``display.display``; called from a thread of its own.
    :param describe: turns one decoded line into text; :func:`described` unless told otherwise.
    """
    with tempfile.TemporaryDirectory(prefix="progress-") as directory:
        path = Path(directory) / "lines.jsonl"
        path.touch(mode=0o600)
        ended = threading.Event()
        thread = threading.Thread(target=_follow, args=(path, ended, show, describe or described), daemon=True)
        thread.start()
        try:
            yield path
        finally:
            ended.set()
            thread.join()


def described(line: Mapping[str, Any]) -> str:
    """``building kube-apiserver (step 3 of 9), about 4 min left``; parts that the line lacks are left out."""
    text = str(line.get("message") or line.get("name") or "working")
    if line.get("step") and line.get("steps"):
        text += f" (step {line['step']} of {line['steps']})"
    eta = line.get("eta_s")
    return f"{text}, {left(float(eta))}" if isinstance(eta, (int, float)) else text


def left(seconds: float) -> str:
    """The time left as a person says it: precise estimates would only be wrong more often."""
    if seconds < 1:
        return "nearly done"
    if seconds < _ABOUT_A_MINUTE:
        return f"about {int(max(5, round(seconds / 5) * 5))} s left"
    return f"about {round(seconds / _MINUTE)} min left"


def _follow(
    path: Path, ended: threading.Event, show: Callable[[str], None], describe: Callable[[Mapping[str, Any]], str]
) -> None:
    rest = ""
    with path.open(encoding="utf-8", errors="replace") as stream:
        while True:
            last_look = ended.wait(INTERVAL)
            *lines, rest = (rest + stream.read()).split("\n")
            for line in lines:
                text = _decoded(line, describe)
                if text:
                    show(text)
            if last_look:
                return


def _decoded(line: str, describe: Callable[[Mapping[str, Any]], str]) -> str:
    try:
        document = json.loads(line)
    except ValueError:
        return ""
    return describe(document) if isinstance(document, Mapping) else ""
