# Copyright (c) autotrade.deployment engineers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Ranges are compared exactly, and every problem is named at once."""

from __future__ import annotations

from ipaddress import IPv4Network, ip_network

import pytest
from ansible_collections.autotrade.deployment.plugins.module_utils.core import networks
from hypothesis import given
from hypothesis import strategies as st

POD = ("pod range", "192.168.0.0/16")
pytestmark = pytest.mark.requirement("C3")


@st.composite
def small_networks(draw: st.DrawFn) -> IPv4Network:
    prefix = draw(st.integers(min_value=24, max_value=32))
    return IPv4Network((0x0A000000 + (draw(st.integers(0, 255)) >> (32 - prefix) << (32 - prefix)), prefix))


@pytest.mark.parametrize(
    ("name", "cidr", "shared"),
    [
        ("host cp1", "192.168.1.10", "1 address, 192.168.1.10 to 192.168.1.10"),
        ("office", "192.168.4.0/22", "1024 addresses, 192.168.4.0 to 192.168.7.255"),
        ("everything", "192.0.0.0/8", "65536 addresses, 192.168.0.0 to 192.168.255.255"),
    ],
)
def test_an_overlap_names_both_networks_and_what_they_share(name: str, cidr: str, shared: str) -> None:
    found = networks.problems(POD, [(name, cidr)])
    assert found == (f"pod range 192.168.0.0/16 overlaps {name} {ip_network(cidr)} ({shared})",)


@pytest.mark.parametrize("cidr", ["10.96.0.0/12", "192.169.0.0/16", "192.167.255.255", "fd00::/8", "::/0"])
def test_networks_apart_and_other_families_are_fine(cidr: str) -> None:
    assert networks.problems(POD, [("other", cidr)]) == ()


def test_all_problems_are_found_at_once() -> None:
    found = networks.problems(
        POD, [("one", "192.168.0.0/24"), ("two", "nonsense"), ("three", "192.168.9.9"), ("four", "10.0.0.1/8")]
    )
    assert [sentence.split()[0] for sentence in found] == ["two", "four", "pod", "pod"]
    assert "expected a range such as" in found[0]
    assert "expected 10.0.0.0/8" in found[1]


def test_a_bad_subject_is_said_once_and_compared_with_nothing() -> None:
    assert networks.problems(("pod range", "x"), [("one", "192.168.0.0/24")]) == (
        "pod range is 'x'; expected a range such as 10.244.0.0/16 or an address such as 10.0.0.7",
    )


@given(small_networks(), small_networks())
def test_the_shared_part_is_the_intersection_of_the_addresses(one: IPv4Network, two: IPv4Network) -> None:
    found = networks.overlaps(networks.NamedNetwork("one", one), [networks.NamedNetwork("two", two)])
    assert {address for overlap in found for address in overlap.shared} == set(one) & set(two)


@pytest.mark.parametrize(
    ("cidr", "block", "count"), [("192.168.0.0/16", 26, 1024), ("10.0.0.0/26", 26, 1), ("fd00::/112", 122, 1024)]
)
def test_blocks_are_counted(cidr: str, block: int, count: int) -> None:
    assert networks.blocks(networks.named("pool", cidr), block) == count


@pytest.mark.parametrize(
    ("cidr", "block"), [("192.168.0.0/16", 33), ("192.168.0.0/16", 19), ("10.0.0.0/28", 26), ("fd00::/64", 26)]
)
def test_impossible_blocks_are_refused(cidr: str, block: int) -> None:
    with pytest.raises(networks.NetworkError, match="expected"):
        networks.blocks(networks.named("pool", cidr), block)
