"""Kinds from discovery."""

from __future__ import annotations

from ansible_collections.autotrade.deployment.plugins.module_utils.core.api_resources import (
    ResourceTable,
    ResourceType,
    from_aggregated,
    from_resource_list,
)

POD = ResourceType("", "v1", "Pod", "pods", True)
DEPLOYMENT = ResourceType("apps", "v1", "Deployment", "deployments", True)


def test_aggregated_discovery() -> None:
    resource = {"resource": "deployments", "scope": "Namespaced", "responseKind": {"kind": "Deployment"}}
    document = {"items": [{"metadata": {"name": "apps"}, "versions": [{"version": "v1", "resources": [resource]}]}]}
    assert list(from_aggregated(document)) == [DEPLOYMENT]


def test_resource_lists_of_older_servers() -> None:
    pods = {"name": "pods", "kind": "Pod", "namespaced": True}
    assert list(from_resource_list({"groupVersion": "v1", "resources": [pods, pods | {"name": "pods/log"}]})) == [POD]


def test_paths() -> None:
    assert POD.path("demo", "a") == "/api/v1/namespaces/demo/pods/a"
    assert DEPLOYMENT.path() == "/apis/apps/v1/deployments"
    assert ResourceType("", "v1", "Node", "nodes", False).path("ignored", "n") == "/api/v1/nodes/n"


def test_suggestions_name_other_versions_and_similar_kinds() -> None:
    table = ResourceTable([POD, DEPLOYMENT])
    assert table.suggest("Deployment") == "Deployment is served as apps/v1"
    assert table.suggest("Deploymnt") == "similar kinds: Deployment"
    assert table.suggest("Xyz") == "no similar kind is served"
    assert ResourceTable(ResourceType(**entry) for entry in table.dump()).find("v1", "Pod") == POD
