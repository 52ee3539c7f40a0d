# Copyright (c) autotrade.deployment engineers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Deletes objects stage by stage in the reverse of apply order, and waits where something or someone needs them gone."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Protocol

from ansible_collections.autotrade.deployment.plugins.module_utils.core.apply_dependencies import Stage, removal_stages
from ansible_collections.autotrade.deployment.plugins.module_utils.core.apply_gate import Fail
from ansible_collections.autotrade.deployment.plugins.module_utils.core.apply_model import Item, Outcome, Problem
from ansible_collections.autotrade.deployment.plugins.module_utils.core.objects import KubeObject
from ansible_collections.autotrade.deployment.plugins.module_utils.edge.apply_live import Live
from ansible_collections.autotrade.deployment.plugins.module_utils.edge.apply_progress import Progress
from ansible_collections.autotrade.deployment.plugins.module_utils.edge.apply_wait import Gate
from ansible_collections.autotrade.deployment.plugins.module_utils.edge.apply_write import Refused
from ansible_collections.autotrade.deployment.plugins.module_utils.edge.kube_errors import KubeError


class Delete(Protocol):
    """Deletes one item, given what is there of it."""

    def __call__(self, item: Item, live: KubeObject | None, /) -> Outcome | Refused | None:
        """Return what was done, or what stopped it; None when it was not sent."""


@dataclass(frozen=True)
class Removal:
    """What was deleted, and what stopped it."""

    outcomes: tuple[Outcome, ...]
    problems: tuple[Problem, ...] = ()
    title: str = ""


@dataclass(frozen=True)
class Remover:
    """Deletes what ``live`` holds. ``wait`` is what the user wants, ``check`` that nothing is really deleted."""

    delete: Delete
    gate: Gate
    live: Live
    progress: Progress
    pool: ThreadPoolExecutor
    wait: bool
    check: bool

    def remove(self, items: Iterable[Item]) -> Removal:
        """Ends with the first stage in which something was refused, or did not go in time."""
        outcomes: list[Outcome] = []
        staged = removal_stages(items)
        for number, stage in enumerate(staged, 1):
            position = (number, len(staged))
            self.progress.say(position, 0, len(stage.items), f"{stage.name}: deleting")
            found = [self.live.objects.get(item.ref) for item in stage.items]
            results = list(self.pool.map(self.delete, stage.items, found))
            done = [result for result in results if isinstance(result, Outcome)]
            outcomes += done
            problems = [result.problem for result in results if isinstance(result, Refused)] or self._gone(stage, done, position)
            if problems:
                return Removal(tuple(outcomes), tuple(problems), f"Deleting {stage.name} failed.")
        return Removal(tuple(outcomes))

    def _gone(self, stage: Stage, done: Sequence[Outcome], position: tuple[int, int]) -> list[Problem]:
        items = [o.item for o in done if o.changed and (self.wait or o.item.ref in stage.awaited)]
        if self.check or not items:
            return []
        try:
            verdict, judged = self.gate.gone(items, position, stage.name)
        except KubeError as error:
            text = f"is deleted, but if everything is gone was not seen: {error}"
            return [Problem(items[0].ref, items[0].source, text, type(error).__name__)]
        if not isinstance(verdict, Fail):
            return []
        text = f"is still there after {self.gate.timeout:g} s (wait_timeout)"
        sources = {item.ref: item.source for item in items}
        return [Problem(ref, sources[ref], f"{text}: {judged[ref].message}", "Timeout") for ref in verdict.culprits]
