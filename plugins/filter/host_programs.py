# Copyright (c) autotrade.deployment engineers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Filter ``host_programs``: programs of the artifact store, as the module host_state installs them."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from ansible.errors import AnsibleFilterError
from ansible_collections.autotrade.deployment.plugins.module_utils.core import architectures
from ansible_collections.autotrade.deployment.plugins.module_utils.core.supply import SupplyError
from ansible_collections.autotrade.deployment.plugins.module_utils.core.supply_programs import install_list


def host_programs(paths: Mapping[str, str], index: str, url: str, machine: str) -> list[dict[str, str]]:
    """One entry of ``host_state.programs`` per path; raise AnsibleFilterError that names every program the store lacks."""
    try:
        return install_list(paths, index, url, architectures.of_machine(machine))
    except SupplyError as error:
        raise AnsibleFilterError(str(error)) from error


class FilterModule:
    """The filters of this file."""

    def filters(self) -> dict[str, Callable[..., list[dict[str, str]]]]:
        """Return the filters by name."""
        return {"host_programs": host_programs}
