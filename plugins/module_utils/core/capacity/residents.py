# Copyright (c) autotrade.deployment engineers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Who stands in a scratch cluster, who arrives, and whom a volume ties to some nodes.

Claims are kept where their volume can be reached from some nodes alone; all others bind wherever the pod comes to stand.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from ansible_collections.autotrade.deployment.plugins.module_utils.core.capacity.demands import Demand
from ansible_collections.autotrade.deployment.plugins.module_utils.core.capacity.scratch import (
    REQUIRED,
    Body,
    Key,
    claim_body,
    pinned,
    pod_body,
    volume_body,
    zones_of,
)
from ansible_collections.autotrade.deployment.plugins.module_utils.core.capacity.situations import TIED_TO_NODE, Case, Plan
from ansible_collections.autotrade.deployment.plugins.module_utils.core.capacity.world import HASH, owner_of, terminating
from ansible_collections.autotrade.deployment.plugins.module_utils.core.requirements.model import (
    Cluster,
    KubeObject,
    name_of,
    namespace_of,
)
from ansible_collections.autotrade.deployment.plugins.module_utils.core.requirements.reading import (
    items,
    labels,
    mapping,
    text,
    whole,
)
from ansible_collections.autotrade.deployment.plugins.module_utils.core.requirements.workloads import Workload

# Labels by which pods of one template are told from those of another.
REVISIONS = {"Deployment": HASH, "StatefulSet": "controller-revision-hash", "DaemonSet": "controller-revision-hash"}
FIRST, NEXT = "first", "next"


@dataclass(frozen=True)
class Resident:
    """A pod in the scratch cluster, and the workload that it is told under.

    ``movable`` is one that a controller makes anew elsewhere when its node is lost.
    """

    component: str
    body: Body
    movable: bool = True

    @property
    def key(self) -> Key:
        """Namespace and name."""
        return namespace_of(self.body), name_of(self.body)

    @property
    def node(self) -> str:
        """The node that it stands on, empty while it looks for one."""
        return text(self.body, "spec", "nodeName")

    @property
    def claims(self) -> list[str]:
        """The claims that tie it to some nodes."""
        return [text(volume, "persistentVolumeClaim", "claimName") for volume in items(self.body, "spec", "volumes")]

    def on(self, node: str) -> Resident:
        """The same on a node, or looking for one (empty)."""
        spec = {key: found for key, found in self.body["spec"].items() if key != "nodeName"}
        return replace(self, body={**self.body, "spec": {**spec, **({"nodeName": node} if node else {})}})


class Volumes:
    """The claims that tie a pod to some nodes."""

    def __init__(self, cluster: Cluster) -> None:
        volumes = {name_of(one): one for one in cluster.of_kind("PersistentVolume") if _tied(one)}
        claims = ((one, text(one, "spec", "volumeName")) for one in cluster.of_kind("PersistentVolumeClaim"))
        self._found = {(namespace_of(one), name_of(one)): (one, volumes[name]) for one, name in claims if name in volumes}

    def bodies(self) -> Iterator[Body]:
        """Claims and volumes, bound to each other."""
        for claim, volume in self._found.values():
            yield volume_body(claim, volume)
            yield claim_body(claim, volume)

    def of(self, namespace: str, claims: Iterable[str]) -> list[str]:
        """Those of the claims that tie their pod."""
        return [name for name in claims if (namespace, name) in self._found]

    def strand(self, resident: Resident, nodes: Iterable[KubeObject]) -> bool:
        """Whether a pod has a volume that none of the nodes reaches."""
        left = list(nodes)
        keys = [(resident.key[0], claim) for claim in resident.claims]
        return any(not any(_reaches(self._found[key][1], node) for node in left) for key in keys if key in self._found)


def _tied(volume: KubeObject) -> bool:
    return bool(zones_of(volume) or mapping(volume, "spec", "nodeAffinity", "required"))


def _reaches(volume: KubeObject, node: KubeObject) -> bool:
    """Node affinity of a volume, and the zones that its labels name, against a node."""
    required = mapping(volume, "spec", "nodeAffinity", "required")
    affinity = {"nodeAffinity": {REQUIRED: required}} if required else {}
    # A label may name several zones (k8s.io/cloud-provider/volume/helpers).
    inside = all(str(labels(node).get(key)) in str(found).split("__") for key, found in zones_of(volume).items())
    return inside and Workload("Pod", {"spec": {"affinity": affinity}}).chooses(labels(node), name_of(node))


def standing(plan: Plan, volumes: Volumes) -> Iterator[Resident]:
    """The pods of the live cluster that stay where they are."""
    kept = [sample.pod for demand in plan.steady for sample in demand.kept]
    for pod in (*filter(plan.world.bound, plan.world.others), *kept):
        body = pod_body(pod, name_of(pod), node=text(pod, "spec", "nodeName"), claims=_tying(pod, volumes))
        yield Resident(_owner(pod), body, owner_of(pod)[0] not in TIED_TO_NODE and not terminating(pod))


def waiting(plan: Plan, volumes: Volumes) -> Iterator[Resident]:
    """Live pods of others that look for a node already."""
    for pod in plan.world.strays:
        yield Resident(_owner(pod), pod_body(pod, name_of(pod), claims=_tying(pod, volumes)))


def newcomers(plan: Plan, volumes: Volumes) -> Iterator[Resident]:
    """The pods of wanted workloads that do not stand yet in steady state."""
    for demand in plan.steady:
        if demand.daemon:
            yield from _daemons(plan, demand, volumes)
        elif not demand.foreign:
            yield from _replicas(demand, volumes)


def extras(plan: Plan, case: Case) -> Iterator[Resident]:
    """The pods that a case has beyond the steady state, DaemonSets aside. Their claims are new, so nothing ties them."""
    usual = {demand.workload.where: demand for demand in plan.steady}
    for demand in case.demands:
        more = demand.pods - usual[demand.workload.where].pods
        pod = _labelled(usual[demand.workload.where], NEXT if case.rollout else None)
        for number in range(0 if demand.daemon else more):
            yield Resident(demand.workload.where, pod_body(pod, f"{demand.name}-more-{number}"))


def _daemons(plan: Plan, demand: Demand, volumes: Volumes) -> Iterator[Resident]:
    """A DaemonSet's pods, each for its own node."""
    there = {one.node for one in demand.kept}
    for node in plan.world.nodes:
        if name_of(node) not in there and demand.sample.may_run_on(node):
            claims = _tying(demand.sample.pod, volumes)
            body = pod_body(_labelled(demand), f"{demand.name}-{name_of(node)}", claims=claims)
            yield Resident(demand.workload.where, pinned(body, node), movable=False)


def _replicas(demand: Demand, volumes: Volumes) -> Iterator[Resident]:
    for name in _names(demand):
        own = [f"{name_of(one)}-{name}" for one in items(demand.workload.obj, "spec", "volumeClaimTemplates")]
        claims = [*volumes.of(demand.workload.namespace, own), *_tying(demand.sample.pod, volumes)]
        movable = demand.workload.kind not in TIED_TO_NODE
        yield Resident(demand.workload.where, pod_body(_labelled(demand), name, claims=claims), movable)


def _names(demand: Demand) -> list[str]:
    """A StatefulSet's new pods take the free numbers."""
    if demand.workload.kind != "StatefulSet":
        return [f"{demand.name}-new-{number}" for number in range(demand.new)]
    first = whole(demand.workload.obj, "spec", "ordinals", "start") or 0
    taken = {name_of(one.pod) for one in demand.kept}
    return [name for number in range(first, first + demand.pods) if (name := f"{demand.name}-{number}") not in taken]


def _labelled(demand: Demand, revision: str | None = None) -> KubeObject:
    """The pod with the label of its template's revision, by which some constraints tell pods apart.

    Pods of a template that stands already share its revision; those of a rollout (``revision``) have another.
    """
    pod, key = demand.sample.pod, REVISIONS.get(demand.workload.kind)
    if key is None:
        return pod
    present = labels(demand.kept[0].pod).get(key) if demand.kept else None
    return {**pod, "metadata": {**mapping(pod, "metadata"), "labels": {**labels(pod), key: revision or present or FIRST}}}


def _tying(pod: KubeObject, volumes: Volumes) -> list[str]:
    """The claims that a pod names or that came with it, as far as they tie it."""
    found = items(pod, "spec", "volumes")
    named = [text(volume, "persistentVolumeClaim", "claimName") for volume in found]
    own = [f"{name_of(pod)}-{text(volume, 'name')}" for volume in found if "ephemeral" in volume]
    return volumes.of(namespace_of(pod), [*named, *own])


def _owner(pod: KubeObject) -> str:
    kind, namespace, name = owner_of(pod)
    return f"{kind} {namespace}/{name}"
