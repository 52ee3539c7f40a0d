"""Copies of the inventories for production, finished as their user would: no example, empty digest or password is left."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import yaml
from ansible.inventory.manager import InventoryManager
from ansible.parsing.dataloader import DataLoader
from ansible.vars.manager import VariableManager

from tests.conftest import ROOT, read_objects, roles_with_objects
from tests.support.clouds import CONFIGURATIONS, Machine, fleet, inventory_of

Json = dict[str, Any]
PLACES = {"prod": "prod", "gcp": "cloud/gcp", "aws": "cloud/aws"}
PASSWORDS = ("database", "database_superuser", "database_replication", "database_patroni", "cache", "grafana")
EXAMPLES = {"example.com": "trading.internal", "192.0.2.": "10.20.0."}
GOOGLE = {"project": "trading-prod-1", "network": "trading", "subnetwork": "trading-nodes"}
MANIFEST = {
    "apiVersion": "v1",
    "kind": "Pod",
    "metadata": {"name": "controller"},
    "spec": {"containers": [{"name": "controller", "image": "quay.io/tigera/operator:v1.42.4"}]},
}


def digest(text: str) -> str:
    """A digest of the right shape that is nobody's."""
    return f"sha256:{hashlib.sha256(text.encode()).hexdigest()}"


def started(name: str, folder: Path, source: Path = ROOT, machines: list[Machine] | None = None) -> Path:
    """A copy of an inventory as its user begins with it; the answers of the cloud stand in for the cloud."""
    place = folder / name
    shutil.copytree(source / "inventories" / PLACES[name], place)
    if name in CONFIGURATIONS:
        configuration = place / CONFIGURATIONS[name]
        static = inventory_of(configuration, fleet() if machines is None else machines)
        configuration.unlink()
        (place / "instances.json").write_text(json.dumps(static, default=str), encoding="utf-8")
    return place


def finished(name: str, folder: Path, source: Path = ROOT, machines: list[Machine] | None = None) -> Path:
    """The same with everything filled in."""
    place = started(name, folder, source, machines)
    for path in [*place.glob("*.yml"), *place.glob("group_vars/**/*.yml")]:
        text = path.read_text(encoding="utf-8")
        for example, own in EXAMPLES.items():
            text = text.replace(example, own)
        text = re.sub(r'digest: ""', lambda found, where=path.name: f'digest: "{digest(f"{where}{found.start()}")}"', text)
        text = re.sub(r'(cloud_controller_gcp_(\w+)): ""', lambda found: f"{found[1]}: {GOOGLE[found[2]]}", text)
        text = text.replace('efs_id: ""', "efs_id: fs-0123456789abcdef0")
        path.write_text(text, encoding="utf-8")
    _fill_manifests(place)
    (place / "group_vars/all/vault.yml").write_text(yaml.safe_dump(_vault()), encoding="utf-8")
    return place


def _fill_manifests(place: Path) -> None:
    path = place / "group_vars/all/platform_manifests.yml"
    settings = yaml.safe_load(path.read_text(encoding="utf-8"))
    folder = place.parent / "manifests"
    folder.mkdir(exist_ok=True)
    for entry in settings["platform_manifests_files"]:
        content = yaml.safe_dump(MANIFEST)
        (folder / entry["file"].rpartition("/")[2]).write_text(content, encoding="utf-8")
        entry["sha256"] = hashlib.sha256(content.encode()).hexdigest()
        entry["digests"] = {"quay.io/tigera/operator:v1.42.4": digest("operator")}
    path.write_text(yaml.safe_dump(settings), encoding="utf-8")


def _vault() -> Json:
    passwords = {f"vault_secrets_{name}_password": f"never-to-be-shown-{name}" for name in PASSWORDS}
    receivers = {f"vault_monitoring_{name}_url": f"https://pager.trading.internal/{name}" for name in ("on_call", "watchdog")}
    return {**passwords, **receivers, "vault_control_plane_encryption_key": base64.b64encode(bytes(32)).decode()}


def play(inventory: Path, plays: list[Json], *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run plays with an inventory, as a user would from the checkout."""
    playbook = inventory.parent / f"play-{inventory.name}.yml"
    playbook.write_text(json.dumps(plays), encoding="utf-8")
    command = [str(Path(sys.executable).parent / "ansible-playbook"), str(playbook), "-i", str(inventory), *arguments]
    environment = {**os.environ, "ANSIBLE_NOCOLOR": "1", "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg")}
    return subprocess.run(command, cwd=ROOT, env=environment, text=True, capture_output=True, timeout=1200, check=False)


def settings_play() -> Json:
    """The preflight of settings alone."""
    return {"hosts": "localhost", "gather_facts": False, "roles": ["autotrade.deployment.settings_preflight"]}


def export(inventory: Path) -> dict[str, list[Json]]:
    """Run every role that applies objects, its checks and argument specs included; role -> the objects that it would apply."""
    folder = inventory.parent / f"objects-{inventory.name}"
    exported = {"autotrade.deployment.cluster_objects": {"state": "exported", "export_dir": str(folder)}}
    roles = roles_with_objects()
    # The definitions of other projects come from a filled store and are applied, not exported.
    none = {f"{role}_crd_bundles": [] for role in roles}
    everything: Json = {"hosts": "localhost", "gather_facts": False, "module_defaults": exported}
    everything["roles"] = [f"autotrade.deployment.{role}" for role in roles]
    answer = play(inventory, [settings_play(), everything], "-e", json.dumps(none))
    assert answer.returncode == 0, answer.stdout[-6000:] + answer.stderr[-2000:]
    assert "never-to-be-shown" not in answer.stdout + answer.stderr
    return {role: read_objects(folder / role) for role in roles}


def hosts_of(inventory: Path) -> dict[str, Json]:
    """Host -> its variables, of every host that becomes a node; templates stay as they are written."""
    loader = DataLoader()
    manager = InventoryManager(loader=loader, sources=[str(inventory)])
    variables = VariableManager(loader=loader, inventory=manager)
    return {host.name: variables.get_vars(host=host) for host in manager.groups["cluster_hosts"].get_hosts()}
