"""Sabotages of the deployment strategies."""

from __future__ import annotations

from tests.sabotage.registry import Object, find, remove, sabotage


@sabotage("D1", "a Deployment is recreated")
def _(objects: list[Object]) -> None:
    find(objects, "Deployment", "data-validation")["spec"]["strategy"] = {"type": "Recreate"}


@sabotage("D1", "a StatefulSet waits to be deleted")
def _(objects: list[Object]) -> None:
    find(objects, "StatefulSet", "timescaledb")["spec"]["updateStrategy"] = {"type": "OnDelete"}


@sabotage("D2", "there is no green Deployment")
def _(objects: list[Object]) -> None:
    remove(objects, "Deployment", "trading-strategy-green")


@sabotage("D2", "the preview shows what is live")
def _(objects: list[Object]) -> None:
    live = find(objects, "Service", "trading-strategy")["spec"]["selector"]
    find(objects, "Service", "trading-strategy-preview")["spec"]["selector"] = dict(live)


@sabotage("D2", "the live Service selects both colours")
def _(objects: list[Object]) -> None:
    find(objects, "Service", "trading-strategy")["spec"]["selector"].pop("version")


@sabotage("D3", "half of the requests go to the new version at once")
def _(objects: list[Object]) -> None:
    routes = find(objects, "VirtualService", "trading-strategy")["spec"]["http"][0]["route"]
    for route in routes:
        route["weight"] = 50


@sabotage("D3", "subset v2 is missing")
def _(objects: list[Object]) -> None:
    spec = find(objects, "DestinationRule", "trading-strategy")["spec"]
    spec["subsets"] = [one for one in spec["subsets"] if one["name"] != "v2"]
