"""What the device plugin and the exporter need to see a GPU on a node whose default runtime is not NVIDIA's."""

from __future__ import annotations

from typing import Any

import pytest

from tests.conftest import Objects


def by_name(rendered: Objects, kind: str, name: str) -> dict[str, Any]:
    (found,) = [one for one in rendered["gpu_node"] if (one["kind"], one["metadata"]["name"]) == (kind, name)]
    return found


@pytest.mark.parametrize("name", ["nvidia-device-plugin-daemonset", "dcgm-exporter"])
def test_who_counts_or_measures_gpus_sees_all_of_them(rendered: Objects, name: str) -> None:
    pod = by_name(rendered, "DaemonSet", name)["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    environment = {one["name"]: one["value"] for one in container["env"]}
    assert pod["runtimeClassName"] == "nvidia"
    assert environment["NVIDIA_VISIBLE_DEVICES"] == "all"
    assert environment["NVIDIA_DRIVER_CAPABILITIES"] == "compute,utility"


def test_their_runtime_class_names_the_handler_that_containerd_gets_and_keeps_to_gpu_nodes(rendered: Objects) -> None:
    runtime = by_name(rendered, "RuntimeClass", "nvidia")
    assert runtime["handler"] == "nvidia"
    for name in ("nvidia-device-plugin-daemonset", "dcgm-exporter"):
        pod = by_name(rendered, "DaemonSet", name)["spec"]["template"]["spec"]
        # Admission refuses a pod whose selector contradicts its class.
        assert pod["nodeSelector"].items() <= runtime["scheduling"]["nodeSelector"].items()
