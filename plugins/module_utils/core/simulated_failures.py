# Copyright (c) autotrade.deployment engineers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What it means when a process of a simulated cluster ends during its start, and how long one may take to stop."""

from __future__ import annotations

import enum
from collections.abc import Collection
from dataclasses import dataclass

from ansible_collections.autotrade.deployment.plugins.module_utils.core.simulated import Component, Layout

PORT_TAKEN = ("address already in use",)
NO_SPACE = ("no space left on device",)
#: Seconds that a healthy process needs at most to end after SIGTERM; an API server drains its watches.
GRACE_SECONDS = 20.0


class Cause(enum.Enum):
    """Why a component ended; decides whether another try makes sense."""

    PORT_TAKEN = "port taken"
    NO_SPACE = "no space"
    CORRUPT_DATA = "corrupt data"
    OTHER = "other"


@dataclass(frozen=True)
class Ended:
    """A component that ended although it should run."""

    component: Component
    cause: Cause
    message: str


def why_ended(component: Component, layout: Layout, log_tail: str, had_data: bool) -> Ended:
    """Reads the end of the log. etcd that ends over data of an earlier run is taken to be unable to read it."""
    text = log_tail.lower()
    if any(phrase in text for phrase in PORT_TAKEN):
        cause, remedy = Cause.PORT_TAKEN, "Another process took its port; new ports are chosen at the next start."
    elif any(phrase in text for phrase in NO_SPACE):
        cause, remedy = Cause.NO_SPACE, f"Free space below {layout.directory} or choose another state_directory."
    elif component is Component.ETCD and had_data:
        cause = Cause.CORRUPT_DATA
        remedy = (
            f"etcd cannot read the data in {layout.etcd_data}. Set reset_corrupt_data: true to start with "
            "empty data, or run state: absent to remove it."
        )
    else:
        cause, remedy = Cause.OTHER, f"Read the whole log in {layout.log(component)}."
    last = log_tail.strip() or "(the log is empty)"
    message = f"{component.value} ended while the cluster was starting. {remedy} Last lines of its log:\n{last}"
    return Ended(component, cause, message)


def grace(component: Component, alive: Collection[Component]) -> float:
    """Seconds to wait between SIGTERM and SIGKILL.

    An API server whose etcd is gone never ends by itself, so it gets none.
    """
    if component is Component.API_SERVER and Component.ETCD not in alive:
        return 0.0
    return GRACE_SECONDS
