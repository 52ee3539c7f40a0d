# Copyright (c) autotrade.deployment engineers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The objects of a scratch cluster: nodes, pods and volumes reduced to what the scheduler looks at.

A pod becomes one container with the sum of its requests (``pods.pod_requests``), since the scheduler reckons with the sum alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ansible_collections.autotrade.deployment.plugins.module_utils.core.capacity.amounts import exact
from ansible_collections.autotrade.deployment.plugins.module_utils.core.capacity.pods import pod_requests
from ansible_collections.autotrade.deployment.plugins.module_utils.core.capacity.quotas import extended
from ansible_collections.autotrade.deployment.plugins.module_utils.core.requirements.model import (
    KubeObject,
    name_of,
    namespace_of,
)
from ansible_collections.autotrade.deployment.plugins.module_utils.core.requirements.reading import (
    items,
    labels,
    mapping,
    text,
    value,
)

Body = dict[str, Any]
Key = tuple[str, str]
BOUND = "pv.kubernetes.io/bind-completed"
TOPOLOGY = "topology.kubernetes.io/"
REQUIRED = "requiredDuringSchedulingIgnoredDuringExecution"
AS_THEY_ARE = ("nodeSelector", "tolerations", "priority", "preemptionPolicy", "hostNetwork")
MERGED_KEYS = ("matchLabelKeys", "mismatchLabelKeys")


def node_body(node: KubeObject) -> Body:
    """A node as its kubelet would register it, conditions left out: what keeps pods away stands in its taints."""
    status = mapping(node, "status")
    kept = {key: status[key] for key in ("allocatable", "capacity", "declaredFeatures") if key in status}
    spec = {"taints": items(node, "spec", "taints"), "unschedulable": value(node, "spec", "unschedulable") is True}
    metadata = {"name": name_of(node), "labels": dict(labels(node))}
    return {"apiVersion": "v1", "kind": "Node", "metadata": metadata, "spec": spec, "status": kept}


def namespace_body(name: str, found: KubeObject | None) -> Body:
    """A namespace with its labels, by which affinity may choose it."""
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": dict(labels(found))}}


def pod_body(pod: KubeObject, name: str, *, node: str = "", claims: Iterable[str] = ()) -> Body:
    """A pod as the scheduler sees it, on ``node`` or looking for one."""
    spec = mapping(pod, "spec")
    reduced = {key: spec[key] for key in AS_THEY_ARE if key in spec}
    reduced |= {
        "affinity": _unmerged(mapping(spec, "affinity")),
        "topologySpreadConstraints": [_unmerged(one) for one in items(spec, "topologySpreadConstraints")],
        "containers": [_container(pod)],
        "volumes": [{"name": f"claim-{at}", "persistentVolumeClaim": {"claimName": one}} for at, one in enumerate(claims)],
        # A pod that gives way is gone at once: no kubelet has to confirm it.
        "terminationGracePeriodSeconds": 0,
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,
    }
    if node:
        reduced["nodeName"] = node
    metadata = {"name": name, "namespace": namespace_of(pod), "labels": dict(labels(pod))}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": reduced}


def _container(pod: KubeObject) -> Body:
    requests = {name: exact(name, amount) for name, amount in pod_requests(pod, pod_resize=True).items() if amount}
    # What cannot be overcommitted must be limited to what is requested.
    limits = {name: amount for name, amount in requests.items() if extended(name) or name.startswith("hugepages-")}
    return {"name": "pod", "image": "none", "resources": {"requests": requests, "limits": limits}, "ports": _host_ports(pod)}


def _host_ports(pod: KubeObject) -> list[Body]:
    """Ports of the node that the pod takes; with the node's network all of its ports are."""
    shared = value(pod, "spec", "hostNetwork") is True
    containers = [*items(pod, "spec", "containers"), *items(pod, "spec", "initContainers")]
    found = [port for container in containers for port in items(container, "ports") if shared or port.get("hostPort")]
    numbers = ((one.get("hostIP") or "", one.get("hostPort") or one.get("containerPort"), one.get("protocol")) for one in found)
    ports = {(str(address), int(number), str(protocol or "TCP")) for address, number, protocol in numbers if number}
    return [
        {"containerPort": number, "hostPort": number, "protocol": protocol, **({"hostIP": address} if address else {})}
        for address, number, protocol in sorted(ports)
    ]


def _unmerged(found: Any) -> Any:
    """Affinity or spread without the label keys that the API server has merged into the selector: it refuses both together."""
    if isinstance(found, list):
        return [_unmerged(one) for one in found]
    if not isinstance(found, Mapping):
        return found
    inner = {key: _unmerged(one) for key, one in found.items()}
    known = {text(one, "key") for one in items(found, "labelSelector", "matchExpressions")}
    for key in MERGED_KEYS:
        if isinstance(inner.get(key), list):
            inner[key] = [one for one in inner[key] if one not in known]
            if not inner[key]:
                del inner[key]
    return inner


def pinned(body: Body, node: KubeObject) -> Body:
    """A DaemonSet's pod may only stand on its own node, besides what its template demands.

    A term without any requirement matches no node (k8s.io/api core/v1, NodeSelectorTerm), so it must not be given one.
    """
    own = {"key": "metadata.name", "operator": "In", "values": [name_of(node)]}
    affinity = mapping(body, "spec", "affinity")
    wanted = items(affinity, "nodeAffinity", REQUIRED, "nodeSelectorTerms")
    terms = [_with_field(term, own) for term in wanted] or [{"matchFields": [own]}]
    node_affinity = {**mapping(affinity, "nodeAffinity"), REQUIRED: {"nodeSelectorTerms": terms}}
    return {**body, "spec": {**body["spec"], "affinity": {**affinity, "nodeAffinity": node_affinity}}}


def _with_field(term: Mapping[str, Any], own: Mapping[str, Any]) -> Mapping[str, Any]:
    fields = items(term, "matchFields")
    return {**term, "matchFields": [*fields, own]} if fields or items(term, "matchExpressions") else term


def volume_body(claim: KubeObject, volume: KubeObject) -> Body:
    """A volume that is bound to its claim; where it can be reached from is all that counts."""
    spec = {key: value(volume, "spec", key) for key in ("capacity", "accessModes", "nodeAffinity", "volumeMode")}
    reference = {"namespace": namespace_of(claim), "name": name_of(claim)}
    known = {key: found for key, found in spec.items() if found is not None}
    return {
        "apiVersion": "v1",
        "kind": "PersistentVolume",
        "metadata": {"name": name_of(volume), "labels": zones_of(volume)},
        "spec": {**known, "claimRef": reference, "storageClassName": "", "hostPath": {"path": "/none"}},
    }


def claim_body(claim: KubeObject, volume: KubeObject) -> Body:
    """The claim that the volume is bound to."""
    asked = {key: value(claim, "spec", key) for key in ("accessModes", "resources")}
    return {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": {"namespace": namespace_of(claim), "name": name_of(claim), "annotations": {BOUND: "yes"}},
        "spec": {**asked, "volumeName": name_of(volume), "storageClassName": ""},
    }


def zones_of(volume: KubeObject) -> dict[str, Any]:
    """The labels that tie a volume to zones."""
    return {key: found for key, found in labels(volume).items() if key.startswith(TOPOLOGY)}
