# Copyright (c) autotrade.deployment engineers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Looks at a host and changes it: files, systemd units, kernel settings."""

from __future__ import annotations

import contextlib
import grp
import hashlib
import os
import pwd
import shutil
import tempfile
import urllib.error
from collections.abc import Iterable, Mapping
from pathlib import Path

from ansible.module_utils.urls import open_url
from ansible_collections.autotrade.deployment.plugins.module_utils.core.host_state import (
    KERNEL_SIGNS,
    File,
    FileFact,
    HostStateError,
    Observed,
    Plan,
    UnitFact,
    Wanted,
    watched_paths,
)
from ansible_collections.autotrade.deployment.plugins.module_utils.edge.host_packages import install, installed
from ansible_collections.autotrade.deployment.plugins.module_utils.edge.host_programs import TIMEOUT_S, run_program

STAMPS = Path("/var/lib/autotrade/units")
_HASHES = Path("/var/lib/autotrade/hashes")
_LARGE = 1_000_000
_PROPERTIES = ("Id", "ActiveState", "UnitFileState", "NeedDaemonReload")
_ON = ("active", "activating", "reloading")
_CHUNK = 1 << 20


def observe(wanted: Wanted) -> Observed:
    """Everything that the plan needs to know."""
    return Observed(
        files={path: _file_fact(Path(path)) for path in watched_paths(wanted)},
        units=_unit_facts([unit.name for unit in wanted.units]),
        sysctls={key: _sysctl(key) for key in wanted.sysctls},
        modules=frozenset(name for name in wanted.modules if _has_module(name)),
        packages=installed(wanted.packages),
        swaps=tuple(line.split()[0] for line in Path("/proc/swaps").read_text(encoding="ascii").splitlines()[1:]),
    )


def _file_fact(path: Path) -> FileFact | None:
    if not path.is_file():
        return None
    known = path.stat()
    return FileFact(_known_sha256(path, known), known.st_mode & 0o7777, _user(known.st_uid), _group(known.st_gid))


def _user(number: int) -> str:
    try:
        return pwd.getpwuid(number).pw_name
    except KeyError:
        return str(number)


def _group(number: int) -> str:
    try:
        return grp.getgrgid(number).gr_name
    except KeyError:
        return str(number)


def _known_sha256(path: Path, known: os.stat_result) -> str:
    """The content's hash; of large files it is remembered, for as long as no change of the file could have gone unseen."""
    if known.st_size < _LARGE:
        return _sha256(path)
    mark = f"{known.st_ino} {known.st_size} {known.st_mtime_ns} {known.st_ctime_ns}"
    memory = _HASHES / hashlib.sha256(str(path).encode()).hexdigest()[:16]
    remembered, _space, digest = _read(memory).rpartition(" ")
    if remembered == mark:
        return digest
    digest = _sha256(path)
    with contextlib.suppress(OSError):
        _HASHES.mkdir(parents=True, exist_ok=True)
        _replace(memory, f"{mark} {digest}".encode(), 0o600)
    return digest


def _sha256(path: Path) -> str:
    total = hashlib.sha256()
    with path.open("rb") as stream:
        while chunk := stream.read(_CHUNK):
            total.update(chunk)
    return total.hexdigest()


def _unit_facts(names: list[str]) -> dict[str, UnitFact]:
    if not names:
        return {}
    shown = run_program("systemctl", "show", f"--property={','.join(_PROPERTIES)}", *names)
    blocks = [dict(line.split("=", 1) for line in block.splitlines() if "=" in line) for block in shown.split("\n\n")]
    return {name: _unit_fact(name, block) for name, block in zip(names, blocks, strict=True)}


def _unit_fact(name: str, shown: Mapping[str, str]) -> UnitFact:
    return UnitFact(
        active=shown.get("ActiveState") in _ON,
        enabled=shown.get("UnitFileState") == "enabled",
        stamp=_read(STAMPS / name),
        stale=shown.get("NeedDaemonReload") == "yes",
    )


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8").strip()
    except OSError:
        return ""


def _sysctl_path(key: str) -> Path:
    return Path("/proc/sys") / key.replace(".", "/")


def _sysctl(key: str) -> str | None:
    try:
        return " ".join(_sysctl_path(key).read_text(encoding="ascii").split())
    except OSError:
        return None


def _has_module(name: str) -> bool:
    return (
        Path(KERNEL_SIGNS.get(name, f"/sys/module/{name}")).exists() or f"\t{name}\n" in _read(Path("/proc/filesystems")) + "\n"
    )


def carry_out(plan: Plan) -> None:
    """Do what the plan says, in its order.

    :raises HostStateError: what failed, in the words of the program that failed.
    """
    install(plan.install)
    _load(plan.load)
    _write_all(plan.write)
    for path in plan.remove:
        Path(path).unlink()
    for setting in plan.set_sysctls:
        _set_sysctl(*setting.split("=", 1))
    if plan.swap_off:
        _swap_off()
    if plan.reload_systemd:
        run_program("systemctl", "daemon-reload")
    for verb, names in (("enable", plan.enable), ("disable", plan.disable), ("stop", plan.stop)):
        _systemctl(verb, names)
    _systemctl("start", plan.start)
    _systemctl("restart", plan.restart)
    for name, value in plan.stamps.items():
        STAMPS.mkdir(parents=True, exist_ok=True)
        _replace(STAMPS / name, value.encode(), 0o644)


def _systemctl(verb: str, names: Iterable[str]) -> None:
    for name in names:
        try:
            run_program("systemctl", verb, name)
        except HostStateError as error:
            journal = run_program("journalctl", "--unit", name, "--lines=8", "--no-pager", "--output=cat")
            raise HostStateError(f"{error}\n{journal.strip()}") from error


def _load(names: Iterable[str]) -> None:
    for name in names:
        run_program("modprobe", name)
        if not _has_module(name):
            raise HostStateError(
                f"kernel module {name}: modprobe said yes and its sign {KERNEL_SIGNS.get(name, name)} is missing"
            )


def _write_all(files: Iterable[File]) -> None:
    for file in files:
        Path(file.path).parent.mkdir(mode=0o755, parents=True, exist_ok=True)
        content = file.content if file.content is not None else _fetch(file)
        if file.validate:
            _validate(file, content)
        _replace(Path(file.path), content, file.mode)
        shutil.chown(file.path, file.owner, file.group)


def _validate(file: File, content: bytes) -> None:
    with tempfile.NamedTemporaryFile(suffix=Path(file.path).suffix) as draft:
        draft.write(content)
        draft.flush()
        run_program(*(word.replace("%s", draft.name) for word in file.validate.split()))


def _fetch(file: File) -> bytes:
    try:
        content: bytes = open_url(file.url, timeout=TIMEOUT_S).read()
    except (urllib.error.URLError, OSError, ValueError) as error:
        raise HostStateError(f"{file.path}: {file.url} does not answer ({error}); expected the artifact store there") from error
    found = hashlib.sha256(content).hexdigest()
    if found != file.sha256:
        raise HostStateError(f"{file.path}: {file.url} has sha256 {found}; expected {file.sha256}, which the store's index names")
    return content


def _replace(path: Path, content: bytes, mode: int) -> None:
    # A reader sees the old file or the new one; a crash leaves one of them whole.
    descriptor, draft = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        Path(draft).chmod(mode)
        Path(draft).replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            Path(draft).unlink()
        raise


def _set_sysctl(key: str, value: str) -> None:
    try:
        _sysctl_path(key).write_text(value, encoding="ascii")
    except OSError as error:
        raise HostStateError(
            f"sysctl {key}: cannot be set to {value} ({error.strerror}); expected a kernel that has it"
        ) from error


def _swap_off() -> None:
    run_program("swapoff", "--all")
    table = Path("/etc/fstab")
    lines = _read(table).splitlines() if table.exists() else []
    kept = ["#" + line if len(line.split()) > 2 and line.split()[2] == "swap" and line[0] != "#" else line for line in lines]  # noqa: PLR2004
    if kept != lines:
        _replace(table, ("\n".join(kept) + "\n").encode(), 0o644)
