"""What becomes of a template: defaults, limit ranges, classes, the mesh's proxy."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest
from ansible_collections.autotrade.deployment.plugins.module_utils.core.capacity.admission import admitted
from ansible_collections.autotrade.deployment.plugins.module_utils.core.capacity.pods import pod_limits, pod_requests
from ansible_collections.autotrade.deployment.plugins.module_utils.core.requirements.model import Cluster, Settings

Json = dict[str, Any]
SPACE = "shop"


def template(asks: Json | None = None, annotations: Json | None = None, labels: Json | None = None, **spec: Any) -> Json:
    metadata = {"labels": labels or {}, "annotations": annotations or {}}
    return {"metadata": metadata, "spec": {"containers": [{"name": "a", "resources": asks or {}}], **spec}}


def limit_range(**entry: Json) -> Json:
    spec = {"limits": [{"type": "Container", **entry}]}
    return {"kind": "LimitRange", "metadata": {"name": "defaults", "namespace": SPACE}, "spec": spec}


def cluster_class(kind: str, name: str, **fields: Any) -> Json:
    return {"kind": kind, "metadata": {"name": name}, **fields}


def namespace(**labels: str) -> Json:
    return {"kind": "Namespace", "metadata": {"name": SPACE, "labels": labels}}


def made(template: Json, *objects: Json, scale: Fraction = Fraction(1)) -> Json:
    return admitted(template, SPACE, Cluster(objects, Settings(scale=scale)))


def test_a_request_that_is_not_set_is_the_limit() -> None:
    pod = made(template({"limits": {"cpu": "2", "memory": "1Gi"}, "requests": {"cpu": "1"}}))
    assert pod_requests(pod) == {"cpu": 1, "memory": 2**30}


def test_the_pods_own_requests_follow_its_containers_then_its_limits() -> None:
    resources = {"limits": {"cpu": "4", "memory": "2Gi"}}
    pod = made(template({"requests": {"cpu": "500m"}, "limits": {"hugepages-2Mi": "4Mi"}}, resources=resources))
    assert pod_requests(pod) == {"cpu": Fraction(1, 2), "memory": 2**31, "hugepages-2Mi": 2**22}
    assert pod["spec"]["resources"]["limits"]["hugepages-2Mi"] == "4Mi"


@pytest.mark.parametrize(("entry", "requests", "limits"), [
    ({"default": {"cpu": "1"}}, {"cpu": 1}, {"cpu": 1}),
    ({"default": {"cpu": "1"}, "defaultRequest": {"cpu": "100m"}}, {"cpu": Fraction(1, 10)}, {"cpu": 1}),
    ({"max": {"cpu": "2"}}, {"cpu": 2}, {"cpu": 2}),
    ({"min": {"cpu": "50m"}}, {"cpu": Fraction(1, 20)}, {}),
    ({"max": {"cpu": "2"}, "default": {"cpu": "1"}}, {"cpu": 1}, {"cpu": 1}),
])  # fmt: skip
def test_a_limit_range_fills_in_what_a_container_leaves_out(entry: Json, requests: Json, limits: Json) -> None:
    pod = made(template(), limit_range(**entry))
    assert (pod_requests(pod), pod_limits(pod)) == (requests, limits)


def test_limit_ranges_of_pods_and_of_other_namespaces_fill_in_nothing() -> None:
    of_pods = limit_range(default={"cpu": "1"})
    of_pods["spec"]["limits"][0]["type"] = "Pod"
    elsewhere = limit_range(default={"cpu": "1"})
    elsewhere["metadata"]["namespace"] = "other"
    assert pod_requests(made(template(), of_pods, elsewhere)) == {}


def test_classes_bring_priority_overhead_and_placement() -> None:
    runtime = cluster_class(
        "RuntimeClass",
        "vm",
        overhead={"podFixed": {"cpu": "250m"}},
        scheduling={"nodeSelector": {"vm": "yes"}, "tolerations": [{"key": "vm"}]},
    )
    priority = cluster_class("PriorityClass", "high", value=7, preemptionPolicy="Never")
    spec = made(template(runtimeClassName="vm", priorityClassName="high", nodeSelector={"a": "b"}), runtime, priority)["spec"]
    assert (spec["priority"], spec["preemptionPolicy"], spec["overhead"]) == (7, "Never", {"cpu": "250m"})
    assert (spec["nodeSelector"], spec["tolerations"]) == ({"a": "b", "vm": "yes"}, [{"key": "vm"}])


def test_without_a_class_the_default_one_counts_and_the_systems_own_are_known() -> None:
    chosen = cluster_class("PriorityClass", "usual", value=5, globalDefault=True)
    assert made(template(), chosen)["spec"]["priority"] == 5
    assert made(template())["spec"]["priority"] == 0
    assert made(template(priorityClassName="system-node-critical"))["spec"]["priority"] == 2_000_001_000


ENABLED = namespace(**{"istio-injection": "enabled"})


@pytest.mark.parametrize(("space", "labels", "joined"), [
    (ENABLED, {}, True),
    (ENABLED, {"sidecar.istio.io/inject": "false"}, False),
    (namespace(), {}, False),
    (namespace(), {"sidecar.istio.io/inject": "true"}, True),
    (namespace(**{"istio.io/rev": "stable"}), {}, True),
])  # fmt: skip
def test_the_mesh_joins_a_pod_by_the_pods_word_else_by_its_namespaces(space: Json, labels: Json, joined: bool) -> None:
    pod = made(template({"requests": {"cpu": "1"}}, labels=labels), space)
    assert pod_requests(pod).get("cpu") == 1 + (Fraction(1, 10) if joined else 0)


def test_the_proxy_keeps_running_and_starts_before_all_else() -> None:
    init = [{"name": "init", "resources": {"requests": {"cpu": "3"}}}]
    pod = made(template({"requests": {"cpu": "1"}}, initContainers=init), ENABLED)
    assert pod_requests(pod)["cpu"] == 3 + Fraction(1, 10)
    assert pod_limits(pod) == {"cpu": Fraction(1, 2), "memory": 512 * 2**20}


def test_the_proxy_is_scaled_and_its_annotations_are_not() -> None:
    assert pod_requests(made(template(), ENABLED, scale=Fraction(1, 2)))["cpu"] == Fraction(1, 20)
    stated = template(annotations={"sidecar.istio.io/proxyCPU": "300m"})
    assert pod_requests(made(stated, ENABLED, scale=Fraction(1, 2))) == {"cpu": Fraction(3, 10)}


def test_what_annotations_of_the_proxy_leave_open_comes_from_the_limit_range() -> None:
    stated = template({"requests": {"memory": "0"}}, annotations={"sidecar.istio.io/proxyCPU": "300m"})
    pod = made(stated, ENABLED, limit_range(defaultRequest={"memory": "64Mi", "cpu": "1"}))
    assert pod_requests(pod) == {"cpu": Fraction(13, 10), "memory": 64 * 2**20}


def test_a_pod_that_brings_its_proxy_gets_no_second_one() -> None:
    own = {"name": "istio-proxy", "restartPolicy": "Always", "resources": {"requests": {"cpu": "2"}}}
    assert pod_requests(made(template(initContainers=[own]), ENABLED)) == {"cpu": 2}
