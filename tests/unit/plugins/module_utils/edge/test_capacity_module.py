"""The module without a cluster: nodes of the task, options that cannot be used, placement that cannot be asked for."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.autotrade.deployment.plugins.module_utils.core.simulated_nodes import node_objects
from ansible_collections.autotrade.deployment.plugins.module_utils.edge import capacity_module
from ansible_collections.autotrade.deployment.plugins.module_utils.edge.capacity_module import (
    argument_spec,
    run,
)

from tests.support.capacity import NOWHERE, judged, node, quota, situation, workload

Json = dict[str, Any]


def params(**options: Any) -> Json:
    defaults = {name: option.get("default") for name, option in argument_spec({}).items()}
    return {**defaults, "kubeconfig": NOWHERE, "nodes": [node("a")], **options}


def sealed(*objects: Json) -> str:
    return json.dumps([["given", obj] for obj in objects])


def failure(**options: Any) -> str:
    ending = run(params(**options))
    assert ending.failed
    return str(ending.result["msg"])


def test_without_a_cluster_the_given_nodes_are_judged_and_that_is_said() -> None:
    result = judged([workload("api", 9), quota(pods="20")], nodes=[node("a")], situations=["steady"])
    assert (result["judged_against"], result["changed"], result["fits"]) == ("nodes", False, False)
    assert "which have room for 8" in situation(result, "steady")["message"]
    assert "No API server could be asked, so the 1 nodes of the option nodes are judged" in result["warnings"][0]


def test_without_a_cluster_and_without_nodes_nothing_is_judged() -> None:
    assert "does not exist" in failure(definition=sealed(workload("api")), nodes=[])
    assert "does not exist" in failure(), "what stands cannot be asked for"


def test_nodes_of_an_inventory_keep_back_what_is_reserved() -> None:
    hosts = {"cpu-1": {"node_class": "cpu", "node_size": {"cpu": "8", "memory": "32Gi"}, "node_zone": "a"}}
    nodes = node_objects(hosts, "v1")
    for reserved, fits in (({}, True), ({"cpu": "1"}, False)):
        result = judged([workload("api", 8)], nodes=nodes, reserved=reserved, situations=["steady"])
        assert result["fits"] is fits


def test_only_the_asked_situations_are_answered_in_their_usual_order() -> None:
    result = judged([workload("api")], nodes=[node("a")], situations=["zone_lost", "steady"])
    assert [one["name"] for one in result["situations"]] == ["steady", "zone_lost"]


def test_objects_without_a_namespace_get_the_tasks() -> None:
    bare = workload("api", 2)
    del bare["metadata"]["namespace"]
    for options, charged in (({}, "0"), ({"namespace": "shop"}, "2")):
        result = judged([bare, quota(pods="9")], nodes=[node("a")], situations=["steady"], **options)
        assert situation(result, "steady")["quota"][0]["used"] == charged


@pytest.mark.parametrize(("options", "words"), [
    ({"scale": "much"}, "option scale is 'much'"),
    ({"blue_green": ["nobody"]}, "option blue_green names nobody, expected values of the label app of Deployments: api"),
    ({"nodes": [{"metadata": {}}]}, "option nodes or reserved cannot be used"),
    ({"definition": sealed({"kind": "Deployment"})}, "field apiVersion"),
])  # fmt: skip
def test_an_option_that_cannot_be_used_is_named(options: Json, words: str) -> None:
    assert words in failure(**{"definition": sealed(workload("api")), **options})


def test_missing_programs_are_named_and_nothing_is_taken_for_placed(tmp_path: Path) -> None:
    (tmp_path / "etcd").touch(mode=0o755)
    result = judged([workload("api")], nodes=[node("a")], placement=True, binary_directory=str(tmp_path), situations=["steady"])
    assert result["placement"]["state"] == "not_run"
    assert "lacks kube-apiserver, kube-scheduler; run playbooks/mirror.yml" in result["placement"]["reason"]
    assert situation(result, "steady")["reason"] == "Fits"
    assert judged([workload("api")], nodes=[node("a")])["placement"]["state"] == "not_asked"


def test_the_options_are_those_that_the_documentation_names() -> None:
    import yaml  # noqa: PLC0415 - the module's own documentation
    from ansible_collections.autotrade.deployment.plugins.modules import capacity_info  # noqa: PLC0415

    documented = yaml.safe_load(capacity_info.DOCUMENTATION)["options"]
    assert {name: one.get("default") for name, one in documented.items()} == {
        name: one.get("default") for name, one in capacity_module.argument_spec({}).items()
    }
    assert isinstance(yaml.safe_load(capacity_info.EXAMPLES), list)
    assert yaml.safe_load(capacity_info.RETURN)
