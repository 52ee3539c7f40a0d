# Copyright (c) autotrade.deployment engineers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Apply order as a table: which kinds go in which wave, and in which order within it.

A wave starts when the one before it is settled. Definitions come first, so a custom resource always follows its CRD, and
budgets and policies stand before the pods that they guard. Kinds outside the table go with the workloads.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from ansible_collections.autotrade.deployment.plugins.module_utils.core.objects import KubeObject, ObjectRef, ref_of

_FALLBACK = "workloads"

# Wave, then its kinds in order; "Kind.group", or "Kind" alone for the core group.
_TABLE: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("namespaces and definitions", ("Namespace", "CustomResourceDefinition.apiextensions.k8s.io")),
    (
        "classes",
        (
            "PriorityClass.scheduling.k8s.io",
            "RuntimeClass.node.k8s.io",
            "StorageClass.storage.k8s.io",
            "VolumeSnapshotClass.snapshot.storage.k8s.io",
            "VolumeAttributesClass.storage.k8s.io",
            "CSIDriver.storage.k8s.io",
            "DeviceClass.resource.k8s.io",
            "IngressClass.networking.k8s.io",
            "GatewayClass.gateway.networking.k8s.io",
            "FlowSchema.flowcontrol.apiserver.k8s.io",
            "PriorityLevelConfiguration.flowcontrol.apiserver.k8s.io",
        ),
    ),
    (
        "policies",
        (
            "ClusterRole.rbac.authorization.k8s.io",
            "Role.rbac.authorization.k8s.io",
            "ClusterRoleBinding.rbac.authorization.k8s.io",
            "RoleBinding.rbac.authorization.k8s.io",
            "ResourceQuota",
            "LimitRange",
            "PodDisruptionBudget.policy",
            "NetworkPolicy.networking.k8s.io",
            "AdminNetworkPolicy.policy.networking.k8s.io",
            "BaselineAdminNetworkPolicy.policy.networking.k8s.io",
            "NetworkPolicy.crd.projectcalico.org",
            "GlobalNetworkPolicy.crd.projectcalico.org",
            "NetworkPolicy.projectcalico.org",
            "GlobalNetworkPolicy.projectcalico.org",
            "PeerAuthentication.security.istio.io",
            "AuthorizationPolicy.security.istio.io",
            "RequestAuthentication.security.istio.io",
            "Sidecar.networking.istio.io",
        ),
    ),
    (
        "configuration",
        (
            "ServiceAccount",
            "Secret",
            "ConfigMap",
            "ClusterIssuer.cert-manager.io",
            "Issuer.cert-manager.io",
            "Certificate.cert-manager.io",
            "ClusterSecretStore.external-secrets.io",
            "SecretStore.external-secrets.io",
            "ExternalSecret.external-secrets.io",
            "ClusterTriggerAuthentication.keda.sh",
            "TriggerAuthentication.keda.sh",
            "IPAddressPool.metallb.io",
            "BGPPeer.metallb.io",
            "L2Advertisement.metallb.io",
            "BGPAdvertisement.metallb.io",
        ),
    ),
    ("storage", ("PersistentVolume", "PersistentVolumeClaim")),
    (
        "workloads",
        (
            "Service",
            "ServiceEntry.networking.istio.io",
            "DestinationRule.networking.istio.io",
            "Gateway.networking.istio.io",
            "Gateway.gateway.networking.k8s.io",
            "StatefulSet.apps",
            "DaemonSet.apps",
            "Deployment.apps",
            "ReplicaSet.apps",
            "Pod",
            "Job.batch",
            "CronJob.batch",
        ),
    ),
    (
        "scaling and routes",
        (
            "HorizontalPodAutoscaler.autoscaling",
            "VerticalPodAutoscaler.autoscaling.k8s.io",
            "ScaledObject.keda.sh",
            "ScaledJob.keda.sh",
            "VirtualService.networking.istio.io",
            "HTTPRoute.gateway.networking.k8s.io",
            "GRPCRoute.gateway.networking.k8s.io",
            "TLSRoute.gateway.networking.k8s.io",
            "TCPRoute.gateway.networking.k8s.io",
            "UDPRoute.gateway.networking.k8s.io",
            "Ingress.networking.k8s.io",
        ),
    ),
    (
        "webhooks",
        (
            "APIService.apiregistration.k8s.io",
            "ValidatingAdmissionPolicy.admissionregistration.k8s.io",
            "ValidatingAdmissionPolicyBinding.admissionregistration.k8s.io",
            "MutatingAdmissionPolicy.admissionregistration.k8s.io",
            "MutatingAdmissionPolicyBinding.admissionregistration.k8s.io",
            "MutatingWebhookConfiguration.admissionregistration.k8s.io",
            "ValidatingWebhookConfiguration.admissionregistration.k8s.io",
        ),
    ),
)

WAVE_NAMES: tuple[str, ...] = tuple(name for name, _kinds in _TABLE)
_RANKS = {kind: (wave, rank) for wave, (_name, kinds) in enumerate(_TABLE) for rank, kind in enumerate(kinds)}
_FALLBACK_RANK = (WAVE_NAMES.index(_FALLBACK), len(_RANKS))


@dataclass(frozen=True)
class Wave:
    """Objects that are applied together, in order; ``name`` is for people."""

    name: str
    objects: tuple[KubeObject, ...]


def wave_of(ref: ObjectRef) -> str:
    """Name of the wave that an object of this kind belongs to."""
    return WAVE_NAMES[_rank(ref)[0]]


def waves(objects: Iterable[KubeObject]) -> tuple[Wave, ...]:
    """The objects in waves, in apply order, empty waves left out. The same set always gives the same order."""
    ordered = sorted(
        ((_rank(ref), ref, obj) for obj, ref in ((obj, ref_of(obj)) for obj in objects)), key=lambda entry: entry[:2]
    )
    return tuple(
        Wave(name, members)
        for index, name in enumerate(WAVE_NAMES)
        if (members := tuple(obj for rank, _ref, obj in ordered if rank[0] == index))
    )


def _rank(ref: ObjectRef) -> tuple[int, int]:
    key = f"{ref.kind}.{ref.group}" if ref.group else ref.kind
    return _RANKS.get(key, _FALLBACK_RANK)
