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
    Release,
    Source,
    SupplyError,
)
from ansible_collections.autotrade.deployment.plugins.module_utils.core.supply_lock_image import (
    check_contents,
    check_tag,
    read_compose,
    read_image_release,
)
from ansible_collections.autotrade.deployment.plugins.module_utils.core.supply_reader import (
    Reader,
)

FORMAT = 1
_NAME = re.compile(r"[a-z0-9][a-z0-9.-]*")
_VERSION = re.compile(r"v?[0-9A-Za-z][0-9A-Za-z.-]*")
_SHA256 = re.compile(r"[0-9a-f]{64}")
_STAMP = re.compile(r"[a-z][a-z0-9]*\.[0-9]+")
_LOOPBACK = ("127.0.0.1", "localhost", "::1")
_ENTRY_KEYS = ("name", "kind", "version", "megabytes", "own", "release", "gomod", "compose")
_SOURCES = {Kind.BINARY: ("release", "gomod"), Kind.BUNDLE: ("release", "gomod"), Kind.IMAGE: ("release", "compose")}
_RELEASE_KEYS = ("url", "checksums", "member", "sha256")
_GOMOD_KEYS = ("directory", "module", "package", "ldflags", "files", "build_seconds")


def parse_lock(document: object, where: str = "lock.yml") -> Lock:
    """Turn the parsed YAML into a :class:`Lock`.

    :raises SupplyError: with one problem per mistake, each named by its path in the document.
    """
    reader = Reader()
    top = reader.mapping(document, where, ("format", "stamp", "artifacts"))
    if top.get("format") != FORMAT:
        reader.wrong(f"{where}: format", top.get("format"), f"{FORMAT}, the only format that this version reads")
    stamp = reader.text(top, "stamp", where, _STAMP, "a stamp such as autotrade.1")
    entries = reader.sequence(top.get("artifacts"), f"{where}: artifacts")
    artifacts = tuple(_artifact(reader, entry, f"{where}: artifacts[{_title(entry, i)}]") for i, entry in enumerate(entries))
    _refuse_twins(reader, artifacts, where)
    check_contents(reader, artifacts, where)
    if reader.problems:
        raise SupplyError(*reader.problems)
    return Lock(stamp=stamp, artifacts=artifacts)


def _title(entry: object, index: int) -> str:
    name = entry.get("name") if isinstance(entry, Mapping) else None
    return name if isinstance(name, str) and name else str(index)


def _artifact(reader: Reader, value: object, where: str) -> Artifact:
    entry = reader.mapping(value, where, _ENTRY_KEYS)
    kinds = tuple(kind.value for kind in Kind)
    kind_text = reader.text(entry, "kind", where, re.compile("|".join(kinds)), f"one of {', '.join(kinds)}")
    kind = Kind(kind_text) if kind_text else Kind.BINARY
    own = entry.get("own", False)
    if not isinstance(own, bool):
        reader.wrong(f"{where}.own", own, "true or false")
    is_image = kind is Kind.IMAGE
    artifact = Artifact(
        name=reader.text(entry, "name", where, _NAME, "a name of lower-case letters, digits, dots and dashes"),
        kind=kind,
        version=reader.text(entry, "version", where, _VERSION, "the project's tag, such as v1.36.3"),
        megabytes=reader.number(entry, "megabytes", where, 1.0),
        own=own is True,
        release=_release(reader, entry["release"], f"{where}.release", kind) if "release" in entry and not is_image else None,
        gomod=_gomod(reader, entry["gomod"], f"{where}.gomod", kind) if "gomod" in entry else None,
        image=read_image_release(reader, entry["release"], f"{where}.release") if "release" in entry and is_image else None,
        compose=read_compose(reader, entry["compose"], f"{where}.compose") if "compose" in entry else None,
    )
    _check_sources(reader, artifact, where)
    return artifact


def _check_sources(reader: Reader, artifact: Artifact, where: str) -> None:
    known = _SOURCES[artifact.kind]
    if not artifact.sources:
        reader.wrong(where, None, f"at least one of the sources {' and '.join(known)}")
    for source in sorted(artifact.sources):
        if source.value not in known:
            reader.wrong(f"{where}.{source.value}", artifact.kind.value, f"for this kind of entry only {' and '.join(known)}")
    if artifact.own and Source.RELEASE in artifact.sources:
        reader.wrong(f"{where}.own", True, "own only for a program or an image that has no release of another project")
    check_tag(reader, artifact, where)


def _release(reader: Reader, value: object, where: str, kind: Kind) -> Release:
    entry = reader.mapping(value, where, _RELEASE_KEYS)
    arches = (ANY_ARCH,) if kind is Kind.BUNDLE else ARCHES
    return Release(
        url=_url(reader, entry, "url", where),
        checksums=_url(reader, entry, "checksums", where) if entry.get("checksums") else "",
        member=reader.optional_text(entry, "member", where),
        sha256=reader.per_arch(entry.get("sha256"), f"{where}.sha256", arches, _SHA256),
    )


def _url(reader: Reader, entry: Mapping[str, Any], key: str, where: str) -> str:
    text = reader.text(entry, key, where, None, "the project's https URL")
    parts = urlsplit(text)
    if text and parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in _LOOPBACK):
        reader.wrong(f"{where}.{key}", text, "a URL that starts with https://")
    if parts.username or parts.password:
        reader.wrong(f"{where}.{key}", "a user name or password in the URL", "a URL without credentials")
    return text


def _gomod(reader: Reader, value: object, where: str, kind: Kind) -> GoSource:
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


def _refuse_twins(reader: Reader, artifacts: tuple[Artifact, ...], where: str) -> None:
    for name, count in Counter(artifact.name for artifact in artifacts if artifact.name).items():
        if count > 1:
            versions = sorted({artifact.version for artifact in artifacts if artifact.name == name})
            reader.wrong(
                f"{where}: artifacts[{name}]",
                f"{count} entries ({', '.join(versions)})",
                "one version of one thing",
                f"Keep one entry named {name}.",
            )
