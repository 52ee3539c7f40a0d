# Copyright (c) autotrade.deployment engineers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The kernel's routing table, as /proc/net/route has it (proc(5))."""

from __future__ import annotations

_UP = 0x1
_INTERFACE, _DESTINATION, _FLAGS, _METRIC, _MASK = 0, 1, 3, 6, 7
_EVERYWHERE = "00000000"


def default_interface(table: str) -> str:
    """The interface of the IPv4 route to everywhere; of several, the one with the smallest metric. Empty where there is none."""
    rows = [row for row in map(str.split, table.splitlines()[1:]) if len(row) > _MASK]
    everywhere = [row for row in rows if row[_DESTINATION] == row[_MASK] == _EVERYWHERE and int(row[_FLAGS], 16) & _UP]
    return min(everywhere, key=lambda row: int(row[_METRIC]))[_INTERFACE] if everywhere else ""
