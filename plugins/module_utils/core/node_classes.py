# Copyright (c) autotrade.deployment engineers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The classes of nodes: what each is labelled with, and what keeps other pods off it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

PREFIX = "autotrade.deployment"
CLASSES = ("control-plane", "cpu", "gpu", "storage")
CLASS_LABELS: Mapping[str, Mapping[str, str]] = {"gpu": {"nvidia.com/gpu.present": "true"}}
CLASS_TAINTS: Mapping[str, tuple[Mapping[str, str], ...]] = {
    "control-plane": ({"key": "node-role.kubernetes.io/control-plane", "effect": "NoSchedule"},),
    "gpu": ({"key": "nvidia.com/gpu", "value": "present", "effect": "NoSchedule"},),
    "storage": ({"key": f"{PREFIX}/storage", "value": "true", "effect": "NoSchedule"},),
}
#: Keeps pods off a GPU node until its GPU has shown up; a GPU that is a mere number never does.
GPU_PENDING: Mapping[str, str] = {"key": f"{PREFIX}/gpu-pending", "value": "true", "effect": "NoSchedule"}


def node_labels(variables: Mapping[str, Any]) -> dict[str, str]:
    """The labels that a node registers with.

    :param variables: of the host: ``node_class``, ``node_zone``, and optionally ``node_page_size`` and ``node_labels``.
    """
    node_class = str(variables["node_class"])
    return {
        "topology.kubernetes.io/zone": str(variables["node_zone"]),
        f"{PREFIX}/node-class": node_class,
        f"{PREFIX}/page-size": str(variables.get("node_page_size", "4k")),
        **CLASS_LABELS.get(node_class, {}),
        **{str(label): str(value) for label, value in (variables.get("node_labels") or {}).items()},
    }


def first_taints(variables: Mapping[str, Any]) -> list[dict[str, str]]:
    """The taints that a node registers with.

    :param variables: of the host: ``node_class``, and optionally ``cluster_membership_resources``.
    """
    node_class = str(variables["node_class"])
    taints = [dict(taint) for taint in CLASS_TAINTS.get(node_class, ())]
    has_device = node_class == "gpu" and "nvidia.com/gpu" not in (variables.get("cluster_membership_resources") or {})
    return [*taints, dict(GPU_PENDING)] if has_device else taints


def role_labels(node_class: str) -> dict[str, str]:
    """The labels that a kubelet may not give itself (NodeRestriction) and that kubeadm gives to the control plane."""
    return {"node-role.kubernetes.io/control-plane": ""} if node_class == "control-plane" else {}
