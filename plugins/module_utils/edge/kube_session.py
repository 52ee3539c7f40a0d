# Copyright (c) autotrade.deployment engineers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""One piece of work at one cluster, from the login to its end."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from ansible_collections.autotrade.deployment.plugins.module_utils.edge.kube_api import KubeApi, connect
from ansible_collections.autotrade.deployment.plugins.module_utils.edge.kube_errors import ServerChangedError

Result = TypeVar("Result")


@dataclass(frozen=True)
class Answered(Generic[Result]):
    """What the work gave, how many requests it took by verb, and what the server warned of."""

    result: Result
    requests: Mapping[str, int]
    warnings: tuple[str, ...]


def session(params: Mapping[str, Any], work: Callable[[KubeApi], Result]) -> Answered[Result]:
    """Connects, works, and ends what was begun for this work alone. Raises what these raise.

    Work that had begun by what another server serves (which shows before its first write) begins once more.
    """
    try:
        return _worked(params, work)
    except ServerChangedError:
        return _worked(params, work)


def _worked(params: Mapping[str, Any], work: Callable[[KubeApi], Result]) -> Answered[Result]:
    api = connect(params)
    try:
        result = work(api)
        requests = api.requests()
    finally:
        api.close()
    return Answered(result, requests, api.warnings())
