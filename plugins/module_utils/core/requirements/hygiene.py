# Copyright (c) autotrade.deployment engineers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The rules that every container and every pod template follows (requirement A8; specification, section 10)."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping

from ansible_collections.autotrade.deployment.plugins.module_utils.core.requirements.exceptions import Excuse, excused
from ansible_collections.autotrade.deployment.plugins.module_utils.core.requirements.model import Cluster, missing, shown
from ansible_collections.autotrade.deployment.plugins.module_utils.core.requirements.nodes import CLASS, PAGE_SIZE
from ansible_collections.autotrade.deployment.plugins.module_utils.core.requirements.reading import (
    amount,
    labels,
    mapping,
    selects,
    text,
    texts,
    value,
)
from ansible_collections.autotrade.deployment.plugins.module_utils.core.requirements.workloads import (
    REPLICATED_KINDS,
    Container,
    Workload,
)

IMAGE = re.compile(r"^[a-z0-9][a-z0-9./_:-]*:(?P<tag>[A-Za-z0-9_][A-Za-z0-9_.-]{0,127})@sha256:[0-9a-f]{64}$")
ARCH = "kubernetes.io/arch"
PART_OF = ("app.kubernetes.io/part-of", "trading-system")
# Built for 4 KiB pages, they abort or leak on a 64 KiB kernel.
PAGE_BOUND = ("timescaledb", "redis", "gateway")
ContainerRule = Callable[[Container], Iterator[str]]
WorkloadRule = Callable[[Cluster, Workload], Iterator[str]]


def resources(container: Container) -> Iterator[str]:
    """Requests and limits for cpu and memory, requests not above limits."""
    for resource in ("cpu", "memory"):
        request, limit = (amount(value(container.spec, "resources", side, resource)) for side in ("requests", "limits"))
        for side, found in (("requests", request), ("limits", limit)):
            if not found:
                stated = shown(value(container.spec, "resources", side, resource))
                yield f"resources.{side}.{resource} is {stated}, expected a quantity"
        if request and limit and request > limit:
            yield f"resources.requests.{resource} is above its limit"


def probes(container: Container) -> Iterator[str]:
    """Readiness and liveness wherever a container keeps running."""
    if container.workload.kind in ("Job", "CronJob") or (container.init and not container.sidecar):
        return
    for probe in ("readinessProbe", "livenessProbe"):
        handler = mapping(container.spec, probe)
        if not any(key in handler for key in ("httpGet", "exec", "tcpSocket", "grpc")):
            yield f"{probe} is {shown(value(container.spec, probe))}, expected a probe"


def image(container: Container) -> Iterator[str]:
    """Pinned by tag and digest; ``latest`` names nothing."""
    found = text(container.spec, "image")
    match = IMAGE.match(found)
    if match is None:
        yield f"image is {found or 'not set'}, expected repository:tag@sha256:digest"
    elif match["tag"] == "latest" or match["tag"].startswith("latest-"):
        yield f"image is {found}, expected a version and not latest"


def user(container: Container) -> Iterator[str]:
    """Not root, no new privileges, no capabilities, default seccomp profile."""
    pod, own = mapping(container.workload.spec, "securityContext"), mapping(container.spec, "securityContext")
    if own.get("runAsNonRoot", pod.get("runAsNonRoot")) is not True:
        yield f"securityContext.runAsNonRoot is {shown(own.get('runAsNonRoot', pod.get('runAsNonRoot')))}, expected True"
    if own.get("runAsUser", pod.get("runAsUser")) == 0:
        yield "securityContext.runAsUser is 0 (root), expected another"
    if own.get("privileged") is True:
        yield "securityContext.privileged is True, expected False"
    if own.get("allowPrivilegeEscalation") is not False:
        yield f"securityContext.allowPrivilegeEscalation is {shown(own.get('allowPrivilegeEscalation'))}, expected False"
    if "ALL" not in texts(own, "capabilities", "drop"):
        yield f"securityContext.capabilities.drop is {shown(value(own, 'capabilities', 'drop'))}, expected ALL"
    profile = text(own, "seccompProfile", "type") or text(pod, "seccompProfile", "type")
    if profile not in ("RuntimeDefault", "Localhost"):
        yield f"securityContext.seccompProfile.type is {profile or 'not set'}, expected RuntimeDefault"


def root_filesystem(container: Container) -> Iterator[str]:
    """Read-only."""
    found = value(container.spec, "securityContext", "readOnlyRootFilesystem")
    if found is not True:
        yield f"securityContext.readOnlyRootFilesystem is {shown(found)}, expected True"


def service_account(cluster: Cluster, workload: Workload) -> Iterator[str]:
    """One of its own that exists; the default one belongs to everybody."""
    name = text(workload.spec, "serviceAccountName")
    if name in ("", "default"):
        yield f"serviceAccountName is {name or 'not set'}, expected the component's own"
        return
    if cluster.get("ServiceAccount", name, workload.namespace) is None:
        yield missing("ServiceAccount", name, workload.namespace, "its pods could not start")
    others = {
        other.where
        for other in cluster.workloads(workload.namespace)
        if text(other.spec, "serviceAccountName") == name and _part(other) != _part(workload)
    }
    if others:
        yield f"serviceAccountName {name} is shared with {', '.join(sorted(others))}, expected its own"


def _part(workload: Workload) -> str:
    return workload.component or workload.name


def budget(cluster: Cluster, workload: Workload) -> Iterator[str]:
    """A disruption budget where there is more than one replica."""
    if workload.kind not in REPLICATED_KINDS or workload.replicas <= 1:
        return
    budgets = cluster.of_kind("PodDisruptionBudget", workload.namespace)
    if not any(selects(value(one, "spec", "selector"), workload.labels) for one in budgets):
        yield f"{workload.replicas} replicas and no PodDisruptionBudget selects its pods"


def placement(cluster: Cluster, workload: Workload) -> Iterator[str]:
    """Node affinity by class and architecture; what cannot stand 64 KiB pages stays off such hosts."""
    if workload.kind == "DaemonSet":
        return
    for key in (CLASS, ARCH):
        if not workload.requires_label(key):
            yield f"required node affinity says nothing about {key}"
    if _page_bound(workload):
        wide = [
            {CLASS: c, ARCH: a, PAGE_SIZE: "64k"} for c in ("cpu", "gpu", "storage", "control-plane") for a in ("amd64", "arm64")
        ]
        wide += [{**labels(node), PAGE_SIZE: "64k"} for node in cluster.nodes]
        if any(workload.chooses(one) for one in wide):
            yield f"may run on a host with 64 KiB pages, expected {PAGE_SIZE} NotIn [64k] in its required node affinity"


def _page_bound(workload: Workload) -> bool:
    names = {workload.component, workload.name, workload.namespace, str(workload.labels.get("app.kubernetes.io/component", ""))}
    return any(name.startswith(PAGE_BOUND) for name in names if name)


CONTAINER_RULES: Mapping[str, ContainerRule] = {
    "resources": resources,
    "probes": probes,
    "image": image,
    "user": user,
    "root_filesystem": root_filesystem,
}
WORKLOAD_RULES: Mapping[str, WorkloadRule] = {
    "service_account": service_account,
    "budget": budget,
    "placement": placement,
}


def ours(cluster: Cluster, workload: Workload) -> bool:
    """Whether the collection made it: a live cluster also runs pods of kubeadm and of operators."""
    namespaces = (cluster.settings.namespace, cluster.settings.monitoring_namespace)
    return not cluster.observed or workload.namespace in namespaces or workload.labels.get(PART_OF[0]) == PART_OF[1]


def _judgements(cluster: Cluster) -> Iterator[tuple[str, Workload | Container, str]]:
    for workload in (found for found in cluster.workloads() if ours(cluster, found)):
        for name, rule in WORKLOAD_RULES.items():
            yield from ((name, workload, problem) for problem in rule(cluster, workload))
        for container in workload.containers:
            for name, container_rule in CONTAINER_RULES.items():
                yield from ((name, container, problem) for problem in container_rule(container))
        if value(workload.spec, "hostPID") is True:
            yield "host_namespaces", workload, "hostPID is True, expected False"
        if value(workload.spec, "hostNetwork") is True:
            yield "host_namespaces", workload, "hostNetwork is True, expected False"


def problems(cluster: Cluster) -> Iterator[str]:
    """Every broken rule that no exception excuses."""
    for rule, subject, problem in _judgements(cluster):
        if excused(f"A8.{rule}", subject) is None:
            yield f"{subject.where}: {problem}"


def excuses_used(cluster: Cluster) -> dict[Excuse, list[str]]:
    """The exceptions that these objects really need, with what each excuses."""
    used: dict[Excuse, list[str]] = defaultdict(list)
    for rule, subject, problem in _judgements(cluster):
        entry = excused(f"A8.{rule}", subject)
        if entry is not None:
            used[entry].append(problem)
    return dict(used)
