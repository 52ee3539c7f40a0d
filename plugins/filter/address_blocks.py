# Copyright (c) autotrade.deployment engineers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Filter ``address_blocks``: into how many blocks a range of addresses divides."""

from __future__ import annotations

from collections.abc import Callable

from ansible.errors import AnsibleFilterError
from ansible_collections.autotrade.deployment.plugins.module_utils.core import networks


def address_blocks(cidr: str, block_size: int) -> int:
    """Return into how many blocks of prefix length ``block_size`` the range ``cidr`` divides."""
    try:
        return networks.blocks(networks.named("the range", cidr), block_size)
    except networks.NetworkError as error:
        raise AnsibleFilterError(f"address_blocks: {error}") from error


class FilterModule:
    """The filters of this file."""

    def filters(self) -> dict[str, Callable[..., int]]:
        """Return the filters by name."""
        return {"address_blocks": address_blocks}
