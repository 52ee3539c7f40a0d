"""Sabotages of scaling, budgets and placement."""

from __future__ import annotations

from tests.sabotage.registry import Object, every, find, pod_spec, remove, sabotage


@sabotage("H1", "it scales at half of the cpu")
def _(objects: list[Object]) -> None:
    hpa = find(objects, "HorizontalPodAutoscaler", "feature-engineering-hpa")
    hpa["spec"]["metrics"][0]["resource"]["target"]["averageUtilization"] = 35


@sabotage("H1", "it may shrink to one")
def _(objects: list[Object]) -> None:
    find(objects, "HorizontalPodAutoscaler", "feature-engineering-hpa")["spec"]["minReplicas"] = 1


@sabotage("H1", "it scales another Deployment")
def _(objects: list[Object]) -> None:
    find(objects, "HorizontalPodAutoscaler", "feature-engineering-hpa")["spec"]["scaleTargetRef"]["name"] = "data-pipeline"


def _scaled(objects: list[Object]) -> Object:
    spec: Object = every(objects, "ScaledObject")[0]["spec"]
    return spec


@sabotage("H2", "requests per second do not count")
def _(objects: list[Object]) -> None:
    spec = _scaled(objects)
    spec["triggers"] = [one for one in spec["triggers"] if one["type"] != "prometheus"]


@sabotage("H2", "a pod is allowed ten times the requests")
def _(objects: list[Object]) -> None:
    for trigger in _scaled(objects)["triggers"]:
        if trigger["type"] == "prometheus":
            trigger["metadata"]["threshold"] = "10000"


@sabotage("H2", "the HPA has another name")
def _(objects: list[Object]) -> None:
    _scaled(objects)["advanced"]["horizontalPodAutoscalerConfig"]["name"] = "keda-hpa"


@sabotage("H3", "the database is resized while it runs")
def _(objects: list[Object]) -> None:
    for vpa in every(objects, "VerticalPodAutoscaler"):
        if vpa["spec"]["targetRef"]["name"] == "timescaledb":
            vpa["spec"]["updatePolicy"]["updateMode"] = "Recreate"


@sabotage("H3", "a component gets no recommendation")
def _(objects: list[Object]) -> None:
    for vpa in every(objects, "VerticalPodAutoscaler"):
        if vpa["spec"]["targetRef"]["name"] == "data-pipeline":
            objects.remove(vpa)


@sabotage("H4", "two budgets select the same pods")
def _(objects: list[Object]) -> None:
    budget = find(objects, "PodDisruptionBudget", "timescaledb-pdb")
    objects.append({**budget, "metadata": {**budget["metadata"], "name": "second"}})


@sabotage("H4", "a budget never lets anything go")
def _(objects: list[Object]) -> None:
    find(objects, "PodDisruptionBudget", "timescaledb-pdb")["spec"]["minAvailable"] = 3


@sabotage("H4", "a replicated workload has no budget")
def _(objects: list[Object]) -> None:
    wanted = {"app": "data-pipeline"}
    for budget in every(objects, "PodDisruptionBudget"):
        if budget["spec"]["selector"].get("matchLabels") == wanted:
            objects.remove(budget)


@sabotage("H5", "all pods of a component stand on one host")
def _(objects: list[Object]) -> None:
    for pod in every(objects, "Pod"):
        if pod["metadata"]["labels"].get("app") == "model-inference":
            pod["spec"]["nodeName"] = "cpu-1"


@sabotage("H5", "a pod stands on a node that its affinity rules out")
def _(objects: list[Object]) -> None:
    next(p for p in every(objects, "Pod") if p["metadata"]["labels"].get("app") == "redis")["spec"]["nodeName"] = "gpu-1"


@sabotage("H5", "a component states no spread")
def _(objects: list[Object]) -> None:
    spec = pod_spec(objects, "Deployment", "data-acquisition")
    spec.pop("topologySpreadConstraints", None)
    spec["affinity"].pop("podAntiAffinity", None)


@sabotage("H5", "a pod found no place")
def _(objects: list[Object]) -> None:
    remove(objects, "Pod", "data-pipeline-0")
