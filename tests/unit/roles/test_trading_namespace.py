"""The namespace: quota, defaults, priorities."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.support.manifests import Objects, of_kind


@pytest.fixture(scope="module")
def own(render: Callable[..., Objects]) -> Objects:
    return render(["trading_namespace", "trading_system"])


NAMESPACE_OVERRIDES: dict[str, Any] = {
    "trading_namespace_name": "elsewhere",
    "trading_namespace_pod_security": "baseline",
    "trading_namespace_mesh_injection": "disabled",
    "trading_namespace_limit_range": {
        "default": {"cpu": "700m", "memory": "700Mi"},
        "default_request": {"cpu": "300m", "memory": "300Mi"},
        "max": {"cpu": "3", "memory": "3Gi"},
    },
    "trading_namespace_priority_classes": {"trading-critical": 30, "trading-default": 20, "batch": 10},
    "trading_namespace_dns_namespace": "dns-ns",
    "trading_namespace_dns_app": "dns-app",
}


@pytest.mark.requirement("N1", "N3", "N6")
def test_namespace_overrides(render: Callable[..., Objects]) -> None:
    objects = render(["trading_namespace"], **NAMESPACE_OVERRIDES)["trading_namespace"]
    labels = of_kind(objects, "Namespace")["elsewhere"]["metadata"]["labels"]
    assert (labels["name"], labels["istio-injection"], labels["pod-security.kubernetes.io/enforce"]) == (
        "elsewhere",
        "disabled",
        "baseline",
    )
    limits = of_kind(objects, "LimitRange")["elsewhere-limits"]["spec"]["limits"][0]
    assert (limits["default"]["cpu"], limits["defaultRequest"]["memory"], limits["max"]["cpu"]) == ("700m", "300Mi", "3")
    assert {name: one["value"] for name, one in of_kind(objects, "PriorityClass").items()} == NAMESPACE_OVERRIDES[
        "trading_namespace_priority_classes"
    ]
    policies = json.dumps(of_kind(objects, "NetworkPolicy"))
    assert "dns-ns" in policies and "dns-app" in policies


@pytest.mark.requirement("N2")
def test_quota_holds_the_eleven_figures(own: Objects) -> None:
    hard = of_kind(own["trading_namespace"], "ResourceQuota")["trading-system-quota"]["spec"]["hard"]
    assert hard == {
        "requests.cpu": "64",
        "requests.memory": "128Gi",
        "requests.nvidia.com/gpu": "4",
        "limits.cpu": "128",
        "limits.memory": "256Gi",
        "limits.nvidia.com/gpu": "8",
        "pods": "100",
        "services": "50",
        "persistentvolumeclaims": "50",
        "secrets": "100",
        "configmaps": "100",
    }
