"""Which hosts the controller labels and waits for."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.autotrade.deployment.plugins.filter.node_registration import member_nodes

HOST = {"node_class": "cpu", "node_zone": "zone-a"}


def names(**noted: Any) -> list[str]:
    return [node["metadata"]["name"] for node in member_nodes(["cpu-1"], {"cpu-1": {**HOST, **noted}})]


@pytest.mark.parametrize(
    ("seen", "joined", "is_member"),
    [
        ({"standing": "member"}, None, True),
        ({"standing": "member"}, {"skipped": True}, True),
        ({"standing": "absent"}, {"standing": "member", "changed": True}, True),
        ({"standing": "begun"}, {"standing": "member", "changed": True}, True),
        ({"standing": "absent"}, {"failed": True, "msg": "kubeadm join: exit status 1"}, False),
        ({"standing": "absent"}, {"unreachable": True}, False),
        ({"standing": "absent"}, {"skipped": True}, False),
        ({"unreachable": True}, None, False),
        (None, None, False),
    ],
)
def test_a_member_is_who_was_one_or_joined_in_this_run(
    seen: dict[str, Any] | None, joined: dict[str, Any] | None, is_member: bool
) -> None:
    noted = {"__cluster_membership_self": seen, "__cluster_membership_joined": joined}
    assert (names(**{name: value for name, value in noted.items() if value is not None}) == ["cpu-1"]) == is_member
