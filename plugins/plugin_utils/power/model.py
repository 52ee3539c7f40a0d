# Copyright (c) autotrade.deployment engineers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What every way to switch a host off and on offers, whatever does it: podman, Redfish or IPMI."""

from __future__ import annotations

from typing import Protocol


class PowerError(Exception):
    """The power of a host could not be switched or read: which host, what was answered, what to check."""


class PowerControl(Protocol):
    """The power of one host. Each call returns when the thing is so, and doing it twice is the same as once."""

    def off(self) -> None:
        """Cut the power: no process of the host runs on, nothing is flushed, no connection is closed.

        :raises PowerError: the host is not off.
        """

    def on(self) -> None:
        """Give power; the host boots from what its disk holds.

        :raises PowerError: the host is not on.
        """

    def is_off(self) -> bool:
        """Whether the host has no power.

        :raises PowerError: nobody can tell; never answered by a guess.
        """
