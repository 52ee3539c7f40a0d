"""Labs that are made, provisioned in one way or the other, and removed: what is timed, and what is not."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import yaml

from tests.scenarios.conftest import ROOT
from tests.support.cut_runs import Ran, run
from tests.support.lab import ENDPOINT_PORT, Lab

PLAYBOOK = str(ROOT / ".venv/bin/ansible-playbook")
ENVIRONMENT = {**os.environ, "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg"), "ANSIBLE_FORCE_COLOR": "0", "ANSIBLE_NOCOLOR": "1"}
YARDSTICK = Path(__file__).with_name("yardstick.sh")
# What the roles write on a host before kubeadm does, and the links by which systemd starts units.
WRITTEN = (
    "etc/cni",
    "etc/containerd",
    "etc/haproxy",
    "etc/keepalived",
    "etc/kubernetes/kubelet.conf.d",
    "etc/kubernetes/policies",
    "etc/modules-load.d",
    "etc/sysctl.d",
    "etc/systemd/system",
    "etc/autotrade",
    "usr/local/lib/autotrade",
)


@dataclass(frozen=True)
class Site:
    """A lab and the inventories that describe it."""

    lab: Lab
    size: str
    inventories: tuple[str, ...] = ("inventories/lab",)

    def play(self, name: str, *arguments: str) -> Ran:
        """A playbook that ends well."""
        named = [part for one in self.inventories for part in ("-i", one)]
        settings = f"lab_size={self.size} lab_hosts_name={self.lab.name} lab_network={self.lab.network}"
        ran = run([PLAYBOOK, f"playbooks/{name}.yml", *named, "-e", settings, *arguments], ROOT, ENVIRONMENT)
        assert ran.status == 0, ran.output[-6000:]
        return ran

    @contextmanager
    def hosts(self) -> Iterator[None]:
        """Bare hosts; nothing is left of them."""
        self.play("lab", "-e", "lab_hosts_state=absent")
        try:
            self.play("lab")
            yield
        finally:
            self.play("lab", "-e", "lab_hosts_state=absent")

    @property
    def workers(self) -> list[str]:
        return [name for name in self.lab.hosts if name not in self.lab.control_plane]


def changed(ran: Ran) -> int:
    return sum(counts["changed"] for counts in ran.recap().values())


def tasks_of(ran: Ran, host: str) -> int:
    """Tasks that ran on a host; those that its conditions left out cost next to nothing and are not among them."""
    return ran.recap()[host]["ok"]


def captured(site: Site, folder: Path) -> None:
    """Everything that the yardstick is told beforehand, from hosts that the collection has provisioned."""
    for host in site.lab.hosts:
        answer = site.lab.on(host).run(f"tar -C / --ignore-failed-read -cf - {' '.join(WRITTEN)} 2>/dev/null")
        assert answer.stdout_bytes, f"{host}: nothing captured: {answer.stderr}"
        (folder / f"{host}.tar").write_bytes(answer.stdout_bytes)
    settings = {"kubeadm-config": "ClusterConfiguration", "kubelet-config": "kubelet", "kube-proxy": "config.conf"}
    found = [site.lab.kubectl("get", "configmap", "-n", "kube-system", name)["data"][key] for name, key in settings.items()]
    (folder / "cluster.yaml").write_text("---\n".join(text.rstrip() + "\n" for text in found), encoding="utf-8")


def scripted(site: Site, folder: Path) -> float:
    """Seconds that the yardstick takes on bare hosts."""
    (folder / "ssh_config").write_text(site.lab.ssh_config.read_text(encoding="utf-8"), encoding="utf-8")
    hosts = (" ".join(site.lab.control_plane), " ".join(site.workers))
    began = time.monotonic()
    done = subprocess.run(
        [YARDSTICK, folder, f"{site.lab.endpoint}:{ENDPOINT_PORT}", *hosts], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    return time.monotonic() - began


def expelled(site: Site, host: str) -> None:
    """Make a member a bare host again, as docs/production.md has it."""
    site.lab.kubectl_text("delete", "node", host)
    answer = site.lab.on(host).run("kubeadm reset --force && rm /var/lib/autotrade/membership.json")
    assert answer.rc == 0, answer.stderr


def with_one_more(folder: Path, name: str, last: int) -> str:
    """An inventory with one more worker, to be named before the lab's own."""
    host = {
        "lab_group": "cpu_nodes",
        "ansible_host": f"{{{{ lab_network }}}}.{last}",
        "node_zone": "zone-a",
        "lab_sizes": ["full", "ha"],
    }
    path = folder / "one_more.yml"
    path.write_text(yaml.safe_dump({"all": {"hosts": {name: host}}}), encoding="utf-8")
    return str(path)
