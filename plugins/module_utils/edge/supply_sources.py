# Copyright (c) autotrade.deployment engineers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Getting one artifact: from the cache, by a download, by a build, out of a Go module, or composed of others."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ansible_collections.autotrade.deployment.plugins.module_utils.core.supply import (
    Kind,
    Lock,
    Problem,
    Release,
    Source,
    SupplyError,
    fill_in,
)
from ansible_collections.autotrade.deployment.plugins.module_utils.core.supply_image import (
    compose_inputs,
    pinned_reference,
    release_inputs,
)
from ansible_collections.autotrade.deployment.plugins.module_utils.core.supply_inputs import (
    GoDirectory,
    build_key,
    digest_of,
    go_source,
    module_sum,
    module_version,
    needed_go,
    recipe,
)
from ansible_collections.autotrade.deployment.plugins.module_utils.core.supply_plan import (
    Step,
)
from ansible_collections.autotrade.deployment.plugins.module_utils.edge.supply_archive import (
    read_digest,
)
from ansible_collections.autotrade.deployment.plugins.module_utils.edge.supply_download import (
    extract,
    fetch,
)
from ansible_collections.autotrade.deployment.plugins.module_utils.edge.supply_files import (
    check_elf,
    full_disk_named,
    work_directory,
)
from ansible_collections.autotrade.deployment.plugins.module_utils.edge.supply_go import (
    Bench,
    ModuleFiles,
    Toolchain,
    build,
    read_bundle,
    require_toolchain,
)
from ansible_collections.autotrade.deployment.plugins.module_utils.edge.supply_image import (
    Part,
    compose,
    repack,
)
from ansible_collections.autotrade.deployment.plugins.module_utils.edge.supply_progress import (
    Progress,
)
from ansible_collections.autotrade.deployment.plugins.module_utils.edge.supply_registry import (
    Registry,
)
from ansible_collections.autotrade.deployment.plugins.module_utils.edge.supply_store import (
    Cache,
    Product,
    mode_of,
)


@dataclass(frozen=True)
class Workshop:
    """Everything that getting an artifact takes."""

    lock: Lock
    cache: Cache
    directories: Mapping[str, GoDirectory]
    toolchain: Toolchain | Problem
    registry: Registry

    def inputs(self, step: Step, parts: Sequence[Part] = ()) -> str:
        """The hash of what the artifact is made from, without the toolchain.

        :param parts: what a composed image is made of, in the order of the step's parts.
        """
        if step.source is Source.GOMOD:
            return recipe(self.lock, step, self.directories)
        if step.source is Source.COMPOSE:
            return compose_inputs(self.lock, step, [part.sha256 for part in parts])
        if step.artifact.kind is Kind.IMAGE:
            return release_inputs(self.lock, step)
        release = _release(step)
        return digest_of(["release", release.sha256.get(step.arch), fill_in(release.member, self.lock, step.artifact, step.arch)])

    def toolchain_of(self, step: Step) -> str:
        """The toolchain that leaves its mark on the artifact; empty where none does, or where there is none."""
        compiled = step.source is Source.GOMOD and step.artifact.kind is Kind.BINARY
        return self.toolchain.version if compiled and isinstance(self.toolchain, Toolchain) else ""

    def key(self, step: Step, parts: Sequence[Part] = ()) -> str:
        """The cache's key of the artifact."""
        return build_key(self.inputs(step, parts), self.toolchain_of(step))

    def needed(self, step: Step) -> Toolchain:
        """The toolchain for this step.

        :raises SupplyError: when it is missing or too old.
        """
        directory = self.directories[go_source(step.artifact).directory]
        return require_toolchain(self.toolchain, needed_go([directory]), [step.artifact.name])

    def get(self, step: Step, parts: Sequence[Part], progress: Progress) -> Product:
        """The artifact's file in the cache."""
        if step.source is Source.GOMOD:
            self.needed(step)
        key, name = self.key(step, parts), step.artifact.name
        with self.cache.hold(key, lambda: progress.note(f"waiting for another run that is at {step.label}")):
            kept = self.cache.take(key, name)
            if kept:
                return self._product(step, *kept, made=False)
            setting = "artifact_store_cache_dir"
            with full_disk_named(self.cache.root, setting), work_directory(self.cache.work, key) as work:
                file = self._make(step, parts, work, progress)
                if step.artifact.kind is Kind.BINARY:
                    check_elf(file, step.arch, step.label)
                return self._product(step, *self.cache.keep(key, name, file, mode_of(step)), made=True)

    def _product(self, step: Step, file: Path, sha256: str, *, made: bool) -> Product:
        digest = read_digest(file) if step.artifact.kind is Kind.IMAGE else ""
        return Product(file, sha256, digest, made)

    def _make(self, step: Step, parts: Sequence[Part], work: Path, progress: Progress) -> Path:
        if step.artifact.kind is Kind.IMAGE:
            return self._image(step, parts, work, progress)
        if step.source is Source.RELEASE:
            return self._download(step, work, progress)
        bench = Bench(self.needed(step), work, progress.beat)
        source = go_source(step.artifact)
        directory = self.directories[source.directory]
        if step.artifact.kind is Kind.BINARY:
            ldflags = fill_in(source.ldflags, self.lock, step.artifact, step.arch)
            return build(bench, directory, source.package, ldflags, step.arch)
        version = module_version(directory, source.module, step.artifact)
        files = ModuleFiles(source.module, version, module_sum(directory, source.module, version), source.files)
        result = work / "bundle.yaml"
        result.write_text(read_bundle(bench, directory, files), encoding="utf-8")
        return result

    def _image(self, step: Step, parts: Sequence[Part], work: Path, progress: Progress) -> Path:
        result = work / "image.tar"
        if step.source is Source.COMPOSE:
            compose(result, self.lock, step, parts)
        else:
            self.registry.fetch(pinned_reference(self.lock, step), step.arch, work / "fetched", progress.beat)
            repack(result, self.lock, step, work / "fetched")
        return result

    def _download(self, step: Step, work: Path, progress: Progress) -> Path:
        release = _release(step)
        url = fill_in(release.url, self.lock, step.artifact, step.arch)
        sha256 = release.sha256[step.arch]
        # Several artifacts may come out of one archive, so the download has a lock of its own.
        with self.cache.hold(sha256, lambda: progress.note(f"waiting for another run that downloads {url}")):
            file = fetch(url, sha256, self.cache.downloads, progress.beat)
        if not release.member:
            return file
        result = work / "member"
        extract(file, fill_in(release.member, self.lock, step.artifact, step.arch), result, url)
        return result


def _release(step: Step) -> Release:
    if step.artifact.release is None:
        raise SupplyError(Problem(step.artifact.name, "no release source", "one in the lock"))
    return step.artifact.release
