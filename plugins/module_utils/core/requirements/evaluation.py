# Copyright (c) autotrade.deployment engineers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""All checks on one cluster: the registry filled, the findings in the order of the requirements, the counts, the kinds needed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

# Imported for their effect: each puts its checks into the registry.
from ansible_collections.autotrade.deployment.plugins.module_utils.core.requirements import (  # noqa: F401 # pylint: disable=unused-import
    applications,
    cluster,
    disruptions,
    namespace,
    nodes,
    observability,
    operations,
    scaling,
    secrecy,
    security,
    spreading,
    state,
    strategies,
)
from ansible_collections.autotrade.deployment.plugins.module_utils.core.requirements.model import (
    REGISTRY,
    Cluster,
    Finding,
    HiddenKindError,
    Registered,
    State,
    Verdict,
    not_run,
)

# What the checks read, as (API version, kind): one LIST each. Kinds of APIs that a cluster does not serve are left out.
KINDS_NEEDED: tuple[tuple[str, str], ...] = (
    *(("v1", kind) for kind in ("Namespace", "Node", "Pod", "Service", "ConfigMap", "Secret", "ServiceAccount")),
    *(("v1", kind) for kind in ("PersistentVolumeClaim", "ResourceQuota", "LimitRange")),
    *(("apps/v1", kind) for kind in ("Deployment", "StatefulSet", "DaemonSet")),
    *(("batch/v1", kind) for kind in ("Job", "CronJob")),
    ("policy/v1", "PodDisruptionBudget"),
    ("autoscaling/v2", "HorizontalPodAutoscaler"),
    ("autoscaling.k8s.io/v1", "VerticalPodAutoscaler"),
    ("keda.sh/v1alpha1", "ScaledObject"),
    ("scheduling.k8s.io/v1", "PriorityClass"),
    ("storage.k8s.io/v1", "StorageClass"),
    ("networking.k8s.io/v1", "NetworkPolicy"),
    ("networking.k8s.io/v1", "Ingress"),
    *(("rbac.authorization.k8s.io/v1", kind) for kind in ("Role", "RoleBinding", "ClusterRole", "ClusterRoleBinding")),
    ("operator.tigera.io/v1", "Installation"),
    ("metallb.io/v1beta1", "IPAddressPool"),
    ("metallb.io/v1beta1", "L2Advertisement"),
    *(("gateway.networking.k8s.io/v1", kind) for kind in ("Gateway", "HTTPRoute")),
    *(("cert-manager.io/v1", kind) for kind in ("Certificate", "Issuer", "ClusterIssuer")),
    *(("security.istio.io/v1", kind) for kind in ("PeerAuthentication", "AuthorizationPolicy", "RequestAuthentication")),
    *(("networking.istio.io/v1", kind) for kind in ("VirtualService", "DestinationRule")),
    ("external-secrets.io/v1", "ExternalSecret"),
)


def order(requirement: str) -> tuple[int, int]:
    """The place of an id: by letter as the requirements list them, then by number."""
    return "CNADSHXV".index(requirement[0]), int(requirement[1:])


def evaluate(observed: Cluster, only: Iterable[str] = ()) -> tuple[Finding, ...]:
    """Every check (or only some) on one cluster, in order. Raises KeyError for an id that has no check."""
    chosen = sorted(tuple(only) or REGISTRY, key=order)
    verdicts = ((REGISTRY[one], _verdict(REGISTRY[one], observed)) for one in chosen)
    return tuple(Finding(entry.id, entry.title, verdict.state, verdict.message) for entry, verdict in verdicts)


def unasked(reason: str, only: Iterable[str] = ()) -> tuple[Finding, ...]:
    """Every finding as not run, for the one reason that there is no cluster to judge."""
    return tuple(Finding(one.id, one.title, State.NOT_RUN, reason) for one in evaluate(Cluster(()), only))


def _verdict(entry: Registered, observed: Cluster) -> Verdict:
    try:
        return entry.run(observed)
    except HiddenKindError as error:
        return not_run(f"this user may not list objects of kind {error}, which the requirement is judged by")


def unknown(ids: Iterable[str]) -> list[str]:
    """The ids that have no check."""
    return sorted(set(ids) - set(REGISTRY))


def counts(findings: Iterable[Finding]) -> dict[str, int]:
    """How many passed, failed and did not run."""
    found = Counter(finding.state for finding in findings)
    return {one.value: found[one] for one in State}


def report(findings: Iterable[Finding]) -> Mapping[str, Mapping[str, str]]:
    """What build/verify.json holds: id -> state and message."""
    return {finding.id: {"state": finding.state.value, "message": finding.message} for finding in findings}
