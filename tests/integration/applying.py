"""Runs of the engine for tests: in this process where the engine is judged, by ansible-playbook where its output is."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import yaml
from ansible_collections.autotrade.deployment.plugins.module_utils.core.apply_model import Report
from ansible_collections.autotrade.deployment.plugins.module_utils.core.conflict_rules import ConflictRule
from ansible_collections.autotrade.deployment.plugins.module_utils.core.field_migration import EARLIER_MANAGERS
from ansible_collections.autotrade.deployment.plugins.module_utils.core.manifests import check_sourced
from ansible_collections.autotrade.deployment.plugins.module_utils.core.readiness.model import Patience
from ansible_collections.autotrade.deployment.plugins.module_utils.edge.apply_engine import ApplyEngine, Settings
from ansible_collections.autotrade.deployment.plugins.module_utils.edge.apply_progress import Progress
from ansible_collections.autotrade.deployment.plugins.module_utils.edge.apply_set import SetSettings
from ansible_collections.autotrade.deployment.plugins.module_utils.edge.apply_wait import Waiting
from ansible_collections.autotrade.deployment.plugins.module_utils.edge.apply_write import Manner
from ansible_collections.autotrade.deployment.plugins.module_utils.edge.clock import SystemClock
from ansible_collections.autotrade.deployment.plugins.module_utils.edge.kube_api import HttpKubeApi, KubeApi, connect
from ansible_collections.autotrade.deployment.plugins.module_utils.edge.kube_session import Answered, session

from tests.integration.booted import ROOT, Cluster, Json, pod

WRITES = ("POST", "PUT", "PATCH", "DELETE")
QUICK = Patience(grace=timedelta(seconds=2), settle=timedelta(seconds=2), unschedulable=timedelta(seconds=2))


@dataclass(frozen=True)
class Run:
    """What one pass did."""

    report: Report
    requests: Mapping[str, int]
    progress: tuple[Json, ...] = ()

    @property
    def writes(self) -> int:
        return sum(self.requests.get(verb, 0) for verb in WRITES)

    @property
    def methods(self) -> dict[str, str]:
        return {f"{o.item.ref.kind}/{o.item.ref.name}": str(o.method) for o in self.report.outcomes}


@dataclass
class Applier:
    """Applies sets to one cluster, by default into one namespace."""

    cluster: Cluster
    namespace: str
    scratch: Path
    params: dict[str, Any] = field(default_factory=dict)

    @property
    def login(self) -> dict[str, Any]:
        return {"kubeconfig": str(self.cluster.kubeconfig), **self.params}

    def connect(self) -> HttpKubeApi:
        return connect(self.login)

    def __call__(
        self,
        *objects: Json,
        state: str = "present",
        check: bool = False,
        wait: bool = False,
        timeout: float = 120.0,
        manager: str = "autotrade.deployment",
        rules: Iterable[ConflictRule] = (),
        earlier: Iterable[str] = EARLIER_MANAGERS,
        masks: Iterable[str] = (),
        applyset: SetSettings | None = None,
        api: KubeApi | None = None,
    ) -> Run:
        conflict_rules = (*rules, *(applyset.conflict_rules if applyset else ()))
        manner = Manner(manager, conflict_rules, tuple(masks), check, tuple(earlier))
        settings = Settings(manner, self.namespace, wait, Waiting(timeout, patience=QUICK), applyset)
        clock, lines = SystemClock(), self.scratch / "progress.jsonl"
        lines.unlink(missing_ok=True)
        sourced = check_sourced([(f"file-{number}.yaml", obj) for number, obj in enumerate(objects, 1)])

        def work(api: KubeApi) -> Report:
            engine = ApplyEngine(api, settings, clock, Progress(str(lines), clock))
            return engine.remove(sourced) if state == "absent" else engine.apply(sourced)

        done = Answered(work(api), api.requests(), ()) if api else session(self.login, work)
        said = tuple(json.loads(line) for line in lines.read_text().splitlines()) if lines.exists() else ()
        return Run(done.result, done.requests, said)


def play(
    tasks: list[Json], *arguments: str, folder: Path, env: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """ansible-playbook with these tasks on the controller, as a user runs it."""
    content = [{"name": "Play", "hosts": "localhost", "gather_facts": False, "tasks": tasks}]
    playbook = folder / "play.yml"
    playbook.write_text(yaml.safe_dump(content, allow_unicode=True), encoding="utf-8")
    command = [str(Path(sys.executable).parent / "ansible-playbook"), str(playbook), "-i", "localhost,", "-c", "local"]
    extra = ["-e", f"ansible_python_interpreter={sys.executable}"]
    environment = {**os.environ, "ANSIBLE_NOCOLOR": "1", "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg"), **(env or {})}
    return subprocess.run(
        [*command, *extra, *arguments], cwd=ROOT, env=environment, text=True, capture_output=True, timeout=1200, check=False
    )


def start_module(name: str, cluster: Cluster, /, **options: Any) -> subprocess.Popen[str]:
    """A module in a process of its own, as on a host: started, its options handed over."""
    command = [sys.executable, "-m", f"ansible_collections.autotrade.deployment.plugins.modules.{name}"]
    environment = os.environ | {"PYTHONPATH": str(ROOT / ".collections")}
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment)
    assert process.stdin is not None
    process.stdin.write(json.dumps({"ANSIBLE_MODULE_ARGS": {"kubeconfig": str(cluster.kubeconfig), **options}}))
    process.stdin.close()
    return process


def answer(process: subprocess.Popen[str]) -> Json:
    """What a started module answers at its end."""
    assert process.stdout is not None
    with process:
        found: Json = json.loads(process.stdout.read().splitlines()[-1])
    return found


def config_map(name: str = "settings", **data: str) -> Json:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": data}


def secret(name: str = "login", **data: str) -> Json:
    return {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name}, "stringData": data}


def deployment(name: str = "web", replicas: int = 2, image: str = "registry.example/app:1.0", **annotations: str) -> Json:
    template = pod(name, image=image, annotations={key.replace("_", "-"): value for key, value in annotations.items()})
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name},
        "spec": {
            "replicas": replicas,
            "selector": {"matchLabels": {"app": name}},
            "template": {
                "metadata": {"labels": {"app": name}, "annotations": template["metadata"]["annotations"]},
                "spec": template["spec"],
            },
        },
    }


def stateful_set(name: str = "db", **spec: Any) -> Json:
    body = deployment(name, 1)
    body["kind"] = "StatefulSet"
    body["spec"] |= {"serviceName": name}
    body["spec"]["template"]["spec"] |= spec
    return body


def definition(kind: str, group: str = "tests.example.com") -> Json:
    plural = f"{kind.lower()}s"
    schema = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    version = {"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": schema}}
    names = {"kind": kind, "plural": plural, "singular": kind.lower()}
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{plural}.{group}"},
        "spec": {"group": group, "names": names, "scope": "Namespaced", "versions": [version]},
    }
