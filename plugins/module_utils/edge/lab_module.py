# Copyright (c) autotrade.deployment engineers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Between the arguments of the module ``lab_hosts`` and the lab itself."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ansible_collections.autotrade.deployment.plugins.module_utils.core.lab import (
    Host,
    Lab,
    check,
    plan_absent,
    plan_present,
)
from ansible_collections.autotrade.deployment.plugins.module_utils.edge.lab_hosts import (
    Access,
    carry_out,
    make_key,
    remove,
    wait_for_logins,
)
from ansible_collections.autotrade.deployment.plugins.module_utils.edge.lab_image import (
    ImageSettings,
    SeedSettings,
    build_image,
    build_seed,
    is_seeded,
)
from ansible_collections.autotrade.deployment.plugins.module_utils.edge.lab_machine import (
    give_back,
    lines_to_raise,
    prepare,
)
from ansible_collections.autotrade.deployment.plugins.module_utils.edge.podman import (
    exists,
    observe,
    require,
)

_HOST = {"name": {"type": "str", "required": True}, "address": {"type": "str", "required": True}}
_IMAGE = {
    "reference": {"type": "str", "required": True},
    "entrypoint": {"type": "list", "elements": "str", "required": True},
    "command": {"type": "list", "elements": "str", "default": []},
    "programs": {"type": "dict", "required": True},
    "host_programs": {"type": "list", "elements": "path", "default": []},
    "links": {"type": "dict", "default": {}},
    "directories": {"type": "list", "elements": "str", "default": []},
    "user": {"type": "str", "default": ""},
}
ARGUMENTS: dict[str, dict[str, Any]] = {
    "name": {"type": "str", "default": "lab"},
    "state": {"type": "str", "default": "present", "choices": ["present", "absent"]},
    "subnet": {"type": "str", "default": "10.89.10.0/24"},
    "hosts": {"type": "list", "elements": "dict", "default": [], "options": _HOST},
    "user": {"type": "str", "default": "ops"},
    "release": {"type": "str", "default": "bookworm"},
    "packages": {"type": "list", "elements": "str", "default": []},
    "files": {"type": "path"},
    "images": {"type": "list", "elements": "dict", "default": [], "options": _IMAGE},
    "archives": {"type": "list", "elements": "str", "default": []},
    "seed_script": {"type": "path"},
    "store": {"type": "path"},
    "state_directory": {"type": "path"},
    "cache_directory": {"type": "path"},
    "runtime": {"type": "str", "default": "runc"},
    "timeout": {"type": "int", "default": 120},
}
REQUIRED_IF = [("state", "present", ("hosts", "files", "seed_script", "store", "packages"))]


@dataclass(frozen=True)
class Settings:
    """The module's arguments, checked."""

    lab: Lab
    image: ImageSettings
    seed: SeedSettings
    access: Access
    cache: Path


def run(params: Mapping[str, Any], check_mode: bool) -> dict[str, Any]:
    """Do what the module's arguments ask; the result is the module's.

    :raises LabError: with a message for the user.
    """
    directory = _directory(params)
    if params["state"] == "absent":
        return _absent(params["name"], directory, check_mode)
    require(("podman", params["runtime"], "debootstrap", "ssh-keygen", "tar"))
    return _present(_settings(params, directory), params["timeout"], check_mode)


def _absent(name: str, directory: Path, check_mode: bool) -> dict[str, Any]:
    require(("podman",))
    plan = plan_absent(observe(name))
    lines = plan.lines() + ([f"remove {directory}"] if directory.exists() else [])
    if not check_mode:
        remove(plan)
        shutil.rmtree(directory, ignore_errors=True)
        give_back(directory.parent)
    return {"changed": bool(lines), "name": name, "done": lines, "diff": _diff(lines)}


def _present(settings: Settings, timeout: float, check_mode: bool) -> dict[str, Any]:
    lab, access = settings.lab, settings.access
    plan = plan_present(lab, observe(lab.name))
    lines = [*lines_to_raise(), *_making(settings), *plan.lines()]
    if not check_mode:
        prepare(access.directory.parent)
        make_key(access)
        build_image(settings.image, lab.runtime, settings.cache)
        build_seed(settings.seed, lab.image, lab.runtime, settings.cache)
        carry_out(plan, lab)
        lines += ["write known_hosts and ssh_config"] if wait_for_logins(lab, access, timeout) else []
    return {
        "changed": bool(lines),
        "name": lab.name,
        "done": lines,
        "key": str(access.key),
        "known_hosts": str(access.known_hosts),
        "image": lab.image,
        "containers": {host.name: lab.container(host.name) for host in lab.hosts},
        "diff": _diff(lines),
    }


def _making(settings: Settings) -> list[str]:
    made = [f"build image {settings.lab.image}"] if not exists("image", settings.lab.image) else []
    return made + ([f"fill volume {settings.lab.seed}"] if not is_seeded(settings.lab.seed) else [])


def _settings(params: Mapping[str, Any], directory: Path) -> Settings:
    hosts = tuple(Host(host["name"], host["address"]) for host in params["hosts"])
    check(params["name"], params["subnet"], hosts)
    image = ImageSettings(params["release"], tuple(params["packages"]), Path(params["files"]), params["user"])
    store = Path(params["store"]).resolve()
    seed = SeedSettings(tuple(params["images"]), tuple(params["archives"]), Path(params["seed_script"]), store)
    access = Access(directory, params["user"])
    lab = Lab(
        name=params["name"],
        subnet=params["subnet"],
        hosts=hosts,
        image=image.reference,
        seed=seed.volume(image.reference),
        store=str(store),
        keys=str(access.keys),
        runtime=params["runtime"],
    )
    return Settings(lab, image, seed, access, _cache(params))


def _directory(params: Mapping[str, Any]) -> Path:
    state = os.environ.get("XDG_STATE_HOME") or str(Path.home() / ".local/state")
    return Path(params["state_directory"] or f"{state}/autotrade/lab") / str(params["name"])


def _cache(params: Mapping[str, Any]) -> Path:
    cache = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(params["cache_directory"] or f"{cache}/autotrade/lab")


def _diff(lines: list[str]) -> dict[str, str]:
    return {"before": "", "after": "".join(f"{line}\n" for line in lines)}
