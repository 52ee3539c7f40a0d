# Copyright (c) autotrade.deployment engineers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Capacity as a person likes to read it: a table on a terminal, plain lines elsewhere."""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping
from typing import Any

from ansible_collections.autotrade.deployment.plugins.module_utils.core.capacity.amounts import shown as shown_amount
from ansible_collections.autotrade.deployment.plugins.module_utils.core.quantities import parse

TITLES: Mapping[str, str] = {
    "steady": "Steady state",
    "surge": "A rollout",
    "blue_green": "Blue and green",
    "autoscaler_maximum": "Autoscalers at their maximum",
    "node_lost": "A node lost",
    "zone_lost": "A zone lost",
}
MARKS: Mapping[str, tuple[str, str, str]] = {
    "fits": ("\u2714", "green", "fits"),
    "tight": ("!", "yellow", "tight"),
    "does_not_fit": ("\u2718", "bold red", "does not fit"),
}
ASKED: Mapping[str, str] = {"run": "was asked", "not_run": "could NOT be asked", "not_asked": "was not asked"}
AGAINST: Mapping[str, str] = {"cluster": "the live cluster", "nodes": "the inventory's nodes, as there is no cluster to ask"}
RESOURCES = ("cpu", "memory", "nvidia.com/gpu")


def shown(result: Mapping[str, Any], terminal: bool, width: int) -> str:
    """The whole text. ``rich`` draws it on a terminal when it is installed; ``width`` is in columns."""
    if terminal:
        try:
            return _drawn(result, width)
        except ImportError:
            pass
    return "\n".join(plain_lines(result))


def plain_lines(result: Mapping[str, Any]) -> Iterator[str]:
    """One fact per line, for logs and pipes."""
    yield f"Capacity of {len(result['components'])} workloads against {_against(result)}:"
    for one in result["situations"]:
        yield f"{TITLES.get(one['name'], one['name'])}: {MARKS[one['state']][2]}. {one['message']}"
    yield scheduler(result)


def _against(result: Mapping[str, Any]) -> str:
    return f"{AGAINST[result['judged_against']]} ({result['nodes']} nodes)"


def scheduler(result: Mapping[str, Any]) -> str:
    """Whether more than sums stands behind the answers about nodes."""
    return f"The scheduler {ASKED[result['placement']['state']]}: {result['placement']['reason']}."


def quota_use(situation: Mapping[str, Any]) -> str:
    """``limits.memory 225.1 of 256Gi``: the figure of the quotas that is nearest to its end."""
    figures = [(one, parse(one["used"]), parse(one["hard"])) for one in situation["quota"]]
    fullest = max((one for one in figures if one[2]), key=lambda one: one[1] / one[2], default=None)
    if fullest is None:
        return ""
    name, used, hard = fullest[0]["resource"], fullest[1], fullest[2]
    return f"{name} {shown_amount(name, used)} of {shown_amount(name, hard)} ({float(used / hard):.0%})"


def _drawn(result: Mapping[str, Any], width: int) -> str:
    from rich.console import Console, Group  # noqa: PLC0415 - optional: without it the plain lines are shown
    from rich.panel import Panel  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    target = io.StringIO()
    console = Console(file=target, force_terminal=True, width=max(60, min(width, 140)), highlight=False)
    colour = "green" if result["fits"] else "red"
    style = "yellow" if result["placement"]["state"] == "not_run" else "dim"
    parts = Group(_situations(result), _messages(result), Text(f"\n{scheduler(result)}", style=style))
    console.print(Panel(parts, title="Capacity", subtitle=f"against {_against(result)}", border_style=colour, padding=(1, 2)))
    return target.getvalue().rstrip("\n")


def _situations(result: Mapping[str, Any]) -> Any:
    from rich.table import Table  # noqa: PLC0415

    table = Table("", "Situation", "Answer", "Quota: fullest figure", "Worst case", expand=True)
    for one in result["situations"]:
        mark, style, words = MARKS[one["state"]]
        table.add_row(
            f"[{style}]{mark}[/]", TITLES.get(one["name"], one["name"]), f"[{style}]{words}[/]", quota_use(one), one["case"]
        )
    return table


def _messages(result: Mapping[str, Any]) -> Any:
    """Why something is tight or does not fit."""
    from rich.table import Table  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    table = Table.grid(padding=(0, 2))
    for one in result["situations"]:
        if one["state"] != "fits":
            table.add_row(Text(TITLES.get(one["name"], one["name"]), style=MARKS[one["state"]][1]), Text(one["message"]))
    return table
