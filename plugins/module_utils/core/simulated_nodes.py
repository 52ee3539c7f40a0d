# Copyright (c) autotrade.deployment engineers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Node objects of a simulated cluster from the inventory's hosts."""

from __future__ import annotations

import ipaddress
import json
from collections.abc import Iterable, Mapping
from fractions import Fraction
from typing import Any

from ansible_collections.autotrade.deployment.plugins.module_utils.core.node_classes import (
    CLASS_TAINTS,
    CLASSES,
    node_labels,
    role_labels,
)
from ansible_collections.autotrade.deployment.plugins.module_utils.core.quantities import parse, written

#: What a stage reads: sizes and taints stand in annotations, because the status and the taints of a node belong to its kubelet.
SIMULATION = "simulation.autotrade.deployment"
ARCHITECTURES = ("amd64", "arm64")
PAGE_SIZES = ("4k", "64k")
#: Node addresses are drawn from a range that no other simulated range overlaps.
NODE_NETWORK = ipaddress.ip_network("10.64.0.0/12")
MAX_PODS = "110"


class NodeSettingError(ValueError):
    """Every host variable that no node can be made of, all of them at once."""


def node_objects(hosts: Mapping[str, Mapping[str, Any]], kubelet_version: str) -> list[dict[str, Any]]:
    """One Node per host, in the order of ``hosts``.

    :param hosts: host name -> its variables ``node_class``, ``node_size`` (resource -> quantity), ``node_zone`` and optionally
        ``node_arch``, ``node_page_size``, ``node_labels``.
    :raises NodeSettingError: names every host and variable at fault.
    """
    problems = [problem for name, variables in hosts.items() for problem in _problems(name, variables)]
    if problems:
        raise NodeSettingError("\n".join(problems))
    return [_node(index, name, variables, kubelet_version) for index, (name, variables) in enumerate(hosts.items())]


def reported(node: Mapping[str, Any], reserved: Mapping[str, str] | None = None) -> dict[str, Any]:
    """A node of ``node_objects`` with the taints and the status that its kubelet adds, ready.

    :param reserved: resource -> quantity that the node keeps back for itself; nothing by default.
    """
    told = {key.removeprefix(f"{SIMULATION}/"): found for key, found in node["metadata"]["annotations"].items()}
    capacity = json.loads(told["capacity"])
    status = {
        "capacity": capacity,
        "allocatable": {name: _less(size, (reserved or {}).get(name, "0")) for name, size in capacity.items()},
        "nodeInfo": {"kubeletVersion": told["kubelet-version"]},
        "conditions": [{"type": "Ready", "status": "True"}],
    }
    return {**node, "spec": {"taints": json.loads(told["taints"])}, "status": status}


def _less(size: str, reserved: str) -> str:
    return written(max(parse(size) - parse(reserved), Fraction(0)), binary=size.endswith("i"))


def _problems(name: str, variables: Mapping[str, Any]) -> Iterable[str]:
    choices = {"node_class": CLASSES, "node_arch": ARCHITECTURES, "node_page_size": PAGE_SIZES}
    defaults = {"node_arch": "amd64", "node_page_size": "4k"}
    for setting, allowed in choices.items():
        found = variables.get(setting, defaults.get(setting))
        if found not in allowed:
            yield f"host {name}: {setting} is {found!r}, expected one of {', '.join(allowed)}. Set it in the inventory."
    size = variables.get("node_size")
    if not isinstance(size, Mapping) or not {"cpu", "memory"} <= set(size):
        yield f"host {name}: node_size is {size!r}, expected a mapping with at least cpu and memory. Set it in the inventory."
    if not variables.get("node_zone"):
        yield f"host {name}: node_zone is not set, expected the name of its zone. Set it in the inventory."


def _node(index: int, name: str, variables: Mapping[str, Any], kubelet_version: str) -> dict[str, Any]:
    node_class = str(variables["node_class"])
    capacity = {"pods": MAX_PODS, **{str(resource): str(quantity) for resource, quantity in variables["node_size"].items()}}
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {
            "name": name,
            "labels": {
                "kubernetes.io/hostname": name,
                **role_labels(node_class),
                **_kubelet_labels(variables),
                **node_labels(variables),
            },
            "annotations": {
                f"{SIMULATION}/address": str(NODE_NETWORK[index + 1]),
                f"{SIMULATION}/capacity": _json(capacity),
                f"{SIMULATION}/kubelet-version": kubelet_version,
                f"{SIMULATION}/taints": _json(CLASS_TAINTS.get(node_class, ())),
            },
        },
    }


def _kubelet_labels(variables: Mapping[str, Any]) -> dict[str, str]:
    return {"kubernetes.io/os": "linux", "kubernetes.io/arch": str(variables.get("node_arch", "amd64"))}


def _json(value: Any) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"))
