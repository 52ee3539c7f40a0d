# Copyright (c) autotrade.deployment engineers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Filter ``network_problems``: what is wrong with a range of addresses, given the networks around it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from ipaddress import ip_address
from typing import Any

from ansible.errors import AnsibleFilterError
from ansible_collections.autotrade.deployment.plugins.module_utils.core import networks


def network_problems(
    cidr: str,
    name: str,
    neighbours: Mapping[str, Sequence[str]] | None = None,
    partners: Sequence[Mapping[str, Any]] = (),
    hosts: Mapping[str, Mapping[str, Any]] | None = None,
) -> list[str]:
    """Return one sentence per bad range and per overlap of ``cidr`` with any of the others; empty when all is well."""
    others = [(where, text) for where, ranges in (neighbours or {}).items() for text in ranges]
    others += [_partner(partner) for partner in partners]
    others += [(f"host {host}", address) for host, known in (hosts or {}).items() for address in _addresses(known)]
    return list(networks.problems((name, cidr), others))


def _partner(partner: Mapping[str, Any]) -> tuple[str, str]:
    try:
        return f"partner {partner['name']}", str(partner["cidr"])
    except (KeyError, TypeError):
        raise AnsibleFilterError(f"network_problems: a partner is {partner!r}; expected a mapping with name and cidr") from None


def _addresses(known: Mapping[str, Any]) -> list[str]:
    """Return the literal addresses of a host's variables, each once; a host that is known by a DNS name only has none."""
    facts = known.get("ansible_facts") or {}
    texts = [known.get("ansible_host"), *facts.get("all_ipv4_addresses", ()), *facts.get("all_ipv6_addresses", ())]
    return list(dict.fromkeys(str(text) for text in texts if _is_address(text)))


def _is_address(text: object) -> bool:
    try:
        return not ip_address(str(text)).is_loopback
    except ValueError:
        return False


class FilterModule:
    """The filters of this file."""

    def filters(self) -> dict[str, Callable[..., list[str]]]:
        """Return the filters by name."""
        return {"network_problems": network_problems}
