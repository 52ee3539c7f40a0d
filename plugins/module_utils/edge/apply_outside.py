# Copyright (c) autotrade.deployment engineers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Objects beyond the set on which objects of the set depend: they must be in the cluster, and ready when their turn comes."""

from __future__ import annotations

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor

from ansible_collections.autotrade.deployment.plugins.module_utils.core.apply_dependencies import Reference, Stage, unknown
from ansible_collections.autotrade.deployment.plugins.module_utils.core.apply_gate import Fail
from ansible_collections.autotrade.deployment.plugins.module_utils.core.apply_model import Item, Problem
from ansible_collections.autotrade.deployment.plugins.module_utils.core.objects import ObjectRef
from ansible_collections.autotrade.deployment.plugins.module_utils.edge import apply_live
from ansible_collections.autotrade.deployment.plugins.module_utils.edge.apply_live import Live
from ansible_collections.autotrade.deployment.plugins.module_utils.edge.apply_wait import Gate
from ansible_collections.autotrade.deployment.plugins.module_utils.edge.kube_api import KubeApi

REASON = "UnknownDependency"


class Outside:
    """One instance serves one run."""

    def __init__(self, api: KubeApi, gate: Gate) -> None:
        self._api, self._gate = api, gate
        self._items: dict[Reference, Item] = {}
        self._live = Live()

    def look(self, staged: Iterable[Stage], pool: ThreadPoolExecutor) -> list[Problem]:
        """Reads them all; answers which of them are not there."""
        staged = tuple(staged)
        needed = {reference: item for stage in staged for reference, item in stage.outside.items()}
        self._items = {reference: item for reference in needed if (item := self._item(reference)) is not None}
        self._live = apply_live.read(self._api, self._items.values(), pool)
        there = {item.ref.key for item in self._items.values() if item.ref in self._live.objects}
        ours = [item.ref for stage in staged for item in stage.items]
        missing = {reference: item for reference, item in needed.items() if reference.key not in there}
        return [Problem(item.ref, item.source, unknown(reference, ours), REASON) for reference, item in missing.items()]

    def wait(self, stage: Stage, position: tuple[int, int]) -> list[Problem]:
        """Waits until those that the stage needs are ready; answers which of them did not get ready."""
        needed = {self._items[reference].ref: item for reference, item in stage.outside.items()}
        if not needed:
            return []
        gate = self._gate.with_live(self._live)
        try:
            verdict, judged = gate.ready([self._items[r] for r in stage.outside], position, f"what {stage.name} depends on")
        finally:
            gate.close()
        if not isinstance(verdict, Fail):
            return []
        late = f" after {gate.timeout:g} s (wait_timeout)" if verdict.timed_out else ""
        return [
            Problem(
                needed[ref].ref,
                needed[ref].source,
                f"depends on {ref}, which is not ready{late}: {judged[ref].reason}: {judged[ref].message}",
                "Timeout" if verdict.timed_out else judged[ref].reason,
            )
            for ref in verdict.culprits
        ]

    def _item(self, reference: Reference) -> Item | None:
        kind = self._api.discovery().find_group_kind(reference.group, reference.kind)
        # A namespaced kind that is named without its namespace can be no object at all.
        if kind is None or kind.namespaced != bool(reference.namespace):
            return None
        ref = ObjectRef(kind.api_version, kind.kind, reference.namespace or None, reference.name)
        return Item({}, ref, "named by depends-on", kind)
