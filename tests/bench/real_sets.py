"""Manifests as projects publish them, from the artifact store and Go's module cache: found there, never kept here.

Each becomes one file. Parts that stand in Go modules are there where the store was built from them.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.bench.sides import kubectl
from tests.integration.booted import Cluster, Json, store

MODULES = Path(os.environ.get("GOMODCACHE") or Path(os.environ.get("GOPATH", Path.home() / "go")) / "pkg" / "mod")
# What the server gives or controllers add later, beside what was applied.
_OF_THE_SERVER = ("uid", "resourceVersion", "creationTimestamp", "managedFields")
_ALLOCATED = ("clusterIP", "clusterIPs", "healthCheckNodePort")
_REVISION = "deployment.kubernetes.io/revision"


@dataclass(frozen=True)
class Source:
    """Files by pattern, of a bundle of the store or of a Go module of any version."""

    module: str
    patterns: Sequence[str] = ()
    without: Sequence[str] = ("kustomization.yaml",)

    def files(self) -> list[Path]:
        if not self.patterns:
            return [store() / "bundles" / f"{self.module}.yaml"]
        root = max(MODULES.glob(f"{self.module}@*"), default=MODULES / "absent")
        return sorted(path for pattern in self.patterns for path in root.glob(pattern) if path.name not in self.without)


SETS: Mapping[str, Sequence[Source]] = {
    "cert-manager: definitions": [Source("cert-manager")],
    "Istio: definitions": [Source("istio")],
    "KEDA: definitions, samples": [Source("keda"), Source("github.com/kedacore/keda/v2", ["config/samples/keda*[!b].yaml"])],
    "Gateway API: definitions, examples": [
        Source("gateway-api"),
        Source("sigs.k8s.io/gateway-api", ["examples/standard/0-namespaces.yaml", "examples/standard/http-routing/*.yaml"]),
    ],
    "Calico operator: definitions, samples": [
        Source("tigera-operator"),
        Source("github.com/tigera/operator", ["config/samples/operator_v1_installation.yaml"]),
    ],
    "MetalLB: the whole": [Source("go.universe.tf/metallb", ["config/manifests/metallb-native.yaml"])],
    "kube-prometheus: the whole": [
        Source("go.universe.tf/metallb", ["dev-env/kube-prometheus/manifests/**/*.yaml"]),
    ],
    "KWOK: definitions, stages": [
        Source("sigs.k8s.io/kwok", ["kustomize/crd/bases/*.yaml", "kustomize/stage/*/fast/*.yaml"]),
    ],
    "Vertical Pod Autoscaler: the whole": [Source("k8s.io/autoscaler/vertical-pod-autoscaler", ["deploy/*.yaml"])],
    "Kubernetes: Cassandra": [Source("k8s.io/kubernetes", ["test/e2e/testing-manifests/statefulset/cassandra/*.yaml"])],
}


def written(folder: Path, name: str) -> Path | None:
    """The set as one file; None where a part of it is not on this machine."""
    parts = [source.files() for source in SETS[name]]
    if not all(files and all(file.exists() for file in files) for files in parts):
        return None
    path = folder / f"{name.partition(':')[0].replace(' ', '-').lower()}.yaml"
    path.write_text("\n---\n".join(file.read_text() for files in parts for file in files))
    return path


def stored(cluster: Cluster, file: Path) -> list[Json]:
    """The objects of the file as they stand in the cluster."""
    done = kubectl(cluster, "get", "-f", str(file), "-o", "json", "--show-managed-fields").finished()
    assert done.status == 0, done.output[-2000:]
    found: Json = json.loads(done.output[done.output.index("{") :])
    return list(found["items"])


def differences(ours: Iterable[Json], theirs: Iterable[Json]) -> list[str]:
    """What differs between objects that two tools applied, aside from names of managers and what the server gives."""
    mine, others = ({_place(obj): _comparable(obj) for obj in objects} for objects in (ours, theirs))
    found = [f"{'/'.join(place)}: only on one side" for place in mine.keys() ^ others.keys()]
    for place in mine.keys() & others.keys():
        found += [f"{'/'.join(place)} {path}" for path in _different(mine[place], others[place], "")]
    return sorted(found)


def _place(obj: Json) -> tuple[str, ...]:
    metadata = obj["metadata"]
    return obj["apiVersion"], obj["kind"], metadata.get("namespace", ""), metadata["name"]


def _comparable(obj: Json) -> Json:
    metadata = {key: value for key, value in obj["metadata"].items() if key not in _OF_THE_SERVER}
    annotations = {key: value for key, value in metadata.pop("annotations", {}).items() if key != _REVISION}
    rest = {key: value for key, value in obj.items() if key not in ("metadata", "status")}
    if obj["kind"] == "Service":
        ports = [{key: value for key, value in port.items() if key != "nodePort"} for port in obj["spec"].get("ports", ())]
        rest["spec"] = {key: value for key, value in obj["spec"].items() if key not in _ALLOCATED} | {"ports": ports}
    applied = [entry["fieldsV1"] for entry in obj["metadata"].get("managedFields", ()) if entry["operation"] == "Apply"]
    return {**rest, "metadata": metadata, "annotations": annotations, "applied": applied}


def _different(one: Any, other: Any, path: str) -> list[str]:
    if isinstance(one, dict) and isinstance(other, dict):
        return [line for key in sorted({**one, **other}) for line in _different(one.get(key), other.get(key), f"{path}.{key}")]
    return [] if one == other else [f"{path}: ours {json.dumps(one)[:200]}, theirs {json.dumps(other)[:200]}"]
