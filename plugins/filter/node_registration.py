# Copyright (c) autotrade.deployment engineers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Filter ``node_registration``: the labels and taints that a host registers with, from its variables."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ansible.errors import AnsibleFilterError
from ansible_collections.autotrade.deployment.plugins.module_utils.core.node_classes import CLASS_TAINTS, CLASSES, node_labels

REQUIRED = ("node_class", "node_zone")
SETTINGS = (*REQUIRED, "node_page_size", "node_labels")


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
    return {"labels": node_labels(variables), "taints": [dict(taint) for taint in CLASS_TAINTS.get(variables["node_class"], ())]}


class FilterModule:
    """The filters of this file."""

    def filters(self) -> dict[str, Callable[..., dict[str, Any]]]:
        """Return the filters by name."""
        return {"node_registration": node_registration}
