# Copyright (c) autotrade.deployment engineers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Field paths as people write them: ``spec.template.spec.containers.*.env.*.value``, ``metadata.annotations['a.b/c']``."""

from __future__ import annotations

import re
from collections.abc import Iterable

Step = str | int
FieldPath = tuple[Step, ...]

ANY = "*"
_PLAIN = re.compile(r"[A-Za-z_$][A-Za-z0-9_$-]*")
_TOKEN = re.compile(
    r"""(?:^|\.)(?P<plain>[^.\[\]'"]+)      # a name, a number or *
      | \[(?P<index>\d+|\*)\]               # [0] or [*]
      | \['(?P<single>[^']*)'\]             # ['a.b/c']
      | \["(?P<double>[^"]*)"\]             # ["a.b/c"]""",
    re.VERBOSE,
)


class FieldPathError(ValueError):
    """A field path that cannot be read; the message names it and shows the form that is expected."""


def parse_path(text: str) -> FieldPath:
    """Steps of a path; ``*`` stands for every list item or key, a leading ``$.`` is allowed. Raises FieldPathError."""
    rest = text.strip().removeprefix("$").removeprefix(".")
    steps: list[Step] = []
    position = 0
    while position < len(rest):
        match = _TOKEN.match(rest, position)
        if match is None:
            break
        steps.append(_step_of(match))
        position = match.end()
    if not steps or position < len(rest):
        raise FieldPathError(
            f"found the field path {text!r}, expected names joined by dots, such as data.password,"
            " spec.template.spec.containers.*.env.*.value or metadata.annotations['example.com/token']"
        )
    return tuple(steps)


def _step_of(match: re.Match[str]) -> Step:
    if match["index"] is not None:
        return ANY if match["index"] == ANY else int(match["index"])
    if match["plain"] is not None:
        return int(match["plain"]) if match["plain"].isdigit() else match["plain"]
    return match["single"] if match["single"] is not None else match["double"]


def format_path(path: Iterable[Step]) -> str:
    """Text of a path: dots between plain names, brackets around numbers and around names that hold dots or slashes."""
    text = ""
    for step in path:
        if isinstance(step, int):
            text += f"[{step}]"
        elif _PLAIN.fullmatch(step) or step == ANY:
            text += f".{step}" if text else step
        else:
            text += f"['{step}']"
    return text


def matches(pattern: FieldPath, path: FieldPath) -> bool:
    """Whether ``path`` is the place that ``pattern`` names or lies below it."""
    return len(path) >= len(pattern) and all(fits(want, step) for want, step in zip(pattern, path, strict=False))


def fits(want: Step, step: Step) -> bool:
    """Whether one step of a pattern stands for one step of a path."""
    return want in (ANY, step) or (isinstance(want, int) and str(want) == step)
