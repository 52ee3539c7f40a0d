# Copyright (c) autotrade.deployment engineers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""stub"""

from __future__ import annotations

from dataclasses import dataclass

from ansible_collections.autotrade.deployment.plugins.module_utils.core.objects import KubeObject


@dataclass(frozen=True)
class Doubt:
    """Why an object must be applied (or asked of the server): the path in doubt and the reason."""

    path: str
    why: str


def needs_apply(desired: KubeObject, live: KubeObject, manager: str) -> Doubt | None:
    """None only where applying ``desired`` as ``manager`` would surely change nothing; else the first path in doubt."""
    return Doubt("", "not compared")
