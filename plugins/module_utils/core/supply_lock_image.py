# Copyright (c) autotrade.deployment engineers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The images of a lock file: their shape, and whether what they are composed of is there."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from itertools import product
from typing import Any

from ansible_collections.autotrade.deployment.plugins.module_utils.core.supply import (
    ARCHES,
    Artifact,
    Compose,
    ImageRelease,
    Kind,
)
from ansible_collections.autotrade.deployment.plugins.module_utils.core.supply_reader import (
    Reader,
)

DEFAULT_USER = "65532:65532"
_RELEASE_KEYS = ("reference", "digest")
_COMPOSE_KEYS = ("repository", "files", "entrypoint", "user", "env", "ports", "labels")
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
#: Registry host (with a dot or a port, or localhost) and path; short names would mean another registry on each machine.
_REPOSITORY = r"(?:localhost|[a-z0-9-]+(?:\.[a-z0-9-]+)+|[a-z0-9.-]+(?=:))(?::[0-9]+)?(?:/[a-z0-9{][a-z0-9._{}-]*)+"
_REFERENCE = re.compile(_REPOSITORY + r":(?!latest$)[A-Za-z0-9_{][A-Za-z0-9_.{}-]{0,127}")
#: A plain absolute path: it has to fit into the header of a tar file.
_PATH = re.compile(r"(?:/(?!\.{1,2}(?:/|$))[A-Za-z0-9._-]+)+")
_USER = re.compile(r"[0-9]+(?::[0-9]+)?")
_PORT = re.compile(r"[0-9]{1,5}/(?:tcp|udp|sctp)")
_ENV_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_LABEL = re.compile(r"[a-z0-9]+(?:[.-][a-z0-9]+)+")


def read_image_release(reader: Reader, value: object, where: str) -> ImageRelease:
    """An image of a registry, with the digest of its manifest for each architecture."""
    entry = reader.mapping(value, where, _RELEASE_KEYS)
    expected = "registry, repository and a tag other than latest, such as registry.k8s.io/pause:3.10.1"
    return ImageRelease(
        reference=reader.text(entry, "reference", where, _REFERENCE, expected),
        digest=reader.per_arch(entry.get("digest"), f"{where}.digest", ARCHES, _DIGEST),
    )


def read_compose(reader: Reader, value: object, where: str) -> Compose:
    """An image made of binaries of the lock."""
    entry = reader.mapping(value, where, _COMPOSE_KEYS)
    repository = re.compile(_REPOSITORY)
    files = reader.pairs(entry.get("files"), f"{where}.files", _PATH, "an absolute path in the image")
    compose = Compose(
        repository=reader.text(entry, "repository", where, repository, "a registry and a repository, such as localhost/tool"),
        files=files,
        entrypoint=tuple(reader.texts(entry.get("entrypoint"), f"{where}.entrypoint")),
        user=_user(reader, entry, where),
        env=reader.pairs(entry.get("env", {}), f"{where}.env", _ENV_NAME, "a name of an environment variable"),
        ports=_ports(reader, entry, where),
        labels=reader.pairs(entry.get("labels", {}), f"{where}.labels", _LABEL, "a label such as org.opencontainers.image.title"),
    )
    _check_files(reader, compose, where)
    return compose


def check_tag(reader: Reader, artifact: Artifact, where: str) -> None:
    """Refuse an image whose tag names another version than its entry: one version of one thing."""
    if artifact.image is None or not artifact.image.reference:
        return
    tag = artifact.image.reference.rsplit(":", 1)[1]
    if not any(known in tag for known in ("{version}", "{number}", artifact.version.removeprefix("v"))):
        expected = f"a tag that names version {artifact.version}, as the entry does"
        reader.wrong(
            f"{where}.release.reference", artifact.image.reference, expected, "Write {version} or {number} into the tag."
        )


def check_contents(reader: Reader, artifacts: Sequence[Artifact], where: str) -> None:
    """Refuse images of things that the lock does not have, or that are no programs."""
    kinds = {artifact.name: artifact.kind for artifact in artifacts}
    for artifact in artifacts:
        for path, name in artifact.compose.files if artifact.compose else ():
            if kinds.get(name) is not Kind.BINARY:
                place = f"{where}: artifacts[{artifact.name}].compose.files[{path}]"
                found = f"{name} of kind {kinds[name].value}" if name in kinds else name
                reader.wrong(place, found, "the name of an entry of kind binary", "Name one, or add it to the lock.")


def _user(reader: Reader, entry: Mapping[str, Any], where: str) -> str:
    if "user" not in entry:
        return DEFAULT_USER
    # A name could only be looked up in a file that the image does not have, and the kubelet refuses it under runAsNonRoot.
    return reader.text(entry, "user", where, _USER, f'a quoted numeric user and group, such as "{DEFAULT_USER}"')


def _ports(reader: Reader, entry: Mapping[str, Any], where: str) -> tuple[str, ...]:
    ports = reader.texts(entry.get("ports", []), f"{where}.ports")
    for index, port in enumerate(ports):
        if not _PORT.fullmatch(port):
            reader.wrong(f"{where}.ports[{index}]", port, "a port and its protocol, such as 8080/tcp")
    return tuple(sorted(ports))


def _check_files(reader: Reader, compose: Compose, where: str) -> None:
    paths = [path for path, _name in compose.files]
    if not paths:
        reader.wrong(f"{where}.files", None, "at least one path with the binary that lies there")
    for outer, inner in product(paths, paths):
        if inner.startswith(f"{outer}/"):
            reader.wrong(f"{where}.files", inner, f"no file below {outer}, which is a file itself")
    if paths and compose.entrypoint[:1] and compose.entrypoint[0] not in paths:
        reader.wrong(f"{where}.entrypoint[0]", compose.entrypoint[0], f"one of the files {', '.join(paths)}")
    if not compose.entrypoint:
        reader.wrong(f"{where}.entrypoint", None, "the command that the image runs, such as [/tool]")
