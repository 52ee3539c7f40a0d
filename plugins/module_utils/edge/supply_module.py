# Copyright (c) autotrade.deployment engineers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Body of the module ``artifacts``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible_collections.autotrade.deployment.plugins.module_utils.core.supply import SupplyError
from ansible_collections.autotrade.deployment.plugins.module_utils.edge.results import Ending
from ansible_collections.autotrade.deployment.plugins.module_utils.edge.supply import fill
from ansible_collections.autotrade.deployment.plugins.module_utils.edge.supply_options import request_from


def run(params: Mapping[str, Any], check_mode: bool = False, _diff_mode: bool = False) -> Ending:
    """The whole work, from checked parameters to the result."""
    try:
        return Ending(fill(request_from(params, check_mode)))
    except SupplyError as error:
        return Ending({"msg": str(error)}, failed=True)
