# Copyright (c) autotrade.deployment engineers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""How modules that judge a host tell what they found: everything at once, each waivable by its own id."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from ansible_collections.autotrade.deployment.plugins.module_utils.core.host_findings import Finding, not_waived
from ansible_collections.autotrade.deployment.plugins.module_utils.edge.results import Ending


def report(found: Sequence[Finding], waived: Sequence[str], setting: str, more: Mapping[str, Any]) -> Ending:
    """How a module that judges a host ends, with ``more`` to say beside its findings.

    ``setting`` is the inventory's list of waivers, empty where nothing can be waived.
    """
    standing = not_waived(found, waived)
    told = {"changed": False, "findings": [asdict(finding) for finding in found], **more}
    reasons = {"msg": "\n".join(_sentence(finding, setting) for finding in standing)} if standing else {}
    return Ending({**told, **reasons}, failed=bool(standing))


def _sentence(finding: Finding, setting: str) -> str:
    because = f" ({finding.source})" if finding.source else ""
    waiver = f" To go on all the same: {setting}: [{finding.id}]" if setting else ""
    return f"{finding.id}: found {finding.measured}; expected {finding.wanted}{because}. {finding.fix}{waiver}"
