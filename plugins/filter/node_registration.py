# Copyright (c) autotrade.deployment engineers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Filter ``node_registration``: the labels and taints that a host registers with, from its variables."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from ansible.errors import AnsibleFilterError
from ansible_collections.autotrade.deployment.plugins.module_utils.core.node_classes import CLASSES, first_taints, node_labels

REQUIRED = ("node_class", "node_zone")
#: Results that role cluster_membership registers.
NOTED = ("__cluster_membership_self", "__cluster_membership_joined")
SETTINGS = (*REQUIRED, "node_page_size", "node_labels", "cluster_membership_resources")


def node_registration(name: str, hostvars: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """``labels`` and ``taints`` of the host called ``name``; raise AnsibleFilterError that names what is missing or unknown."""
    variables = {setting: hostvars[name][setting] for setting in SETTINGS if setting in hostvars[name]}
    missing = [setting for setting in REQUIRED if not variables.get(setting)]
    if missing or variables["node_class"] not in CLASSES:
        found = "nothing" if missing else repr(variables["node_class"])
        expected = f"node_zone, and node_class one of {', '.join(CLASSES)}"
        raise AnsibleFilterError(
            f"host {name}: {', '.join(missing) or 'node_class'} is {found}; expected {expected}. Set it in the inventory."
        )
    return {"labels": node_labels(variables), "taints": first_taints(variables)}


def member_nodes(names: Iterable[str], hostvars: Mapping[str, Mapping[str, Any]]) -> list[dict[str, Any]]:
    """A Node with its labels for each host that this run found, or made, a member; others would be invented by applying them."""
    members = [name for name in names if any(_is_member(hostvars[name], noted) for noted in NOTED)]
    return [
        {
            "apiVersion": "v1",
            "kind": "Node",
            "metadata": {"name": name, "labels": node_registration(name, hostvars)["labels"]},
        }
        for name in members
    ]


def _is_member(variables: Mapping[str, Any], noted: str) -> bool:
    result = variables.get(noted) or {}
    return not result.get("failed") and not result.get("unreachable") and result.get("standing") == "member"


class FilterModule:
    """The filters of this file."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Return the filters by name."""
        return {"node_registration": node_registration, "member_nodes": member_nodes}
