# Copyright (c) autotrade.deployment engineers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Brings a lab to its state: carries out the plan, hands out keys, waits until every host takes logins."""

from __future__ import annotations

import shutil
import socket
import subprocess
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from ansible_collections.autotrade.deployment.plugins.module_utils.core.lab import (
    LAB_LABEL,
    Host,
    Lab,
    LabError,
    Plan,
    run_arguments,
    ssh_config,
)
from ansible_collections.autotrade.deployment.plugins.module_utils.edge.lab_image import (
    fill_from_seed,
)
from ansible_collections.autotrade.deployment.plugins.module_utils.edge.podman import (
    podman,
)

_POLL_S = 0.2
_HOST_KEY = "/etc/ssh/ssh_host_ed25519_key.pub"
_AT_ONCE = 10


@dataclass(frozen=True)
class Access:
    """Where the way into the hosts lies on this machine: one directory per lab, for its owner alone."""

    directory: Path
    user: str

    @property
    def key(self) -> Path:
        """The private key."""
        return self.directory / "id_ed25519"

    @property
    def keys(self) -> Path:
        """The directory with the public key that every host sees."""
        return self.directory / "keys"

    @property
    def known_hosts(self) -> Path:
        """What every host's own key is."""
        return self.directory / "known_hosts"

    @property
    def config(self) -> Path:
        """A configuration of ssh that knows every host by its name: ``ssh -F``."""
        return self.directory / "ssh_config"


def make_key(access: Access) -> None:
    """Make the key of this lab, once; hosts see its public half."""
    access.directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    if not access.key.exists():
        command = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", f"lab {access.directory.name}", "-f", str(access.key)]
        subprocess.run(command, check=True, capture_output=True)
    access.keys.mkdir(mode=0o755, exist_ok=True)
    shutil.copyfile(access.key.with_suffix(".pub"), access.keys / access.user)


def carry_out(plan: Plan, lab: Lab) -> None:
    """Do what the plan says."""
    remove(plan)
    for network in plan.create_networks:
        podman("network", "create", f"--subnet={lab.subnet}", f"--label={LAB_LABEL}={lab.name}", network)
    new = {lab.volume(host.name) for host in plan.create}
    for volume in plan.create_volumes:
        podman("volume", "create", f"--label={LAB_LABEL}={lab.name}", volume)
        if volume in new:
            fill_from_seed(lab.seed, volume)
    _at_once(lambda host: podman(*run_arguments(lab, host)), plan.create)
    _at_once(lambda host: podman("--runtime", lab.runtime, "start", lab.container(host.name)), plan.start)


def remove(plan: Plan) -> None:
    """Remove containers, then what they used."""
    _at_once(lambda name: podman("rm", "--force", "--time=0", name), plan.remove_containers)
    for volume in plan.remove_volumes:
        podman("volume", "rm", "--force", volume)
    for network in plan.remove_networks:
        podman("network", "rm", "--force", network)


def wait_for_logins(lab: Lab, access: Access, timeout: float) -> bool:
    """Wait until every host answers on its SSH port, and write down its key; True when that was news.

    The key is read through podman, not from the network, so nobody can answer in a host's place.

    :raises LabError: names the hosts that did not come up in time, in seconds.
    """
    deadline = time.monotonic() + timeout
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        late = [
            host for host, up in zip(lab.hosts, pool.map(lambda host: _answers(host, deadline), lab.hosts), strict=True) if not up
        ]
    if late:
        names = ", ".join(host.name for host in late)
        first = lab.container(late[0].name)
        raise LabError(
            f"{names}: no SSH within {timeout:g} s. Look at `podman exec {first} journalctl -b`, or raise lab_hosts_timeout."
        )
    known = "".join(f"{host.address} {_host_key(lab, host)}\n" for host in lab.hosts)
    config = ssh_config(lab, access.user, str(access.key), str(access.known_hosts))
    return any([_write(access.known_hosts, known), _write(access.config, config)])


def _write(path: Path, text: str) -> bool:
    if path.exists() and path.read_text(encoding="utf-8") == text:
        return False
    path.write_text(text, encoding="utf-8")
    return True


def _answers(host: Host, deadline: float) -> bool:
    while time.monotonic() < deadline:
        try:
            with socket.create_connection((host.address, 22), timeout=2) as connection:
                if connection.recv(4) == b"SSH-":
                    return True
        except OSError:
            pass
        time.sleep(_POLL_S)
    return False


def _host_key(lab: Lab, host: Host) -> str:
    return " ".join(podman("exec", lab.container(host.name), "cat", _HOST_KEY).split()[:2])


def _at_once(act: Callable[[str], object] | Callable[[Host], object], items: tuple[str, ...] | tuple[Host, ...]) -> None:
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        list(pool.map(act, items))
