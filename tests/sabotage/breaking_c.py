"""Sabotages of the cluster's requirements."""

from __future__ import annotations

from pathlib import Path

from tests.sabotage.registry import Object, container, every, files, find, pod_spec, remove, role_variables, sabotage

ZONE = "topology.kubernetes.io/zone"


@sabotage("C1", "one storage node is missing")
def _(objects: list[Object]) -> None:
    remove(objects, "Node", "storage-2")


@sabotage("C1", "a GPU node has half of its memory")
def _(objects: list[Object]) -> None:
    find(objects, "Node", "gpu-1")["status"]["capacity"]["memory"] = "64Gi"


@sabotage("C1", "a node has no class")
def _(objects: list[Object]) -> None:
    del find(objects, "Node", "cpu-1")["metadata"]["labels"]["autotrade.deployment/node-class"]


@sabotage("C3", "the pod range has another block size")
def _(objects: list[Object]) -> None:
    find(objects, "Installation", "default")["spec"]["calicoNetwork"]["ipPools"][0]["blockSize"] = 24


@sabotage("C3", "typha tells no metrics")
def _(objects: list[Object]) -> None:
    del find(objects, "Installation", "default")["spec"]["typhaMetricsPort"]


@sabotage("C3", "packets are encapsulated always")
def _(objects: list[Object]) -> None:
    find(objects, "Installation", "default")["spec"]["calicoNetwork"]["ipPools"][0]["encapsulation"] = "IPIP"


@sabotage("C4", "fast volumes are deleted with their claim")
def _(objects: list[Object]) -> None:
    find(objects, "StorageClass", "fast")["reclaimPolicy"] = "Delete"


@sabotage("C4", "standard binds before a pod is placed")
def _(objects: list[Object]) -> None:
    find(objects, "StorageClass", "standard")["volumeBindingMode"] = "Immediate"


@sabotage("C4", "the removed in-tree provisioner is back")
def _(objects: list[Object]) -> None:
    find(objects, "StorageClass", "fast")["provisioner"] = "kubernetes.io/gce-pd"


@sabotage("C5", "the plugin does not tolerate the GPU taint")
def _(objects: list[Object]) -> None:
    pod_spec(objects, "DaemonSet", "nvidia-device-plugin-daemonset")["tolerations"] = []


@sabotage("C5", "the plugin runs on every node")
def _(objects: list[Object]) -> None:
    spec = pod_spec(objects, "DaemonSet", "nvidia-device-plugin-daemonset")
    spec.pop("nodeSelector", None)
    spec.pop("affinity", None)


@sabotage("C5", "the plugin fails where there is no GPU")
def _(objects: list[Object]) -> None:
    plugin = container(objects, "DaemonSet", "nvidia-device-plugin-daemonset")
    plugin["args"] = [one for one in plugin.get("args", []) if "fail-on-init-error" not in one]
    plugin["env"] = [one for one in plugin.get("env", []) if one["name"] != "FAIL_ON_INIT_ERROR"]


@sabotage("C6", "a GPU node does not say its page size")
def _(objects: list[Object]) -> None:
    del find(objects, "Node", "gpu-2")["metadata"]["labels"]["autotrade.deployment/page-size"]


@sabotage("C6", "a GPU node has no taint")
def _(objects: list[Object]) -> None:
    find(objects, "Node", "gpu-1")["spec"]["taints"] = []


@sabotage("C6", "nobody measures the GPUs")
def _(objects: list[Object]) -> None:
    remove(objects, "DaemonSet", "dcgm-exporter")


role_variables("C6", "the driver is one that fails on 64K pages", "gpu_node", gpu_node_driver_version="595.91.07")
role_variables("C6", "the driver is older than CDMM", "gpu_node", gpu_node_driver_version="575.57.08")
role_variables("C6", "a GH200 is started without its boot arguments", "gpu_node", gpu_node_boot_arguments=[])
role_variables("C6", "the system keeps no processor", "gpu_node", gpu_node_reserved_cpus="")


@sabotage("C6", "the device plugin waits for the GPU that it is there for")
def _(objects: list[Object]) -> None:
    spec = pod_spec(objects, "DaemonSet", "nvidia-device-plugin-daemonset")
    spec["tolerations"] = [one for one in spec["tolerations"] if not one["key"].startswith("autotrade.deployment/")]


@sabotage("C7", "a node has no zone")
def _(objects: list[Object]) -> None:
    del find(objects, "Node", "cpu-3")["metadata"]["labels"][ZONE]


def edit(path: Path, old: str, new: str) -> None:
    """Change a file of an inventory; LookupError where it no longer says what the sabotage takes away."""
    text = path.read_text(encoding="utf-8")
    if old not in text:
        raise LookupError(f"{path} does not say {old!r} any more")
    path.write_text(text.replace(old, new), encoding="utf-8")


@files("C8", "production has two control planes")
def _(checkout: Path) -> None:
    edit(checkout / "inventories/prod/hosts.yml", "control-plane-3.example.com", "# nobody")


@files("C8", "GPU instances of AWS are in no group")
def _(checkout: Path) -> None:
    edit(
        checkout / "inventories/cloud/aws/aws_ec2.yml",
        "['control-plane', 'cpu', 'gpu', 'storage']",
        "['control-plane', 'cpu', 'storage']",
    )


@files("C8", "instances of Google Cloud name no zone")
def _(checkout: Path) -> None:
    edit(checkout / "inventories/cloud/gcp/gcp_compute.yml", "  node_zone: zone", "  node_zone: region")


@files("C8", "a password stands in the inventory")
def _(checkout: Path) -> None:
    edit(
        checkout / "inventories/prod/group_vars/all/secrets.yml",
        "\"{{ vault_secrets_cache_password | default('') }}\"",
        "correct-horse",
    )


@files("C8", "production runs programs that were built here")
def _(checkout: Path) -> None:
    edit(checkout / "inventories/prod/group_vars/all/artifact_store.yml", "allow_unofficial: false", "allow_unofficial: true")


@sabotage("C9", "nobody answers for the addresses")
def _(objects: list[Object]) -> None:
    for advertisement in every(objects, "L2Advertisement"):
        objects.remove(advertisement)


@sabotage("C9", "the address pool is empty")
def _(objects: list[Object]) -> None:
    every(objects, "IPAddressPool")[0]["spec"]["addresses"] = []
