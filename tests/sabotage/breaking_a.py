"""Sabotages of the applications."""

from __future__ import annotations

from collections.abc import Callable

from tests.sabotage.registry import Object, container, find, pod_spec, remove, role_variables, sabotage

ZONE, HOSTNAME = "topology.kubernetes.io/zone", "kubernetes.io/hostname"


@sabotage("A1", "no probe asks whether it is ready")
def _(objects: list[Object]) -> None:
    del container(objects, "Deployment", "data-acquisition")["readinessProbe"]


@sabotage("A1", "the old pod goes before the new one is ready")
def _(objects: list[Object]) -> None:
    find(objects, "Deployment", "data-acquisition")["spec"]["strategy"]["rollingUpdate"]["maxUnavailable"] = 1


@sabotage("A1", "it stops without waiting")
def _(objects: list[Object]) -> None:
    del container(objects, "Deployment", "data-acquisition")["lifecycle"]


@sabotage("A1", "liveness asks another path")
def _(objects: list[Object]) -> None:
    container(objects, "Deployment", "data-acquisition")["livenessProbe"]["httpGet"]["path"] = "/"


@sabotage("A2", "features are written to the container")
def _(objects: list[Object]) -> None:
    spec = pod_spec(objects, "Deployment", "feature-engineering")
    spec["volumes"] = [
        {"name": one["name"], "emptyDir": {}} if "persistentVolumeClaim" in one else one for one in spec["volumes"]
    ]


@sabotage("A2", "it has half of its memory")
def _(objects: list[Object]) -> None:
    container(objects, "Deployment", "feature-engineering")["resources"]["requests"]["memory"] = "2Gi"


@sabotage("A3", "training has no GPU")
def _(objects: list[Object]) -> None:
    resources = container(objects, "Deployment", "model-training")["resources"]
    for side in ("requests", "limits"):
        resources[side].pop("nvidia.com/gpu", None)


@sabotage("A3", "a surge pod would wait for a GPU for ever")
def _(objects: list[Object]) -> None:
    find(objects, "Deployment", "model-training")["spec"]["strategy"]["rollingUpdate"] = {"maxSurge": 1, "maxUnavailable": 0}


@sabotage("A3", "the training run starts by itself")
def _(objects: list[Object]) -> None:
    find(objects, "Job", "model-training-run")["spec"]["suspend"] = False


@sabotage("A4", "the Service leads to another port")
def _(objects: list[Object]) -> None:
    find(objects, "Service", "trading-strategy")["spec"]["ports"][0]["targetPort"] = 9999


@sabotage("A4", "the Service selects nothing")
def _(objects: list[Object]) -> None:
    find(objects, "Service", "trading-strategy")["spec"]["selector"] = {"app": "nobody"}


@sabotage("A4", "nothing scales it")
def _(objects: list[Object]) -> None:
    for kind in ("ScaledObject", "HorizontalPodAutoscaler"):
        objects[:] = [
            o for o in objects if not (o["kind"] == kind and o["spec"]["scaleTargetRef"]["name"].startswith("trading-strategy"))
        ]


def _spread(objects: list[Object], name: str, topology: str, change: Callable[[Object], None]) -> None:
    for constraint in pod_spec(objects, "Deployment", name)["topologySpreadConstraints"]:
        if constraint["topologyKey"] == topology:
            change(constraint)


@sabotage("A5", "one host may take all of them")
def _(objects: list[Object]) -> None:
    _spread(objects, "model-inference", HOSTNAME, lambda one: one.update(whenUnsatisfiable="ScheduleAnyway"))


@sabotage("A5", "one per zone is required on three zones")
def _(objects: list[Object]) -> None:
    term = {"labelSelector": {"matchLabels": {"app": "model-inference"}}, "topologyKey": ZONE}
    affinity = pod_spec(objects, "Deployment", "model-inference").setdefault("affinity", {})
    affinity["podAntiAffinity"] = {"requiredDuringSchedulingIgnoredDuringExecution": [term]}


@sabotage("A6", "a lost zone blocks it")
def _(objects: list[Object]) -> None:
    _spread(objects, "data-pipeline", ZONE, lambda one: one.pop("nodeTaintsPolicy"))


@sabotage("A6", "two zones hold all of it")
def _(objects: list[Object]) -> None:
    _spread(objects, "data-pipeline", ZONE, lambda one: one.update(maxSkew=5))


@sabotage("A6", "hosts are not spread over")
def _(objects: list[Object]) -> None:
    spec = pod_spec(objects, "Deployment", "data-pipeline")
    spec["topologySpreadConstraints"] = [one for one in spec["topologySpreadConstraints"] if one["topologyKey"] != HOSTNAME]


@sabotage("A7", "position sizing is missing")
def _(objects: list[Object]) -> None:
    remove(objects, "Deployment", "position-sizing")


@sabotage("A7", "feature cache has one replica")
def _(objects: list[Object]) -> None:
    find(objects, "Deployment", "feature-cache")["spec"]["replicas"] = 1


@sabotage("A8", "an image is latest")
def _(objects: list[Object]) -> None:
    container(objects, "Deployment", "data-pipeline")["image"] = "registry.example/data-pipeline:latest"


@sabotage("A8", "a digest is missing")
def _(objects: list[Object]) -> None:
    found = container(objects, "StatefulSet", "redis")
    found["image"] = found["image"].split("@")[0]


@sabotage("A8", "an init container has no limits")
def _(objects: list[Object]) -> None:
    del pod_spec(objects, "StatefulSet", "redis")["initContainers"][0]["resources"]


@sabotage("A8", "a container runs as root")
def _(objects: list[Object]) -> None:
    container(objects, "Deployment", "feature-cache")["securityContext"]["runAsNonRoot"] = False


@sabotage("A8", "a root file system can be written")
def _(objects: list[Object]) -> None:
    container(objects, "Deployment", "model-inference")["securityContext"]["readOnlyRootFilesystem"] = False


@sabotage("A8", "two components share an account")
def _(objects: list[Object]) -> None:
    pod_spec(objects, "Deployment", "data-validation")["serviceAccountName"] = "data-pipeline"


@sabotage("A8", "the database may run on 64K pages")
def _(objects: list[Object]) -> None:
    affinity = pod_spec(objects, "StatefulSet", "timescaledb")["affinity"]["nodeAffinity"]
    for term in affinity["requiredDuringSchedulingIgnoredDuringExecution"]["nodeSelectorTerms"]:
        term["matchExpressions"] = [one for one in term["matchExpressions"] if one["key"] != "autotrade.deployment/page-size"]
        term["matchExpressions"] = [one for one in term["matchExpressions"] if one["key"] != "autotrade.deployment/node-class"]


@sabotage("A8", "a component may run on any architecture")
def _(objects: list[Object]) -> None:
    del pod_spec(objects, "Deployment", "trading-strategy")["affinity"]["nodeAffinity"]


@sabotage("A9", "a shared claim is for one node")
def _(objects: list[Object]) -> None:
    find(objects, "PersistentVolumeClaim", "models-pvc")["spec"]["accessModes"] = ["ReadWriteOnce"]


@sabotage("A9", "a claim is on the fast class")
def _(objects: list[Object]) -> None:
    find(objects, "PersistentVolumeClaim", "data-pvc")["spec"]["storageClassName"] = "fast"


role_variables(
    "A5", "the role is told that one per zone is required", "trading_system", trading_system_inference_zones="required_per_zone"
)
role_variables("A9", "the role is told to put the claims on standard", "trading_system", trading_system_claims_class="standard")
