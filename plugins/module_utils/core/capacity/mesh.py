# Copyright (c) autotrade.deployment engineers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The proxy that the service mesh adds to a pod when it is admitted."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import Any

from ansible_collections.autotrade.deployment.plugins.module_utils.core.capacity.amounts import exact
from ansible_collections.autotrade.deployment.plugins.module_utils.core.capacity.pods import LIMITS, REQUESTS
from ansible_collections.autotrade.deployment.plugins.module_utils.core.quantities import parse
from ansible_collections.autotrade.deployment.plugins.module_utils.core.requirements.reading import items, labels, mapping, text

PROXY_NAME = "istio-proxy"
# Side and resource -> the annotation that sets it, and what a pod gets that has none of these annotations.
PROXY: Mapping[tuple[str, str], tuple[str, str]] = {
    (REQUESTS, "cpu"): ("sidecar.istio.io/proxyCPU", "100m"),
    (REQUESTS, "memory"): ("sidecar.istio.io/proxyMemory", "128Mi"),
    (LIMITS, "cpu"): ("sidecar.istio.io/proxyCPULimit", "500m"),
    (LIMITS, "memory"): ("sidecar.istio.io/proxyMemoryLimit", "512Mi"),
}
INJECT = "sidecar.istio.io/inject"


def injected(pod: Mapping[str, Any], namespace: Mapping[str, Any]) -> bool:
    """Whether the mesh adds its proxy: the pod's own word, else its namespace's (istio.io, "Installing the sidecar")."""
    if any(text(one, "name") == PROXY_NAME for one in [*items(pod, "spec", "containers"), *items(pod, "spec", "initContainers")]):
        return False
    choice = labels(pod).get(INJECT, mapping(pod, "metadata", "annotations").get(INJECT))
    return choice == "true" or (meshed(namespace) and choice != "false")


def meshed(namespace: Mapping[str, Any]) -> bool:
    """Whether the mesh serves every pod of a namespace that does not say otherwise."""
    return labels(namespace).get("istio-injection") == "enabled" or "istio.io/rev" in labels(namespace)


def proxy(pod: Mapping[str, Any], scale: Fraction) -> dict[str, Any]:
    """The proxy as a container that starts first and keeps running.

    Where one of the annotations stands, only what they set is set (the template ``resources`` of Istio's injector); what is
    left open then comes from the LimitRange. ``scale`` multiplies the usual sizes.
    """
    given = mapping(pod, "metadata", "annotations")
    stated = any(annotation in given for annotation, _usual in PROXY.values())
    resources: dict[str, dict[str, str]] = {REQUESTS: {}, LIMITS: {}}
    for (side, resource), (annotation, usual) in PROXY.items():
        if not stated:
            resources[side][resource] = exact(resource, parse(usual) * scale)
        elif annotation in given:
            resources[side][resource] = str(given[annotation])
    return {"name": PROXY_NAME, "restartPolicy": "Always", "resources": resources}
