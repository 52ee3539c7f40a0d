"""Sabotages of namespace, quota, defaults and priorities."""

from __future__ import annotations

from tests.sabotage.registry import Object, container, every, find, pod_spec, remove, role_variables, sabotage

QUOTA = "trading-system-quota"


@sabotage("N1", "the namespace admits privileged pods")
def _(objects: list[Object]) -> None:
    find(objects, "Namespace", "trading-system")["metadata"]["labels"]["pod-security.kubernetes.io/enforce"] = "privileged"


@sabotage("N1", "the namespace has lost its label")
def _(objects: list[Object]) -> None:
    del find(objects, "Namespace", "trading-system")["metadata"]["labels"]["name"]


def _break_quota(key: str) -> None:
    @sabotage("N2", f"the quota lacks {key}")
    def _(objects: list[Object]) -> None:
        del find(objects, "ResourceQuota", QUOTA)["spec"]["hard"][key]


for figure in (
    "requests.cpu",
    "requests.memory",
    "requests.nvidia.com/gpu",
    "limits.cpu",
    "limits.memory",
    "limits.nvidia.com/gpu",
    "pods",
    "services",
    "persistentvolumeclaims",
    "secrets",
    "configmaps",
):
    _break_quota(figure)


@sabotage("N2", "memory is counted in decimal")
def _(objects: list[Object]) -> None:
    find(objects, "ResourceQuota", QUOTA)["spec"]["hard"]["requests.memory"] = "128G"


@sabotage("N3", "containers have no default limit")
def _(objects: list[Object]) -> None:
    for limit in every(objects, "LimitRange")[0]["spec"]["limits"]:
        limit.pop("default", None)


@sabotage("N3", "there is no limit range")
def _(objects: list[Object]) -> None:
    for found in every(objects, "LimitRange"):
        objects.remove(found)


@sabotage("N4", "a component asks for more than the quota")
def _(objects: list[Object]) -> None:
    find(objects, "Deployment", "data-pipeline")["spec"]["replicas"] = 90


@sabotage("N4", "the inventory has three CPU workers")
def _(objects: list[Object]) -> None:
    for number in range(4, 10):
        remove(objects, "Node", f"cpu-{number}")


@sabotage("N4", "a component matches no node")
def _(objects: list[Object]) -> None:
    pod_spec(objects, "Deployment", "position-sizing")["nodeSelector"] = {"autotrade.deployment/node-class": "mainframe"}


@sabotage("N4", "a component's scratch space is larger than any node's, though not than all of them together")
def _(objects: list[Object]) -> None:
    container(objects, "Deployment", "data-validation")["resources"]["requests"]["ephemeral-storage"] = "300Gi"


@sabotage("N4", "a container states no limit that the quota demands")
def _(objects: list[Object]) -> None:
    del container(objects, "Deployment", "data-validation")["resources"]["limits"]["memory"]
    for found in every(objects, "LimitRange"):
        objects.remove(found)


@sabotage("N5", "the heap is fixed")
def _(objects: list[Object]) -> None:
    _java_options(objects, "-XX:MaxRAMPercentage=", "-Xmx3g ")


@sabotage("N5", "the garbage collector is the default one")
def _(objects: list[Object]) -> None:
    _java_options(objects, "-XX:+UseG1GC", "")


@sabotage("N5", "the heap dump goes to the temporary directory")
def _(objects: list[Object]) -> None:
    _java_options(objects, "-XX:HeapDumpPath=", "-XX:HeapDumpPath=/tmp/")


def _java_options(objects: list[Object], old: str, new: str) -> None:
    for variable in container(objects, "Deployment", "java-component")["env"]:
        if variable["name"] == "JAVA_OPTS":
            variable["value"] = variable["value"].replace(old, new)


@sabotage("N6", "batch comes before trading")
def _(objects: list[Object]) -> None:
    find(objects, "PriorityClass", "batch")["value"] = 2000000


@sabotage("N6", "a component has no priority")
def _(objects: list[Object]) -> None:
    del pod_spec(objects, "Deployment", "position-sizing")["priorityClassName"]


@sabotage("N6", "a storage node is open to everybody")
def _(objects: list[Object]) -> None:
    find(objects, "Node", "storage-1")["spec"]["taints"] = []


@sabotage("N6", "training does not tolerate the GPU taint")
def _(objects: list[Object]) -> None:
    pod_spec(objects, "Deployment", "model-training")["tolerations"] = []


role_variables(
    "N4",
    "the idle side of blue and green is larger than the quota allows",
    "trading_system",
    trading_system_blue_green={"live": "blue", "replicas": {"live": 3, "idle": 9}},
)
role_variables("N1", "the role is told to admit baseline pods", "trading_namespace", trading_namespace_pod_security="baseline")
