# Copyright (c) autotrade.deployment engineers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Packages of the host: Debian's or those of the Red Hat family."""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path

from ansible_collections.autotrade.deployment.plugins.module_utils.edge.host_programs import TIMEOUT_S, run_program

# A kernel takes long to install, and a driver is built for each kernel; to stop it in the middle leaves the host half done.
_INSTALL_TIMEOUT_S = 3600
# A run that was cut, or the host's own upgrades, may still hold the locks of apt and dpkg.
_LISTS_LOCK = Path("/var/lib/apt/lists/lock")
_LOCK_TIMEOUT_S, _LOCK_POLL_S = TIMEOUT_S // 2, 0.5
_INSTALL_OPTIONS = (f"--option=DPkg::Lock::Timeout={_LOCK_TIMEOUT_S}", "--quiet", "--yes", "--no-install-recommends")


def installed(names: Sequence[str]) -> frozenset[str]:
    """Those of the packages that are installed whole."""
    if not names:
        return frozenset()
    if shutil.which("dpkg-query"):
        command = ["dpkg-query", "--show", "--showformat=${Package} ${db:Status-Status}\n", *names]
        # It answers 1 when it knows nothing of one of them, and tells of the others all the same.
        shown = subprocess.run(command, capture_output=True, text=True, timeout=TIMEOUT_S, check=False).stdout
        return frozenset(line.split()[0] for line in shown.splitlines() if line.endswith(" installed"))
    return frozenset(
        name for name in names if subprocess.run(["rpm", "--query", name], capture_output=True, check=False).returncode == 0
    )


def install(names: Sequence[str]) -> None:
    """Install packages by apt or dnf, once nobody else does.

    :raises HostStateError: as every program; apt and dpkg name who holds a lock for longer.
    """
    if not names:
        return
    if not shutil.which("apt-get"):
        run_program("dnf", "install", "--assumeyes", "--quiet", *names, timeout=_INSTALL_TIMEOUT_S)
        return
    os.environ["DEBIAN_FRONTEND"] = "noninteractive"
    # The host's lists may be older than its mirror. DPkg::Lock::Timeout is not for their lock: update fails at once.
    deadline = time.monotonic() + _LOCK_TIMEOUT_S
    while _held(_LISTS_LOCK) and time.monotonic() < deadline:
        time.sleep(_LOCK_POLL_S)
    run_program("apt-get", "update", "--quiet")
    remedy = "Run `dpkg --configure -a` on this host, then run again."
    run_program("apt-get", "install", *_INSTALL_OPTIONS, *names, timeout=_INSTALL_TIMEOUT_S, remedy=remedy)


def _held(lock: Path) -> bool:
    """Whether another process holds a lock as apt takes it (fcntl, not flock)."""
    try:
        with lock.open("a", encoding="utf-8") as stream:
            fcntl.lockf(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except FileNotFoundError:
        return False
    except (BlockingIOError, PermissionError):
        return True
    return False
