"""What a pod asks for: by the API's rule, and by playing through the moments of its life."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest
from ansible_collections.autotrade.deployment.plugins.module_utils.core.capacity.pods import (
    best_effort,
    pod_limits,
    pod_requests,
)
from hypothesis import given
from hypothesis import strategies as st

Json = dict[str, Any]
NAMES = ("cpu", "memory", "nvidia.com/gpu", "hugepages-2Mi")
amounts = st.dictionaries(st.sampled_from(NAMES), st.integers(0, 9).map(str), max_size=3)
containers = st.fixed_dictionaries({"requests": amounts, "limits": amounts})


@st.composite
def pods(draw: st.DrawFn) -> Json:
    init = draw(st.lists(st.tuples(containers, st.booleans()), max_size=4))
    own = draw(st.none() | st.fixed_dictionaries({"requests": amounts, "limits": amounts}))
    spec: Json = {
        "containers": [{"name": f"main-{n}", "resources": one} for n, one in enumerate(draw(st.lists(containers, min_size=1)))],
        "initContainers": [
            {"name": f"init-{n}", "resources": one, **({"restartPolicy": "Always"} if sidecar else {})}
            for n, (one, sidecar) in enumerate(init)
        ],
        "overhead": draw(amounts),
    }
    return {"spec": spec | ({"resources": own} if own is not None else {})}


def moments(pod: Json) -> list[list[Json]]:
    """Which containers run at the same time, moment after moment."""
    sidecars: list[Json] = []
    found = []
    for one in pod["spec"]["initContainers"]:
        if one.get("restartPolicy") == "Always":
            sidecars = [*sidecars, one]
            found.append(sidecars)
        else:
            found.append([*sidecars, one])
    return [*found, [*sidecars, *pod["spec"]["containers"]]]


def peak(pod: Json, side: str, name: str) -> int:
    return max(sum(int(one["resources"][side].get(name, 0)) for one in moment) for moment in moments(pod))


@given(pods())
def test_requests_are_the_peak_of_the_pods_life(pod: Json) -> None:
    own = pod["spec"].get("resources", {}).get("requests", {})
    ours = pod_requests(pod)
    for name in NAMES:
        expected = int(own[name]) if name in own and name != "nvidia.com/gpu" else peak(pod, "requests", name)
        assert ours.get(name, 0) == expected + int(pod["spec"]["overhead"].get(name, 0))


@given(pods())
def test_limits_are_the_peak_and_overhead_counts_where_there_is_a_limit(pod: Json) -> None:
    own = pod["spec"].get("resources", {}).get("limits", {})
    ours = pod_limits(pod)
    for name in NAMES:
        expected = int(own[name]) if name in own and name != "nvidia.com/gpu" else peak(pod, "limits", name)
        assert ours.get(name, 0) == (expected + int(pod["spec"]["overhead"].get(name, 0)) if expected else 0)


def running(spec: str, acted: str, allocated: str, *conditions: Json) -> Json:
    """A pod whose one container is being resized."""
    status = {"name": "a", "resources": {"requests": {"cpu": acted}}, "allocatedResources": {"cpu": allocated}}
    container = {"name": "a", "resources": {"requests": {"cpu": spec}}}
    return {"spec": {"containers": [container]}, "status": {"containerStatuses": [status], "conditions": list(conditions)}}


@pytest.mark.parametrize(("pod", "cpu"), [
    (running("3", "1", "2"), 3),
    (running("1", "3", "2"), 3),
    (running("1", "2", "4"), 4),
    (running("9", "1", "2", {"type": "PodResizePending", "reason": "Infeasible"}), 2),
    (running("9", "1", "2", {"type": "PodResizePending", "reason": "Deferred"}), 9),
])  # fmt: skip
def test_while_a_container_is_resized_the_larger_figure_counts(pod: Json, cpu: int) -> None:
    assert pod_requests(pod) == {"cpu": cpu}


def test_a_resize_of_the_pods_own_resources_counts_for_the_scheduler_alone() -> None:
    pod = {
        "spec": {"containers": [{"name": "a"}], "resources": {"requests": {"cpu": "1"}}},
        "status": {"resources": {"requests": {"cpu": "2"}}, "allocatedResources": {"cpu": "3"}},
    }
    assert (pod_requests(pod), pod_requests(pod, pod_resize=True)) == ({"cpu": 1}, {"cpu": 3})


@pytest.mark.parametrize(("spec", "expected"), [
    ({"containers": [{}]}, True),
    ({"containers": [{"resources": {"requests": {"cpu": "0"}}}]}, True),
    ({"containers": [{"resources": {"limits": {"nvidia.com/gpu": "1"}}}]}, True),
    ({"containers": [{"resources": {"requests": {"cpu": "1m"}}}]}, False),
    ({"containers": [{}], "initContainers": [{"resources": {"limits": {"memory": "1"}}}]}, False),
    ({"containers": [{"resources": {"requests": {"cpu": "1"}}}], "resources": {}}, True),
    ({"containers": [{}], "resources": {"limits": {"cpu": "1"}}}, False),
])  # fmt: skip
def test_best_effort_pods_ask_for_neither_cpu_nor_memory(spec: Json, expected: bool) -> None:
    assert best_effort({"spec": spec}) is expected
    assert best_effort({"spec": spec, "status": {"qosClass": "Burstable"}}) is False


def test_what_is_no_quantity_counts_nothing() -> None:
    broken = {"spec": {"containers": [{"resources": {"requests": {"cpu": "much", "memory": None}}}, "no container"]}}
    assert pod_requests(broken) == {}
    assert pod_requests({}) == {} and pod_limits({"spec": []}) == {}
    assert isinstance(pod_requests({"spec": {"containers": [{"resources": {"requests": {"cpu": "1"}}}]}})["cpu"], Fraction)
