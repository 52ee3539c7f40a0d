"""Which hosts the controller labels and waits for."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.autotrade.deployment.plugins.filter.node_registration import member_nodes, node_registration

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


@pytest.mark.parametrize(
    ("variables", "keys"),
    [
        ({"node_class": "cpu"}, []),
        ({"node_class": "gpu"}, ["nvidia.com/gpu", "autotrade.deployment/gpu-pending"]),
        # A GPU that is a mere number is never told of by a device plugin, for which the second taint waits.
        ({"node_class": "gpu", "cluster_membership_resources": {"nvidia.com/gpu": "1"}}, ["nvidia.com/gpu"]),
        ({"node_class": "gpu", "cluster_membership_resources": {"example.com/fpga": "1"}}, None),
    ],
)
def test_a_real_gpu_keeps_pods_off_until_it_has_shown_up(variables: dict[str, Any], keys: list[str] | None) -> None:
    found = node_registration("gpu-1", {"gpu-1": {"node_zone": "zone-a", **variables}})
    wanted = ["nvidia.com/gpu", "autotrade.deployment/gpu-pending"] if keys is None else keys
    assert [taint["key"] for taint in found["taints"]] == wanted
    assert {taint["effect"] for taint in found["taints"]} <= {"NoSchedule"}
