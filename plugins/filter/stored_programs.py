# Copyright (c) autotrade.deployment engineers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Filter ``stored_programs``: what the artifact store offers, from its index."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ansible_collections.autotrade.deployment.plugins.module_utils.core.supply_programs import stored_programs


class FilterModule:
    """The filters of this file."""

    def filters(self) -> dict[str, Callable[[str], dict[str, dict[str, Any]]]]:
        """Return the filters by name."""
        return {"stored_programs": stored_programs}
