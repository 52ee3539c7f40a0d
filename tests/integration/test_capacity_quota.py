"""The arithmetic of capacity against Kubernetes' own: what the API server makes of pods, and what the quota controller counts."""

from __future__ import annotations

import random
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timezone
from fractions import Fraction
from typing import Any

import pytest
from ansible_collections.autotrade.deployment.plugins.module_utils.core.capacity.admission import admitted
from ansible_collections.autotrade.deployment.plugins.module_utils.core.capacity.amounts import resources_at
from ansible_collections.autotrade.deployment.plugins.module_utils.core.capacity.pods import pod_limits, pod_requests
from ansible_collections.autotrade.deployment.plugins.module_utils.core.capacity.quotas import counted, used
from ansible_collections.autotrade.deployment.plugins.module_utils.core.requirements.model import Cluster as Objects

from tests.integration.booted import Cluster, Json
from tests.integration.generated_pods import EXTENDED, HUGE, Drawn

DRAWN, LEAST = 300, 200
COMPUTE = ("cpu", "memory", "requests.cpu", "requests.memory", "requests.ephemeral-storage", "limits.cpu", "limits.memory")
COUNTS = ("pods", "count/pods", "services", "services.loadbalancers", "services.nodeports")
NAMED = ("configmaps", "count/secrets", "secrets", "resourcequotas")
STORAGE = ("persistentvolumeclaims", "requests.storage", "quick.storageclass.storage.k8s.io/requests.storage")
ALL = (*COMPUTE, *COUNTS, *NAMED, *STORAGE, "limits.ephemeral-storage", f"requests.{EXTENDED}", HUGE, f"requests.{HUGE}")
PLENTY = "1000000"


@pytest.fixture(scope="module")
def classes(cluster: Cluster) -> tuple[str, str]:
    """A RuntimeClass with overhead and a PriorityClass."""
    heavy = {"metadata": {"name": "heavy"}, "handler": "heavy", "overhead": {"podFixed": {"cpu": "75m", "memory": "96Mi"}}}
    cluster.create("/apis/node.k8s.io/v1/runtimeclasses", heavy)
    cluster.create("/apis/scheduling.k8s.io/v1/priorityclasses", {"metadata": {"name": "drawn"}, "value": 1000})
    return "heavy", "drawn"


@pytest.fixture(scope="module")
def seed() -> int:
    """Printed with a failure, so that it can be drawn again."""
    found = random.randrange(2**32)
    print(f"pods drawn from seed {found}")
    return found


def objects_of(cluster: Cluster, namespace: str) -> list[Json]:
    """What a quota of the namespace may count, as the API server shows it."""
    kinds = {
        "Pod": "pods",
        "Service": "services",
        "ConfigMap": "configmaps",
        "Secret": "secrets",
        "PersistentVolumeClaim": "persistentvolumeclaims",
        "ResourceQuota": "resourcequotas",
    }
    found = ((kind, cluster.items(f"/api/v1/namespaces/{namespace}/{plural}")) for kind, plural in kinds.items())
    return [{"apiVersion": "v1", "kind": kind, **obj} for kind, listed in found for obj in listed]


def world_of(cluster: Cluster, namespace: str) -> Objects:
    """The objects that decide what becomes of a pod."""
    ranges = cluster.items(f"/api/v1/namespaces/{namespace}/limitranges")
    classes = cluster.items("/apis/node.k8s.io/v1/runtimeclasses")
    priorities = cluster.items("/apis/scheduling.k8s.io/v1/priorityclasses")
    named = (("LimitRange", ranges), ("RuntimeClass", classes), ("PriorityClass", priorities))
    return Objects({"kind": kind, **obj} for kind, listed in named for obj in listed)


def create_all(cluster: Cluster, path: str, bodies: list[Json]) -> list[Json]:
    with ThreadPoolExecutor(8) as pool:
        return list(pool.map(lambda body: cluster.create(path, body), bodies))


def create_valid(cluster: Cluster, path: str, bodies: list[Json]) -> list[tuple[Json, Json]]:
    """What was asked for and what became of it; shapes that the API knows as invalid are left out."""
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda body: cluster.request("POST", path, body), bodies))
    assert {answer.status for answer in answers} <= {201, 422}, [one.body for one in answers if one.status not in (201, 422)][:1]
    return [(body, answer.body) for body, answer in zip(bodies, answers, strict=True) if answer.status == 201]


def quota(name: str, keys: tuple[str, ...], **spec: Any) -> Json:
    return {"metadata": {"name": name}, "spec": {"hard": dict.fromkeys(keys, PLENTY), **spec}}


def limit_range() -> Json:
    """Defaults of every sort: a limit from max, a request from the limit, a request from min."""
    container = {
        "type": "Container",
        "max": {"cpu": "64", "memory": "64Gi", "ephemeral-storage": "64Gi"},
        "default": {"memory": "4Gi"},
        "defaultRequest": {"cpu": "30m"},
        "min": {"cpu": "0", "ephemeral-storage": "1Mi"},
    }
    return {"metadata": {"name": "defaults"}, "spec": {"limits": [container]}}


def as_fractions(found: Any) -> dict[str, Fraction]:
    return resources_at({"found": found}, "found")


@pytest.mark.requirement("N4")
@pytest.mark.parametrize("defaults", [True, False], ids=["with defaults", "without defaults"])
def test_our_sums_are_those_of_the_quota_controller(
    cluster: Cluster, namespace: str, classes: tuple[str, str], seed: int, defaults: bool
) -> None:
    base = f"/api/v1/namespaces/{namespace}"
    if defaults:
        cluster.create(f"{base}/limitranges", limit_range())
    drawn = Drawn(seed + defaults, *classes)
    templates = [drawn.pod(f"drawn-{number}", silent=True) for number in range(DRAWN)]
    stored = create_valid(cluster, f"{base}/pods", templates)
    assert len(stored) >= LEAST
    world = world_of(cluster, namespace)
    for template, pod in stored:
        ours = admitted(template, namespace, world)
        assert (pod_requests(ours), pod_limits(ours)) == (pod_requests(pod), pod_limits(pod)), template
        assert ours["spec"]["priority"] == pod["spec"]["priority"]
    end_some(cluster, base, [pod for _template, pod in stored])
    others(cluster, base)
    scoped = scoped_quotas()
    create_all(cluster, f"{base}/resourcequotas", scoped)
    # The one that counts quotas too comes last: admission charges a new quota to those that it has heard of.
    for name in [*(one["metadata"]["name"] for one in scoped), "all"]:
        path = f"{base}/resourcequotas/{name}"
        if name == "all":
            cluster.create(f"{base}/resourcequotas", quota("all", ALL))
        found = cluster.get(path)
        assert all(counted(key) for key in found["spec"]["hard"])
        ours = used(found, objects_of(cluster, namespace), datetime.now(timezone.utc))
        # The controller counts again and again while what it counts is made.
        cluster.wait(f"{name}: {ours}", path, lambda one, ours=ours: as_fractions(one.get("status", {}).get("used", {})) == ours)
        # With defaults hardly a pod is left that states nothing; without them some are.
        assert any(ours.values()) or (defaults and name == "best-effort"), f"quota {name}: {ours} proves nothing"


def end_some(cluster: Cluster, base: str, stored: list[Json]) -> None:
    """Pods that have ended, pods that are being deleted, pods that are being resized."""
    for number, pod in enumerate(stored):
        path = f"{base}/pods/{pod['metadata']['name']}"
        if number % 12 == 0:
            cluster.patch(f"{path}/status", {"status": {"phase": ("Succeeded", "Failed")[number % 24 == 0]}})
        elif number % 12 == 1:
            cluster.patch(path, {"metadata": {"finalizers": ["tests.example.com/hold"]}})
            cluster.delete(path)
        elif number % 12 == 2:
            cluster.patch(f"{path}/status", {"status": {"containerStatuses": [resized(pod)]}})


def resized(pod: Json) -> Json:
    """The first container runs with more than its spec says by now."""
    name = pod["spec"]["containers"][0]["name"]
    state: Json = {"name": name, "image": "a", "imageID": "a", "ready": True, "restartCount": 0, "state": {"running": {}}}
    return state | {"allocatedResources": {"cpu": "2"}, "resources": {"requests": {"cpu": "3"}, "limits": {"cpu": "7"}}}


def others(cluster: Cluster, base: str) -> None:
    ports = [{"name": "a", "port": 80}, {"name": "b", "port": 81}]
    for name, kind in (("plain", "ClusterIP"), ("open", "NodePort"), ("balanced", "LoadBalancer")):
        cluster.create(f"{base}/services", {"metadata": {"name": name}, "spec": {"type": kind, "ports": ports}})
    few = {"type": "LoadBalancer", "ports": ports, "allocateLoadBalancerNodePorts": False}
    cluster.create(f"{base}/services", {"metadata": {"name": "without-node-ports"}, "spec": few})
    for name, storage_class in (("one", "quick"), ("two", "slow")):
        size = {"requests": {"storage": "10Gi"}}
        spec = {"accessModes": ["ReadWriteOnce"], "storageClassName": storage_class, "resources": size}
        cluster.create(f"{base}/persistentvolumeclaims", {"metadata": {"name": name}, "spec": spec})
    cluster.create(f"{base}/configmaps", {"metadata": {"name": "settings"}})
    cluster.create(f"{base}/secrets", {"metadata": {"name": "login"}})


def scoped_quotas() -> list[Json]:
    compute = ("pods", "requests.cpu", "limits.memory")
    selector = {"matchExpressions": [{"scopeName": "PriorityClass", "operator": "In", "values": ["drawn"]}]}
    without = {"matchExpressions": [{"scopeName": "PriorityClass", "operator": "NotIn", "values": ["drawn"]}]}
    return [
        quota("best-effort", ("pods",), scopes=["BestEffort"]),
        quota("not-best-effort", compute, scopes=["NotBestEffort"]),
        quota("terminating", compute, scopes=["Terminating"]),
        quota("not-terminating", compute, scopes=["NotTerminating"]),
        quota("of-a-class", compute, scopeSelector=selector),
        quota("of-no-class", compute, scopeSelector=without),
    ]
