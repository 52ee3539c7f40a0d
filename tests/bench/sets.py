"""The sets that are applied: many small objects, and a mixture of workloads, services and custom resources of ten kinds."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import yaml

from tests.integration.applying import deployment
from tests.integration.booted import Json

GROUP, VERSION = "bench.example.com", "v1"
CUSTOM_KINDS = ("Account", "Book", "Desk", "Feed", "Gateway", "Limit", "Market", "Strategy", "Symbol", "Venue")


def config_maps(count: int) -> list[Json]:
    return [
        {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": f"one-{n}"}, "data": {"key": f"{n}"}} for n in range(count)
    ]


def mixed(count: int) -> list[Json]:
    """Each kind in turn; the Deployments are paused, so that no controller works while something is measured."""
    kinds = len(CUSTOM_KINDS) + 2
    makers = [_paused_deployment, _service, *[_custom_maker(kind) for kind in CUSTOM_KINDS]]
    return [makers[n % kinds](f"one-{n}") for n in range(count)]


SETS: Mapping[str, Callable[[int], list[Json]]] = {"configmaps": config_maps, "mixed": mixed}


def definitions() -> list[Json]:
    """Definitions of the ten kinds, with a schema as real ones have it."""
    return [_definition(kind) for kind in CUSTOM_KINDS]


def written(folder: Path, name: str, objects: list[Json]) -> Path:
    """The objects as one file of YAML documents without namespaces: each run names its own."""
    path = folder / f"{name}.yaml"
    path.write_text(yaml.dump_all(objects, Dumper=yaml.CSafeDumper))
    return path


def _paused_deployment(name: str) -> Json:
    body = deployment(name, 0)
    body["spec"]["paused"] = True
    return body


def _service(name: str) -> Json:
    port = {"name": "http", "port": 80, "targetPort": 8080, "protocol": "TCP"}
    spec = {"selector": {"app": name}, "ports": [port], "type": "ClusterIP"}
    return {"apiVersion": "v1", "kind": "Service", "metadata": {"name": name, "labels": {"app": name}}, "spec": spec}


def _custom_maker(kind: str) -> Callable[[str], Json]:
    def make(name: str) -> Json:
        spec = {
            "replicas": 2,
            "endpoint": f"tcp://{name}:9000",
            "symbols": ["EURUSD", "GBPUSD", "USDJPY"],
            "limits": {"orders": 100, "notional": "1000000"},
            "venues": [{"name": "one", "weight": 3}, {"name": "two", "weight": 1}],
        }
        return {
            "apiVersion": f"{GROUP}/{VERSION}",
            "kind": kind,
            "metadata": {"name": name, "labels": {"app": name}},
            "spec": spec,
        }

    return make


def _definition(kind: str) -> Json:
    text, whole = {"type": "string"}, {"type": "integer"}
    venue = {"type": "object", "required": ["name"], "properties": {"name": text, "weight": whole}}
    spec = {
        "type": "object",
        "properties": {
            "replicas": whole | {"minimum": 0},
            "endpoint": text,
            "symbols": {"type": "array", "items": text, "x-kubernetes-list-type": "set"},
            "limits": {"type": "object", "properties": {"orders": whole, "notional": text}},
            "venues": {"type": "array", "items": venue, "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["name"]},
        },
    }
    plural = f"{kind.lower()}s"
    schema = {"openAPIV3Schema": {"type": "object", "properties": {"spec": spec}}}
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{plural}.{GROUP}"},
        "spec": {
            "group": GROUP,
            "scope": "Namespaced",
            "names": {"kind": kind, "plural": plural, "singular": kind.lower()},
            "versions": [{"name": VERSION, "served": True, "storage": True, "schema": schema}],
        },
    }
