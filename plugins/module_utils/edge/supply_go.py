# Copyright (c) autotrade.deployment engineers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Running the Go toolchain: building pinned packages and reading pinned modules."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ansible_collections.autotrade.deployment.plugins.module_utils.core.supply import (
    Problem,
    SupplyError,
    UnreachableError,
    without_credentials,
)
from ansible_collections.autotrade.deployment.plugins.module_utils.core.supply_inputs import (
    BUILD_ENVIRONMENT,
    BUILD_FLAGS,
    GoDirectory,
    parse_go_version,
    select_files,
    zip_sum,
)
from ansible_collections.autotrade.deployment.plugins.module_utils.edge.supply_command import (
    Beat,
    Ended,
    run_command,
)
from ansible_collections.autotrade.deployment.plugins.module_utils.edge.supply_files import (
    no_space,
)

_USUAL_PLACES = ("/usr/local/go/bin/go", "/usr/lib/go/bin/go")
_TAIL_LINES = 12
_MODULE_FILES = ("go.mod", "go.sum")


@dataclass(frozen=True)
class Toolchain:
    """A usable ``go`` command; ``version`` as it calls itself, such as go1.26.8."""

    path: str
    version: str


def find_toolchain(go: str) -> Toolchain | Problem:
    """The toolchain at ``go`` (a path or a name on PATH), or why there is none."""
    found = shutil.which(go) or (next((p for p in _USUAL_PLACES if os.access(p, os.X_OK)), None) if go == "go" else None)
    if found is None:
        return Problem("go", f"no Go toolchain at {go!r}", "the go command")
    run = subprocess.run([found, "env", "GOVERSION"], env=_environment({}), cwd="/", capture_output=True, text=True, check=False)
    version = run.stdout.strip()
    if run.returncode or not parse_go_version(version):
        return Problem("go", f"{found} answered {(version or run.stderr.strip())[:200]!r}", "a Go version")
    return Toolchain(found, version)


@dataclass(frozen=True)
class Bench:
    """Where one piece of work is done: the toolchain, an empty directory, and whom to tell that it goes on."""

    toolchain: Toolchain
    work: Path
    beat: Beat


@dataclass(frozen=True)
class ModuleFiles:
    """The files of one module version, and the ``h1:`` sum that its zip must have."""

    module: str
    version: str
    sum: str
    patterns: tuple[str, ...]


def require_toolchain(found: Toolchain | Problem, least: str, labels: Sequence[str]) -> Toolchain:
    """The toolchain, if it is new enough.

    :raises SupplyError: that names every way out when it is missing or too old.
    """
    if isinstance(found, Toolchain):
        if (parse_go_version(found.version) or (0, 0, 0)) >= (parse_go_version(least) or (0, 0, 0)):
            return found
        found = Problem("go", f"{found.version} at {found.path}", "")
    remedy = (
        f"Ways out: install Go {least} or newer and name it by artifact_store_go; or fill the release checksums (`make lock`)"
        " and set artifact_store_source to release; or copy a filled store to artifact_store_dir."
    )
    raise SupplyError(Problem(found.where, found.found, f"Go {least} or newer, to build {', '.join(labels)}", remedy))


def read_directory(root: Path, name: str) -> GoDirectory:
    """The files of ``root/name`` that go into a build: all but the tests.

    :raises SupplyError: when it has no go.mod or no go.sum.
    """
    base = root / name
    paths = [path for path in sorted(base.rglob("*")) if path.is_file() and not path.name.endswith("_test.go")]
    files = {str(path.relative_to(base)): path.read_bytes() for path in paths}
    missing = [file for file in _MODULE_FILES[: 1 if _needs_no_sum(files) else 2] if file not in files]
    if missing:
        raise SupplyError(Problem(str(base), f"no {' and no '.join(missing)}", "a directory of pinned Go modules", "Restore it."))
    return GoDirectory(name, files)


def _needs_no_sum(files: Mapping[str, bytes]) -> bool:
    return b"require" not in files.get("go.mod", b"")


def build(bench: Bench, directory: GoDirectory, package: str, ldflags: str, arch: str) -> Path:
    """Build one package in a copy of ``directory`` and return the program's path."""
    work = bench.work
    _write_copy(directory, work / "src")
    (work / "tmp").mkdir()
    result = work / "result"
    command = [bench.toolchain.path, "build", *BUILD_FLAGS, "-ldflags", ldflags, "-o", str(result), package]
    environment = _environment({**BUILD_ENVIRONMENT, "GOARCH": arch, "GOTMPDIR": str(work / "tmp")})
    _run(command, work / "src", environment, f"go build {package}", bench.beat)
    return result


def read_bundle(bench: Bench, directory: GoDirectory, wanted: ModuleFiles) -> str:
    """One YAML text of the chosen files of a module, after its zip was proven against go.sum."""
    _write_copy(directory, bench.work / "src")
    title = f"{wanted.module}@{wanted.version}"
    command = [bench.toolchain.path, "mod", "download", "-json", title]
    output = _run(command, bench.work / "src", _environment({}), f"go mod download {title}", bench.beat)
    archive = Path(json.loads(output)["Zip"])
    with zipfile.ZipFile(archive) as content:
        _prove(content, archive, wanted, directory)
        return _joined(content, f"{title}/", wanted.patterns)


def _prove(content: zipfile.ZipFile, archive: Path, wanted: ModuleFiles, directory: GoDirectory) -> None:
    # Once the module is in its cache, go itself compares only a note that lies beside the zip, not the zip.
    found = zip_sum((name, hashlib.sha256(content.read(name)).hexdigest()) for name in content.namelist())
    if found != wanted.sum:
        where, pinned = f"{wanted.module} {wanted.version}", f"{wanted.sum}, pinned by gomod/{directory.name}/go.sum"
        remedy = "The file in the module cache was changed: remove it by `go clean -modcache` and run again."
        raise SupplyError(Problem(where, f"{found} ({archive})", pinned, remedy))


def _joined(content: zipfile.ZipFile, prefix: str, patterns: Sequence[str]) -> str:
    names = {name[len(prefix) :] for name in content.namelist() if name.startswith(prefix)}
    chosen = select_files(names, patterns)
    if not chosen:
        where = prefix.rstrip("/")
        raise SupplyError(Problem(where, "no file that matches", ", ".join(patterns), "Correct files in the lock file."))
    return "".join(_document(prefix + name, content.read(prefix + name).decode("utf-8")) for name in chosen)


def _document(name: str, text: str) -> str:
    return f"---\n# {name}\n{text.strip().removeprefix('---').lstrip()}\n"


def _write_copy(directory: GoDirectory, target: Path) -> None:
    # A copy, because go may write go.sum, and because the checkout may be read-only.
    for name, content in directory.files.items():
        path = target / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


def _environment(extra: Mapping[str, str]) -> dict[str, str]:
    # The user's proxy and private-module settings stay; what would change the result is set here.
    fixed = {"GOFLAGS": "-mod=readonly -buildvcs=false", "GOWORK": "off", "GOTOOLCHAIN": "local"}
    return {**os.environ, **fixed, **extra}


def _run(command: Sequence[str], cwd: Path, environment: Mapping[str, str], what: str, beat: Beat) -> str:
    ended = run_command(command, cwd, environment, beat)
    if ended.code:
        raise _failure(what, cwd, ended)
    return ended.output


def _failure(what: str, cwd: Path, ended: Ended) -> SupplyError:
    tail = ended.tail(_TAIL_LINES)
    if ended.full_disk:
        return no_space(cwd.parent, "artifact_store_cache_dir, GOCACHE or GOMODCACHE", f"a full disk during {what}: {tail}")
    if ended.says("checksum mismatch", "SECURITY ERROR"):
        return SupplyError(Problem(what, tail, "the checksums that go.sum pins", "A module was changed: do not go on with it."))
    if ended.unreachable:
        proxy = without_credentials(os.environ.get("GOPROXY", "the default Go proxy"))
        remedy = "Set GOPROXY to a Go proxy in reach, or copy a store that was filled elsewhere to artifact_store_dir."
        return UnreachableError(Problem(what, tail, f"an answer of {proxy}", remedy))
    return SupplyError(Problem(what, f"exit status {ended.code}: {tail}", "a build without errors"))
