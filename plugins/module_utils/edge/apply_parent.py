# Copyright (c) autotrade.deployment engineers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The parent of an ApplySet in the cluster: read once, written only where its record differs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ansible_collections.autotrade.deployment.plugins.module_utils.core import applyset
from ansible_collections.autotrade.deployment.plugins.module_utils.core.api_resources import ResourceType
from ansible_collections.autotrade.deployment.plugins.module_utils.core.apply_model import Item, Method, Outcome, Problem
from ansible_collections.autotrade.deployment.plugins.module_utils.core.applyset import Extent, Parent
from ansible_collections.autotrade.deployment.plugins.module_utils.core.changes import diff
from ansible_collections.autotrade.deployment.plugins.module_utils.core.objects import (
    KubeObject,
    annotations_of,
    dig,
    dig_map,
    labels_of,
)
from ansible_collections.autotrade.deployment.plugins.module_utils.edge.apply_refusal import with_remedy
from ansible_collections.autotrade.deployment.plugins.module_utils.edge.kube_api import KubeApi
from ansible_collections.autotrade.deployment.plugins.module_utils.edge.kube_errors import ApiError, KubeError

NOT_FOUND, CONFLICT = 404, 409
ATTEMPTS = 3
SOURCE = "option applyset"
TYPES = {
    "ConfigMap": ResourceType("", "v1", "ConfigMap", "configmaps", True),
    "Secret": ResourceType("", "v1", "Secret", "secrets", True),
}


@dataclass(frozen=True)
class Delayed:
    """The parent's namespace is not there yet."""


class ParentObject:
    """Reads and writes one parent. Every write names the version that was read, so that two runs cannot undo each other."""

    def __init__(self, api: KubeApi, parent: Parent, manager: str, *, check: bool) -> None:
        self._api, self._parent, self._check = api, parent, check
        # Its fields have an owner of their own: the user's manifests may hold an object of another role with our manager.
        self._manager = f"{manager}-applyset"
        self._type = TYPES[parent.kind]
        self._before: KubeObject | None = None
        self._live: KubeObject | None = None
        self._wanted: KubeObject = applyset.document(parent, Extent())
        self._unvalidated = False

    @property
    def exists(self) -> bool:
        return self._live is not None

    @property
    def recorded(self) -> Extent:
        """What the parent records now; nothing where there is none."""
        return applyset.recorded(self._parent, self._live) if self._live else Extent()

    def load(self) -> Problem | None:
        """Reads the parent; answers why it must not be ours."""
        try:
            self._before = self._live = self._api.get(self._type, self._parent.namespace, self._parent.name)
        except ApiError as error:
            return self.problem(with_remedy(error), error.reason)
        why = applyset.foreign(self._parent, self._live) if self._live else ""
        return self.problem(why, "ApplySetRefused") if why else None

    def widen(self, extent: Extent) -> Problem | Delayed | None:
        """Records at least this extent, whatever another run records meanwhile."""
        for _attempt in range(ATTEMPTS):
            try:
                self._write(self.recorded | extent)
                return None
            except ApiError as error:
                if error.status == NOT_FOUND:
                    self._unvalidated = self._check
                    return Delayed()
                if error.status != CONFLICT:
                    return self.problem(with_remedy(error), error.reason)
            except KubeError as error:
                return self.problem(f"{error}. It may or may not be written", type(error).__name__)
            if problem := self.load():
                return problem
        return self.problem("is changed by other runs all the time; run again when they have ended", "Conflict")

    def narrow(self, extent: Extent) -> Problem | None:
        """Records exactly this extent, unless another run has written meanwhile: then the next complete run narrows."""
        try:
            self._write(extent)
        except ApiError as error:
            if error.status not in (CONFLICT, NOT_FOUND):
                return self.problem(with_remedy(error), error.reason)
        except KubeError as error:
            return self.problem(str(error), type(error).__name__)
        return None

    def item(self) -> Item:
        return Item(self._live or self._wanted, self._parent.ref, SOURCE, self._type)

    def outcome(self) -> Outcome:
        """What became of the parent in this run."""
        if self._unvalidated:
            return Outcome(self.item(), Method.CREATE, True, None, diff(None, self._wanted), unvalidated=True)
        change = diff(self._before, self._live)
        method = Method.UNCHANGED if not change.changed else Method.APPLY if self._before else Method.CREATE
        return Outcome(self.item(), method, change.changed, self._live, change)

    def problem(self, message: str, reason: str) -> Problem:
        return Problem(self._parent.ref, SOURCE, message, reason)

    def _write(self, extent: Extent) -> None:
        self._wanted = applyset.document(self._parent, extent)
        if self._live is not None and _holds(self._live, self._wanted):
            return
        body = {**self._wanted, "metadata": {**dig_map(self._wanted, "metadata"), **self._lock()}}
        self._live = self._api.apply(self._type, body, self._manager, force=True, dry_run=self._check)

    def _lock(self) -> dict[str, Any]:
        # A dry run leaves the version in the cluster as it was read.
        version = dig(self._before if self._check else self._live, "metadata", "resourceVersion")
        return {"resourceVersion": version} if version else {}


def _holds(live: KubeObject, wanted: KubeObject) -> bool:
    pairs = ((labels_of(live), labels_of(wanted)), (annotations_of(live), annotations_of(wanted)))
    return all(have.get(key) == value for have, want in pairs for key, value in want.items())
