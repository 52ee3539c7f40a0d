"""Pods of every shape that the API admits, drawn from a seed: what the arithmetic of capacity is compared on."""

from __future__ import annotations

import random
from fractions import Fraction
from typing import Any

from ansible_collections.autotrade.deployment.plugins.module_utils.core.quantities import parse, written

Json = dict[str, Any]
REQUESTS = {
    "cpu": ("0", "100m", "250m", "0.5", "1", "1500m"),
    "memory": ("64Mi", "100M", "1Gi", "1.5Gi"),
    "ephemeral-storage": ("10Mi", "1Gi"),
}
EXTENDED = "tests.example.com/device"
HUGE = "hugepages-2Mi"


class Drawn:
    """Draws pods; the same seed draws the same."""

    def __init__(self, seed: int, runtime_class: str, priority_class: str) -> None:
        self._random = random.Random(seed)
        self._runtime_class, self._priority_class = runtime_class, priority_class

    def pod(self, name: str, *, silent: bool) -> Json:
        """One pod; ``silent`` ones may have containers that state nothing, which a namespace with a quota refuses."""
        init = [self._container(f"init-{number}", silent, init=True) for number in range(self._random.choice((0, 0, 1, 2, 3)))]
        silent = silent and self._chance(0.5)
        main = [self._container(f"main-{number}", silent) for number in range(self._random.choice((1, 1, 2, 3)))]
        spec: Json = {"containers": main, "initContainers": init, "nodeSelector": {"tests.example.com/nowhere": "true"}}
        if self._chance(0.2):
            spec["resources"] = self._own([*main, *init])
        if self._chance(0.15):
            spec["runtimeClassName"] = self._runtime_class
        if self._chance(0.2):
            spec["activeDeadlineSeconds"] = 3600
        if self._chance(0.3):
            spec["priorityClassName"] = self._priority_class
        return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, "labels": {"drawn": "true"}}, "spec": spec}

    def _container(self, name: str, silent: bool, *, init: bool = False) -> Json:
        container: Json = {"name": name, "image": "registry.example/app:1.0", "resources": self._resources(silent)}
        if init and self._chance(0.5):
            container["restartPolicy"] = "Always"
        return container

    def _resources(self, silent: bool) -> Json:
        if silent and self._chance(0.5):
            return {"requests": {}, "limits": {}}
        requests: Json = {}
        limits: Json = {}
        for name, choices in REQUESTS.items():
            kind = self._random.choice(("both", "both", "request", "limit", "none" if silent else "both"))
            request = self._random.choice(choices)
            if kind in ("both", "request"):
                requests[name] = request
            if kind in ("both", "limit"):
                limits[name] = written(parse(request) * self._random.choice((1, 2)), binary=name != "cpu")
        if self._chance(0.15):
            limits[EXTENDED] = "1"
        if self._chance(0.1):
            limits[HUGE] = "4Mi"
            requests.setdefault("cpu", "100m")
        return {"requests": requests, "limits": limits}

    def _own(self, containers: list[Json]) -> Json:
        """Resources of the pod: at least what its containers ask for together, as the API demands."""
        requests: Json = {}
        limits: Json = {}
        for name in ("cpu", "memory"):
            sides = [one["resources"][side] for one in containers for side in ("requests", "limits")]
            least = sum((parse(side[name]) for side in sides if name in side), Fraction(0)) + 1
            if self._chance(0.7):
                requests[name] = written(least, binary=name == "memory")
            if self._chance(0.7):
                limits[name] = written(least * 2, binary=name == "memory")
        return {"requests": requests, "limits": limits}

    def _chance(self, share: float) -> bool:
        return self._random.random() < share
