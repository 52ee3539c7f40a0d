"""What makes a host an image: everything of its own is gone, nothing else is, and a node is refused."""

from __future__ import annotations

import importlib.util
import json
import re
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest
import yaml

from tests.conftest import ROOT
from tests.support import inventories

PROGRAM = ROOT / "roles/golden_image/files/forget_host.py"
OWN = [
    "etc/machine-id",
    "etc/hostname",
    "etc/ssh/ssh_host_ed25519_key",
    "etc/ssh/ssh_host_ed25519_key.pub",
    "etc/autotrade/join.yaml",
    "root/.ssh/authorized_keys",
    "home/ops/.ssh/authorized_keys",
    "home/ops/.bash_history",
    "var/lib/cloud/instance/user-data.txt",
    "var/lib/systemd/random-seed",
    "var/log/auth.log",
    "var/log/apt/history.log.1.gz",
    "var/log/journal/0123/system.journal",
    "var/log/wtmp",
    "tmp/left/over",
]
KEPT = [
    "etc/ssh/sshd_config",
    "etc/kubernetes/kubelet.conf.d/10-host.conf",
    "etc/systemd/system/kubelet.service",
    "etc/systemd/system/autotrade-join.service",
    "etc/containerd/config.toml",
    "usr/local/bin/kubelet",
    "home/ops/.ssh/config",
    "home/ops/.profile",
    "var/lib/dpkg/status",
]
NODES = [
    "etc/kubernetes/kubelet.conf",
    "etc/kubernetes/pki/ca.crt",
    "etc/kubernetes/manifests/etcd.yaml",
    "var/lib/etcd/member/snap/db",
    "var/lib/kubelet/config.yaml",
    "var/lib/kubelet/pki/kubelet-client-current.pem",
    "var/lib/autotrade/membership.json",
]


@pytest.fixture(scope="module")
def program() -> ModuleType:
    spec = importlib.util.spec_from_file_location("forget_host", PROGRAM)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def host(tmp_path: Path) -> Path:
    """The files of a host that the roles prepared and somebody logged in to."""
    root = tmp_path / "host"
    for name in OWN + KEPT:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("of this host", encoding="utf-8")
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "kept").write_text("not of this host", encoding="utf-8")
    (root / "tmp/link").symlink_to(outside)
    return root


def content(root: Path) -> dict[str, str]:
    return {str(path.relative_to(root)): path.read_text() for path in root.rglob("*") if path.is_file() and not path.is_symlink()}


def test_nothing_of_the_host_is_left_and_everything_else_is(program: ModuleType, host: Path) -> None:
    program.forget(host)
    emptied = {"etc/machine-id": "", "etc/hostname": "", "var/log/wtmp": ""}
    assert content(host) == {**dict.fromkeys(KEPT, "of this host"), **emptied}
    assert (host.parent / "outside/kept").exists()
    assert not (host / "tmp/link").is_symlink()


def test_a_second_run_finds_nothing(program: ModuleType, host: Path) -> None:
    assert program.forget(host)
    assert program.forget(host) == []


@pytest.mark.parametrize("trace", NODES)
def test_a_node_is_refused_and_left_as_it_is(host: Path, trace: str) -> None:
    path = host / trace
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("of the cluster", encoding="utf-8")
    before = content(host)
    ended = subprocess.run([sys.executable, str(PROGRAM), str(host)], capture_output=True, text=True, check=False)
    assert ended.returncode == 1
    assert "this host is, or was, a node; expected one that never joined" in ended.stderr
    assert content(host) == before


def test_the_program_tells_what_it_removed(host: Path) -> None:
    ended = subprocess.run([sys.executable, str(PROGRAM), str(host)], capture_output=True, text=True, check=True)
    told = json.loads(ended.stdout)["forgotten"]
    assert "etc/machine-id" in told
    assert not set(told) & set(KEPT)


@pytest.mark.parametrize(
    ("groups", "said"),
    [
        ({"golden_image": ["192.0.2.1"], "cpu_nodes": ["192.0.2.1"]}, "a host of a cluster"),
        ({"golden_image": ["192.0.2.1"], "control_plane": ["192.0.2.1"]}, "a host of a cluster"),
        ({"golden_image": ["192.0.2.1", "192.0.2.2"]}, "The play runs on 192.0.2.1, 192.0.2.2"),
    ],
)
def test_the_playbook_refuses_before_it_reaches_a_host(groups: dict[str, list[str]], said: str, tmp_path: Path) -> None:
    inventory = tmp_path / "hosts.yml"
    hosts = {name: {"hosts": {key: {} for key in members}} for name, members in groups.items()}
    inventory.write_text(yaml.safe_dump({"all": {"children": hosts, "vars": {"cluster_name": "trading"}}}), encoding="utf-8")
    imported = [{"ansible.builtin.import_playbook": str(ROOT / "playbooks/golden_image.yml")}]
    answer = inventories.play(inventory, imported)
    told = " ".join(answer.stdout.split())
    assert answer.returncode != 0
    assert said in told
    assert "expected one host in group golden_image and in none of cluster_hosts" in told
    assert "unreachable=1" not in told


def left_behind(folder: Path, platform: str) -> dict[str, str]:
    """What the role writes for the first boot: path -> content."""
    role = str(ROOT / "roles/golden_image")
    task = {
        "ansible.builtin.copy": {"content": "{{ __golden_image_files | to_json }}", "dest": str(folder / "files"), "mode": "0600"}
    }
    # Templates are looked for beside the play.
    (folder / "templates").symlink_to(f"{role}/templates")
    play = {"hosts": "localhost", "connection": "local", "gather_facts": False, "tasks": [task]}
    play["vars_files"] = [f"{role}/defaults/main.yml", f"{role}/vars/main.yml"]
    answer = inventories.play(folder / "localhost,", [play], "-e", f"cluster_platform={platform}")
    assert answer.returncode == 0, answer.stdout
    return {one["path"]: one["content"] for one in json.loads((folder / "files").read_text(encoding="utf-8"))}


def seconds(text: str) -> int:
    number, unit = re.fullmatch(r"(\d+)(s|min|h)", text).groups()  # type: ignore[union-attr]
    return int(number) * {"s": 1, "min": 60, "h": 3600}[unit]


def test_a_host_that_cannot_join_gives_up_within_the_tokens_hour_and_says_so(tmp_path: Path) -> None:
    files = left_behind(tmp_path, "gcp")
    unit = files["/etc/systemd/system/autotrade-join.service"]
    found = dict(re.findall(r"^(\w+)=(.*)$", unit, flags=re.MULTILINE))
    assert found["Restart"] == "on-failure"
    tries, one_try = int(found["StartLimitBurst"]), seconds(found["TimeoutStartSec"]) + seconds(found["RestartSec"])
    assert tries > 1
    # Were the interval shorter than the tries take, their number would never be reached.
    assert tries * one_try <= 3600 < seconds(found["StartLimitIntervalSec"])
    assert f"/etc/systemd/system/{found['OnFailure']}" in files
    assert {found["StandardOutput"], found["StandardError"]} == {"journal+console"}
    assert "journal+console" in files[f"/etc/systemd/system/{found['OnFailure']}"]


def test_what_half_a_try_left_does_not_stop_the_next_one(tmp_path: Path) -> None:
    unit = left_behind(tmp_path, "gcp")["/etc/systemd/system/autotrade-join.service"]
    commands = re.findall(r"^ExecStart(?:Pre)?=(.*)$", unit, flags=re.MULTILINE)
    assert "kubeadm join" in commands[-1]
    before = " ".join(commands[:-1])
    assert all(part in before for part in ("stop kubelet", "bootstrap-kubelet.conf", "pki/ca.crt"))
    # A node that has joined keeps its keys.
    assert "ConditionPathExists=!/etc/kubernetes/kubelet.conf" in unit


@pytest.mark.parametrize(("platform", "full"), [("aws", True), ("gcp", False)])
def test_a_host_is_named_as_the_clouds_controller_looks_for_its_node(platform: str, full: bool, tmp_path: Path) -> None:
    found = left_behind(tmp_path, platform)
    settings = [yaml.safe_load(content) for path, content in found.items() if path.startswith("/etc/cloud/cloud.cfg.d/")]
    assert settings == ([{"prefer_fqdn_over_hostname": True}] if full else [])


def test_the_guards_stand_before_the_first_change() -> None:
    (play,) = yaml.safe_load((ROOT / "playbooks/golden_image.yml").read_text(encoding="utf-8"))
    roles = [task["ansible.builtin.import_role"] for task in play["tasks"] if "ansible.builtin.import_role" in task]
    assert roles[0] == {"name": "autotrade.deployment.golden_image", "tasks_from": "preflight"}
    names = [role["name"].rpartition(".")[2] for role in roles]
    assert names == ["golden_image", "node_base", "container_runtime", "kubelet", "golden_image"]
