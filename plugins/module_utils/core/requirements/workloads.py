# Copyright (c) autotrade.deployment engineers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Pod templates of every workload kind seen through one pair of glasses, with what the scheduler and the quota make of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from ansible_collections.autotrade.deployment.plugins.module_utils.core.capacity.amounts import ZERO, Resources, resources_at
from ansible_collections.autotrade.deployment.plugins.module_utils.core.capacity.pods import LIMITS, REQUESTS, container_total
from ansible_collections.autotrade.deployment.plugins.module_utils.core.requirements.reading import (
    EMPTY,
    expression_holds,
    items,
    labels,
    mapping,
    selects,
    text,
    value,
    whole,
)

# Where the pod template of a kind stands; a bare pod is its own template.
TEMPLATE_PATHS: Mapping[str, tuple[str, ...]] = {
    "Deployment": ("spec", "template"),
    "StatefulSet": ("spec", "template"),
    "DaemonSet": ("spec", "template"),
    "Job": ("spec", "template"),
    "CronJob": ("spec", "jobTemplate", "spec", "template"),
    "Pod": (),
}
REPLICATED_KINDS = ("Deployment", "StatefulSet")


@dataclass(frozen=True)
class Workload:
    """An object that makes pods."""

    kind: str
    obj: Mapping[str, Any]

    @property
    def name(self) -> str:
        """metadata.name."""
        return text(self.obj, "metadata", "name")

    @property
    def namespace(self) -> str:
        """metadata.namespace."""
        return text(self.obj, "metadata", "namespace")

    @property
    def where(self) -> str:
        """``Deployment trading-system/data-acquisition``."""
        return f"{self.kind} {self.namespace}/{self.name}"

    @property
    def owned(self) -> bool:
        """Whether another object made this one."""
        return bool(items(self.obj, "metadata", "ownerReferences"))

    @property
    def template(self) -> Mapping[str, Any]:
        """The pod template (or the pod)."""
        return mapping(self.obj, *TEMPLATE_PATHS[self.kind])

    @property
    def labels(self) -> Mapping[str, Any]:
        """The labels that its pods carry."""
        return labels(self.template)

    @property
    def component(self) -> str:
        """The value of the label ``app``."""
        return text(self.template, "metadata", "labels", "app")

    @property
    def spec(self) -> Mapping[str, Any]:
        """The pod's spec."""
        return mapping(self.template, "spec")

    @property
    def replicas(self) -> int:
        """How many pods it asks for; Kubernetes' own default is 1. A suspended Job asks for none."""
        if self.kind == "Job":
            return 0 if value(self.obj, "spec", "suspend") is True else (whole(self.obj, "spec", "parallelism") or 1)
        if self.kind in REPLICATED_KINDS:
            found = whole(self.obj, "spec", "replicas")
            return 1 if found is None else found
        return 1 if self.kind == "Pod" else 0

    @property
    def containers(self) -> list[Container]:
        """Init containers (sidecars among them) and main containers."""
        init = [Container(self, found, True) for found in items(self.spec, "initContainers")]
        return init + [Container(self, found, False) for found in items(self.spec, "containers")]

    @property
    def main(self) -> Mapping[str, Any]:
        """The container that bears the component's name, else the first one."""
        found = items(self.spec, "containers")
        return next((one for one in found if one.get("name") == self.component), found[0] if found else EMPTY)

    def mounts(self) -> dict[str, str]:
        """Mount path to claim name over all containers."""
        claims = {text(v, "name"): text(v, "persistentVolumeClaim", "claimName") for v in items(self.spec, "volumes")}
        return {
            text(mount, "mountPath"): claims[text(mount, "name")]
            for container in self.containers
            for mount in items(container.spec, "volumeMounts")
            if claims.get(text(mount, "name"))
        }

    def limit(self, resource: str) -> Fraction:
        """The most that the containers of one pod may take of a resource, as the template says it."""
        return container_total({"spec": self.spec}, LIMITS).get(resource, ZERO)

    def tolerates(self, taint: Mapping[str, Any]) -> bool:
        """Whether a toleration of the pod matches the taint."""
        return any(_tolerates(toleration, taint) for toleration in items(self.spec, "tolerations"))

    def may_run_on(self, node: Mapping[str, Any]) -> bool:
        """Node selector, required node affinity and hard taints, as the scheduler's filters judge them."""
        hard = [t for t in items(node, "spec", "taints") if text(t, "effect") in {"NoSchedule", "NoExecute"}]
        return self.chooses(labels(node), text(node, "metadata", "name")) and all(self.tolerates(taint) for taint in hard)

    def chooses(self, node_labels: Mapping[str, Any], node_name: str = "") -> bool:
        """Node selector and required node affinity against a node's labels and name; a term that says nothing matches no node."""
        if any(node_labels.get(key) != wanted for key, wanted in mapping(self.spec, "nodeSelector").items()):
            return False
        terms, fields = self.node_terms(), {"metadata.name": node_name}
        named = [items(term, "matchFields") for term in self._node_selector_terms()]
        return not terms or any(
            all(expression_holds(one, node_labels) for one in term) and all(expression_holds(one, fields) for one in names)
            for term, names in zip(terms, named, strict=True)
            if term or names
        )

    def node_terms(self) -> list[list[Mapping[str, Any]]]:
        """The required node affinity: alternatives of expressions that must all hold."""
        return [items(term, "matchExpressions") for term in self._node_selector_terms()]

    def _node_selector_terms(self) -> list[Mapping[str, Any]]:
        path = ("affinity", "nodeAffinity", "requiredDuringSchedulingIgnoredDuringExecution", "nodeSelectorTerms")
        return items(self.spec, *path)

    def requires_label(self, key: str) -> bool:
        """Whether every way to place the pod says something about the node label ``key``."""
        terms = self.node_terms()
        everywhere = bool(terms) and all(any(text(one, "key") == key for one in term) for term in terms)
        return everywhere or key in mapping(self.spec, "nodeSelector")

    def spreads(self, topology: str) -> list[Mapping[str, Any]]:
        """Topology spread constraints over ``topology`` that count this workload's own pods."""
        return [
            constraint
            for constraint in items(self.spec, "topologySpreadConstraints")
            if text(constraint, "topologyKey") == topology and selects(value(constraint, "labelSelector"), self.labels)
        ]

    def repels_itself(self, topology: str, required_only: bool = False) -> bool:
        """Whether a pod anti-affinity keeps its own pods apart over ``topology``."""
        return any(
            text(term, "topologyKey") == topology and selects(value(term, "labelSelector"), self.labels)
            for term in self._anti_affinity(required_only)
        )

    def _anti_affinity(self, required_only: bool) -> Iterator[Mapping[str, Any]]:
        terms = mapping(self.spec, "affinity", "podAntiAffinity")
        yield from items(terms, "requiredDuringSchedulingIgnoredDuringExecution")
        if not required_only:
            for preference in items(terms, "preferredDuringSchedulingIgnoredDuringExecution"):
                yield mapping(preference, "podAffinityTerm")


@dataclass(frozen=True)
class Container:
    """One container of a pod template."""

    workload: Workload
    spec: Mapping[str, Any]
    init: bool

    @property
    def name(self) -> str:
        """The container's name."""
        return text(self.spec, "name")

    @property
    def sidecar(self) -> bool:
        """Whether it is an init container that keeps running."""
        return self.init and text(self.spec, "restartPolicy") == "Always"

    @property
    def where(self) -> str:
        """``Deployment trading-system/x, container y``."""
        kind = "init container" if self.init else "container"
        return f"{self.workload.where}, {kind} {self.name or '(without a name)'}"

    @property
    def amounts(self) -> tuple[Resources, Resources]:
        """Requests and limits as they are written."""
        return resources_at(self.spec, "resources", REQUESTS), resources_at(self.spec, "resources", LIMITS)

    def port(self, name_or_number: Any) -> Any:
        """The number of a port that a probe or Service names."""
        if isinstance(name_or_number, str):
            for port in items(self.spec, "ports"):
                if text(port, "name") == name_or_number:
                    return value(port, "containerPort")
        return name_or_number


def _tolerates(toleration: Mapping[str, Any], taint: Mapping[str, Any]) -> bool:
    key, effect = text(toleration, "key"), text(toleration, "effect")
    if effect and effect != text(taint, "effect"):
        return False
    if text(toleration, "operator") == "Exists":
        return key in ("", text(taint, "key"))
    return key == text(taint, "key") and text(toleration, "value") == text(taint, "value")
