# Copyright (c) autotrade.deployment engineers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""C: the cluster, its nodes, network, storage and GPU plugin (specification, sections 3 and 9.1)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ansible_collections.autotrade.deployment.plugins.module_utils.core.requirements.model import (
    Cluster,
    Verdict,
    check,
    differs,
    expect,
    judged,
    missing,
    name_of,
    not_run,
    shown,
    where_is,
)
from ansible_collections.autotrade.deployment.plugins.module_utils.core.requirements.nodes import CLASS, GPU
from ansible_collections.autotrade.deployment.plugins.module_utils.core.requirements.reading import (
    items,
    labels,
    selects,
    text,
    texts,
    value,
)


@check("C3", "Calico with the specified address pool")
def pod_network(cluster: Cluster) -> Verdict:
    """The operator's Installation ``default``."""
    found = cluster.get("Installation", "default")
    if found is None:
        return judged([missing("Installation", "default", None, "the role pod_network applies it")], "")
    where, pools = where_is(found), items(found, "spec", "calicoNetwork", "ipPools")
    problems = [
        *expect(where, found, "apiVersion", "operator.tigera.io/v1", "pod_network's template"),
        *expect(where, found, "spec.typhaMetricsPort", 9091, "pod_network_typha_metrics_port"),
    ]
    if value(found, "spec", "nodeMetricsPort") is None:
        problems.append(f"{where}: spec.nodeMetricsPort is not set, so Felix has no metrics (set pod_network_node_metrics_port)")
    if len(pools) != 1:
        problems.append(f"{where}: spec.calicoNetwork.ipPools holds {len(pools)} pools, expected exactly one (role pod_network)")
    encapsulation = _encapsulation(cluster)
    wanted = {
        "blockSize": (26, "pod_network_block_size"),
        "cidr": ("192.168.0.0/16", "pod_network_cidr"),
        "encapsulation": (encapsulation, "pod_network_encapsulation"),
        "natOutgoing": ("Enabled", "pod_network_nat_outgoing"),
        "nodeSelector": ("all()", "pod_network_node_selector"),
    }
    for index, pool in enumerate(pools):
        for key, (expected, setting) in wanted.items():
            problems += expect(f"{where}, ipPools[{index}]", pool, key, expected, setting)
    unseen = "overlap with host, service and partner networks, which the preflight refuses"
    return judged(problems, f"{where}: one pool 192.168.0.0/16, blocks of /26, {encapsulation}", unseen)


def _encapsulation(cluster: Cluster) -> str:
    """Google Cloud's network carries no packet of an address that it did not give out, not even within a subnet."""
    on_google = any(text(node, "spec", "providerID").startswith("gce://") for node in cluster.nodes)
    return "VXLAN" if on_google else "VXLANCrossSubnet"


@check("C4", "Storage classes fast, standard and shared")
def storage_classes(cluster: Cluster) -> Verdict:
    """Retain, expansion and late binding; no provisioner that Kubernetes has removed."""
    problems: list[str] = []
    seen = []
    for name in ("fast", "standard", "shared"):
        found = cluster.get("StorageClass", name)
        if found is None:
            problems.append(missing("StorageClass", name, None, "the role storage_classes applies it"))
            continue
        seen.append(f"{name} by {text(found, 'provisioner')}")
        problems += _storage_class(found, name)
    defaults = [name_of(one) for one in cluster.of_kind("StorageClass") if _is_default(one)]
    if len(defaults) > 1:
        problems.append(f"StorageClasses {', '.join(sorted(defaults))} are all marked as default, expected at most one")
    return judged(problems, "; ".join(seen))


def _storage_class(found: Mapping[str, Any], name: str) -> Iterator[str]:
    where, setting = where_is(found), "role storage_classes"
    yield from expect(where, found, "reclaimPolicy", "Retain", setting)
    if not text(found, "provisioner"):
        yield differs(where, "provisioner", value(found, "provisioner"), "a CSI driver", setting)
    if text(found, "provisioner").startswith("kubernetes.io/") and text(found, "provisioner") != "kubernetes.io/no-provisioner":
        yield f"{where}: Kubernetes has removed provisioner {text(found, 'provisioner')}, expected a CSI driver (set {setting})"
    # A shared file system is reachable from everywhere, so when it binds is the platform's choice.
    if name != "shared":
        yield from expect(where, found, "allowVolumeExpansion", True, setting)
        yield from expect(where, found, "volumeBindingMode", "WaitForFirstConsumer", setting)


def _is_default(storage_class: Mapping[str, Any]) -> bool:
    return text(storage_class, "metadata", "annotations", "storageclass.kubernetes.io/is-default-class") == "true"


@check("C5", "NVIDIA device plugin on GPU nodes only")
def device_plugin(cluster: Cluster) -> Verdict:
    """The DaemonSet, its toleration, argument and pinned version."""
    name = "nvidia-device-plugin-daemonset"
    plugin = cluster.workload("DaemonSet", name, "kube-system")
    if plugin is None:
        return judged([missing("DaemonSet", name, "kube-system", "the role gpu_node applies it")], "")
    arguments = texts(plugin.main, "args") + texts(plugin.main, "command")
    environment = {text(one, "name"): text(one, "value") for one in items(plugin.main, "env")}
    problems = []
    if "--fail-on-init-error=false" not in arguments and environment.get("FAIL_ON_INIT_ERROR") != "false":
        problems.append(f"{plugin.where}: args are {shown(arguments)}, expected --fail-on-init-error=false (role gpu_node)")
    if not any(
        "device-list-strategy=cdi" in one or "device-list-strategy cdi" in one for one in arguments
    ) and not environment.get("DEVICE_LIST_STRATEGY", "").startswith("cdi"):
        problems.append(
            f"{plugin.where}: devices are not handed out by CDI, expected --device-list-strategy=cdi-cri (role gpu_node)"
        )
    if not plugin.tolerates({"key": GPU, "value": "present", "effect": "NoSchedule"}):
        problems.append(f"{plugin.where}: spec.tolerations lacks {GPU}:NoSchedule (role gpu_node)")
    if plugin.chooses({CLASS: "cpu"}) or not plugin.chooses({CLASS: "gpu", GPU: "present", "kubernetes.io/arch": "arm64"}):
        problems.append(f"{plugin.where}: expected to choose nodes with {CLASS}=gpu and no others (role gpu_node)")
    if not any(text(volume, "hostPath", "path") == "/var/lib/kubelet/device-plugins" for volume in items(plugin.spec, "volumes")):
        problems.append(f"{plugin.where}: no volume with hostPath /var/lib/kubelet/device-plugins (role gpu_node)")
    image = text(plugin.main, "image")
    if ":v0.14.0" in image or "@sha256:" not in image:
        problems.append(f"{plugin.where}: image {shown(image)}, expected a current version with its digest (gpu_node_images)")
    return judged(problems, f"{plugin.where}: {image.split('@')[0]}, GPU nodes only")


@check("C8", "Inventories for bare metal and cloud")
def inventories(cluster: Cluster) -> Verdict:
    """Inventories are files of the collection, not objects."""
    return not_run(
        f"inventories are files; {len(cluster.nodes)} nodes of this one were seen, the others are proved by their own tests"
    )


@check("C9", "Load balancer addresses for Services")
def load_balancer(cluster: Cluster) -> Verdict:
    """MetalLB's pool and its layer 2 advertisement, or a cloud's controller; on a live cluster the addresses of Services."""
    services = [s for s in cluster.of_kind("Service") if text(s, "spec", "type") == "LoadBalancer"]
    problems = list(_addresses(cluster, services))
    pools = cluster.of_kind("IPAddressPool")
    for pool in pools:
        if not texts(pool, "spec", "addresses"):
            problems.append(f"{where_is(pool)}: spec.addresses is empty (set service_load_balancer_addresses)")
        if not any(_advertises(one, pool) for one in cluster.of_kind("L2Advertisement")):
            problems.append(
                f"{where_is(pool)}: no L2Advertisement names it, so nobody answers for its addresses (role service_load_balancer)"
            )
    unseen = "" if cluster.observed else "whether an address answers"
    controller = cluster.workload("DaemonSet", "cloud-controller-manager", "kube-system")
    if not pools and controller is not None:
        return judged(problems, f"{controller.where} gives {len(services)} Services of type LoadBalancer their addresses", unseen)
    if not pools and not services:
        return judged(
            [missing("IPAddressPool", "", "metallb-system", "the role service_load_balancer applies it on bare metal")], ""
        )
    if not pools and not cluster.observed:
        return judged(["no IPAddressPool is rendered, expected one (role service_load_balancer)"], "")
    ranges = ", ".join(address for pool in pools for address in texts(pool, "spec", "addresses"))
    return judged(
        problems, f"{len(pools)} address pools ({ranges or 'provider'}), {len(services)} Services of type LoadBalancer", unseen
    )


def _addresses(cluster: Cluster, services: list[Mapping[str, Any]]) -> Iterator[str]:
    for service in services if cluster.observed else []:
        if not items(service, "status", "loadBalancer", "ingress"):
            yield f"{where_is(service)}: status.loadBalancer has no address (service_load_balancer_addresses, or the provider)"


def _advertises(advertisement: Mapping[str, Any], pool: Mapping[str, Any]) -> bool:
    named = texts(advertisement, "spec", "ipAddressPools")
    chosen = items(advertisement, "spec", "ipAddressPoolSelectors")
    if not named and not chosen:
        return True
    return name_of(pool) in named or any(selects(selector, labels(pool)) for selector in chosen)


@check("C10", "Images and files stay reachable at run time")
def artifact_supply(cluster: Cluster) -> Verdict:
    """Whether a lost store breaks a fail-over shows only when it is lost."""
    hosts = {text(c.spec, "image").split("/")[0] for c in cluster.containers() if "/" in text(c.spec, "image")}
    return not_run(
        f"images come from {', '.join(sorted(hosts)) or 'nowhere'}; that a lost store breaks no fail-over is proved by a drill"
    )
