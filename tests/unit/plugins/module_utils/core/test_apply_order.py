# Copyright (c) autotrade.deployment engineers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Order of kinds, and that it does not depend on the order of the input."""

from __future__ import annotations

import random
from typing import Any

import pytest
from ansible_collections.autotrade.deployment.plugins.module_utils.core.apply_order import WAVE_NAMES, wave_of, waves
from ansible_collections.autotrade.deployment.plugins.module_utils.core.objects import ref_of
from hypothesis import given
from hypothesis import strategies as st

FIRST, CLASSES, POLICIES, CONFIGURATION, STORAGE, WORKLOADS, ROUTES, WEBHOOKS = WAVE_NAMES


def obj(api_version: str, kind: str, name: str = "x", namespace: str | None = None) -> dict[str, Any]:
    return {
        "apiVersion": api_version,
        "kind": kind,
        "metadata": {"name": name, **({"namespace": namespace} if namespace else {})},
    }


KINDS = [
    (FIRST, "v1", "Namespace"),
    (FIRST, "apiextensions.k8s.io/v1", "CustomResourceDefinition"),
    (CLASSES, "scheduling.k8s.io/v1", "PriorityClass"),
    (CLASSES, "storage.k8s.io/v1", "StorageClass"),
    (CLASSES, "gateway.networking.k8s.io/v1", "GatewayClass"),
    (POLICIES, "rbac.authorization.k8s.io/v1", "ClusterRole"),
    (POLICIES, "rbac.authorization.k8s.io/v1", "RoleBinding"),
    (POLICIES, "v1", "ResourceQuota"),
    (POLICIES, "v1", "LimitRange"),
    (POLICIES, "policy/v1", "PodDisruptionBudget"),
    (POLICIES, "networking.k8s.io/v1", "NetworkPolicy"),
    (POLICIES, "crd.projectcalico.org/v1", "NetworkPolicy"),
    (POLICIES, "security.istio.io/v1", "PeerAuthentication"),
    (CONFIGURATION, "v1", "ServiceAccount"),
    (CONFIGURATION, "v1", "Secret"),
    (CONFIGURATION, "v1", "ConfigMap"),
    (CONFIGURATION, "cert-manager.io/v1", "ClusterIssuer"),
    (STORAGE, "v1", "PersistentVolume"),
    (STORAGE, "v1", "PersistentVolumeClaim"),
    (WORKLOADS, "v1", "Service"),
    (WORKLOADS, "networking.istio.io/v1", "DestinationRule"),
    (WORKLOADS, "apps/v1", "StatefulSet"),
    (WORKLOADS, "apps/v1", "Deployment"),
    (WORKLOADS, "batch/v1", "Job"),
    (WORKLOADS, "example.com/v1", "Widget"),
    (WORKLOADS, "serving.example.com/v1", "Service"),
    (ROUTES, "autoscaling/v2", "HorizontalPodAutoscaler"),
    (ROUTES, "autoscaling/v1", "HorizontalPodAutoscaler"),
    (ROUTES, "keda.sh/v1alpha1", "ScaledObject"),
    (ROUTES, "networking.istio.io/v1", "VirtualService"),
    (ROUTES, "gateway.networking.k8s.io/v1", "HTTPRoute"),
    (ROUTES, "networking.k8s.io/v1", "Ingress"),
    (WEBHOOKS, "apiregistration.k8s.io/v1", "APIService"),
    (WEBHOOKS, "admissionregistration.k8s.io/v1", "ValidatingWebhookConfiguration"),
]


@pytest.mark.parametrize(("wave", "api_version", "kind"), KINDS)
def test_wave_of_a_kind(wave: str, api_version: str, kind: str) -> None:
    assert wave_of(ref_of(obj(api_version, kind))) == wave


def test_waves_come_in_order_and_empty_ones_are_left_out() -> None:
    objects = [obj(api_version, kind, kind.lower()) for _wave, api_version, kind in reversed(KINDS)]
    assert [wave.name for wave in waves(objects)] == list(WAVE_NAMES)
    assert [wave.name for wave in waves([obj("v1", "Secret"), obj("v1", "Namespace")])] == [FIRST, CONFIGURATION]
    assert waves([]) == ()


def test_a_custom_resource_follows_its_definition_and_budgets_stand_before_pods() -> None:
    order = [
        wave_of(ref_of(obj(*pair)))
        for pair in (
            ("apiextensions.k8s.io/v1", "CustomResourceDefinition"),
            ("policy/v1", "PodDisruptionBudget"),
            ("apps/v1", "Deployment"),
            ("admissionregistration.k8s.io/v1", "MutatingWebhookConfiguration"),
        )
    ]
    assert order == sorted(order, key=WAVE_NAMES.index)
    assert len(set(order)) == 4


def test_within_a_wave_services_stand_before_pods_and_names_decide_the_rest() -> None:
    objects = [
        obj("example.com/v1", "Widget", "a", "ns"),
        obj("apps/v1", "Deployment", "b", "ns"),
        obj("apps/v1", "Deployment", "a", "ns"),
        obj("v1", "Service", "z", "ns"),
        obj("v1", "Service", "a", "zz"),
    ]
    (wave,) = waves(objects)
    assert [str(ref_of(one)) for one in wave.objects] == [
        "v1 Service ns/z",
        "v1 Service zz/a",
        "apps/v1 Deployment ns/a",
        "apps/v1 Deployment ns/b",
        "example.com/v1 Widget ns/a",
    ]


@given(
    st.lists(st.tuples(st.sampled_from(KINDS), st.sampled_from("abc"), st.sampled_from([None, "n", "m"])), unique=True),
    st.integers(),
)
def test_every_object_is_in_exactly_one_wave_whatever_the_input_order(entries: list[Any], seed: int) -> None:
    objects = [obj(api_version, kind, name, namespace) for (_wave, api_version, kind), name, namespace in entries]
    shuffled = objects[:]
    random.Random(seed).shuffle(shuffled)
    placed = [one for wave in waves(objects) for one in wave.objects]
    assert sorted(map(str, placed)) == sorted(map(str, objects))
    assert waves(shuffled) == waves(objects)
