"""A lab as its tests see it from outside: logins, the API through the endpoint, power."""

from __future__ import annotations

import json
import os
import ssl
import subprocess
import time
from base64 import b64decode
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any

import testinfra
import yaml
from ansible_collections.autotrade.deployment.plugins.plugin_utils.power.podman import PodmanPower
from testinfra.backend.base import CommandResult
from testinfra.host import Host

from tests.integration.booted import store

ENDPOINT_PORT, API_PORT = 8443, 6443


def _below(variable: str, usual: str) -> Path:
    return Path(os.environ.get(variable, Path.home() / usual))


def eventually(what: Callable[[], Any], seconds: float, found: Callable[[], Any] = lambda: "") -> None:
    """Wait until ``what`` holds; fails with what ``found`` says when it does not within ``seconds``."""
    deadline = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < deadline, f"not within {seconds:g} s; found {found()}"
        time.sleep(0.2)


@dataclass(frozen=True)
class Lab:
    """``name`` and the first three numbers of every address, as lab_hosts_name and lab_network say."""

    name: str
    network: str

    @property
    def state(self) -> Path:
        """The lab's own directory: keys and the administrator's kubeconfig."""
        return _below("XDG_STATE_HOME", ".local/state") / "autotrade/lab" / self.name

    @property
    def ssh_config(self) -> Path:
        return self.state / "ssh_config"

    @cached_property
    def hosts(self) -> list[str]:
        lines = self.ssh_config.read_text(encoding="utf-8").splitlines()
        return [line.split()[1] for line in lines if line.startswith("Host ") and "*" not in line]

    @property
    def control_plane(self) -> list[str]:
        return [name for name in self.hosts if name.startswith("control-plane")]

    @property
    def endpoint(self) -> str:
        """The address that one of the control plane holds."""
        return f"{self.network}.100"

    def on(self, host: str) -> Host:
        """The host, as root, over SSH with the lab's own key."""
        return testinfra.get_host(f"ssh://{host}", ssh_config=str(self.ssh_config), sudo=True)

    def etcdctl(self, host: str, arguments: str) -> CommandResult:
        """What etcdctl answers on a host of the control plane, as etcd's own server."""
        pki = "/etc/kubernetes/pki/etcd"
        credentials = f"--cacert={pki}/ca.crt --cert={pki}/server.crt --key={pki}/server.key"
        return self.on(host).run(f"/srv/autotrade/store/bin/etcdctl {credentials} {arguments}")

    def etcd_members(self, host: str) -> list[dict[str, Any]]:
        """The members of etcd as the one on ``host`` knows them; learners have isLearner."""
        answer = self.etcdctl(host, "member list --write-out=json")
        assert answer.rc == 0, answer.stderr
        found: list[dict[str, Any]] = json.loads(answer.stdout)["members"]
        return found

    def reachable(self, host: str) -> bool:
        """Whether the host takes a login."""
        try:
            return self.on(host).run("true").rc == 0
        except RuntimeError:
            return False

    def power(self, host: str) -> PodmanPower:
        return PodmanPower(f"autotrade-{self.name}-{host}")

    def kubectl(self, *arguments: str) -> Any:
        """The answer of the API server, asked from outside through the endpoint."""
        return json.loads(self.kubectl_text("--request-timeout=20s", *arguments, "--output=json"))

    def kubectl_text(self, *arguments: str, sent: Any = None) -> str:
        """What kubectl prints; ``sent`` is an object for its ``-f -``."""
        command = [store() / "bin/kubectl", "--kubeconfig", self.state / "admin.kubeconfig", *arguments]
        given = None if sent is None else json.dumps(sent)
        return subprocess.run(command, input=given, check=True, capture_output=True, text=True).stdout

    def tls(self) -> ssl.SSLContext:
        """What the administrator shows and trusts."""
        config = yaml.safe_load((self.state / "admin.kubeconfig").read_text(encoding="utf-8"))
        user, cluster = config["users"][0]["user"], config["clusters"][0]["cluster"]
        context = ssl.create_default_context(cadata=b64decode(cluster["certificate-authority-data"]).decode())
        with NamedTemporaryFile() as both:
            both.write(b64decode(user["client-certificate-data"]) + b64decode(user["client-key-data"]))
            both.flush()
            context.load_cert_chain(both.name)
        return context

    def holders(self) -> list[str]:
        """The hosts that hold the endpoint's address; those without power hold nothing."""
        alive = [name for name in self.control_plane if not self.power(name).is_off()]
        return [name for name in alive if f" {self.endpoint}/" in self.on(name).check_output("ip -brief address show dev eth0")]
