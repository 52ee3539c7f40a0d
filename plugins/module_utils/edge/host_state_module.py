# Copyright (c) autotrade.deployment engineers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Between the arguments of the module ``host_state`` and the host."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from ansible_collections.autotrade.deployment.plugins.module_utils.core.host_state import File, Plan, Unit, Wanted, plan
from ansible_collections.autotrade.deployment.plugins.module_utils.edge.host_state import carry_out, observe

_STATES = {"started": True, "stopped": False, None: None}
_FILE = {
    "path": {"type": "path", "required": True},
    "content": {"type": "str"},
    "secret_content": {"type": "str", "no_log": True},
    "mode": {"type": "str", "default": "0644"},
    "owner": {"type": "str", "default": "root"},
    "group": {"type": "str", "default": "root"},
    "validate": {"type": "str", "default": ""},
}
_PROGRAM = {
    "path": {"type": "path", "required": True},
    "url": {"type": "str", "required": True},
    "sha256": {"type": "str", "required": True},
    "mode": {"type": "str", "default": "0755"},
}
_UNIT = {
    "name": {"type": "str", "required": True},
    "enabled": {"type": "bool"},
    "state": {"type": "str", "choices": ["started", "stopped"]},
    "watches": {"type": "list", "elements": "path", "default": []},
}
ARGUMENTS: dict[str, dict[str, Any]] = {
    "files": {
        "type": "list",
        "elements": "dict",
        "default": [],
        "options": _FILE,
        "required_one_of": [("content", "secret_content")],
        "mutually_exclusive": [("content", "secret_content")],
    },
    "programs": {"type": "list", "elements": "dict", "default": [], "options": _PROGRAM},
    "absent": {"type": "list", "elements": "path", "default": []},
    "units": {"type": "list", "elements": "dict", "default": [], "options": _UNIT},
    "sysctls": {"type": "dict", "default": {}},
    "packages": {"type": "list", "elements": "str", "default": []},
    "modules": {"type": "list", "elements": "str", "default": []},
    "swap": {"type": "str", "default": "keep", "choices": ["keep", "off"]},
}


def run(params: Mapping[str, Any], check_mode: bool, with_diff: bool) -> dict[str, Any]:
    """Bring the host to what the arguments say; the result is the module's.

    :raises HostStateError: with a message for the user.
    """
    wanted = wanted_from(params)
    found = plan(wanted, observe(wanted))
    diff = [_diff(file) for file in found.write] if with_diff else []
    if not check_mode:
        carry_out(found)
    lines = found.lines()
    return {"changed": bool(lines), "done": lines, "diff": [*diff, *_acts(found)]}


def wanted_from(params: Mapping[str, Any]) -> Wanted:
    """The arguments as the core wants them."""
    return Wanted(
        files=(*_files(params["files"]), *_programs(params["programs"])),
        absent=tuple(params["absent"]),
        units=tuple(
            Unit(unit["name"], unit["enabled"], _STATES[unit["state"]], tuple(unit["watches"])) for unit in params["units"]
        ),
        sysctls={str(key): str(value) for key, value in params["sysctls"].items()},
        modules=tuple(params["modules"]),
        packages=tuple(params["packages"]),
        swap_off=params["swap"] == "off",
    )


def _files(files: Iterable[Mapping[str, Any]]) -> list[File]:
    return [_file(file) for file in files]


def _file(file: Mapping[str, Any]) -> File:
    secret = file["secret_content"] is not None
    content = str(file["secret_content"] if secret else file["content"]).encode()
    return File(
        path=file["path"],
        sha256=hashlib.sha256(content).hexdigest(),
        mode=int(file["mode"], 8),
        owner=file["owner"],
        group=file["group"],
        content=content,
        secret=secret,
        validate=file["validate"],
    )


def _programs(programs: Iterable[Mapping[str, Any]]) -> list[File]:
    return [File(program["path"], program["sha256"], int(program["mode"], 8), url=program["url"]) for program in programs]


def _diff(file: File) -> dict[str, str]:
    after = f"(secret, mode {file.mode:04o})\n" if file.secret else _text(file)
    return {"before_header": file.path, "after_header": file.path, "before": _before(file), "after": after}


def _before(file: File) -> str:
    path = Path(file.path)
    if not path.is_file():
        return ""
    if file.secret or file.content is None:
        return f"({'secret' if file.secret else 'program'} as it is)\n"
    return path.read_text(encoding="utf-8", errors="replace")


def _text(file: File) -> str:
    return file.content.decode(errors="replace") if file.content is not None else f"(program, sha256 {file.sha256})\n"


def _acts(found: Plan) -> list[dict[str, str]]:
    lines = [line for line in found.lines() if not line.startswith("write ")]
    return [{"before": "", "after": "".join(f"{line}\n" for line in lines)}] if lines else []
