"""Kinds from discovery."""

from __future__ import annotations

from ansible_collections.autotrade.deployment.plugins.module_utils.core.api_resources import (
    ResourceTable,
    ResourceType,
    from_aggregated,
    from_resource_list,
    version_rank,
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


def test_a_kind_by_group_alone_is_the_preferred_version() -> None:
    versions = ["v1alpha1", "v2beta1", "v1", "v10", "v2", "v1beta10", "nonsense"]
    table = ResourceTable(ResourceType("example.com", version, "Widget", "widgets", True) for version in versions)
    assert sorted(versions, key=version_rank) == ["nonsense", "v1alpha1", "v1beta10", "v2beta1", "v1", "v2", "v10"]
    found = table.find_group_kind("example.com", "Widget")
    assert found is not None
    assert found.version == "v10"
    assert table.find_group_kind("other.example.com", "Widget") is None


def test_one_version_is_replaced_and_the_others_stand() -> None:
    scale = ResourceType("apps", "v1", "Scale", "scales", True)
    assert list(ResourceTable([POD, DEPLOYMENT]).with_version("apps/v1", [scale])) == [POD, scale]
    assert list(ResourceTable([POD, DEPLOYMENT]).with_version("apps/v1", [])) == [POD]
