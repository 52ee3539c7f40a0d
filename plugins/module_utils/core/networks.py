# Copyright (c) autotrade.deployment engineers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Which networks of a cluster overlap: pod range against hosts, Services and partners.

A pod range that overlaps a real network does not fail loudly: packets to the real addresses stay inside the cluster. So every
overlap is found before anything is applied, and all of them at once.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, ip_network

Network = IPv4Network | IPv6Network


class NetworkError(ValueError):
    """A range that cannot be used; the text says where it was set, what was found and what was expected."""


@dataclass(frozen=True)
class NamedNetwork:
    """A network and the words that tell a person where it comes from."""

    name: str
    network: Network

    def __str__(self) -> str:
        return f"{self.name} {self.network}"


@dataclass(frozen=True)
class Overlap:
    """Two networks that share addresses, and how many."""

    first: NamedNetwork
    second: NamedNetwork
    shared: Network

    def __str__(self) -> str:
        count = self.shared.num_addresses
        noun = "address" if count == 1 else "addresses"
        return f"{self.first} overlaps {self.second} ({count} {noun}, {self.shared[0]} to {self.shared[-1]})"


def named(name: str, cidr: str) -> NamedNetwork:
    """Read ``cidr`` (a range, or one address); raise NetworkError when it is none or has bits set behind its prefix."""
    text = cidr.strip()
    try:
        return NamedNetwork(name, ip_network(text))
    except ValueError:
        raise NetworkError(f"{name} is {cidr!r}; expected {_expected(text)}") from None


def _expected(text: str) -> str:
    try:
        return f"{ip_network(text, strict=False)} (the first address of the range)"
    except ValueError:
        return "a range such as 10.244.0.0/16 or an address such as 10.0.0.7"


def overlaps(subject: NamedNetwork, others: Iterable[NamedNetwork]) -> tuple[Overlap, ...]:
    """Return where ``subject`` shares addresses with ``others``, in their order. IPv4 and IPv6 never overlap."""
    return tuple(Overlap(subject, other, shared) for other in others if (shared := _shared(subject.network, other.network)))


def _shared(one: Network, two: Network) -> Network | None:
    # Two CIDR ranges overlap only when one lies inside the other, so the shared part is the smaller of them.
    if one.version != two.version or not one.overlaps(two):
        return None
    return max(one, two, key=lambda network: network.prefixlen)


def blocks(pool: NamedNetwork, block_size: int) -> int:
    """Return into how many blocks of prefix length ``block_size`` the pool divides; raise NetworkError when into none.

    Calico gives every node at least one block (docs: networking/ipam/change-block-size); 20 to 32 are its limits for IPv4,
    116 to 128 for IPv6.
    """
    low, high = (20, 32) if pool.network.version == 4 else (116, 128)  # noqa: PLR2004
    if not low <= block_size <= high:
        raise NetworkError(f"the block size of {pool} is {block_size}; expected {low} to {high}")
    if block_size < pool.network.prefixlen:
        raise NetworkError(
            f"the block size of {pool} is {block_size}, larger than the pool; expected at least {pool.network.prefixlen}"
        )
    return 1 << (block_size - pool.network.prefixlen)


def problems(subject: tuple[str, str], others: Iterable[tuple[str, str]]) -> tuple[str, ...]:
    """Return every bad range and every overlap of ``subject`` with ``others`` (pairs of name and range), as sentences."""
    found: list[str] = []
    networks: list[NamedNetwork] = []
    for name, cidr in (subject, *others):
        try:
            networks.append(named(name, cidr))
        except NetworkError as error:
            found.append(str(error))
    if networks and networks[0].name == subject[0]:
        found += map(str, overlaps(networks[0], networks[1:]))
    return tuple(found)
