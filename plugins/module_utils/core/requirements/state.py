# Copyright (c) autotrade.deployment engineers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""S: databases, cache, monitoring, secrets and persistence (specification, sections 6.3, 9.3 and 11)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from ansible_collections.autotrade.deployment.plugins.module_utils.core.requirements.model import (
    Cluster,
    Verdict,
    check,
    differs,
    expect,
    expect_amount,
    judged,
    missing,
    name_of,
    not_run,
    where_is,
)
from ansible_collections.autotrade.deployment.plugins.module_utils.core.requirements.nodes import CLASS
from ansible_collections.autotrade.deployment.plugins.module_utils.core.requirements.reading import (
    items,
    mapping,
    selects,
    text,
    texts,
    value,
    whole,
)
from ansible_collections.autotrade.deployment.plugins.module_utils.core.requirements.spreading import HOSTNAME
from ansible_collections.autotrade.deployment.plugins.module_utils.core.requirements.strategies import service_selects
from ansible_collections.autotrade.deployment.plugins.module_utils.core.requirements.workloads import Workload

QUORUM_OF_SENTINELS = 3
DATABASE, CACHE = "timescaledb", "redis"


@check("S1", "TimescaleDB: one primary, two replicas")
def database(cluster: Cluster) -> Verdict:
    """Figures of the specification, Patroni inside, Services for primary and replicas, placement."""
    found, setting = cluster.workload("StatefulSet", DATABASE), "role database"
    if found is None:
        return judged([missing("StatefulSet", DATABASE, cluster.settings.namespace, setting)], "")
    problems = [
        *expect(found.where, found.obj, "spec.replicas", 3, "database_replicas"),
        *expect(found.where, found.obj, "spec.serviceName", DATABASE, setting),
        *expect(found.where, found.spec, "terminationGracePeriodSeconds", 60, "database_grace_seconds"),
        *_data_claim(found, ("fast",), "100Gi"),
        *_credentials(found, "timescaledb-credentials", ("username", "password")),
        *_patroni(cluster, found),
        *_placement(found),
        *_governing_service(cluster, found),
    ]
    if not any("trading_system" in one for _path, one in _settings_of(cluster, found)):
        problems.append(f"{found.where}: no setting names the database trading_system (database_name)")
    if cluster.observed:
        problems += _all_ready(found)
    return judged(
        problems,
        f"{found.where}: 3 replicas under Patroni, 100Gi on fast",
        "that a lost primary is replaced, which a drill proves",
    )


def _data_claim(found: Workload, classes: tuple[str, ...], size: str | None) -> Iterator[str]:
    claims = items(found.obj, "spec", "volumeClaimTemplates")
    claim = next((one for one in claims if name_of(one) == "data"), None)
    if claim is None:
        yield f"{found.where}: volumeClaimTemplates hold {[name_of(one) for one in claims]}, expected data"
        return
    where = f"{found.where}, volumeClaimTemplate data"
    if text(claim, "spec", "storageClassName") not in classes:
        yield differs(where, "spec.storageClassName", value(claim, "spec", "storageClassName"), " or ".join(classes), "its role")
    if texts(claim, "spec", "accessModes") not in (["ReadWriteOnce"], ["ReadWriteOncePod"]):
        yield differs(where, "spec.accessModes", value(claim, "spec", "accessModes"), ["ReadWriteOnce"], "its role")
    if size is not None:
        asked = value(claim, "spec", "resources", "requests", "storage")
        yield from expect_amount(where, asked, "spec.resources.requests.storage", size, "database_storage_size")
    if not any(text(mount, "name") == "data" for mount in items(found.main, "volumeMounts")):
        yield f"{where}: container {found.main.get('name')} does not mount it"


def _credentials(found: Workload, secret: str, keys: tuple[str, ...]) -> Iterator[str]:
    used = _secret_keys(found, secret)
    for key in keys:
        if key not in used and "*" not in used:
            yield f"{found.where}: does not take {key} from Secret {secret} (role secrets creates it)"


def _secret_keys(found: Workload, secret: str) -> set[str]:
    """The keys of a Secret that pods read by environment or as files; ``*`` for the whole Secret."""
    used: set[str] = set()
    for container in found.containers:
        references = [mapping(one, "valueFrom", "secretKeyRef") for one in items(container.spec, "env")]
        used |= {text(one, "key") for one in references if text(one, "name") == secret}
        used |= {"*" for one in items(container.spec, "envFrom") if text(one, "secretRef", "name") == secret}
    for volume in items(found.spec, "volumes"):
        sources = [mapping(volume, "secret"), *(mapping(one, "secret") for one in items(volume, "projected", "sources"))]
        for source in sources:
            if secret in (text(source, "secretName"), text(source, "name")):
                used |= {text(one, "key") for one in items(source, "items")} or {"*"}
    return used


def _settings_of(cluster: Cluster, found: Workload) -> Iterator[tuple[str, str]]:
    """Every literal environment value, and every line of the ConfigMaps that the pods mount or read."""
    for container in found.containers:
        yield from ((text(one, "name"), text(one, "value")) for one in items(container.spec, "env"))
        yield from ((container.name, one) for one in texts(container.spec, "args") + texts(container.spec, "command"))
    for config in _config_maps(cluster, found):
        yield from ((key, one) for key, one in mapping(config, "data").items() if isinstance(one, str))


def _config_maps(cluster: Cluster, found: Workload) -> list[Mapping[str, Any]]:
    names = {text(volume, "configMap", "name") for volume in items(found.spec, "volumes")}
    names |= {text(s, "configMap", "name") for v in items(found.spec, "volumes") for s in items(v, "projected", "sources")}
    for container in found.containers:
        names |= {text(one, "configMapRef", "name") for one in items(container.spec, "envFrom")}
        names |= {text(one, "valueFrom", "configMapKeyRef", "name") for one in items(container.spec, "env")}
    return [one for one in cluster.of_kind("ConfigMap", found.namespace) if name_of(one) in names]


def _patroni(cluster: Cluster, found: Workload) -> Iterator[str]:
    configured = [f"{name} {setting}" for name, setting in _settings_of(cluster, found)]
    if not any("patroni" in one.lower() for one in configured):
        yield f"{found.where}: nothing configures Patroni, so three replicas would be three unrelated databases (role database)"
    services = _services(cluster, found)
    roles = {text(one, "spec", "selector", key) for one in services for key in ("role", "spilo-role", "patroni-role")}
    # Patroni may also write the primary's address itself: into the Endpoints of a Service without selector, named as its scope.
    written = [one for one in services if not mapping(one, "spec", "selector") and items(one, "spec", "ports")]
    written = [one for one in written if any(name_of(one) in setting for setting in configured)]
    if not {"primary", "master"} & roles and not written:
        yield f"{found.where}: no Service leads to the primary alone, so writes would reach replicas (role database)"
    if "replica" not in roles:
        yield f"{found.where}: no Service selects the replicas (label role: replica) (role database)"


def _services(cluster: Cluster, found: Workload) -> list[Mapping[str, Any]]:
    """Services of the component, by selector or, where Patroni writes the addresses, by their own label."""
    services, part = cluster.of_kind("Service", found.namespace), found.component
    return [
        one for one in services if part and part in (text(one, "spec", "selector", "app"), text(one, "metadata", "labels", "app"))
    ]


def _governing_service(cluster: Cluster, found: Workload) -> Iterator[str]:
    name = text(found.obj, "spec", "serviceName")
    service = cluster.get("Service", name, found.namespace)
    if service is None:
        yield missing("Service", name, found.namespace, "the StatefulSet's pods would have no names")
    elif text(service, "spec", "clusterIP") != "None" or not service_selects(service, found):
        yield f"{where_is(service)}: expected headless (clusterIP: None) and selecting the pods of {found.where}"


def _placement(found: Workload) -> Iterator[str]:
    apart = found.repels_itself(HOSTNAME, required_only=True)
    apart = apart or any(text(one, "whenUnsatisfiable") == "DoNotSchedule" for one in found.spreads(HOSTNAME))
    if not apart:
        yield f"{found.where}: two instances may share a host, expected required anti-affinity over {HOSTNAME} (its role)"
    if not found.chooses({CLASS: "storage", "kubernetes.io/arch": "amd64", "autotrade.deployment/page-size": "4k"}):
        yield f"{found.where}: may not run on storage nodes, expected two instances there (its role)"
    if not found.tolerates({"key": "autotrade.deployment/storage", "value": "true", "effect": "NoSchedule"}):
        yield f"{found.where}: does not tolerate the taint autotrade.deployment/storage=true:NoSchedule (its role)"


def _all_ready(found: Workload) -> Iterator[str]:
    ready = whole(found.obj, "status", "readyReplicas") or 0
    if ready < found.replicas:
        yield f"{found.where}: {ready} of {found.replicas} pods are ready (readiness_info says why)"


@check("S2", "Disruption budget of the database")
def database_budget(cluster: Cluster) -> Verdict:
    """timescaledb-pdb: two stay, broken pods may always be evicted."""
    found = cluster.get("PodDisruptionBudget", "timescaledb-pdb", cluster.settings.namespace)
    if found is None:
        return judged([missing("PodDisruptionBudget", "timescaledb-pdb", cluster.settings.namespace, "role database")], "")
    where, pods = where_is(found), cluster.workload("StatefulSet", DATABASE)
    problems = [*expect(where, found, "spec.minAvailable", 2, "database_min_available")]
    if text(found, "spec", "unhealthyPodEvictionPolicy") not in ("AlwaysAllow", "IfHealthyBudget"):
        problems.append(
            differs(
                where,
                "spec.unhealthyPodEvictionPolicy",
                value(found, "spec", "unhealthyPodEvictionPolicy"),
                "AlwaysAllow",
                "role database",
            )
        )
    if pods is None or not selects(value(found, "spec", "selector"), pods.labels):
        problems.append(f"{where}: spec.selector does not match the pods of StatefulSet {DATABASE} (role database)")
    return judged(problems, f"{where}: minAvailable 2, {text(found, 'spec', 'unhealthyPodEvictionPolicy')}")


@check("S3", "Redis with Sentinel and persistence")
def cache(cluster: Cluster) -> Verdict:
    """Three replicas, a quorum of sentinels, data on disk."""
    found, setting = cluster.workload("StatefulSet", CACHE), "role cache"
    if found is None:
        return judged([missing("StatefulSet", CACHE, cluster.settings.namespace, setting)], "")
    configured = [one for _name, one in _settings_of(cluster, found)]
    sentinels = [w for w in cluster.workloads(cluster.settings.namespace) if any("sentinel" in c.name for c in w.containers)]
    problems = [
        *expect(found.where, found.obj, "spec.replicas", 3, "cache_replicas"),
        *_data_claim(found, ("fast", "standard"), None),
        *_credentials(found, "redis-credentials", ("password",)),
        *_governing_service(cluster, found),
    ]
    if not any(re.search(r"appendonly\s+yes", one) for one in configured):
        problems.append(f"{found.where}: no configuration says 'appendonly yes', so a restart would empty the cache (role cache)")
    if not any(one.replicas >= QUORUM_OF_SENTINELS for one in sentinels):
        problems.append(f"{found.where}: no three sentinels stand beside it, so nobody elects a new primary (role cache)")
    if not found.repels_itself(HOSTNAME) and not found.spreads(HOSTNAME):
        problems.append(f"{found.where}: instances are not kept on different hosts (role cache)")
    if cluster.observed:
        problems += _all_ready(found)
    return judged(
        problems,
        f"{found.where}: 3 replicas with Sentinel, append-only file",
        "that a lost primary is replaced, which a drill proves",
    )


@check("S7", "Persistent storage for everything stateful")
def persistence(cluster: Cluster) -> Verdict:
    """Claims of the StatefulSets and of the monitoring components."""
    stateful = [w for w in cluster.workloads() if w.kind == "StatefulSet"]
    parts = ("prometheus", "grafana", "alertmanager")
    stateful += [
        w
        for w in cluster.workloads(cluster.settings.monitoring_namespace)
        if w.kind == "Deployment" and w.name.startswith(parts) and "operator" not in w.name
    ]
    names = {workload.name for workload in stateful}
    problems = [
        f"no workload named {part} is there to keep its data (its role)"
        for part in (DATABASE, CACHE, *parts)
        if not any(part in n for n in names)
    ]
    for workload in stateful:
        claims = [
            text(v, "persistentVolumeClaim", "claimName") for v in items(workload.spec, "volumes") if "persistentVolumeClaim" in v
        ]
        if not items(workload.obj, "spec", "volumeClaimTemplates") and not claims:
            problems.append(f"{workload.where}: has no claim, so its data end with the pod (its role)")
        problems += [
            missing("PersistentVolumeClaim", claim, workload.namespace, f"{workload.where} mounts it")
            for claim in claims
            if cluster.get("PersistentVolumeClaim", claim, workload.namespace) is None
        ]
    problems += _unbound(cluster)
    return judged(
        problems, f"{len(stateful)} workloads keep their data on claims", "" if cluster.observed else "whether they are bound"
    )


def _unbound(cluster: Cluster) -> Iterator[str]:
    for claim in cluster.of_kind("PersistentVolumeClaim") if cluster.observed else []:
        storage_class = cluster.get("StorageClass", text(claim, "spec", "storageClassName"))
        late = text(storage_class, "volumeBindingMode") == "WaitForFirstConsumer"
        # What binds late and no pod has asked for yet (a backup before its first hour) waits rightly.
        if text(claim, "status", "phase") != "Bound" and not (late and not _used(cluster, claim)):
            yield f"{where_is(claim)}: phase is {text(claim, 'status', 'phase') or 'not set'}, expected Bound (its storage class)"


def _used(cluster: Cluster, claim: Mapping[str, Any]) -> bool:
    pods = cluster.pods(text(claim, "metadata", "namespace"))
    volumes = (volume for pod in pods for volume in items(pod, "spec", "volumes"))
    return any(text(volume, "persistentVolumeClaim", "claimName") == name_of(claim) for volume in volumes)


@check("S9", "Backup and tested restore")
def data_protection(cluster: Cluster) -> Verdict:
    """A backup counts when its restore was tested; no object shows that."""
    jobs = [w.where for w in cluster.workloads() if w.kind == "CronJob" and "backup" in w.name]
    return not_run(
        f"backup jobs seen: {', '.join(jobs) or 'none'}; a backup counts when its restore was rehearsed, which no object shows"
    )
