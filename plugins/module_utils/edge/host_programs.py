# Copyright (c) autotrade.deployment engineers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Programs that the host is looked at and changed by."""

from __future__ import annotations

import subprocess

from ansible_collections.autotrade.deployment.plugins.module_utils.core.host_state import HostStateError

TIMEOUT_S = 300


def run_program(*command: str, timeout: float = TIMEOUT_S, remedy: str = "See what it waits for, then run again.") -> str:
    """What a program prints. ``timeout`` in seconds; ``remedy`` is for one that takes longer.

    :raises HostStateError: it is not there, takes longer, or ends with another status than 0.
    """
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=timeout, check=False)
    except subprocess.TimeoutExpired as error:
        raise HostStateError(f"{' '.join(command)}: not done within {timeout:g} s, and stopped. {remedy}") from error
    except OSError as error:
        raise HostStateError(
            f"{command[0]}: {error.strerror}; expected the program on this host. Install its package."
        ) from error
    if done.returncode:
        raise HostStateError(f"{' '.join(command)}: exit status {done.returncode}: {(done.stdout + done.stderr).strip()[-1500:]}")
    return done.stdout
