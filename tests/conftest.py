"""Objects as the roles render them, for every test that judges manifests."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import hypothesis
import pytest
import yaml

# Times on shared machines are noise, so no example is judged by how long it took. CI repeats the same examples; elsewhere
# each run looks at new ones.
hypothesis.settings.register_profile(
    "house",
    deadline=None,
    suppress_health_check=[hypothesis.HealthCheck.too_slow],
    derandomize=os.environ.get("CI") == "true",
)
hypothesis.settings.load_profile("house")

ROOT = Path(__file__).resolve().parent.parent
CACHE = ROOT / "build" / "rendered"
# Everything that can change what a role renders.
INPUTS = ("roles", "inventories/simulated", "plugins", "playbooks/export.yml", "ansible.cfg")
Objects = dict[str, list[dict[str, Any]]]
Render = Callable[..., Objects]
Play = Callable[..., subprocess.CompletedProcess[str]]
RunRole = Callable[[str, Mapping[str, Mapping[str, Any]]], dict[str, str]]


# Off by default, so neither exported nor judged unless a test asks for them; what they need to be told is made up here.
OPTIONAL_ROLES: Mapping[str, Mapping[str, Any]] = {
    "tracing": {"tracing_enabled": True},
    "logging": {"logging_enabled": True, "logging_host": "logs.example.com", "logging_password": "never-to-be-shown"},
}

# Apply objects in a cloud alone.
CLOUD_ROLES: Mapping[str, Mapping[str, Any]] = {
    "cloud_controller": {
        "cloud_controller_platform": "aws",
        "cloud_controller_images": {"aws": {"repository": "registry.example/ccm", "tag": "v1", "digest": f"sha256:{'0' * 64}"}},
    },
}


def roles_with_objects() -> list[str]:
    """The roles that apply objects to a cluster by default."""
    found = {path.parent.parent.name for path in ROOT.glob("roles/*/tasks/objects.yml")}
    return sorted(found - set(OPTIONAL_ROLES))


@pytest.fixture(scope="session")
def rendered(render: Render) -> Objects:
    """The objects of every role with the variables of inventories/simulated: role -> objects."""
    return render(roles_with_objects())


@pytest.fixture(scope="session")
def render() -> Render:
    """Render roles with extra variables, from the cache when nothing changed: ``render(["cache"], cache_replicas=5)``."""
    sources = _hash_of_inputs()

    def rendering(roles: Sequence[str], **variables: Any) -> Objects:
        key = hashlib.sha256(json.dumps([sources, list(roles), variables], sort_keys=True).encode()).hexdigest()[:20]
        directory = CACHE / key
        if not directory.exists():
            _export(roles, variables, directory)
        return {role: read_objects(directory / role) for role in roles}

    return rendering


@pytest.fixture(scope="session")
def apply_role(tmp_path_factory: pytest.TempPathFactory) -> Play:
    """Run a whole role, checks included, its objects exported and not applied: ``apply_role("cache", cache_replicas=5)``."""

    def play(role: str, **variables: Any) -> subprocess.CompletedProcess[str]:
        directory = tmp_path_factory.mktemp("role")
        exported = {"autotrade.deployment.cluster_objects": {"state": "exported", "export_dir": str(directory / "objects")}}
        content = {"name": f"Run {role}", "hosts": "localhost", "gather_facts": False, "module_defaults": exported}
        playbook = directory / "play.yml"
        playbook.write_text(yaml.safe_dump([{**content, "roles": [f"autotrade.deployment.{role}"]}]), encoding="utf-8")
        return run_playbook(playbook, variables)

    return play


@pytest.fixture(scope="session")
def run_role(tmp_path_factory: pytest.TempPathFactory) -> RunRole:
    """Run a whole role, checks included, its objects exported and not applied, once for each of the named sets of variables.

    ``run_role("cache", {"too few": {"cache_replicas": 1}})`` answers ``{"too few": "what it failed with"}``; a set that
    the role accepts is missing in the answer.
    """

    def running(role: str, cases: Mapping[str, Mapping[str, Any]]) -> dict[str, str]:
        directory = tmp_path_factory.mktemp("role")
        report = directory / "refused.json"
        playbook = directory / "play.yml"
        playbook.write_text(json.dumps([_play_of_cases(role, cases, directory / "objects", report)]), encoding="utf-8")
        answer = run_playbook(playbook, {})
        assert report.exists(), answer.stdout[-6000:] + answer.stderr[-2000:]
        refused: dict[str, Any] = json.loads(report.read_text(encoding="utf-8"))
        return {name: json.dumps(result) for name, result in refused.items()}

    return running


def _play_of_cases(role: str, cases: Mapping[str, Mapping[str, Any]], objects: Path, report: Path) -> dict[str, Any]:
    exported = {"autotrade.deployment.cluster_objects": {"state": "exported", "export_dir": str(objects)}}
    note = "{{ refused | combine({case: ansible_failed_result}) }}"
    tasks: list[dict[str, Any]] = [
        {
            "name": f"Run {role} with {name}",
            "vars": {"case": name},
            "block": [{"ansible.builtin.include_role": {"name": f"autotrade.deployment.{role}"}, "vars": dict(variables)}],
            "rescue": [{"ansible.builtin.set_fact": {"refused": note}}],
        }
        for name, variables in cases.items()
    ]
    tasks.append({"ansible.builtin.copy": {"content": "{{ refused | to_json }}", "dest": str(report), "mode": "0600"}})
    first: dict[str, Any] = {"ansible.builtin.set_fact": {"refused": {}}}
    return {"hosts": "localhost", "gather_facts": False, "module_defaults": exported, "tasks": [first, *tasks]}


def read_objects(directory: Path) -> list[dict[str, Any]]:
    """Every object of the YAML files in a directory, in the order of the files' names."""
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    files = sorted(directory.glob("*.yaml"))
    return [obj for path in files for obj in yaml.load_all(path.read_text(encoding="utf-8"), Loader=loader) if obj]


def _hash_of_inputs() -> str:
    digest = hashlib.sha256()
    for start in map(ROOT.joinpath, INPUTS):
        files = [start] if start.is_file() else sorted(start.rglob("*"))
        for path in files:
            if path.is_file() and "__pycache__" not in path.parts:
                digest.update(str(path.relative_to(ROOT)).encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()


def _export(roles: Sequence[str], variables: Mapping[str, Any], directory: Path) -> None:
    CACHE.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=CACHE) as scratch:
        extra = {**variables, "roles_with_objects": list(roles), "export_dir": scratch}
        answer = run_playbook("playbooks/export.yml", extra)
        if answer.returncode:
            raise RuntimeError(f"the export of {', '.join(roles)} failed:\n{answer.stdout[-6000:]}\n{answer.stderr[-2000:]}")
        # Another test run may have rendered the same meanwhile; both results are equal.
        if not directory.exists():
            shutil.copytree(scratch, f"{scratch}.done")
            Path(f"{scratch}.done").replace(directory)


def run_playbook(playbook: str | Path, extra: Mapping[str, Any], *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a playbook of the checkout against the simulated inventory; extra variables travel in a file, as they may be long."""
    with tempfile.NamedTemporaryFile("w", suffix=".json", encoding="utf-8") as file:
        json.dump(extra, file)
        file.flush()
        command = [
            str(Path(sys.executable).parent / "ansible-playbook"),
            str(playbook),
            "-i",
            "inventories/simulated",
            "-e",
            f"@{file.name}",
            *arguments,
        ]
        environment = {**os.environ, "ANSIBLE_NOCOLOR": "1", "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg")}
        return subprocess.run(command, cwd=ROOT, env=environment, text=True, capture_output=True, timeout=1200, check=False)
