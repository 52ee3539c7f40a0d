"""Who applies a file of objects into a namespace: ours, kubectl, kubernetes.core. Each as a user starts it."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import yaml

from tests.integration.booted import ROOT, Cluster, Json, store

PEERS = ROOT / "build" / "bench-venv"
REQUIREMENTS = ROOT / "requirements" / "bench.txt"
KUBECTL, KUBERNETES_CORE = "kubectl apply --server-side", "kubernetes.core.k8s"
APPLY, PEER_APPLY = "autotrade.deployment.cluster_objects", "kubernetes.core.k8s"


@dataclass(frozen=True)
class Finished:
    """A program that has ended; ``output`` has both streams."""

    seconds: float
    status: int
    output: str


@dataclass(frozen=True)
class Command:
    """A program with its arguments, and the environment beside what this process has."""

    arguments: Sequence[str]
    environment: tuple[tuple[str, str], ...] = ()

    def start(self) -> subprocess.Popen[str]:
        # As a user has it: Python keeps what it has compiled.
        usual = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
        environment = usual | dict(self.environment)
        return subprocess.Popen(
            self.arguments, cwd=ROOT, env=environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
        )

    def finished(self) -> Finished:
        """Runs to the end."""
        started = time.perf_counter()
        with self.start() as process:
            output, _ = process.communicate()
        return Finished(time.perf_counter() - started, process.returncode, output)

    def seconds(self) -> float:
        """The same; a program that fails is a failure of the bench."""
        done = self.finished()
        assert done.status == 0, f"{' '.join(self.arguments)}: {done.status}\n{done.output[-4000:]}"
        return done.seconds


@dataclass(frozen=True)
class Side:
    """One of those that are compared. ``folder`` takes the playbooks; ``namespace`` is for objects that name none."""

    name: str
    cluster: Cluster
    folder: Path

    def command(self, file: Path, namespace: str) -> Command:
        raise NotImplementedError


class Ours(Side):
    """One task in a playbook: Ansible's own start, the plan by dry run and the writes."""

    def command(self, file: Path, namespace: str) -> Command:
        options = {"kubeconfig": str(self.cluster.kubeconfig), "namespace": namespace, "src": str(file)}
        return _play(Path(sys.executable), self.folder / f"ours-{namespace}.yml", {APPLY: options})


class KubernetesCore(Side):
    """One task in a playbook as well, from an environment of its own."""

    def command(self, file: Path, namespace: str) -> Command:
        options = {
            "kubeconfig": str(self.cluster.kubeconfig),
            "namespace": namespace,
            "src": str(file),
            "apply": True,
            "server_side_apply": {"field_manager": "kubernetes.core"},
        }
        return _play(peer_python(), self.folder / f"peer-{namespace}.yml", {PEER_APPLY: options})


class Kubectl(Side):
    """kubectl, which plans nothing."""

    def command(self, file: Path, namespace: str) -> Command:
        return kubectl(self.cluster, f"--namespace={namespace}", "apply", "--server-side", "-f", str(file))


def kubectl(cluster: Cluster, *arguments: str) -> Command:
    return Command([str(store() / "bin" / "kubectl"), f"--kubeconfig={cluster.kubeconfig}", *arguments])


def peer_python() -> Path:
    """The interpreter of build/bench-venv, made once and anew when its pinned requirements change."""
    complete = PEERS / f".complete-{hashlib.sha256(REQUIREMENTS.read_bytes()).hexdigest()[:12]}"
    python = PEERS / "bin" / "python"
    if not complete.exists():
        print(f"\nmaking {PEERS} (about a minute)", flush=True)
        subprocess.run([sys.executable, "-m", "venv", "--clear", str(PEERS)], check=True)
        quiet = ["--quiet", "--disable-pip-version-check"]
        subprocess.run([str(python), "-m", "pip", "install", *quiet, "--require-hashes", "-r", str(REQUIREMENTS)], check=True)
        complete.touch()
    return python


def _play(python: Path, playbook: Path, task: Json) -> Command:
    play = {"name": "Bench", "hosts": "localhost", "gather_facts": False, "tasks": [{"name": "Apply", **task}]}
    playbook.write_text(yaml.safe_dump([play]))
    program = [str(python.parent / "ansible-playbook"), str(playbook), "-i", "localhost,", "-c", "local"]
    config = (("ANSIBLE_CONFIG", str(ROOT / "ansible.cfg")), ("ANSIBLE_NOCOLOR", "1"))
    return Command([*program, "-e", f"ansible_python_interpreter={python}"], config)
