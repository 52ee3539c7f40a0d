"""A simulated cluster for tests: booted by the collection's own edge, spoken to by a small raw client.

The client arranges and observes; it uses nothing of the engine that the tests judge.
"""

from __future__ import annotations

import http.client
import json
import os
import ssl
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml
from ansible_collections.autotrade.deployment.plugins.module_utils.core.simulated import Networks, Sizes, Timers
from ansible_collections.autotrade.deployment.plugins.module_utils.core.simulated_nodes import node_objects
from ansible_collections.autotrade.deployment.plugins.module_utils.edge import simulated_module

ROOT = Path(__file__).resolve().parents[2]
STAGES = ROOT / "roles" / "simulated_cluster" / "files" / "stages"
BUNDLES = (
    "tigera-operator",
    "istio",
    "gateway-api",
    "cert-manager",
    "keda",
    "vertical-pod-autoscaler",
    "metallb",
    "external-secrets",
)
FIELD_MANAGER = "tests"
Json = dict[str, Any]


def store() -> Path:
    """The artifact store; a missing one is a failure with the remedy, never a skipped test."""
    cache = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    path = Path(os.environ.get("AUTOTRADE_STORE") or f"{cache}/autotrade/store")
    if not (path / "bin" / "kube-apiserver").exists():
        raise AssertionError(f"{path}: no kube-apiserver in bin/. Run `make store`, or set AUTOTRADE_STORE to a filled store.")
    return path


def parameters(state: Path, name: str, /, **changes: Any) -> Json:
    """Arguments of the module simulated_cluster with their defaults."""
    defaults: Json = {
        "name": name,
        "state": "started",
        # Ending a cluster must work when the store is gone.
        "binary_directory": str(store() / "bin") if changes.get("state", "started") == "started" else None,
        "state_directory": str(state),
        "cache_directory": None,
        "stages": [str(STAGES)],
        "bundles": [],
        "bundles_applied": False,
        "timers": vars(Timers()),
        "sizes": vars(Sizes()),
        "networks": vars(Networks()),
        "api_server_extra_args": {},
        "reset_corrupt_data": False,
        "wait_timeout": 600,
    }
    return defaults | changes


def module(state: Path, name: str, /, *, check_mode: bool = False, **changes: Any) -> Json:
    """One run of the module, without Ansible around it."""
    return simulated_module.brought(parameters(state, name, **changes), check_mode)


@dataclass(frozen=True)
class Answer:
    """Status and body of one request."""

    status: int
    body: Json


@dataclass(frozen=True)
class Cluster:
    """A running cluster. ``result`` is what the module returned."""

    result: Mapping[str, Any]
    context: ssl.SSLContext = field(repr=False)

    @property
    def kubeconfig(self) -> Path:
        return Path(self.result["kubeconfig"])

    @property
    def base_url(self) -> str:
        return str(self.result["server"])

    def request(self, method: str, path: str, body: Any = None, content_type: str = "application/json") -> Answer:
        connection = http.client.HTTPSConnection(
            "127.0.0.1", self.result["ports"]["api_server"], timeout=120, context=self.context
        )
        try:
            data = None if body is None else json.dumps(body).encode()
            connection.request(method, path, body=data, headers={"Content-Type": content_type, "Accept": "application/json"})
            response = connection.getresponse()
            text = response.read()
            return Answer(response.status, json.loads(text) if text else {})
        finally:
            connection.close()

    def must(self, method: str, path: str, body: Any = None, content_type: str = "application/json") -> Json:
        answer = self.request(method, path, body, content_type)
        assert answer.status < 300, f"{method} {path}: {answer.status} {answer.body.get('message')}"
        return answer.body

    def get(self, path: str) -> Json:
        return self.must("GET", path)

    def items(self, path: str) -> list[Json]:
        return list(self.get(path)["items"])

    def create(self, path: str, body: Json) -> Json:
        return self.must("POST", path, body)

    def apply(self, path: str, body: Json) -> Json:
        return self.must("PATCH", f"{path}?fieldManager={FIELD_MANAGER}&force=true", body, "application/apply-patch+yaml")

    def patch(self, path: str, body: Json) -> Json:
        return self.must("PATCH", path, body, "application/merge-patch+json")

    def delete(self, path: str) -> Answer:
        return self.request("DELETE", path)

    def wait(self, what: str, path: str, holds: Callable[[Json], Any], timeout: float = 120.0, interval: float = 0.1) -> Json:
        """Polls every ``interval`` seconds until ``holds``; fails with what was last seen."""
        deadline = time.monotonic() + timeout
        while True:
            answer = self.request("GET", path)
            if answer.status == 200 and holds(answer.body):
                return answer.body
            if time.monotonic() > deadline:
                seen = json.dumps(answer.body.get("status", answer.body))[:2000]
                raise AssertionError(f"{path}: {what} not seen within {timeout:g} s; last: {answer.status} {seen}")
            time.sleep(interval)

    def wait_answer(self, status: int, method: str, path: str, body: Any = None, timeout: float = 120.0) -> Json:
        """Repeats a request until it is answered with ``status``."""
        deadline = time.monotonic() + timeout
        while (answer := self.request(method, path, body)).status != status:
            assert time.monotonic() < deadline, f"{method} {path}: {answer.status} after {timeout:g} s, expected {status}"
            time.sleep(0.1)
        return answer.body

    def wait_gone(self, path: str, timeout: float = 120.0) -> None:
        deadline = time.monotonic() + timeout
        while self.request("GET", path).status != 404:
            assert time.monotonic() < deadline, f"{path}: still there after {timeout:g} s"
            time.sleep(0.1)

    @contextmanager
    def namespace(self, name: str, labels: Mapping[str, str] | None = None) -> Iterator[str]:
        """A namespace for one test; its service account is there when the block begins."""
        self.create("/api/v1/namespaces", {"metadata": {"name": name, "labels": dict(labels or {})}})
        self.wait("service account", f"/api/v1/namespaces/{name}/serviceaccounts/default", bool)
        try:
            yield name
        finally:
            self.delete(f"/api/v1/namespaces/{name}")


def connect(result: Mapping[str, Any]) -> Cluster:
    """A client with the administrator's certificate."""
    pki = Path(result["directory"]) / "pki"
    context = ssl.create_default_context(cafile=str(pki / "ca.crt"))
    context.load_cert_chain(str(pki / "admin.crt"), str(pki / "admin.key"))
    return Cluster(result, context)


def inventory_hosts() -> dict[str, Json]:
    """The hosts of inventories/simulated with the variables that make them nodes."""
    folder = ROOT / "inventories" / "simulated"
    groups = yaml.safe_load((folder / "hosts.yml").read_text())["all"]["children"]
    hosts: dict[str, Json] = {}
    # A group without hosts needs no variables.
    for group, members in ((name, found) for name, found in groups.items() if found.get("hosts")):
        shared = yaml.safe_load((folder / "group_vars" / f"{group}.yml").read_text())
        hosts |= {name: shared | (own or {}) for name, own in members["hosts"].items()}
    return hosts


def apply_nodes(cluster: Cluster, hosts: Mapping[str, Json]) -> None:
    nodes = node_objects(hosts, str(cluster.result["versions"]["kube-apiserver"]))
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda node: cluster.apply(f"/api/v1/nodes/{node['metadata']['name']}", node), nodes))
    wanted = {node["metadata"]["name"] for node in nodes}
    # A list of hundreds of nodes is work for the API server: asking for it often would slow down what is waited for.
    interval = 0.1 if len(nodes) < 50 else 2.0
    cluster.wait("every node ready", "/api/v1/nodes", lambda found: wanted <= ready_nodes(found["items"]), 300, interval)


def ready_nodes(nodes: Sequence[Json]) -> set[str]:
    """Names of the nodes that take pods: ready, and the taint of those that are not is gone."""
    return {node["metadata"]["name"] for node in nodes if condition(node, "Ready") == "True" and not _untouched(node)}


def _untouched(node: Json) -> bool:
    return any(taint["key"] == "node.kubernetes.io/not-ready" for taint in node["spec"].get("taints", ()))


def condition(thing: Json, kind: str) -> str | None:
    """Status of one condition."""
    # A definition that was just stored has a status without any.
    entries = (thing.get("status") or {}).get("conditions") or ()
    found = [entry for entry in entries if entry["type"] == kind]
    return str(found[0]["status"]) if found else None


def boot(
    state: Path, name: str, *, bundles: Sequence[str] = (), hosts: Mapping[str, Json] | None = None, **changes: Any
) -> Cluster:
    """A cluster with nodes, and with the custom resource definitions of ``bundles``."""
    paths = [str(store() / "bundles" / f"{bundle}.yaml") for bundle in bundles]
    result = module(state, name, bundles=paths, **changes)
    if not result["bundles_current"]:
        _apply_definitions(connect(result), paths)
        result = module(state, name, bundles=paths, bundles_applied=True, **changes)
    cluster = connect(result)
    apply_nodes(cluster, inventory_hosts() if hosts is None else hosts)
    return cluster


def _apply_definitions(cluster: Cluster, paths: Sequence[str]) -> None:
    documents = [document for path in paths for document in yaml.load_all(Path(path).read_text(), yaml.CSafeLoader) if document]
    where = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda document: cluster.apply(f"{where}/{document['metadata']['name']}", document), documents))
    for document in documents:
        path = f"{where}/{document['metadata']['name']}"
        cluster.wait("established", path, lambda found: condition(found, "Established") == "True")


def pod(name: str, *, image: str = "registry.example/app:1.0", annotations: Mapping[str, str] | None = None, **spec: Any) -> Json:
    """A pod that Pod Security's level ``restricted`` admits."""
    security = {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}}
    container = {"name": "app", "image": image, "securityContext": security}
    prefixed = {f"simulation.autotrade.deployment/{key}": value for key, value in (annotations or {}).items()}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "annotations": prefixed},
        "spec": {
            "containers": [container],
            "securityContext": {"runAsNonRoot": True, "runAsUser": 10001, "seccompProfile": {"type": "RuntimeDefault"}},
            **spec,
        },
    }


def living(directory: Path) -> list[str]:
    """Command lines of processes, zombies aside, whose arguments name ``directory``."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            line = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            continue
        if f"={directory}/" in line:
            found.append(line)
    return found
