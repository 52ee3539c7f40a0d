# Copyright (c) autotrade.deployment engineers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Between the arguments of the module ``simulated_cluster`` and the cluster itself."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import fields
from pathlib import Path
from typing import Any

from ansible.module_utils.common.yaml import HAS_YAML, yaml_load_all
from ansible_collections.autotrade.deployment.plugins.module_utils.core.simulated import (
    START_ORDER,
    Component,
    Networks,
    SettingError,
    Sizes,
    Timers,
    check_name,
    check_timers,
)
from ansible_collections.autotrade.deployment.plugins.module_utils.core.simulated_files import Document, check_stages
from ansible_collections.autotrade.deployment.plugins.module_utils.edge import simulated_pki
from ansible_collections.autotrade.deployment.plugins.module_utils.edge.results import Ending
from ansible_collections.autotrade.deployment.plugins.module_utils.edge.simulated_cluster import (
    Outcome,
    Settings,
    SimulatedCluster,
)
from ansible_collections.autotrade.deployment.plugins.module_utils.edge.simulated_launch import LaunchError
from ansible_collections.autotrade.deployment.plugins.module_utils.edge.simulated_processes import ProcessError
from ansible_collections.autotrade.deployment.plugins.module_utils.edge.simulated_state import (
    State,
    StateError,
    default_cache,
    default_root,
    locked,
)

try:
    from yaml import YAMLError as BadYamlError
except ImportError:

    class BadYamlError(ValueError):  # type: ignore[no-redef]
        """Never raised: run() reports the missing library by HAS_YAML."""


VERSION_TIMEOUT_SECONDS = 20


def _group(kind: type[Timers | Sizes | Networks]) -> dict[str, Any]:
    options = {member.name: {"type": str(member.type), "default": member.default} for member in fields(kind)}
    return {"type": "dict", "apply_defaults": True, "options": options}


ARGUMENTS: dict[str, dict[str, Any]] = {
    "name": {"type": "str", "default": "default"},
    "state": {"type": "str", "default": "started", "choices": ["started", "stopped", "absent"]},
    "binary_directory": {"type": "path"},
    "state_directory": {"type": "path"},
    "stages": {"type": "list", "elements": "path", "default": []},
    "bundles": {"type": "list", "elements": "path", "default": []},
    "bundles_applied": {"type": "bool", "default": False},
    "cache_directory": {"type": "path"},
    "timers": _group(Timers),
    "sizes": _group(Sizes),
    "networks": _group(Networks),
    "api_server_extra_args": {"type": "dict", "default": {}},
    "reset_corrupt_data": {"type": "bool", "default": False},
    "wait_timeout": {"type": "int", "default": 60},
}
REQUIRED_IF = [("state", "started", ("binary_directory",))]
FAILURES = (SettingError, StateError, ProcessError, LaunchError, OSError)


def run(params: Mapping[str, Any], check_mode: bool = False, _diff_mode: bool = False) -> Ending:
    """The whole work, from checked parameters to the result."""
    try:
        return Ending(brought(params, check_mode))
    except FAILURES as error:
        return Ending({"msg": str(error)}, failed=True)


def brought(params: Mapping[str, Any], check_mode: bool) -> dict[str, Any]:
    """Does what the module's arguments ask; the result is the module's.

    :raises FAILURES: with a message for the user.
    """
    if simulated_pki.IMPORT_ERROR or not HAS_YAML:
        raise SettingError("ansible_python_interpreter", sys.executable, "a Python with the libraries cryptography and PyYAML")
    settings = settings_of(params)
    cluster = SimulatedCluster(settings, check_mode)
    if check_mode:
        # Only read: not even the lock's file is made.
        return result(getattr(cluster, params["state"])(), settings, params["state"])
    with locked(settings.root, settings.name, settings.wait_timeout):
        outcome = getattr(cluster, params["state"])()
        return result(outcome, settings, params["state"])


def settings_of(params: Mapping[str, Any]) -> Settings:
    """Checks every argument before anything is touched."""
    started = params["state"] == "started"
    directory = Path(params["binary_directory"] or "")
    binaries = {component: str(directory / component.value) for component in START_ORDER}
    if started:
        _check_binaries(directory, binaries)
    return Settings(
        name=check_name(params["name"]),
        root=Path(params["state_directory"]) if params["state_directory"] else default_root(os.environ),
        binaries=binaries,
        stages=check_stages(_documents(params["stages"])) if started else (),
        timers=check_timers(Timers(**params["timers"])),
        sizes=Sizes(**params["sizes"]),
        networks=Networks(**params["networks"]),
        api_server_extra_args={str(name): str(value) for name, value in params["api_server_extra_args"].items()},
        wait_timeout=float(params["wait_timeout"]),
        reset_corrupt_data=params["reset_corrupt_data"],
        bundles=_existing("bundles", params["bundles"]) if started else (),
        bundles_applied=params["bundles_applied"],
        cache=Path(params["cache_directory"]) if params["cache_directory"] else default_cache(os.environ),
    )


def result(outcome: Outcome, settings: Settings, state: str) -> dict[str, Any]:
    """The module's return values."""
    spec = outcome.spec
    pids = {component.value: pid for component, pid in outcome.pids.items()}
    after = START_ORDER if state == "started" else ()
    return {
        "changed": outcome.changed,
        "state": state,
        "name": settings.name,
        "directory": spec.layout.directory,
        "kubeconfig": spec.layout.kubeconfig,
        "context": spec.context,
        "server": spec.server,
        "ports": dict(vars(spec.ports)),
        "pids": pids,
        "versions": versions(settings, State(Path(spec.layout.directory))) if state == "started" else {},
        "bundles_current": outcome.bundles_current,
        "stopped": [component.value for component in outcome.plan.stop],
        "started": [component.value for component in outcome.plan.start],
        "diff": _diff(outcome, {component.value: "running" for component in after}),
    }


def versions(settings: Settings, state: State) -> dict[str, str]:
    """What each binary says about itself; asked once per binary, since the large ones take long to load."""
    known = state.versions()
    marks = {component: _binary_mark(settings.binaries[component]) for component in START_ORDER}
    missing = [component for component in START_ORDER if marks[component] not in known]
    with ThreadPoolExecutor(len(START_ORDER)) as pool:
        found = dict(zip(missing, pool.map(lambda component: _version(settings.binaries[component]), missing), strict=True))
    known = {mark: known.get(mark) or found[component] for component, mark in marks.items()}
    if missing and state.exists():
        state.remember_versions(known)
    return {component.value: known[marks[component]] for component in START_ORDER}


def _diff(outcome: Outcome, after: Mapping[str, str]) -> dict[str, Any]:
    if not outcome.changed:
        return {}
    untouched = {name: after[name] for name in after if Component(name) not in outcome.plan.start}
    before = untouched | {component.value: "running (to be stopped)" for component in outcome.plan.stop}
    return {"before": before, "after": dict(after)}


def _check_binaries(directory: Path, binaries: Mapping[Component, str]) -> None:
    missing = [component.value for component, path in binaries.items() if not os.access(path, os.X_OK) or Path(path).is_dir()]
    if missing:
        raise SettingError(
            "binary_directory",
            str(directory),
            f"executable files {', '.join(missing)} in it; `make store` or playbooks/mirror.yml fills it",
        )


def _documents(paths: Iterable[str]) -> Iterator[tuple[str, Document]]:
    for path in map(Path, paths):
        if not path.exists():
            raise SettingError("stages", str(path), "a YAML file or a directory of *.yaml files")
        for source in sorted(path.glob("*.yaml")) if path.is_dir() else [path]:
            try:
                documents = list(yaml_load_all(source.read_text(encoding="utf-8")))
            except BadYamlError as error:
                raise SettingError("stages", f"{source}: {error}", "valid YAML") from error
            yield from ((str(source), document) for document in documents)


def _existing(option: str, paths: Iterable[str]) -> tuple[Path, ...]:
    missing = [path for path in paths if not Path(path).is_file()]
    if missing:
        raise SettingError(option, ", ".join(missing), "existing files; `make store` or playbooks/mirror.yml makes them")
    return tuple(map(Path, paths))


def _binary_mark(path: str) -> str:
    known = Path(path).stat()
    return f"{path}:{known.st_size}:{known.st_mtime_ns}"


def _version(path: str) -> str:
    try:
        done = subprocess.run([path, "--version"], capture_output=True, text=True, check=True, timeout=VERSION_TIMEOUT_SECONDS)
    except (OSError, subprocess.SubprocessError) as error:
        return f"unknown ({type(error).__name__})"
    words = (done.stdout or done.stderr).split()
    return next((word for word in words if word.lstrip("v")[:1].isdigit()), "unknown")
