# Copyright (c) autotrade.deployment engineers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The filter gathers networks from where users declare them."""

from __future__ import annotations

import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.autotrade.deployment.plugins.filter.address_blocks import address_blocks
from ansible_collections.autotrade.deployment.plugins.filter.network_problems import network_problems

pytestmark = pytest.mark.requirement("C3")


def test_hosts_partners_and_neighbours_are_compared_by_name() -> None:
    found = network_problems(
        "192.168.0.0/16",
        "pod range",
        neighbours={"Service range": ["10.96.0.0/12"], "host network": ["192.168.1.0/24"]},
        partners=[{"name": "exchange", "cidr": "192.168.40.0/24"}],
        hosts={
            "cp1": {"ansible_host": "192.168.1.10", "ansible_facts": {"all_ipv4_addresses": ["192.168.1.10", "192.168.2.10"]}},
            "cp2": {"ansible_host": "cp2.example.com"},
            "cp3": {"ansible_host": "127.0.0.1"},
        },
    )
    assert [sentence.split(" overlaps ")[1].split(" (")[0] for sentence in found] == [
        "host network 192.168.1.0/24",
        "partner exchange 192.168.40.0/24",
        "host cp1 192.168.1.10/32",
        "host cp1 192.168.2.10/32",
    ]


def test_a_partner_without_a_range_is_refused() -> None:
    with pytest.raises(AnsibleFilterError, match="expected a mapping with name and cidr"):
        network_problems("10.0.0.0/8", "pod range", partners=[{"name": "exchange"}])


def test_blocks_that_do_not_fit_are_refused() -> None:
    assert address_blocks("192.168.0.0/16", 26) == 1024
    with pytest.raises(AnsibleFilterError, match="larger than the pool"):
        address_blocks("192.168.0.0/28", 26)
