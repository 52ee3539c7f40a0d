# Copyright (c) autotrade.deployment engineers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Kind to rule. The key is ``Kind.group``, or ``Kind`` for the core group."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from ansible_collections.autotrade.deployment.plugins.module_utils.core.readiness import (
    autoscaling,
    batch,
    crds,
    generic,
    nodes,
    pods,
    policies,
    routes,
    services,
    storage,
    workloads,
)
from ansible_collections.autotrade.deployment.plugins.module_utils.core.readiness.model import Facts, Readiness

Rule = Callable[[Facts], Readiness]

RULES: Mapping[str, Rule] = {
    "APIService.apiregistration.k8s.io": crds.api_service,
    "Certificate.cert-manager.io": generic.reported,
    "ClusterIssuer.cert-manager.io": generic.reported,
    "ClusterSecretStore.external-secrets.io": generic.reported,
    "CronJob.batch": batch.cron_job,
    "CustomResourceDefinition.apiextensions.k8s.io": crds.definition,
    "DaemonSet.apps": workloads.daemon_set,
    "Deployment.apps": workloads.deployment,
    "ExternalSecret.external-secrets.io": generic.reported,
    "GRPCRoute.gateway.networking.k8s.io": routes.route,
    "Gateway.gateway.networking.k8s.io": routes.gateway,
    "GatewayClass.gateway.networking.k8s.io": routes.gateway_class,
    "HTTPRoute.gateway.networking.k8s.io": routes.route,
    "HorizontalPodAutoscaler.autoscaling": autoscaling.horizontal,
    "Ingress.networking.k8s.io": services.ingress,
    "Installation.operator.tigera.io": generic.reported,
    "Issuer.cert-manager.io": generic.reported,
    "Job.batch": batch.job,
    "LinstorCluster.piraeus.io": crds.api_service,
    "Namespace": policies.namespace,
    "Node": nodes.node,
    "PersistentVolume": storage.volume,
    "PersistentVolumeClaim": storage.claim,
    "Pod": pods.pod,
    "PodDisruptionBudget.policy": policies.disruption_budget,
    "ReplicaSet.apps": workloads.replica_set,
    "ReplicationController": workloads.replica_set,
    "ResourceQuota": policies.resource_quota,
    "ScaledJob.keda.sh": autoscaling.scaled_object,
    "ScaledObject.keda.sh": autoscaling.scaled_object,
    "SecretStore.external-secrets.io": generic.reported,
    "Service": services.service,
    "StatefulSet.apps": workloads.stateful_set,
    "TCPRoute.gateway.networking.k8s.io": routes.route,
    "TLSRoute.gateway.networking.k8s.io": routes.route,
    "TigeraStatus.operator.tigera.io": crds.api_service,
    "UDPRoute.gateway.networking.k8s.io": routes.route,
    "VerticalPodAutoscaler.autoscaling.k8s.io": autoscaling.vertical,
    "VolumeAttachment.storage.k8s.io": storage.attachment,
}

OWNERS_OF_PODS = frozenset(
    {
        "DaemonSet.apps",
        "Deployment.apps",
        "Job.batch",
        "ReplicaSet.apps",
        "ReplicationController",
        "StatefulSet.apps",
    }
)
