# Copyright (c) autotrade.deployment engineers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What of a live cluster decides about capacity: one LIST per kind, and of configuration and secrets only the names."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from ansible_collections.autotrade.deployment.plugins.module_utils.core.api_resources import ResourceType
from ansible_collections.autotrade.deployment.plugins.module_utils.core.capacity.quotas import COUNTED_KINDS, OLD_COUNTS, hard
from ansible_collections.autotrade.deployment.plugins.module_utils.core.objects import KubeObject, dig_text
from ansible_collections.autotrade.deployment.plugins.module_utils.edge.kube_api import KubeApi
from ansible_collections.autotrade.deployment.plugins.module_utils.edge.kube_errors import ApiError

FORBIDDEN = 403
# Without these nothing can be judged; the others may be hidden from this user.
NEEDED = (("v1", "Node"), ("v1", "Pod"))
READ: tuple[tuple[str, str], ...] = (
    *NEEDED,
    *(("v1", kind) for kind in ("Namespace", "ResourceQuota", "LimitRange", "PersistentVolumeClaim", "Service")),
    *(("apps/v1", kind) for kind in ("Deployment", "StatefulSet", "DaemonSet")),
    ("batch/v1", "Job"),
    ("autoscaling/v2", "HorizontalPodAutoscaler"),
    ("keda.sh/v1alpha1", "ScaledObject"),
    ("scheduling.k8s.io/v1", "PriorityClass"),
    ("node.k8s.io/v1", "RuntimeClass"),
)
# What the scheduler needs beyond that.
READ_FOR_PLACEMENT = (("v1", "PersistentVolume"), ("storage.k8s.io/v1", "StorageClass"))
# Counted by name where a quota counts them.
NAMED: tuple[tuple[str, str], ...] = (
    *(("v1", kind) for kind in ("ConfigMap", "Secret", "ServiceAccount", "ReplicationController")),
    ("batch/v1", "CronJob"),
    ("policy/v1", "PodDisruptionBudget"),
    *(("networking.k8s.io/v1", kind) for kind in ("NetworkPolicy", "Ingress")),
    *(("rbac.authorization.k8s.io/v1", kind) for kind in ("Role", "RoleBinding")),
)
PARALLEL = 8


@dataclass
class Observed:
    """Objects of a cluster, and the kinds that this user may not list."""

    objects: list[KubeObject] = field(default_factory=list)
    hidden: list[str] = field(default_factory=list)


def observe(api: KubeApi, wanted: Iterable[KubeObject], placement: bool) -> Observed:
    """Reads the cluster. Raises KubeError where nodes or pods may not be listed, or no server answers."""
    observed = Observed()
    kinds = READ + (READ_FOR_PLACEMENT if placement else ())
    _read(api, observed, [(version, kind, None) for version, kind in kinds], metadata_only=False)
    quotas = [obj for obj in [*observed.objects, *wanted] if obj.get("kind") == "ResourceQuota"]
    _read(api, observed, sorted(set(_named(quotas))), metadata_only=True)
    return observed


def _named(quotas: Iterable[KubeObject]) -> Iterable[tuple[str, str, str]]:
    for quota in quotas:
        counted = {key.removeprefix("count/") for key in hard(quota) if key.startswith("count/") or key in OLD_COUNTS}
        for version, kind in NAMED:
            if COUNTED_KINDS[kind] in counted:
                yield version, kind, dig_text(quota, "metadata", "namespace")


def _read(api: KubeApi, observed: Observed, asked: Iterable[tuple[str, str, str | None]], *, metadata_only: bool) -> None:
    found = [(api.discovery().find(version, kind), namespace) for version, kind, namespace in asked]
    served = [(kind, namespace) for kind, namespace in found if kind is not None]

    def read(one: tuple[ResourceType, str | None]) -> Iterable[KubeObject] | str:
        try:
            return [_slim(obj) for obj in api.list(*one, metadata_only=metadata_only).items]
        except ApiError as error:
            if error.status != FORBIDDEN or (one[0].api_version, one[0].kind) in NEEDED:
                raise
            return one[0].kind

    with ThreadPoolExecutor(PARALLEL) as pool:
        for answer in pool.map(read, served):
            if isinstance(answer, str):
                observed.hidden.append(answer)
            else:
                observed.objects += answer


def _slim(obj: Mapping[str, object]) -> KubeObject:
    """Without the bookkeeping of field managers."""
    metadata = obj.get("metadata")
    kept = {key: found for key, found in metadata.items() if key != "managedFields"} if isinstance(metadata, Mapping) else {}
    return {**obj, "metadata": kept}
