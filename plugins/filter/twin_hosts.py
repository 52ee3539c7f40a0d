# Copyright (c) autotrade.deployment engineers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Filter ``twin_hosts``: hosts that cannot be told apart, from what node_preflight measured."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict
from typing import Any

from ansible_collections.autotrade.deployment.plugins.module_utils.core.node_preflight import Identity, twins


def twin_hosts(names: Iterable[str], hostvars: Mapping[str, Mapping[str, Any]]) -> dict[str, list[dict[str, str]]]:
    """Host -> findings, from each host's variable ``__node_preflight``; a host that was not measured is nobody's twin."""
    results = {name: hostvars[name].get("__node_preflight") or {} for name in names}
    identities = {
        name: Identity(facts["machine_id"], facts["hostname"], tuple(facts["macs"]))
        for name, result in results.items()
        if (facts := result.get("measured"))
    }
    return {name: [asdict(finding) for finding in found] for name, found in twins(identities).items()}


class FilterModule:
    """The filters of this file."""

    def filters(self) -> dict[str, Callable[..., dict[str, list[dict[str, str]]]]]:
        """Return the filters by name."""
        return {"twin_hosts": twin_hosts}
