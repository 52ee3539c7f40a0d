# Copyright (c) autotrade.deployment engineers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The configuration files of a simulated cluster, as JSON (which every Kubernetes component reads as YAML)."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any

from ansible_collections.autotrade.deployment.plugins.module_utils.core.simulated import ClusterSpec, SettingError

Document = Mapping[str, Any]

#: Kubeconfig user -> name of its certificate below pki/.
USERS: Mapping[str, str] = {
    "kube-controller-manager": "kube-controller-manager",
    "kube-scheduler": "kube-scheduler",
    "kwok": "kwok",
}


def files(spec: ClusterSpec, stages: Iterable[Document]) -> Mapping[str, str]:
    """Path -> text of every file that the processes read, keys and certificates aside."""
    layout = spec.layout
    texts = {
        layout.config("audit-policy.json"): _json(audit_policy()),
        layout.config("admission.json"): _json(admission()),
        layout.config("scheduler.json"): _json(scheduler(spec)),
        layout.config("kwok.json"): kwok(stages),
        layout.kubeconfig: _json(kubeconfig(spec, "admin", "admin")),
    }
    for user, certificate in USERS.items():
        texts[layout.component_kubeconfig(user)] = _json(kubeconfig(spec, user, certificate))
    return texts


def kubeconfig(spec: ClusterSpec, user: str, certificate: str) -> Document:
    """A kubeconfig that points at the key files instead of holding the keys."""
    pki = spec.layout.pki
    credentials = {"client-certificate": pki(f"{certificate}.crt"), "client-key": pki(f"{certificate}.key")}
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": spec.context, "cluster": {"server": spec.server, "certificate-authority": pki("ca.crt")}}],
        "users": [{"name": user, "user": credentials}],
        "contexts": [{"name": spec.context, "context": {"cluster": spec.context, "user": user}}],
        "current-context": spec.context,
    }


def audit_policy() -> Document:
    """Who changed what, without bodies of secrets and without the chatter of controllers that only read."""
    return {
        "apiVersion": "audit.k8s.io/v1",
        "kind": "Policy",
        "omitStages": ["RequestReceived"],
        "rules": [
            {"level": "None", "users": ["system:kube-scheduler", "system:kube-controller-manager", "simulated:kwok"]},
            {"level": "None", "userGroups": ["system:serviceaccounts:kube-system"]},
            {"level": "None", "nonResourceURLs": ["/healthz*", "/livez*", "/readyz*", "/version", "/openapi*"]},
            {"level": "Metadata", "resources": [{"group": "", "resources": ["secrets", "configmaps", "serviceaccounts/token"]}]},
            {"level": "None", "verbs": ["get", "list", "watch"]},
            {"level": "Metadata"},
        ],
    }


def admission() -> Document:
    """Pod Security for namespaces that set no label of their own, as on the production control plane."""
    pod_security = {
        "apiVersion": "pod-security.admission.config.k8s.io/v1",
        "kind": "PodSecurityConfiguration",
        "defaults": {
            "enforce": "baseline",
            "enforce-version": "latest",
            "audit": "restricted",
            "audit-version": "latest",
            "warn": "restricted",
            "warn-version": "latest",
        },
        "exemptions": {"namespaces": ["kube-system"]},
    }
    return {
        "apiVersion": "apiserver.config.k8s.io/v1",
        "kind": "AdmissionConfiguration",
        "plugins": [{"name": "PodSecurity", "configuration": pod_security}],
    }


def scheduler(spec: ClusterSpec) -> Document:
    """The default profile; only the client's limits and the leader election differ."""
    return {
        "apiVersion": "kubescheduler.config.k8s.io/v1",
        "kind": "KubeSchedulerConfiguration",
        "leaderElection": {"leaderElect": False},
        "clientConnection": {
            "kubeconfig": spec.layout.component_kubeconfig("kube-scheduler"),
            "qps": spec.sizes.client_qps,
            "burst": spec.sizes.client_qps * 2,
        },
    }


#: Requests that KWOK sends side by side; its defaults of 1 to 4 cannot renew the leases of 500 nodes on a busy machine.
KWOK_PARALLELISM = 16


def kwok(stages: Iterable[Document]) -> str:
    """The options (all of them: KWOK takes those of a partial block for zero and exits), then one document per stage."""
    options = {
        "enableDebuggingHandlers": False,
        "enableProfilingHandler": False,
        "podPlayStageParallelism": KWOK_PARALLELISM,
        "nodePlayStageParallelism": KWOK_PARALLELISM,
        "nodeLeaseParallelism": KWOK_PARALLELISM,
        "podsOnNodeSyncParallelism": KWOK_PARALLELISM,
        "enablePodsOnNodeSyncListPager": True,
        "enablePodsOnNodeSyncStreamWatch": False,
    }
    configuration = {
        "apiVersion": "config.kwok.x-k8s.io/v1alpha1",
        "kind": "KwokConfiguration",
        "metadata": {"name": "simulated"},
        "options": options,
    }
    return "---\n".join(_json(document) for document in (configuration, *stages))


def served_stages(stages: Iterable[Document], kinds: Collection[tuple[str, str]]) -> tuple[Document, ...]:
    """The stages whose kind the API server knows, as (apiVersion, kind): KWOK exits over a kind that it cannot watch."""
    return tuple(stage for stage in stages if stage_kind(stage) in kinds)


def stage_kind(stage: Document) -> tuple[str, str]:
    """apiVersion and kind of the objects that a stage plays."""
    reference = stage["spec"]["resourceRef"]
    return str(reference.get("apiGroup", "v1")), str(reference["kind"])


def check_stages(documents: Iterable[tuple[str, Any]]) -> tuple[Document, ...]:
    """Checks (source, document) pairs; raises :class:`SettingError` that names the source of the first bad one."""
    names: dict[str, str] = {}
    stages: list[Document] = []
    for source, document in _flattened(documents):
        if not isinstance(document, Mapping) or document.get("kind") != "Stage":
            raise SettingError(f"stages ({source})", _kind_of(document), "documents of kind Stage (kwok.x-k8s.io/v1alpha1)")
        name = str(document.get("metadata", {}).get("name", ""))
        if not name or name in names:
            raise SettingError(f"stages ({source})", name, f"a name of its own (also in {names.get(name, source)})")
        if "kind" not in document.get("spec", {}).get("resourceRef", {}):
            raise SettingError(f"stages ({source}, {name})", document.get("spec"), "spec.resourceRef.kind")
        names[name] = source
        stages.append(document)
    return tuple(stages)


def _flattened(documents: Iterable[tuple[str, Any]]) -> Iterator[tuple[str, Any]]:
    """A List stands for its items: inside one document YAML anchors spare repetition."""
    for source, document in documents:
        if isinstance(document, Mapping) and document.get("kind") == "List":
            yield from ((source, item) for item in document.get("items") or ())
        elif document is not None:
            yield source, document


def _kind_of(document: Any) -> str:
    return str(document.get("kind")) if isinstance(document, Mapping) else type(document).__name__


def _json(document: Document) -> str:
    return json.dumps(document, indent=1, sort_keys=True) + "\n"
