# Copyright (c) autotrade.deployment engineers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Times as Kubernetes writes them (RFC 3339, UTC)."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any

from ansible_collections.autotrade.deployment.plugins.module_utils.core.objects import KubeObject, dig


def parse_time(text: Any) -> datetime | None:
    """Aware time of an RFC 3339 text; None where it is not one."""
    if not isinstance(text, str):
        return None
    try:
        moment = datetime.fromisoformat(text.replace("Z", "+00:00"))
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=timezone.utc)


def elapsed(since: datetime | None, now: datetime) -> timedelta:
    """Time from ``since`` to ``now``; zero where the start is not known, so that patience never ends by accident."""
    return now - since if since else timedelta()


def age_of(obj: KubeObject, now: datetime) -> timedelta:
    """Time since the object was created."""
    return elapsed(parse_time(dig(obj, "metadata", "creationTimestamp")), now)
