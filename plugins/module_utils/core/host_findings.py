# Copyright (c) autotrade.deployment engineers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What is wrong with a host of one class, and on whose word: a finding names the page that its rule follows."""

from __future__ import annotations

from dataclasses import dataclass

from ansible_collections.autotrade.deployment.plugins.module_utils.core.node_preflight import Finding

#: The run that found it puts it right.
PENDING = "pending"


@dataclass(frozen=True)
class HostFinding(Finding):
    """A finding with the ``source`` of its rule: a page, or a repository's file as ``owner/name:path``."""

    source: str = ""
