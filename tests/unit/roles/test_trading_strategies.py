"""The three ways of rolling trading-strategy out, and the placement of model-inference."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.support.manifests import Objects, container, of_kind, pod


@pytest.fixture(scope="module")
def own(render: Callable[..., Objects]) -> Objects:
    return render(["trading_namespace", "trading_system"])


@pytest.mark.requirement("D1")
def test_rolling_renews_pod_by_pod(own: Objects) -> None:
    deployments = of_kind(own["trading_system"], "Deployment")
    surges = {name: tuple(one["spec"]["strategy"]["rollingUpdate"].values()) for name, one in deployments.items()}
    assert surges.pop("model-training") == (0, 1), "a surge pod would wait for a GPU for ever"
    assert set(surges.values()) == {(1, 0)}
    assert "trading-strategy" in deployments


@pytest.mark.requirement("D2")
@pytest.mark.parametrize(("live", "idle"), [("blue", "green"), ("green", "blue")])
def test_blue_green_has_two_sides_and_one_live(render: Callable[..., Objects], live: str, idle: str) -> None:
    setting = {"live": live, "replicas": {"live": 4, "idle": 1}}
    objects = render(["trading_system"], trading_system_strategy="blue_green", trading_system_blue_green=setting)[
        "trading_system"
    ]
    deployments, services = of_kind(objects, "Deployment"), of_kind(objects, "Service")
    assert "trading-strategy" not in deployments
    assert [deployments[f"trading-strategy-{side}"]["spec"]["replicas"] for side in (live, idle)] == [4, 1]
    for side in ("blue", "green"):
        assert deployments[f"trading-strategy-{side}"]["spec"]["selector"]["matchLabels"] == {
            "app": "trading-strategy",
            "version": side,
        }
    assert services["trading-strategy"]["spec"]["selector"] == {"app": "trading-strategy", "version": live}
    assert services["trading-strategy-preview"]["spec"]["selector"] == {"app": "trading-strategy", "version": idle}
    needed = services["trading-strategy"]["metadata"]["annotations"]["config.kubernetes.io/depends-on"]
    assert needed == f"apps/namespaces/trading-system/Deployment/trading-strategy-{live}", (
        "requests would move before it is ready"
    )
    images = {side: container(deployments[f"trading-strategy-{side}"])["image"] for side in ("blue", "green")}
    assert images["blue"] != images["green"]


@pytest.mark.requirement("D3")
def test_canary_shares_by_weight(render: Callable[..., Objects]) -> None:
    setting = {"stable": "v1", "replicas": {"v1": 3, "v2": 2}, "weights": {"v1": 75, "v2": 25}}
    objects = render(["trading_system"], trading_system_strategy="canary", trading_system_canary=setting)["trading_system"]
    routes = of_kind(objects, "VirtualService")["trading-strategy"]["spec"]["http"][0]["route"]
    assert [(one["destination"]["subset"], one["weight"]) for one in routes] == [("v1", 75), ("v2", 25)]
    subsets = {one["name"]: one["labels"] for one in of_kind(objects, "DestinationRule")["trading-strategy"]["spec"]["subsets"]}
    deployments = of_kind(objects, "Deployment")
    for version, replicas in (("v1", 3), ("v2", 2)):
        deployment = deployments[f"trading-strategy-{version}"]
        assert deployment["spec"]["replicas"] == replicas
        assert subsets[version].items() <= deployment["spec"]["template"]["metadata"]["labels"].items()
    assert of_kind(objects, "Service")["trading-strategy"]["spec"]["selector"] == {"app": "trading-strategy"}


@pytest.mark.parametrize("strategy", ["rolling", "blue_green", "canary"])
def test_one_budget_selects_each_pod(render: Callable[..., Objects], strategy: str) -> None:
    """Kubernetes refuses to evict a pod that two budgets select."""
    objects = render(["trading_system"], trading_system_strategy=strategy)["trading_system"]
    budgets = [one["spec"]["selector"]["matchLabels"] for one in of_kind(objects, "PodDisruptionBudget").values()]
    for name, deployment in of_kind(objects, "Deployment").items():
        labels = deployment["spec"]["template"]["metadata"]["labels"].items()
        assert sum(selector.items() <= labels for selector in budgets) == 1, name


@pytest.mark.requirement("A5")
def test_one_replica_per_zone_leaves_no_room_for_a_surge(render: Callable[..., Objects]) -> None:
    inference = of_kind(
        render(["trading_system"], trading_system_inference_zones="required_per_zone")["trading_system"], "Deployment"
    )["model-inference"]
    required = pod(inference)["affinity"]["podAntiAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"]
    assert [term["topologyKey"] for term in required] == ["topology.kubernetes.io/zone"]
    assert inference["spec"]["strategy"]["rollingUpdate"] == {"maxSurge": 0, "maxUnavailable": 1}


@pytest.mark.requirement("A4", "H2")
@pytest.mark.parametrize(
    ("strategy", "expected"),
    [("rolling", "trading-strategy"), ("blue_green", "trading-strategy-green"), ("canary", "trading-strategy-v1")],
)
def test_the_autoscaler_follows_the_live_deployment(render: Callable[..., Objects], strategy: str, expected: str) -> None:
    setting = {"live": "green", "replicas": {"live": 3, "idle": 3}}
    roles = render(["trading_system", "autoscaling"], trading_system_strategy=strategy, trading_system_blue_green=setting)
    targets = {
        one["spec"]["scaleTargetRef"]["name"]
        for one in roles["autoscaling"]
        if one["kind"] in ("ScaledObject", "HorizontalPodAutoscaler")
    }
    assert expected in targets
    assert targets <= set(of_kind(roles["trading_system"], "Deployment")), "an autoscaler without a Deployment"
