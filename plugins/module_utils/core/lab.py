# Copyright (c) autotrade.deployment engineers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The lab: which containers, volumes and networks make its hosts, and what is still to be done to have them."""

from __future__ import annotations

import hashlib
import ipaddress
import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

PREFIX = "autotrade"
IMAGE = f"localhost/{PREFIX}-lab-host"
#: On every object that belongs to a lab, with the lab's name; nothing without it is ever touched.
LAB_LABEL = "autotrade.deployment/lab"
#: On every host: the hash of what it was made from.
RECIPE_LABEL = "autotrade.deployment/recipe"
STORE_IN_HOST = "/srv/autotrade/store"
SHARED_IN_HOST = "/srv/autotrade/shared"
KEYS_IN_HOST = "/etc/ssh/authorized_keys.d"
#: Podman gives a host half of a terminal's limits; a kubelet with a hundred pods needs these. A machine may not allow more.
LIMITS = ("nofile=20000:20000", "nproc=30000:30000")
#: A cgroup namespace of its own is what lets the container runtime inside mount its cgroups.
FIXED = ("--detach", "--privileged", "--cgroupns=private", "--systemd=always", "--stop-signal=SIGRTMIN+3")
#: Pods inherit their host's search domains, and podman's own would send the cluster's names to a server that cannot know them.
SEARCH = "."
_NAME = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,30}[a-z0-9])?")


class LabError(Exception):
    """A refusal: what was found, where, what was expected and which setting to change; several as several lines."""


@dataclass(frozen=True)
class Host:
    """One host of the lab: its host name and its IPv4 address in the lab's network."""

    name: str
    address: str


@dataclass(frozen=True)
class Lab:
    """What is wanted. ``image`` and ``seed`` are the reference of the host image and the volume with container images.

    ``store`` and ``keys`` are directories of this machine that every host sees: the artifact store, and the public key that may
    log in.
    """

    name: str
    subnet: str
    hosts: tuple[Host, ...]
    image: str
    seed: str
    store: str
    keys: str
    runtime: str = "runc"

    @property
    def network(self) -> str:
        """The podman network."""
        return f"{PREFIX}-{self.name}"

    @property
    def shared(self) -> str:
        """The volume that all hosts share."""
        return f"{PREFIX}-{self.name}-shared"

    def container(self, host: str) -> str:
        """The podman container that plays ``host``."""
        return f"{PREFIX}-{self.name}-{host}"

    def volume(self, host: str) -> str:
        """The volume that is /var of ``host``: what a machine keeps on its disk."""
        return f"{PREFIX}-{self.name}-{host}-var"


@dataclass(frozen=True)
class Observed:
    """What podman shows of a lab. ``containers`` and ``running`` hold container names, the former with their recipe."""

    networks: Mapping[str, str]
    volumes: frozenset[str]
    containers: Mapping[str, str]
    running: frozenset[str]


@dataclass(frozen=True)
class Plan:
    """What is to be done, in this order; every field names podman's objects but ``create`` and ``start``, which name hosts."""

    remove_containers: tuple[str, ...] = ()
    remove_volumes: tuple[str, ...] = ()
    remove_networks: tuple[str, ...] = ()
    create_networks: tuple[str, ...] = ()
    create_volumes: tuple[str, ...] = ()
    create: tuple[Host, ...] = ()
    start: tuple[Host, ...] = ()

    @property
    def empty(self) -> bool:
        """True when the lab is as wanted."""
        return self == Plan()

    def lines(self) -> list[str]:
        """The plan for people, one line each."""
        removals = (*self.remove_containers, *self.remove_volumes, *self.remove_networks)
        return [
            *(f"remove {name}" for name in removals),
            *(f"create {name}" for name in (*self.create_networks, *self.create_volumes)),
            *(f"create host {host.name} at {host.address}" for host in self.create),
            *(f"power on host {host.name}" for host in self.start),
        ]


def check(name: str, subnet: str, hosts: Sequence[Host]) -> None:
    """Refuse settings that no lab can be made of.

    :raises LabError: one line per mistake.
    """
    problems = list(_problems(name, subnet, hosts))
    if problems:
        raise LabError("\n".join(problems))


def _problems(name: str, subnet: str, hosts: Sequence[Host]) -> Iterator[str]:
    if not _NAME.fullmatch(name):
        yield f"name is {name!r}; expected lower-case letters, digits and dashes, 32 at most. Set lab_hosts_name."
    try:
        network = ipaddress.IPv4Network(subnet)
    except ValueError as error:
        yield f"subnet is {subnet!r} ({error}); expected an IPv4 range such as 10.89.10.0/24. Set lab_hosts_subnet."
        return
    for host in hosts:
        yield from _host_problems(host, network)
    for what, values in (("name", [host.name for host in hosts]), ("address", [host.address for host in hosts])):
        for value, count in Counter(values).items():
            if count > 1:
                yield f"{count} hosts have the {what} {value}; expected one. Correct the inventory."


def _host_problems(host: Host, network: ipaddress.IPv4Network) -> Iterator[str]:
    if not _NAME.fullmatch(host.name):
        yield f"host {host.name!r}: expected a name of lower-case letters, digits and dashes. Correct the inventory."
    try:
        address = ipaddress.IPv4Address(host.address)
    except ValueError:
        yield f"host {host.name}: address is {host.address!r}; expected an IPv4 address of {network}. Set ansible_host."
        return
    # The first address of the range is the machine itself, which is the lab's gateway.
    if address not in network or address in (network[0], network[1], network[-1]):
        yield f"host {host.name}: address {address} is not free in {network}; expected another one of it. Set ansible_host."


def digest(*parts: object) -> str:
    """A short hash of JSON documents in one canonical spelling."""
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:16]


def run_arguments(lab: Lab, host: Host) -> list[str]:
    """The arguments of ``podman`` that create and start a host."""
    mounts = (
        f"{lab.volume(host.name)}:/var",
        f"{lab.shared}:{SHARED_IN_HOST}",
        f"{lab.store}:{STORE_IN_HOST}:ro",
        f"{lab.keys}:{KEYS_IN_HOST}:ro",
    )
    options = {
        "name": [lab.container(host.name)],
        "hostname": [host.name],
        "network": [lab.network],
        "ip": [host.address],
        "dns-search": [SEARCH],
        "label": [f"{LAB_LABEL}={lab.name}", f"{RECIPE_LABEL}={recipe(lab, host)}"],
        "volume": mounts,
        "ulimit": LIMITS,
    }
    flags = [f"--{option}={value}" for option, values in options.items() for value in values]
    return ["--runtime", lab.runtime, "run", *FIXED, *flags, lab.image, "/sbin/init"]


def ssh_config(lab: Lab, user: str, key: str, known_hosts: str) -> str:
    """A configuration of ssh that knows every host of the lab by its name."""
    common = {"User": user, "IdentityFile": key, "IdentitiesOnly": "yes", "UserKnownHostsFile": known_hosts}
    names = "".join(f"Host {host.name}\n  HostName {host.address}\n" for host in lab.hosts)
    everyone = "".join(f"  {setting} {value}\n" for setting, value in common.items())
    return f"{names}Host *\n{everyone}"


def recipe(lab: Lab, host: Host) -> str:
    """The hash of everything that a host is made from."""
    return digest(lab.image, lab.seed, lab.subnet, lab.store, lab.runtime, host.name, host.address, SEARCH, LIMITS, FIXED)


def plan_present(lab: Lab, observed: Observed) -> Plan:
    """What makes the hosts exist and run.

    :raises LabError: a host or the network exists and was made from something else; it is not replaced behind anyone's back.
    """
    strangers = list(_strangers(lab, observed))
    if strangers:
        raise LabError("\n".join(strangers))
    wanted = {lab.container(host.name): host for host in lab.hosts}
    gone = sorted(set(observed.containers) - set(wanted))
    volumes = {lab.shared, *(lab.volume(host.name) for host in lab.hosts)}
    return Plan(
        remove_containers=tuple(gone),
        remove_volumes=tuple(sorted(observed.volumes - volumes)),
        create_networks=() if lab.network in observed.networks else (lab.network,),
        create_volumes=tuple(sorted(volumes - observed.volumes)),
        create=tuple(host for container, host in wanted.items() if container not in observed.containers),
        start=tuple(host for container, host in wanted.items() if container in set(observed.containers) - observed.running),
    )


def _strangers(lab: Lab, observed: Observed) -> Iterator[str]:
    remedy = "Remove the lab first (make lab-stop, or lab_hosts_state: absent): its hosts lose everything."
    for host in lab.hosts:
        found = observed.containers.get(lab.container(host.name))
        wanted = recipe(lab, host)
        if found is not None and found != wanted:
            yield f"host {host.name} was made from other settings or another image ({found}); expected {wanted}. {remedy}"
    subnet = observed.networks.get(lab.network, lab.subnet)
    if subnet != lab.subnet:
        yield f"network {lab.network} has the range {subnet}; expected {lab.subnet}. {remedy}"


def plan_absent(observed: Observed) -> Plan:
    """What leaves nothing of the lab."""
    return Plan(
        remove_containers=tuple(sorted(observed.containers)),
        remove_volumes=tuple(sorted(observed.volumes)),
        remove_networks=tuple(sorted(observed.networks)),
    )


def debian_mirror(sources: Iterable[str]) -> str | None:
    """The first mirror of Debian's main archive that apt is told to use, in either spelling of sources.list(5)."""
    lines = [line.strip() for text in sources for line in text.splitlines()]
    found = [match for line in lines if (match := re.match(r"(?:URIs:|deb)\s+(?:\[[^]]*\]\s+)?(https?://\S+)", line))]
    mirrors = [match[1] for match in found if not re.search(r"security|debug|backports", match[1])]
    return mirrors[0] if mirrors else None
