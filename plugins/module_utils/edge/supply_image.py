# Copyright (c) autotrade.deployment engineers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Writing images: composed of the store's binaries, or as they came from a registry."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ansible_collections.autotrade.deployment.plugins.module_utils.core.supply import (
    Lock,
    Problem,
    SupplyError,
)
from ansible_collections.autotrade.deployment.plugins.module_utils.core.supply_image import (
    CONFIG_TYPE,
    LAYER_TYPE,
    MANIFEST_TYPE,
    Descriptor,
    check_platform,
    compose_source,
    config_document,
    describe,
    encode,
    image_reference,
    image_source,
    index_document,
    layer_plan,
    manifest_document,
    read_manifest,
    runtime_config,
)
from ansible_collections.autotrade.deployment.plugins.module_utils.core.supply_plan import (
    Step,
)
from ansible_collections.autotrade.deployment.plugins.module_utils.edge.supply_archive import (
    Blob,
    Content,
    layer_of,
    measured,
    of_bytes,
    of_file,
    pack,
)
from ansible_collections.autotrade.deployment.plugins.module_utils.edge.supply_files import (
    check_elf,
    sha256_of,
)


@dataclass(frozen=True)
class Part:
    """A binary of the store that goes into an image."""

    label: str
    file: Path
    sha256: str


def compose(target: Path, lock: Lock, step: Step, parts: Sequence[Part]) -> None:
    """Write the image that the lock composes of ``parts``, which stand in the order of its files.

    :raises SupplyError: when a part is not the one that the store vouches for, or for another machine.
    """
    for part in parts:
        _check_part(part, step)
    plan = layer_plan([path for path, _name in compose_source(step.artifact).files])
    files = [of_file(part.file) for part in parts]
    layer = measured(layer_of(plan, files), LAYER_TYPE)
    config = encode(config_document(runtime_config(lock, step), step.arch, layer))
    config_blob = Blob(describe(config, CONFIG_TYPE), of_bytes(config))
    layer_blob = Blob(layer, Content(layer.size, lambda: layer_of(plan, files)))
    manifest = encode(manifest_document(config_blob.descriptor, layer))
    manifest_blob = Blob(describe(manifest, MANIFEST_TYPE), of_bytes(manifest))
    pack(target, _index(lock, step, manifest_blob.descriptor), [manifest_blob, config_blob, layer_blob], step.label)


def repack(target: Path, lock: Lock, step: Step, folder: Path) -> None:
    """Write the image of a registry that skopeo's transport ``dir`` left in ``folder``, byte by byte as it came.

    :raises SupplyError: when it is not the image that the lock pins for this architecture, or not whole.
    """
    content = _arrived(folder / "manifest.json", step.label)
    manifest = read_manifest(content, image_source(step.artifact).digest[step.arch], step.label)
    blobs = [_fetched(folder, descriptor, step.label) for descriptor in (manifest.config, *manifest.layers)]
    check_platform(b"".join(blobs[0].content.chunks()), step.arch, step.label)
    manifest_blob = Blob(manifest.descriptor, of_bytes(content))
    pack(target, _index(lock, step, manifest.descriptor), [manifest_blob, *blobs], step.label)


def _check_part(part: Part, step: Step) -> None:
    found = sha256_of(part.file)
    if found != part.sha256:
        remedy = "Something changes the store while it is filled; run again."
        raise SupplyError(Problem(f"{step.label}: {part.file}", f"sha256 {found}", f"sha256 {part.sha256}", remedy))
    check_elf(part.file, step.arch, f"{step.label}: {part.label}")


def _arrived(path: Path, where: str) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError as error:
        raise SupplyError(Problem(where, f"no {path.name} from skopeo", "the manifest of the image", "Run again.")) from error


def _fetched(folder: Path, descriptor: Descriptor, where: str) -> Blob:
    path = folder / descriptor.digest.removeprefix("sha256:")
    if not path.exists():
        # Layers that may not be distributed stay where their manifest says.
        raise SupplyError(Problem(where, f"no blob {descriptor.digest}", "every blob of the manifest", "Choose another image."))
    return Blob(descriptor, of_file(path))


def _index(lock: Lock, step: Step, manifest: Descriptor) -> bytes:
    return encode(index_document(manifest, step.arch, image_reference(lock, step.artifact, step.arch, step.version)))
