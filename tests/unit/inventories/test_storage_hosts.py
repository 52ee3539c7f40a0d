"""What the playbooks do on hosts for LINSTOR: disks and DRBD's headers, on every host that its objects count on."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from tests.conftest import ROOT

pytestmark = pytest.mark.requirement("C4")
ROLE = "autotrade.deployment.storage_node"


def asked(playbook: str, tasks_from: str) -> list[tuple[str, str]]:
    """The hosts and the condition of each task that runs a part of role storage_node by its own name."""
    plays: list[dict[str, Any]] = yaml.safe_load((ROOT / "playbooks" / playbook).read_text(encoding="utf-8"))
    wanted = {"name": ROLE, "tasks_from": tasks_from}
    return [
        (play["hosts"], task["when"])
        for play in plays
        for task in play["tasks"]
        if task.get("ansible.builtin.include_role") == wanted
    ]


@pytest.mark.parametrize(("playbook", "part", "quote"), [("provision.yml", "host", '"'), ("preflight.yml", "look", "'")])
def test_hosts_of_other_classes_may_have_disks_for_volumes(playbook: str, part: str, quote: str) -> None:
    condition = f"node_class != {quote}storage{quote} and storage_node_volume_groups | default({{}}) | length > 0"
    assert asked(playbook, part) == [("cluster_hosts:!control_plane", condition)]


def test_every_host_but_those_with_gpus_can_build_drbd() -> None:
    assert asked("provision.yml", "drbd") == [("cluster_hosts", 'cluster_platform == "bare_metal" and node_class != "gpu"')]


def test_those_with_gpus_are_not_asked_to(exported: Any) -> None:
    (gpu,) = (obj for obj in exported("prod")["storage_classes"] if obj["metadata"]["name"] == "gpu-nodes")
    (term,) = gpu["spec"]["nodeAffinity"]["nodeSelectorTerms"]
    assert term["matchExpressions"] == [{"key": "autotrade.deployment/node-class", "operator": "In", "values": ["gpu"]}]
    (loader,) = gpu["spec"]["podTemplate"]["spec"]["initContainers"]
    assert (loader["name"], loader["env"]) == ("drbd-module-loader", [{"name": "LB_HOW", "value": "deps_only"}])
