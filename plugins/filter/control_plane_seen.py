# Copyright (c) autotrade.deployment engineers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Filter ``control_plane_seen``: who may bring hosts into the cluster, or start it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ansible.errors import AnsibleFilterError
from ansible_collections.autotrade.deployment.plugins.module_utils.core.membership import (
    MembershipError,
    Seen,
    Standing,
    founder,
    sponsor,
)


def control_plane_seen(results: Sequence[Mapping[str, Any]], present: Sequence[str]) -> dict[str, str | None]:
    """``sponsor`` and ``founder`` from the results of cluster_member_info in a loop over the control plane's hosts.

    ``present`` are the hosts that the play goes on with: only one of them can start the cluster.
    """
    seen = {
        result["item"]: Seen(Standing(result["standing"]), result["ready"], result["reason"])
        for result in results
        if "standing" in result
    }
    unseen = [result["item"] for result in results if "standing" not in result]
    try:
        found = sponsor(seen, unseen)
        return {"sponsor": found, "founder": None if found else founder(seen, present)}
    except MembershipError as error:
        raise AnsibleFilterError(str(error)) from error


class FilterModule:
    """The filters of this file."""

    def filters(self) -> dict[str, Callable[..., dict[str, str | None]]]:
        """Return the filters by name."""
        return {"control_plane_seen": control_plane_seen}
