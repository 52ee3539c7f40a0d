# Copyright (c) autotrade.deployment engineers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What an image consists of, as data: its documents, the plan of its layer, and whether one that arrived is the pinned one.

The rules are those of the OCI image specification 1.1: image-layout.md (the archive), manifest.md, config.md, descriptor.md,
layer.md and annotations.md.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ansible_collections.autotrade.deployment.plugins.module_utils.core.supply import (
    Artifact,
    Compose,
    ImageRelease,
    Lock,
    Problem,
    SupplyError,
    fill_in,
)
from ansible_collections.autotrade.deployment.plugins.module_utils.core.supply_inputs import (
    digest_of,
)
from ansible_collections.autotrade.deployment.plugins.module_utils.core.supply_plan import (
    Step,
)

LAYOUT_FILE, INDEX_FILE = "oci-layout", "index.json"
LAYOUT = {"imageLayoutVersion": "1.0.0"}
INDEX_TYPE = "application/vnd.oci.image.index.v1+json"
MANIFEST_TYPE = "application/vnd.oci.image.manifest.v1+json"
CONFIG_TYPE = "application/vnd.oci.image.config.v1+json"
#: Not compressed: what gzip writes depends on the zlib of the machine, and the digest must not.
LAYER_TYPE = "application/vnd.oci.image.layer.v1.tar"
#: Images of registries may still have Docker's manifest; converting it would change the digest that pods name.
MANIFEST_TYPES = (MANIFEST_TYPE, "application/vnd.docker.distribution.manifest.v2+json")
REF_NAME = "org.opencontainers.image.ref.name"
CREATED = "1970-01-01T00:00:00Z"
#: Belongs to the input hash: raise it when the same inputs give another archive.
COMPOSER = 1
_DIRECTORY_MODE, _PROGRAM_MODE = 0o755, 0o555
_NOT_IN_A_TAG = re.compile(r"[^\w.-]", re.ASCII)
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")


@dataclass(frozen=True)
class Descriptor:
    """What is said of a blob: its media type, its digest (``sha256:`` and hex) and its size in bytes."""

    media_type: str
    digest: str
    size: int

    @property
    def path(self) -> str:
        """Where the blob lies in an image layout."""
        return f"blobs/{self.digest.replace(':', '/')}"

    def document(self) -> dict[str, Any]:
        """The descriptor as JSON documents carry it."""
        return {"mediaType": self.media_type, "digest": self.digest, "size": self.size}


@dataclass(frozen=True)
class Member:
    """One entry of a layer, which user 0 and group 0 own; ``source`` is the place of its content, None for a directory."""

    path: str
    mode: int
    source: int | None = None


@dataclass(frozen=True)
class Manifest:
    """A manifest that was read: what it is and the blobs that it needs."""

    descriptor: Descriptor
    config: Descriptor
    layers: tuple[Descriptor, ...]


def encode(document: object) -> bytes:
    """A JSON document in one canonical spelling."""
    return json.dumps(document, sort_keys=True, separators=(",", ":")).encode()


def describe(content: bytes, media_type: str) -> Descriptor:
    """The descriptor of a document."""
    return Descriptor(media_type, f"sha256:{hashlib.sha256(content).hexdigest()}", len(content))


def image_reference(lock: Lock, artifact: Artifact, arch: str, version: str) -> str:
    """The name under which a container runtime loads the image; a composed one has its version as tag."""
    if artifact.image:
        return fill_in(artifact.image.reference, lock, artifact, arch)
    return f"{fill_in(compose_source(artifact).repository, lock, artifact, arch)}:{image_tag(version)}"


def image_tag(version: str) -> str:
    """A version as tag, where ``+`` becomes ``_`` as kubeadm has it (``KubernetesVersionToImageTag``)."""
    return _NOT_IN_A_TAG.sub("_", version)


def pinned_reference(lock: Lock, step: Step) -> str:
    """Where the image of a registry is asked for: its repository and the digest of the lock, never a tag, which may move."""
    reference = image_reference(lock, step.artifact, step.arch, step.version)
    return f"{reference.rsplit(':', 1)[0]}@{image_source(step.artifact).digest[step.arch]}"


def layer_plan(paths: Sequence[str]) -> tuple[Member, ...]:
    """The entries of a layer with programs at these absolute paths: every directory before what lies in it."""
    parents = {path[1 : place + 1] for path in paths for place, letter in enumerate(path) if place and letter == "/"}
    directories = [Member(parent, _DIRECTORY_MODE) for parent in parents]
    programs = [Member(path.lstrip("/"), _PROGRAM_MODE, place) for place, path in enumerate(paths)]
    return tuple(sorted(directories + programs, key=lambda member: member.path))


def runtime_config(lock: Lock, step: Step) -> dict[str, Any]:
    """How the composed image runs: ``config`` of config.md."""
    compose = compose_source(step.artifact)
    filled = [(name, fill_in(text, lock, step.artifact, step.arch)) for name, text in compose.labels]
    found: dict[str, Any] = {
        "User": compose.user,
        "Entrypoint": list(compose.entrypoint),
        "WorkingDir": "/",
        "Labels": {"org.opencontainers.image.version": step.version, **dict(filled)},
    }
    if compose.env:
        found["Env"] = [f"{name}={value}" for name, value in compose.env]
    if compose.ports:
        found["ExposedPorts"] = {port: {} for port in compose.ports}
    return found


def config_document(runtime: Mapping[str, Any], arch: str, layer: Descriptor) -> dict[str, Any]:
    """The image's configuration; a layer that is not compressed is its own ``diff_id``."""
    return {
        "created": CREATED,
        "architecture": arch,
        "os": "linux",
        "config": dict(runtime),
        "rootfs": {"type": "layers", "diff_ids": [layer.digest]},
        "history": [{"created": CREATED, "created_by": "autotrade.deployment artifact store"}],
    }


def manifest_document(config: Descriptor, layer: Descriptor) -> dict[str, Any]:
    """The manifest of a composed image."""
    return {"schemaVersion": 2, "mediaType": MANIFEST_TYPE, "config": config.document(), "layers": [layer.document()]}


def index_document(manifest: Descriptor, arch: str, reference: str) -> dict[str, Any]:
    """The index of an archive with one image; the reference is the name that ``ctr`` and ``podman load`` give it."""
    platform, name = {"architecture": arch, "os": "linux"}, {REF_NAME: reference}
    entry = {**manifest.document(), "platform": platform, "annotations": name}
    return {"schemaVersion": 2, "mediaType": INDEX_TYPE, "manifests": [entry]}


def compose_inputs(lock: Lock, step: Step, contents: Iterable[str]) -> str:
    """The input hash of a composed image: its configuration, and the sha256 of the file at each of its paths."""
    compose = compose_source(step.artifact)
    files = [[path, sha256] for (path, _name), sha256 in zip(compose.files, contents, strict=True)]
    reference = image_reference(lock, step.artifact, step.arch, step.version)
    return digest_of(["compose", COMPOSER, reference, step.arch, runtime_config(lock, step), files])


def release_inputs(lock: Lock, step: Step) -> str:
    """The input hash of an image of a registry: its digest, and the name that the archive gives it."""
    reference = image_reference(lock, step.artifact, step.arch, step.version)
    return digest_of(["image", image_source(step.artifact).digest.get(step.arch), step.arch, reference])


def compose_source(artifact: Artifact) -> Compose:
    """What the image is composed of, which the plan has made sure of."""
    if artifact.compose is None:
        raise SupplyError(Problem(artifact.name, "no compose source", "one in the lock"))
    return artifact.compose


def image_source(artifact: Artifact) -> ImageRelease:
    """The image's place in a registry, which the plan has made sure of."""
    if artifact.image is None:
        raise SupplyError(Problem(artifact.name, "no release source", "one in the lock"))
    return artifact.image


def read_manifest(content: bytes, pinned: str, where: str) -> Manifest:
    """The manifest that arrived.

    :raises SupplyError: when it is not the one that the lock pins, or no manifest of an image.
    """
    found = describe(content, "").digest
    if found != pinned:
        expected = f"{pinned}, pinned in the lock file"
        raise SupplyError(Problem(where, f"an image with the digest {found}", expected, _WRONG_DIGEST))
    try:
        document = json.loads(content)
        media_type = document.get("mediaType", MANIFEST_TYPE)
        config, *layers = [_descriptor(entry) for entry in (document["config"], *document["layers"])]
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise SupplyError(_no_manifest(where, f"something that is no manifest ({error!r})")) from error
    if media_type not in MANIFEST_TYPES:
        raise SupplyError(_no_manifest(where, f"a manifest of the type {media_type!r}"))
    return Manifest(describe(content, media_type), config, tuple(layers))


def check_platform(config: bytes, arch: str, where: str) -> None:
    """Refuse an image for another machine.

    :raises SupplyError: when the configuration names another architecture or system, or is none.
    """
    try:
        document = json.loads(config)
        found = f"{document['os']}/{document['architecture']}"
    except (ValueError, KeyError, TypeError) as error:
        raise SupplyError(_no_manifest(where, f"something that has no configuration of an image ({error!r})")) from error
    if found != f"linux/{arch}":
        remedy = "Correct the digest of this architecture in the lock file."
        raise SupplyError(Problem(where, f"an image for {found}", f"an image for linux/{arch}", remedy))


def archived_digest(index: bytes) -> str:
    """The digest of the one image of an archive, from its index; empty where it tells none."""
    try:
        (entry,) = json.loads(index)["manifests"]
        return _descriptor(entry).digest
    except (ValueError, KeyError, TypeError):
        return ""


_WRONG_DIGEST = (
    "Nothing was kept. The lock needs the digest of one architecture's manifest: if it holds that of the index, take the entry of"
    " this architecture from there (`make lock` does). Else do not change the lock before the project itself says so."
)


def _no_manifest(where: str, found: str) -> Problem:
    return Problem(where, found, "the manifest of an image for one architecture", "Correct the digest in the lock file.")


def _descriptor(entry: Mapping[str, Any]) -> Descriptor:
    digest, size = entry["digest"], entry["size"]
    # The digest becomes the name of a file.
    if not (isinstance(digest, str) and _DIGEST.fullmatch(digest)) or not isinstance(size, int) or size < 0:
        raise ValueError(f"descriptor {digest!r}, {size!r}")
    return Descriptor(str(entry["mediaType"]), digest, size)
