"""The pods of a DaemonSet in a scratch cluster: each on its own node, and nowhere that its template rules out."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.autotrade.deployment.plugins.module_utils.core.capacity.scratch import pinned

Json = dict[str, Any]
REQUIRED = "requiredDuringSchedulingIgnoredDuringExecution"
OWN = {"key": "metadata.name", "operator": "In", "values": ["gpu-1"]}
ZONE = {"key": "zone", "operator": "Exists"}
OTHER = {"key": "metadata.name", "operator": "NotIn", "values": ["gpu-2"]}


def terms(*wanted: Json) -> list[Json]:
    affinity = {"affinity": {"nodeAffinity": {REQUIRED: {"nodeSelectorTerms": list(wanted)}}}} if wanted else {}
    body = pinned({"spec": affinity}, {"kind": "Node", "metadata": {"name": "gpu-1"}})
    found: list[Json] = body["spec"]["affinity"]["nodeAffinity"][REQUIRED]["nodeSelectorTerms"]
    return found


@pytest.mark.parametrize(("wanted", "found"), [
    ((), [{"matchFields": [OWN]}]),
    (({"matchExpressions": [ZONE]},), [{"matchExpressions": [ZONE], "matchFields": [OWN]}]),
    (({"matchFields": [OTHER]},), [{"matchFields": [OTHER, OWN]}]),
    # A term that says nothing matches no node, and would match this one with its name in it.
    (({},), [{}]),
    (({}, {"matchExpressions": [ZONE]}), [{}, {"matchExpressions": [ZONE], "matchFields": [OWN]}]),
])  # fmt: skip
def test_the_node_is_demanded_by_each_way_to_place_the_pod(wanted: tuple[Json, ...], found: list[Json]) -> None:
    assert terms(*wanted) == found
