# Copyright (c) autotrade.deployment engineers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a build depends on: hashes of inputs, and the facts that ``go.mod`` and ``go.sum`` state."""

from __future__ import annotations

import base64
import fnmatch
import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from ansible_collections.autotrade.deployment.plugins.module_utils.core.supply import (
    Artifact,
    GoSource,
    Kind,
    Lock,
    Problem,
    SupplyError,
    fill_in,
)
from ansible_collections.autotrade.deployment.plugins.module_utils.core.supply_plan import (
    Step,
)

#: Fixed parts of the build command; they belong to the input hash because each changes the result.
BUILD_FLAGS = ("-trimpath",)
BUILD_ENVIRONMENT = {"CGO_ENABLED": "0", "GOOS": "linux", "GOAMD64": "v1", "GOARM64": "v8.0"}
_REQUIRE = re.compile(r"^(?:require\s+)?(\S+)\s+(v\S+)(?:\s*//.*)?$")
_GO_DIRECTIVE = re.compile(r"^go\s+(\S+)\s*$", re.MULTILINE)
_GO_VERSION = re.compile(r"(?:go)?(\d+)\.(\d+)(?:\.(\d+))?")


@dataclass(frozen=True)
class GoDirectory:
    """The files of one pinned Go module directory by their relative path."""

    name: str
    files: Mapping[str, bytes]

    def text(self, file: str) -> str:
        """The text of ``file``, empty where it does not exist."""
        return self.files.get(file, b"").decode("utf-8", "replace")


def digest_of(document: object) -> str:
    """SHA-256, in hex, of a JSON document in one canonical spelling."""
    return hashlib.sha256(json.dumps(document, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def recipe(lock: Lock, step: Step, directories: Mapping[str, GoDirectory]) -> str:
    """The input hash of a Go source without the toolchain; it tells whether a filled store still matches the lock."""
    artifact, source = step.artifact, go_source(step.artifact)
    directory = directories[source.directory]
    if artifact.kind is Kind.BUNDLE:
        version = module_version(directory, source.module, artifact)
        return digest_of(["bundle", source.module, version, module_sum(directory, source.module, version), *source.files])
    files = {name: hashlib.sha256(content).hexdigest() for name, content in directory.files.items()}
    ldflags = fill_in(source.ldflags, lock, artifact, step.arch)
    return digest_of(["build", source.package, ldflags, step.arch, list(BUILD_FLAGS), BUILD_ENVIRONMENT, files])


def build_key(recipe_hash: str, toolchain: str) -> str:
    """The key of a cached build: the recipe and the toolchain that followed it."""
    return digest_of([recipe_hash, toolchain])


def go_source(artifact: Artifact) -> GoSource:
    """The artifact's Go source, which the plan has made sure of."""
    if artifact.gomod is None:
        raise SupplyError(Problem(artifact.name, "no gomod source", "one in the lock"))
    return artifact.gomod


def required_versions(go_mod: str) -> dict[str, str]:
    """Module path -> version of every ``require`` of a go.mod."""
    lines = (line.strip() for line in go_mod.splitlines())
    matches = (_REQUIRE.match(line) for line in lines if "=>" not in line)
    return {match[1]: match[2] for match in matches if match}


def module_version(directory: GoDirectory, module: str, artifact: Artifact) -> str:
    """The pinned version of ``module``.

    :raises SupplyError: when go.mod does not require it, or at another version than the lock says.
    """
    found = required_versions(directory.text("go.mod")).get(module)
    if found == artifact.version:
        return found
    raise SupplyError(
        Problem(
            f"gomod/{directory.name}/go.mod",
            f"{module} {found}" if found else f"no require of {module}",
            f"{module} {artifact.version}, as the lock says for {artifact.name}",
            "Give both the same version: there are no two versions of one thing.",
        )
    )


def version_problems(artifacts: Iterable[Artifact], directories: Mapping[str, GoDirectory]) -> list[Problem]:
    """Every entry whose lock version differs from its go.mod."""
    problems: list[Problem] = []
    for artifact in artifacts:
        source = artifact.gomod
        if source and source.module and source.directory in directories:
            try:
                module_version(directories[source.directory], source.module, artifact)
            except SupplyError as error:
                problems += error.problems
    return problems


def module_sum(directory: GoDirectory, module: str, version: str) -> str:
    """The ``h1:`` checksum of the module's zip in go.sum.

    :raises SupplyError: when go.sum does not pin it; it is then not trusted on first use.
    """
    for line in directory.text("go.sum").splitlines():
        if line.split()[:2] == [module, version]:
            return line.split()[2]
    raise SupplyError(
        Problem(
            f"gomod/{directory.name}/go.sum",
            f"no checksum of {module} {version}",
            "a line with its h1: sum",
            f"Run `go mod download {module}@{version}` there with the checksum database in reach, and commit go.sum.",
        )
    )


def zip_sum(contents: Iterable[tuple[str, str]]) -> str:
    """Go's ``h1:`` sum from (file name, sha256 in hex) pairs, as golang.org/x/mod/sumdb/dirhash defines Hash1."""
    total = hashlib.sha256()
    for name, sha256 in sorted(contents):
        total.update(f"{sha256}  {name}\n".encode())
    return "h1:" + base64.b64encode(total.digest()).decode()


def select_files(names: Iterable[str], patterns: Iterable[str]) -> list[str]:
    """The names that match a pattern and no ``!pattern``, sorted; ``*`` stays within one directory."""
    wanted = [pattern for pattern in patterns if not pattern.startswith("!")]
    unwanted = [pattern[1:] for pattern in patterns if pattern.startswith("!")]

    def hit(name: str, pattern: str) -> bool:
        return name.count("/") == pattern.count("/") and fnmatch.fnmatchcase(name, pattern)

    return sorted(name for name in names if any(hit(name, p) for p in wanted) and not any(hit(name, p) for p in unwanted))


def parse_go_version(text: str) -> tuple[int, int, int] | None:
    """``go1.26.8`` or ``1.26`` as numbers; None where it is no version."""
    match = _GO_VERSION.match(text)
    return (int(match[1]), int(match[2]), int(match[3] or 0)) if match else None


def needed_go(directories: Iterable[GoDirectory]) -> str:
    """The newest ``go`` line of these go.mod files: the least toolchain that builds them all."""
    lines = [found for directory in directories for found in _GO_DIRECTIVE.findall(directory.text("go.mod"))]
    return max(lines, key=lambda line: parse_go_version(line) or (0, 0, 0), default="1.26.0")
