# Copyright (c) autotrade.deployment engineers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Getting one artifact: from the cache, by a download, by a build, or out of a Go module."""

from __future__ import annotations

from collections.abc import Mapping
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
from ansible_collections.autotrade.deployment.plugins.module_utils.edge.supply_progress import (
    Progress,
)
from ansible_collections.autotrade.deployment.plugins.module_utils.edge.supply_store import (
    Cache,
    mode_of,
)


@dataclass(frozen=True)
class Workshop:
    """Everything that getting an artifact takes."""

    lock: Lock
    cache: Cache
    directories: Mapping[str, GoDirectory]
    toolchain: Toolchain | Problem

    def inputs(self, step: Step) -> str:
        """The hash of what the artifact is made from, without the toolchain."""
        if step.source is Source.GOMOD:
            return recipe(self.lock, step, self.directories)
        release = _release(step)
        return digest_of(["release", release.sha256.get(step.arch), fill_in(release.member, self.lock, step.artifact, step.arch)])

    def toolchain_of(self, step: Step) -> str:
        """The toolchain that leaves its mark on the artifact; empty where none does, or where there is none."""
        compiled = step.source is Source.GOMOD and step.artifact.kind is Kind.BINARY
        return self.toolchain.version if compiled and isinstance(self.toolchain, Toolchain) else ""

    def key(self, step: Step) -> str:
        """The cache's key of the artifact."""
        return build_key(self.inputs(step), self.toolchain_of(step))

    def needed(self, step: Step) -> Toolchain:
        """The toolchain for this step.

        :raises SupplyError: when it is missing or too old.
        """
        directory = self.directories[go_source(step.artifact).directory]
        return require_toolchain(self.toolchain, needed_go([directory]), [step.artifact.name])

    def get(self, step: Step, progress: Progress) -> tuple[Path, str, bool]:
        """The artifact's file in the cache, its sha256, and whether it had to be made."""
        if step.source is Source.GOMOD:
            self.needed(step)
        key, name = self.key(step), step.artifact.name
        with self.cache.hold(key, lambda: progress.note(f"waiting for another run that is at {step.label}")):
            kept = self.cache.take(key, name)
            if kept:
                return (*kept, False)
            setting = "artifact_store_cache_dir"
            with full_disk_named(self.cache.root, setting), work_directory(self.cache.work, key) as work:
                file = self._make(step, work, progress)
                if step.artifact.kind is Kind.BINARY:
                    check_elf(file, step.arch, step.label)
                return (*self.cache.keep(key, name, file, mode_of(step)), True)

    def _make(self, step: Step, work: Path, progress: Progress) -> Path:
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
