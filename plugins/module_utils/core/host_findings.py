# Copyright (c) autotrade.deployment engineers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What is wrong with a host, and on whose word: every finding can be waived by its own name, and nothing waives all of them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

ERROR, WARNING = "error", "warning"
#: The run that found it puts it right.
PENDING = "pending"


@dataclass(frozen=True)
class Finding:
    """One thing that is not as it should be. ``id`` waives it.

    ``source`` is where its rule comes from: a page, or a repository's file as ``owner/name:path``; empty where it is our own.
    """

    id: str
    level: str
    measured: str
    wanted: str
    fix: str
    source: str = ""


def not_waived(found: Iterable[Finding], waived: Sequence[str]) -> list[Finding]:
    """The errors that stand."""
    return [finding for finding in found if finding.level == ERROR and finding.id not in waived]
