# Copyright (c) autotrade.deployment engineers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Names of architectures: the kernel's, which a host tells, and Go's, which the lock, the store and Kubernetes use."""

from __future__ import annotations

_OF_MACHINE = {"x86_64": "amd64", "aarch64": "arm64"}


def of_machine(machine: str) -> str:
    """The architecture of a machine (``uname -m``), such as ``arm64``; one that is not ours is answered as it is."""
    return _OF_MACHINE.get(machine, machine)
