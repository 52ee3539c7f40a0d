# Copyright (c) autotrade.deployment engineers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The lock file's shape: a parsed document in, a :class:`Lock` out, or every problem in it at once with its path."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from ansible_collections.autotrade.deployment.plugins.module_utils.core.supply import (
    ANY_ARCH,
    ARCHES,
    Artifact,
    GoSource,
    Kind,
    Lock,
    Problem,
    Release,
    SupplyError,
)

FORMAT = 1
_NAME = re.compile(r"[a-z0-9][a-z0-9.-]*")
_VERSION = re.compile(r"v?[0-9A-Za-z][0-9A-Za-z.-]*")
_SHA256 = re.compile(r"[0-9a-f]{64}")
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
_STAMP = re.compile(r"[a-z][a-z0-9]*\.[0-9]+")
_LOOPBACK = ("127.0.0.1", "localhost", "::1")
_ENTRY_KEYS = ("name", "kind", "version", "megabytes", "own", "release", "gomod", "reference", "digests")
_RELEASE_KEYS = ("url", "checksums", "member", "sha256")
_GOMOD_KEYS = ("directory", "module", "package", "ldflags", "files", "build_seconds")


def parse_lock(document: object, where: str = "lock.yml") -> Lock:
    """Turn the parsed YAML into a :class:`Lock`.

    :raises SupplyError: with one problem per mistake, each named by its path in the document.
    """
    reader = _Reader()
    top = reader.mapping(document, where, ("format", "stamp", "artifacts"))
    if top.get("format") != FORMAT:
        reader.wrong(f"{where}: format", top.get("format"), f"{FORMAT}, the only format that this version reads")
    stamp = reader.text(top, "stamp", where, _STAMP, "a stamp such as autotrade.1")
    entries = reader.sequence(top.get("artifacts"), f"{where}: artifacts")
    artifacts = tuple(_artifact(reader, entry, f"{where}: artifacts[{_title(entry, i)}]") for i, entry in enumerate(entries))
    _refuse_twins(reader, artifacts, where)
    if reader.problems:
        raise SupplyError(*reader.problems)
    return Lock(stamp=stamp, artifacts=artifacts)


class _Reader:
    """Collects problems while values are taken out, so that a caller never stops at the first one."""

    def __init__(self) -> None:
        self.problems: list[Problem] = []

    def wrong(self, where: str, found: object, expected: str, remedy: str = "") -> None:
        self.problems.append(Problem(where, "nothing" if found in (None, "") else repr(found), expected, remedy))

    def mapping(self, value: object, where: str, known: tuple[str, ...]) -> Mapping[str, Any]:
        if not isinstance(value, Mapping):
            self.wrong(where, value, f"a mapping with {', '.join(known)}")
            return {}
        for key in value:
            if key not in known:
                self.wrong(where, key, f"one of the keys {', '.join(known)}")
        return value

    def sequence(self, value: object, where: str) -> list[Any]:
        if isinstance(value, list):
            return value
        self.wrong(where, value, "a list")
        return []

    def text(self, source: Mapping[str, Any], key: str, where: str, shape: re.Pattern[str] | None, expected: str) -> str:
        value = source.get(key)
        if isinstance(value, str) and value and (shape is None or shape.fullmatch(value)):
            return value
        self.wrong(f"{where}.{key}", value, expected)
        return ""

    def optional_text(self, source: Mapping[str, Any], key: str, where: str) -> str:
        return self.text(source, key, where, None, "a text") if key in source else ""

    def number(self, source: Mapping[str, Any], key: str, where: str, default: float) -> float:
        value = source.get(key, default)
        if isinstance(value, (int, float)) and not isinstance(value, bool) and value > 0:
            return float(value)
        self.wrong(f"{where}.{key}", value, "a number greater than 0")
        return default

    def per_arch(self, value: object, where: str, arches: tuple[str, ...], shape: re.Pattern[str]) -> dict[str, str]:
        found = self.mapping(value, where, arches)
        for arch, text in found.items():
            if arch in arches and not (isinstance(text, str) and (not text or shape.fullmatch(text))):
                self.wrong(f"{where}.{arch}", text, f"{shape.pattern} in full, or an empty text where it is not known yet")
        return {arch: str(found.get(arch) or "") for arch in arches}


def _title(entry: object, index: int) -> str:
    name = entry.get("name") if isinstance(entry, Mapping) else None
    return name if isinstance(name, str) and name else str(index)


def _artifact(reader: _Reader, value: object, where: str) -> Artifact:
    entry = reader.mapping(value, where, _ENTRY_KEYS)
    kinds = tuple(kind.value for kind in Kind)
    kind_text = reader.text(entry, "kind", where, re.compile("|".join(kinds)), f"one of {', '.join(kinds)}")
    kind = Kind(kind_text) if kind_text else Kind.BINARY
    own = entry.get("own", False)
    if not isinstance(own, bool):
        reader.wrong(f"{where}.own", own, "true or false")
    artifact = Artifact(
        name=reader.text(entry, "name", where, _NAME, "a name of lower-case letters, digits, dots and dashes"),
        kind=kind,
        version=reader.text(entry, "version", where, _VERSION, "the project's tag, such as v1.36.3"),
        megabytes=reader.number(entry, "megabytes", where, 1.0),
        own=own is True,
        release=_release(reader, entry["release"], f"{where}.release", kind) if "release" in entry else None,
        gomod=_gomod(reader, entry["gomod"], f"{where}.gomod", kind) if "gomod" in entry else None,
        reference=reader.optional_text(entry, "reference", where),
        digests=reader.per_arch(entry.get("digests", {}), f"{where}.digests", ARCHES, _DIGEST),
    )
    _check_sources(reader, artifact, where)
    return artifact


def _check_sources(reader: _Reader, artifact: Artifact, where: str) -> None:
    has_source = artifact.release is not None or artifact.gomod is not None
    if artifact.kind is Kind.IMAGE:
        if not artifact.reference or has_source:
            reader.wrong(where, artifact.reference, "an image with reference (repository:tag) and digests, and no other source")
    elif not has_source:
        reader.wrong(where, None, "at least one of the sources release and gomod")
    elif artifact.own and artifact.release is not None:
        reader.wrong(f"{where}.own", True, "own only for a program that has no release of another project")


def _release(reader: _Reader, value: object, where: str, kind: Kind) -> Release:
    entry = reader.mapping(value, where, _RELEASE_KEYS)
    arches = (ANY_ARCH,) if kind is Kind.BUNDLE else ARCHES
    return Release(
        url=_url(reader, entry, "url", where),
        checksums=_url(reader, entry, "checksums", where) if entry.get("checksums") else "",
        member=reader.optional_text(entry, "member", where),
        sha256=reader.per_arch(entry.get("sha256"), f"{where}.sha256", arches, _SHA256),
    )


def _url(reader: _Reader, entry: Mapping[str, Any], key: str, where: str) -> str:
    text = reader.text(entry, key, where, None, "the project's https URL")
    parts = urlsplit(text)
    if text and parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in _LOOPBACK):
        reader.wrong(f"{where}.{key}", text, "a URL that starts with https://")
    if parts.username or parts.password:
        reader.wrong(f"{where}.{key}", "a user name or password in the URL", "a URL without credentials")
    return text


def _gomod(reader: _Reader, value: object, where: str, kind: Kind) -> GoSource:
    entry = reader.mapping(value, where, _GOMOD_KEYS)
    files = reader.sequence(entry.get("files", []), f"{where}.files")
    source = GoSource(
        directory=reader.text(entry, "directory", where, _NAME, "the name of a directory beside the lock, below gomod/"),
        module=reader.optional_text(entry, "module", where),
        package=reader.optional_text(entry, "package", where),
        ldflags=reader.optional_text(entry, "ldflags", where),
        files=tuple(str(pattern) for pattern in files),
        build_seconds=reader.number(entry, "build_seconds", where, 30.0),
    )
    if kind is Kind.BINARY and not source.package:
        reader.wrong(f"{where}.package", None, "the Go package to build, such as k8s.io/kubernetes/cmd/kubectl")
    if kind is Kind.BUNDLE and not (source.module and source.files):
        reader.wrong(where, None, "module and files: which files of which Go module make the bundle")
    return source


def _refuse_twins(reader: _Reader, artifacts: tuple[Artifact, ...], where: str) -> None:
    for name, count in Counter(artifact.name for artifact in artifacts if artifact.name).items():
        if count > 1:
            versions = sorted({artifact.version for artifact in artifacts if artifact.name == name})
            reader.wrong(
                f"{where}: artifacts[{name}]",
                f"{count} entries ({', '.join(versions)})",
                "one version of one thing",
                f"Keep one entry named {name}.",
            )
