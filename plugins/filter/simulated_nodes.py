# Copyright (c) autotrade.deployment engineers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Filter ``simulated_nodes``: Node objects from the inventory's hosts."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from ansible.errors import AnsibleFilterError
from ansible_collections.autotrade.deployment.plugins.module_utils.core.simulated_nodes import NodeSettingError, node_objects

SETTINGS = ("node_class", "node_size", "node_zone", "node_arch", "node_page_size", "node_labels")


def simulated_nodes(
    names: Iterable[str], hostvars: Mapping[str, Mapping[str, Any]], kubelet_version: str = "simulated"
) -> list[dict[str, Any]]:
    """One Node per host name; raise AnsibleFilterError that names every host variable at fault."""
    hosts = {name: {setting: hostvars[name][setting] for setting in SETTINGS if setting in hostvars[name]} for name in names}
    try:
        return node_objects(hosts, kubelet_version)
    except NodeSettingError as error:
        raise AnsibleFilterError(f"simulated_nodes: {error}") from error


class FilterModule:
    """The filters of this file."""

    def filters(self) -> dict[str, Callable[..., list[dict[str, Any]]]]:
        """Return the filters by name."""
        return {"simulated_nodes": simulated_nodes}
