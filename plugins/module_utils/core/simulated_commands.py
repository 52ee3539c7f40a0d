# Copyright (c) autotrade.deployment engineers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The command line of each process of a simulated cluster."""

from __future__ import annotations

from collections.abc import Mapping

from ansible_collections.autotrade.deployment.plugins.module_utils.core.simulated import ClusterSpec, Component

LOOPBACK = "127.0.0.1"
ISSUER = "https://kubernetes.default.svc.cluster.local"
ADMISSION = "NodeRestriction,PodSecurity,ResourceQuota,LimitRanger,Priority,DefaultTolerationSeconds"
#: Nodes with this label are left alone by KWOK: no lease, no pod status, as if their power were off.
SILENT_LABEL = "simulation.autotrade.deployment/silent"


def command(spec: ClusterSpec, component: Component) -> tuple[str, ...]:
    """The full command line; every one names the cluster's directory, by which leftovers are found."""
    flags = {
        Component.ETCD: _etcd,
        Component.API_SERVER: _api_server,
        Component.CONTROLLER_MANAGER: _controller_manager,
        Component.SCHEDULER: _scheduler,
        Component.KWOK: _kwok,
    }[component](spec)
    return (spec.binaries[component], *(f"--{name}={value}" for name, value in flags.items()))


def _etcd(spec: ClusterSpec) -> Mapping[str, str]:
    layout = spec.layout
    client, peer = (f"https://{LOOPBACK}:{port}" for port in (spec.ports.etcd, spec.ports.etcd_peer))
    return {
        "name": "simulated",
        "data-dir": layout.etcd_data,
        "listen-client-urls": client,
        "advertise-client-urls": client,
        "listen-peer-urls": peer,
        "initial-advertise-peer-urls": peer,
        "initial-cluster": f"simulated={peer}",
        # One member: a changed peer port must not be refused, and the data is not worth a wait for the disk.
        "unsafe-no-fsync": "true",
        "quota-backend-bytes": str(spec.sizes.etcd_quota_mebibytes * 1024 * 1024),
        "log-level": "warn",
        **_etcd_tls(spec, ""),
        **_etcd_tls(spec, "peer-"),
    }


def _etcd_tls(spec: ClusterSpec, prefix: str) -> Mapping[str, str]:
    return {
        f"{prefix}client-cert-auth": "true",
        f"{prefix}trusted-ca-file": spec.layout.pki("etcd-ca.crt"),
        f"{prefix}cert-file": spec.layout.pki("etcd-serving.crt"),
        f"{prefix}key-file": spec.layout.pki("etcd-serving.key"),
    }


def _api_server(spec: ClusterSpec) -> Mapping[str, str]:
    return {
        **_api_server_serving(spec),
        **_api_server_etcd(spec),
        **_api_server_identity(spec),
        **_api_server_admission(spec),
        **spec.api_server_extra_args,
    }


def _api_server_serving(spec: ClusterSpec) -> Mapping[str, str]:
    return {
        "bind-address": LOOPBACK,
        "advertise-address": LOOPBACK,
        "secure-port": str(spec.ports.api_server),
        # The endpoint of the Service "kubernetes" may not be a loopback address; nothing here uses that Service.
        "endpoint-reconciler-type": "none",
        "service-cluster-ip-range": spec.networks.services,
        "tls-cert-file": spec.layout.pki("serving.crt"),
        "tls-private-key-file": spec.layout.pki("serving.key"),
        "max-requests-inflight": str(spec.sizes.max_requests_inflight),
        "max-mutating-requests-inflight": str(spec.sizes.max_requests_inflight // 2),
        # As kubeadm sets it: which pods may be privileged is for Pod Security to say.
        "allow-privileged": "true",
        "profiling": "false",
        "shutdown-delay-duration": "0s",
    }


def _api_server_etcd(spec: ClusterSpec) -> Mapping[str, str]:
    return {
        "etcd-servers": f"https://{LOOPBACK}:{spec.ports.etcd}",
        "etcd-cafile": spec.layout.pki("etcd-ca.crt"),
        "etcd-certfile": spec.layout.pki("etcd-client.crt"),
        "etcd-keyfile": spec.layout.pki("etcd-client.key"),
    }


def _api_server_identity(spec: ClusterSpec) -> Mapping[str, str]:
    pki = spec.layout.pki
    return {
        "anonymous-auth": "false",
        "authorization-mode": "RBAC",
        "client-ca-file": pki("ca.crt"),
        "requestheader-client-ca-file": pki("front-proxy-ca.crt"),
        "requestheader-allowed-names": "front-proxy-client",
        "requestheader-username-headers": "X-Remote-User",
        "requestheader-group-headers": "X-Remote-Group",
        "requestheader-extra-headers-prefix": "X-Remote-Extra-",
        "proxy-client-cert-file": pki("front-proxy-client.crt"),
        "proxy-client-key-file": pki("front-proxy-client.key"),
        "service-account-issuer": ISSUER,
        "service-account-key-file": pki("service-account.pub"),
        "service-account-signing-key-file": pki("service-account.key"),
    }


def _api_server_admission(spec: ClusterSpec) -> Mapping[str, str]:
    return {
        "enable-admission-plugins": ADMISSION,
        "admission-control-config-file": spec.layout.config("admission.json"),
        "default-not-ready-toleration-seconds": str(spec.timers.default_not_ready_toleration),
        "default-unreachable-toleration-seconds": str(spec.timers.default_unreachable_toleration),
        "audit-policy-file": spec.layout.config("audit-policy.json"),
        "audit-log-path": spec.layout.path("logs", "audit.log"),
        "audit-log-maxsize": str(spec.sizes.audit_log_mebibytes),
        "audit-log-maxbackup": "2",
    }


def _controller_manager(spec: ClusterSpec) -> Mapping[str, str]:
    layout = spec.layout
    kubeconfig = layout.component_kubeconfig("kube-controller-manager")
    return {
        **_client_and_serving(spec, kubeconfig, spec.ports.controller_manager),
        "leader-elect": "false",
        "use-service-account-credentials": "true",
        "service-account-private-key-file": layout.pki("service-account.key"),
        "root-ca-file": layout.pki("ca.crt"),
        "cluster-signing-cert-file": layout.pki("ca.crt"),
        "cluster-signing-key-file": layout.pki("ca.key"),
        "allocate-node-cidrs": "true",
        "cluster-cidr": spec.networks.pods,
        "node-cidr-mask-size": str(spec.networks.pods_mask_per_node),
        "service-cluster-ip-range": spec.networks.services,
        "node-monitor-grace-period": f"{spec.timers.node_monitor_grace_period}s",
        "node-monitor-period": f"{spec.timers.node_monitor_period}s",
        "horizontal-pod-autoscaler-sync-period": f"{spec.timers.autoscaler_sync_period}s",
        "kube-api-qps": str(spec.sizes.client_qps),
        "kube-api-burst": str(spec.sizes.client_qps * 2),
        "profiling": "false",
    }


def _scheduler(spec: ClusterSpec) -> Mapping[str, str]:
    kubeconfig = spec.layout.component_kubeconfig("kube-scheduler")
    flags = {**_client_and_serving(spec, kubeconfig, spec.ports.scheduler), "config": spec.layout.config("scheduler.json")}
    # With a configuration file the client settings stand there; the flag would be ignored with a warning.
    del flags["kubeconfig"]
    return flags


def _client_and_serving(spec: ClusterSpec, kubeconfig: str, port: int) -> dict[str, str]:
    return {
        "kubeconfig": kubeconfig,
        "authentication-kubeconfig": kubeconfig,
        "authorization-kubeconfig": kubeconfig,
        "bind-address": LOOPBACK,
        "secure-port": str(port),
        "tls-cert-file": spec.layout.pki("serving.crt"),
        "tls-private-key-file": spec.layout.pki("serving.key"),
    }


def _kwok(spec: ClusterSpec) -> Mapping[str, str]:
    return {
        "kubeconfig": spec.layout.component_kubeconfig("kwok"),
        "config": spec.layout.config("kwok.json"),
        "cidr": spec.networks.pods,
        "manage-nodes-with-label-selector": f"{SILENT_LABEL}!=true",
        "node-lease-duration-seconds": str(spec.timers.node_lease_duration),
    }
