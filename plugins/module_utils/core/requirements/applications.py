# Copyright (c) autotrade.deployment engineers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A: the applications of the trading system (specification, sections 4.2, 5, 6.2, 7, 8, 9.4 and 10)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from ansible_collections.autotrade.deployment.plugins.module_utils.core.capacity.autoscalers import autoscaled
from ansible_collections.autotrade.deployment.plugins.module_utils.core.requirements import hygiene
from ansible_collections.autotrade.deployment.plugins.module_utils.core.requirements.model import (
    Cluster,
    Verdict,
    check,
    differs,
    expect,
    expect_amount,
    judged,
    missing,
    where_is,
)
from ansible_collections.autotrade.deployment.plugins.module_utils.core.requirements.nodes import GPU
from ansible_collections.autotrade.deployment.plugins.module_utils.core.requirements.reading import (
    amount,
    items,
    mapping,
    selects,
    text,
    texts,
    value,
    whole,
)
from ansible_collections.autotrade.deployment.plugins.module_utils.core.requirements.workloads import Workload

# The port that every component listens on, the port of its Service, the seconds that preStop waits (specification, 5.1).
PORT, SERVICE_PORT, SLEEP = 8080, 80, 10
CLAIMS = ("data-pvc", "features-pvc", "models-pvc", "strategies-pvc")


@dataclass(frozen=True)
class Shape:
    """One component's figures: replicas, requests and limits (cpu, memory), claims by mount path."""

    replicas: int
    cpu: tuple[str, str]
    memory: tuple[str, str]
    claims: Mapping[str, str] = field(default_factory=dict)
    gpu: int = 0
    surge: tuple[int, int] = (1, 0)


DATA, FEATURES, MODELS = {"/app/data": "data-pvc"}, {"/app/features": "features-pvc"}, {"/app/models": "models-pvc"}
SHAPES: Mapping[str, Shape] = {
    "data-acquisition": Shape(3, ("1", "2"), ("2Gi", "4Gi"), DATA),
    "feature-engineering": Shape(3, ("2", "4"), ("4Gi", "8Gi"), {**DATA, **FEATURES}),
    "model-training": Shape(2, ("4", "8"), ("16Gi", "32Gi"), {**FEATURES, **MODELS}, gpu=1, surge=(0, 1)),
    "trading-strategy": Shape(3, ("2", "4"), ("4Gi", "8Gi"), {**MODELS, "/app/strategies": "strategies-pvc"}),
    "model-inference": Shape(6, ("0.5", "1"), ("1.5Gi", "3Gi")),
    "data-pipeline": Shape(9, ("0.25", "0.5"), ("0.5Gi", "1Gi")),
    "data-validation": Shape(3, ("0.5", "1"), ("0.5Gi", "1Gi")),
    "feature-cache": Shape(2, ("0.5", "1"), ("0.5Gi", "1Gi")),
    "position-sizing": Shape(3, ("1", "1"), ("1Gi", "2Gi")),
    "metrics-collection": Shape(2, ("0.25", "0.5"), ("0.25Gi", "0.5Gi")),
}
REST = ("data-validation", "feature-cache", "position-sizing", "metrics-collection")


def deployments_of(cluster: Cluster, name: str) -> list[Workload]:
    """The Deployment of a component, or its blue and green ones, or its canary's."""
    namespace = cluster.settings.namespace
    return [w for w in cluster.workloads(namespace) if w.kind == "Deployment" and w.component == name]


def component(cluster: Cluster, name: str) -> Iterator[str]:
    """Every problem of one component against its shape."""
    found, shape = deployments_of(cluster, name), SHAPES[name]
    if not found:
        yield missing("Deployment", name, cluster.settings.namespace, f"role trading_system (trading_system_overrides.{name})")
    for workload in found:
        yield from _shape(cluster, workload, shape, f"trading_system_overrides.{name}")


def _shape(cluster: Cluster, workload: Workload, shape: Shape, setting: str) -> Iterator[str]:
    where, scale = workload.where, cluster.settings.scale
    if workload.replicas != shape.replicas and not (cluster.observed and autoscaled(cluster, workload)):
        yield differs(where, "spec.replicas", workload.replicas, shape.replicas, setting)
    if not selects(value(workload.obj, "spec", "selector"), workload.labels):
        yield f"{where}: spec.selector does not match the labels of its own template (role trading_system)"
    for resource, figures in (("cpu", shape.cpu), ("memory", shape.memory)):
        for side, expected in zip(("requests", "limits"), figures, strict=True):
            path = f"resources.{side}.{resource}"
            yield from expect_amount(
                where, value(workload.main, "resources", side, resource), path, expected, setting, scale=scale
            )
    for side in ("requests", "limits"):
        gpus = amount(value(workload.main, "resources", side, GPU)) or 0
        if gpus != shape.gpu:
            yield differs(where, f"resources.{side}[{GPU}]", value(workload.main, "resources", side, GPU), shape.gpu, setting)
    mounts = workload.mounts()
    for path, claim in shape.claims.items():
        if mounts.get(path) != claim:
            yield differs(where, f"claim mounted at {path}", mounts.get(path), claim, setting)
    yield from strategy(workload, shape.surge, setting)


def strategy(workload: Workload, surge: tuple[int, int], setting: str) -> Iterator[str]:
    """RollingUpdate with the given maxSurge and maxUnavailable."""
    yield from expect(workload.where, workload.obj, "spec.strategy.type", "RollingUpdate", setting)
    for key, expected in zip(("maxSurge", "maxUnavailable"), surge, strict=True):
        yield from expect(workload.where, workload.obj, f"spec.strategy.rollingUpdate.{key}", expected, setting)


def health(workload: Workload, setting: str) -> Iterator[str]:
    """Probes on /health/ready and /health/live at 8080, and a native preStop sleep of 10 seconds."""
    main, container = workload.main, next((c for c in workload.containers if c.spec is workload.main), None)
    delayed = bool(mapping(main, "startupProbe"))
    for probe, path, delay, period in (("readinessProbe", "/health/ready", 10, 5), ("livenessProbe", "/health/live", 20, 10)):
        yield from expect(workload.where, main, f"{probe}.httpGet.path", path, setting)
        port = value(main, probe, "httpGet", "port")
        if container is None or container.port(port) != PORT:
            yield differs(workload.where, f"{probe}.httpGet.port", port, PORT, setting)
        yield from expect(workload.where, main, f"{probe}.periodSeconds", period, setting)
        if not delayed:
            yield from expect(workload.where, main, f"{probe}.initialDelaySeconds", delay, setting)
    yield from expect(workload.where, main, "lifecycle.preStop.sleep.seconds", SLEEP, setting)
    grace = whole(workload.spec, "terminationGracePeriodSeconds")
    if grace is not None and grace <= SLEEP:
        yield f"{workload.where}: terminationGracePeriodSeconds is {grace}, expected above the {SLEEP} of preStop ({setting})"


def component_verdict(cluster: Cluster, name: str, *more: Iterator[str]) -> Verdict:
    problems = list(component(cluster, name))
    for workload in deployments_of(cluster, name):
        problems += health(workload, f"trading_system_overrides.{name}")
    for extra in more:
        problems += extra
    shape = SHAPES[name]
    figures = f"{shape.replicas} x {'-'.join(shape.cpu)} cpu, {'-'.join(shape.memory)}"
    claims = ", ".join(f"{claim} at {path}" for path, claim in shape.claims.items()) or "no claims"
    return judged(problems, f"{name}: {figures}, {claims}", "" if cluster.observed else "whether the pods run")


def available(cluster: Cluster, name: str) -> Iterator[str]:
    """On a live cluster: as many pods are available as are asked for."""
    for workload in deployments_of(cluster, name) if cluster.observed else []:
        available = whole(workload.obj, "status", "availableReplicas") or 0
        if available < workload.replicas:
            yield f"{workload.where}: {available} of {workload.replicas} pods are available (readiness_info says why)"


@check("A1", "data-acquisition")
def data_acquisition(cluster: Cluster) -> Verdict:
    """Figures, claim, strategy, probes, preStop."""
    return component_verdict(cluster, "data-acquisition", available(cluster, "data-acquisition"))


@check("A2", "feature-engineering")
def feature_engineering(cluster: Cluster) -> Verdict:
    """Figures and claims."""
    return component_verdict(cluster, "feature-engineering", available(cluster, "feature-engineering"))


@check("A3", "model-training with a GPU, and its suspended run")
def model_training(cluster: Cluster) -> Verdict:
    """The Deployment without surge and the Job ``model-training-run``."""
    return component_verdict(cluster, "model-training", available(cluster, "model-training"), _training_run(cluster))


def _training_run(cluster: Cluster) -> Iterator[str]:
    job, setting = cluster.workload("Job", "model-training-run"), "trading_system_overrides.model-training"
    if job is None:
        yield missing("Job", "model-training-run", cluster.settings.namespace, "role trading_system")
        return
    # A started run is no longer suspended: on a live cluster both are right.
    if not cluster.observed:
        yield from expect(job.where, job.obj, "spec.suspend", True, setting)
    if job.mounts().get("/app/models") != "models-pvc":
        yield differs(job.where, "claim mounted at /app/models", job.mounts().get("/app/models"), "models-pvc", setting)
    for side in ("requests", "limits"):
        if (amount(value(job.main, "resources", side, GPU)) or 0) != 1:
            yield differs(job.where, f"resources.{side}[{GPU}]", value(job.main, "resources", side, GPU), 1, setting)
    for side, figures in {"requests": ("4", "16Gi"), "limits": ("8", "32Gi")}.items():
        for resource, expected in zip(("cpu", "memory"), figures, strict=True):
            found = value(job.main, "resources", side, resource)
            yield from expect_amount(
                job.where, found, f"resources.{side}.{resource}", expected, setting, scale=cluster.settings.scale
            )


@check("A4", "trading-strategy and its Service")
def trading_strategy(cluster: Cluster) -> Verdict:
    """Figures, claims, Service 80 to 8080, the autoscaler's target."""
    name = "trading-strategy"
    return component_verdict(cluster, name, available(cluster, name), _service(cluster), _scaler_target(cluster))


def _service(cluster: Cluster) -> Iterator[str]:
    name = "trading-strategy"
    service = cluster.get("Service", name, cluster.settings.namespace)
    if service is None:
        yield missing("Service", name, cluster.settings.namespace, "role trading_system")
        return
    workloads = deployments_of(cluster, name)
    ports = [port for port in items(service, "spec", "ports") if value(port, "port") == SERVICE_PORT]
    targets = [c.port(value(port, "targetPort")) for port in ports for w in workloads for c in w.containers if c.spec is w.main]
    if not ports or any(target != PORT for target in targets):
        yield differs(where_is(service), "spec.ports", value(service, "spec", "ports"), "80 to 8080", "role trading_system")
    selector = mapping(service, "spec", "selector")
    if not selector or not any(selects({"matchLabels": selector}, workload.labels) for workload in workloads):
        yield f"{where_is(service)}: spec.selector {dict(selector)} matches no pods of {name} (role trading_system)"


def _scaler_target(cluster: Cluster) -> Iterator[str]:
    workloads = deployments_of(cluster, "trading-strategy")
    if workloads and not any(autoscaled(cluster, workload) for workload in workloads):
        yield f"no autoscaler targets {', '.join(w.where for w in workloads)} (role autoscaling)"


@check("A7", "The remaining components")
def rest(cluster: Cluster) -> Verdict:
    """data-validation, feature-cache, position-sizing, metrics-collection in the shape of the others."""
    problems = [problem for name in REST for problem in component(cluster, name)]
    for name in REST:
        problems += available(cluster, name)
        for workload in deployments_of(cluster, name):
            problems += health(workload, f"trading_system_overrides.{name}")
    return judged(problems, ", ".join(REST), "" if cluster.observed else "whether the pods run")


@check("A8", "Every container: resources, probes, image, security, placement")
def every_container(cluster: Cluster) -> Verdict:
    """Each rule over every rendered pod template, platform pods' exceptions one by one."""
    containers = cluster.containers()
    if not cluster.containers(cluster.settings.namespace):
        return judged([f"namespace {cluster.settings.namespace} has no container (role trading_system)"], "")
    used = hygiene.excuses_used(cluster)
    excuses = f", {len(used)} exceptions of platform pods" if used else ""
    success = f"{len(containers)} containers of {len(cluster.workloads())} workloads{excuses}"
    return judged(hygiene.problems(cluster), success)


@check("A9", "Shared claims")
def claims(cluster: Cluster) -> Verdict:
    """Four ReadWriteMany claims on class ``shared``; bound on a live cluster."""
    problems: list[str] = []
    for name in CLAIMS:
        claim = cluster.get("PersistentVolumeClaim", name, cluster.settings.namespace)
        if claim is None:
            problems.append(
                missing("PersistentVolumeClaim", name, cluster.settings.namespace, "role trading_system (trading_system_claims)")
            )
            continue
        problems += expect(where_is(claim), claim, "spec.storageClassName", "shared", "trading_system_claims")
        if texts(claim, "spec", "accessModes") != ["ReadWriteMany"]:
            problems.append(
                differs(
                    where_is(claim),
                    "spec.accessModes",
                    value(claim, "spec", "accessModes"),
                    ["ReadWriteMany"],
                    "trading_system_claims",
                )
            )
        if not amount(value(claim, "spec", "resources", "requests", "storage")):
            problems.append(f"{where_is(claim)}: spec.resources.requests.storage is not set (trading_system_claims)")
        if cluster.observed and text(claim, "status", "phase") != "Bound":
            problems.append(
                differs(where_is(claim), "status.phase", value(claim, "status", "phase"), "Bound", "the storage class shared")
            )
    return judged(problems, f"{', '.join(CLAIMS)} on shared, ReadWriteMany", "" if cluster.observed else "whether they are bound")
