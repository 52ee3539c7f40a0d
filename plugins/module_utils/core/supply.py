# Copyright (c) autotrade.deployment engineers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The nouns of the artifact store: what the lock file pins, where it comes from and how a refusal reads."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum

ANY_ARCH = "any"
ARCHES = ("amd64", "arm64")
#: ``e_machine`` of the ELF header, System V ABI supplements for x86-64 and AArch64.
ELF_MACHINES = {"amd64": 62, "arm64": 183}
_CREDENTIALS = re.compile(r"(\w+://)[^/\s@]+@")


class Kind(str, Enum):
    """What an entry of the lock is."""

    BINARY = "binary"
    IMAGE = "image"
    BUNDLE = "bundle"


class Source(str, Enum):
    """Where an artifact comes from: the project's release, Go modules pinned by ``go.sum``, or other artifacts (an image)."""

    RELEASE = "release"
    GOMOD = "gomod"
    COMPOSE = "compose"


class Policy(str, Enum):
    """Which sources a run may use: releases, what is made here, or (AUTO) the release where its checksum is known."""

    RELEASE = "release"
    GOMOD = "gomod"
    AUTO = "auto"


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong: where it stands, what was found, what was expected, what to change."""

    where: str
    found: str
    expected: str
    remedy: str = ""

    def __str__(self) -> str:
        text = f"{self.where}: found {self.found}; expected {self.expected}"
        return f"{text}. {self.remedy}" if self.remedy else text


class SupplyError(Exception):
    """A refusal of the artifact store; carries every problem at once so that one edit can cure them all."""

    def __init__(self, *problems: Problem) -> None:
        self.problems = problems
        super().__init__(without_credentials("\n".join(map(str, problems))))


class UnreachableError(SupplyError):
    """The source did not answer; another source may stand in, which it may not for a wrong checksum."""


@dataclass(frozen=True)
class Release:
    """The project's own download; ``sha256`` is of the file behind ``url``, empty where nobody could see it yet."""

    url: str
    sha256: Mapping[str, str] = field(hash=False)
    checksums: str = ""
    member: str = ""


@dataclass(frozen=True)
class GoSource:
    """Go modules pinned by ``directory/go.sum``: a package to build, or the files of ``module`` that make a bundle."""

    directory: str
    module: str = ""
    package: str = ""
    ldflags: str = ""
    files: tuple[str, ...] = ()
    build_seconds: float = 30.0


@dataclass(frozen=True)
class ImageRelease:
    """An image of a registry; ``digest`` is of the manifest of one architecture, empty where nobody could see it yet."""

    reference: str
    digest: Mapping[str, str] = field(hash=False)


@dataclass(frozen=True)
class Compose:
    """An image made of binaries of the lock: ``files`` are pairs of a path in the image and the name of a binary."""

    repository: str
    files: tuple[tuple[str, str], ...]
    entrypoint: tuple[str, ...]
    user: str
    env: tuple[tuple[str, str], ...] = ()
    ports: tuple[str, ...] = ()
    labels: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Artifact:
    """One entry of the lock. ``version`` is the project's tag; ``own`` marks a program that has no other home than this one."""

    name: str
    kind: Kind
    version: str
    megabytes: float = 1.0
    own: bool = False
    release: Release | None = None
    gomod: GoSource | None = None
    image: ImageRelease | None = None
    compose: Compose | None = None

    @property
    def sources(self) -> frozenset[Source]:
        """The sources that the lock has for it."""
        by_source = {Source.RELEASE: self.release or self.image, Source.GOMOD: self.gomod, Source.COMPOSE: self.compose}
        return frozenset(source for source, found in by_source.items() if found)

    def arches(self, wanted: Sequence[str]) -> tuple[str, ...]:
        """The architectures to keep: a bundle has none."""
        return (ANY_ARCH,) if self.kind is Kind.BUNDLE else tuple(wanted)


@dataclass(frozen=True)
class Lock:
    """The whole lock file. ``stamp`` marks what was built here: ``v1.36.3+autotrade.1``, never the project's own version."""

    stamp: str
    artifacts: tuple[Artifact, ...]

    def get(self, name: str) -> Artifact | None:
        """The entry called ``name``."""
        return next((artifact for artifact in self.artifacts if artifact.name == name), None)


def shipped_version(lock: Lock, artifact: Artifact, source: Source) -> str:
    """The version under which the artifact is kept: stamped when it was made here, the project's own otherwise."""
    made_here = source is not Source.RELEASE and artifact.kind is not Kind.BUNDLE
    return f"{artifact.version}+{lock.stamp}" if made_here else artifact.version


def fill_in(template: str, lock: Lock, artifact: Artifact, arch: str) -> str:
    """Put version and architecture into a template of the lock.

    Known: ``{version}`` (v1.36.3), ``{number}`` (1.36.3), ``{stamped}`` (v1.36.3+autotrade.1), ``{stamped_number}``, ``{arch}``.
    """
    stamped = f"{artifact.version}+{lock.stamp}"
    values = {
        "version": artifact.version,
        "number": artifact.version.removeprefix("v"),
        "stamped": stamped,
        "stamped_number": stamped.removeprefix("v"),
        "arch": arch,
    }
    return re.sub(r"\{(\w+)\}", lambda match: values.get(match[1], match[0]), template)


def without_credentials(text: str) -> str:
    """Blank the user and password of every URL in ``text``: proxies often carry both."""
    return _CREDENTIALS.sub(r"\1***@", text)


def bytes_of_megabytes(megabytes: float) -> int:
    """Decimal megabytes to bytes."""
    return int(megabytes * 1_000_000)
