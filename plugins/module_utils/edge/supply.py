# Copyright (c) autotrade.deployment engineers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Filling the artifact store: survey what is there, then get what is missing, one artifact after the other."""

from __future__ import annotations

import platform
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from ansible.module_utils.common.yaml import HAS_YAML, yaml_load
from ansible_collections.autotrade.deployment.plugins.module_utils.core import architectures
from ansible_collections.autotrade.deployment.plugins.module_utils.core.supply import (
    Kind,
    Lock,
    Problem,
    Source,
    SupplyError,
    UnreachableError,
    bytes_of_megabytes,
)
from ansible_collections.autotrade.deployment.plugins.module_utils.core.supply_image import (
    image_reference,
)
from ansible_collections.autotrade.deployment.plugins.module_utils.core.supply_index import (
    Entry,
    is_current,
    stored_path,
)
from ansible_collections.autotrade.deployment.plugins.module_utils.core.supply_inputs import (
    go_source,
    needed_go,
    version_problems,
)
from ansible_collections.autotrade.deployment.plugins.module_utils.core.supply_lock import (
    parse_lock,
)
from ansible_collections.autotrade.deployment.plugins.module_utils.core.supply_plan import (
    Step,
    Wanted,
    go_directories,
    resolve,
    with_source,
)
from ansible_collections.autotrade.deployment.plugins.module_utils.core.supply_progress import (
    duration_key,
    schedule,
    verb,
)
from ansible_collections.autotrade.deployment.plugins.module_utils.edge.supply_files import (
    check_space,
)
from ansible_collections.autotrade.deployment.plugins.module_utils.edge.supply_go import (
    find_toolchain,
    read_directory,
    require_toolchain,
)
from ansible_collections.autotrade.deployment.plugins.module_utils.edge.supply_image import (
    Part,
)
from ansible_collections.autotrade.deployment.plugins.module_utils.edge.supply_progress import (
    Progress,
)
from ansible_collections.autotrade.deployment.plugins.module_utils.edge.supply_registry import (
    Registry,
)
from ansible_collections.autotrade.deployment.plugins.module_utils.edge.supply_sources import (
    Workshop,
)
from ansible_collections.autotrade.deployment.plugins.module_utils.edge.supply_store import (
    Cache,
    Store,
)

#: What taking a finished file from the cache costs.
_CACHED_SECONDS = 0.3


@dataclass(frozen=True)
class Request:
    """What a run was asked to do."""

    lock: Path
    store: Path
    cache: Path
    wanted: Wanted
    go: str = "go"
    registry: Registry = field(default_factory=Registry)
    progress_file: Path | None = None
    check_mode: bool = False


@dataclass(frozen=True)
class Kept:
    """What a step came to: the step with the source that was used, and the store's entry, which check mode can only predict."""

    step: Step
    entry: Entry | None


def fill(request: Request) -> dict[str, Any]:
    """Bring the store to what the lock and the request say.

    :returns: the module's result: ``changed`` and one dictionary per artifact.
    :raises SupplyError: before anything was written where that can be seen beforehand; what is finished by then stays.
    """
    lock = load_lock(request.lock)
    steps = resolve(lock, request.wanted)
    shop, store = _workshop(request, lock, steps), Store(request.store)
    present = _present(shop, store, steps)
    missing = [step for step in steps if step not in present]
    _refuse_early(request, shop, missing)
    made = _predicted(missing) if request.check_mode else _get_all(request, shop, store, present, missing)
    kept = present | made
    relinked = {step for step in steps if _relinked(store, kept[step].step, request.check_mode)}
    if not request.check_mode:
        store.refresh(there.entry for there in present.values() if there.entry)
    artifacts = [_result(lock, store, kept[step], changed=step in made or step in relinked) for step in steps]
    return {"changed": any(artifact["changed"] for artifact in artifacts), "store_dir": str(store.root), "artifacts": artifacts}


def host_arch() -> str:
    """The architecture of this machine as the lock names it."""
    return architectures.of_machine(platform.machine())


def load_lock(path: Path) -> Lock:
    """Read and check the lock file."""
    if not HAS_YAML:
        raise SupplyError(Problem("python", "no PyYAML", "PyYAML, to read the lock file", "Install it for this interpreter."))
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        problem = Problem(str(path), error.strerror or str(error), "the lock file", "Correct artifact_store_lock.")
        raise SupplyError(problem) from error
    except ValueError as error:
        raise SupplyError(Problem(str(path), str(error), "UTF-8 text")) from error
    try:
        document = yaml_load(text)
    except Exception as error:  # PyYAML's own type of error cannot be named where PyYAML may be missing.
        raise SupplyError(Problem(str(path), str(error), "YAML")) from error
    return parse_lock(document, path.name)


def _workshop(request: Request, lock: Lock, steps: tuple[Step, ...]) -> Workshop:
    names = go_directories(steps)
    directories = {name: read_directory(request.lock.parent / "gomod", name) for name in names}
    problems = version_problems({step.artifact.name: step.artifact for step in steps}.values(), directories)
    if problems:
        raise SupplyError(*problems)
    toolchain = find_toolchain(request.go) if names else Problem("go", "no need of Go", "")
    return Workshop(lock, Cache(request.cache), directories, toolchain, request.registry)


def _present(shop: Workshop, store: Store, steps: tuple[Step, ...]) -> dict[Step, Kept]:
    index = store.index()
    found: dict[Step, Kept] = {}
    for step in steps:
        parts = _parts(store, step, found)
        if parts is None:
            continue
        for candidate in _candidates(shop, step):
            entry = index.get((step.artifact.name, candidate.version, step.arch))
            current = is_current(entry, candidate, shop.inputs(candidate, parts), shop.toolchain_of(candidate) or None)
            if entry and current and store.intact(entry):
                found[step] = Kept(replace(candidate, reason="present"), entry)
                break
    return found


def _parts(store: Store, step: Step, kept: Mapping[Step, Kept]) -> tuple[Part, ...] | None:
    """The files that the image is composed of; None when one of them is not there yet."""
    entries = [kept[part].entry if part in kept else None for part in step.parts]
    parts = tuple(Part(entry.name, store.root / entry.path, entry.sha256) for entry in entries if entry)
    return parts if len(parts) == len(step.parts) else None


def _candidates(shop: Workshop, step: Step) -> list[Step]:
    # What a fallback brought earlier is as good until the store is asked anew: an offline machine must stay unchanged.
    fallback = step.fallback
    return [step] + ([with_source(shop.lock, step, fallback, "kept from an earlier run")] if fallback else [])


def _refuse_early(request: Request, shop: Workshop, missing: list[Step]) -> None:
    by_go = [step for step in missing if step.source is Source.GOMOD]
    if by_go:
        directories = {go_source(step.artifact).directory for step in by_go}
        least = needed_go(shop.directories[name] for name in sorted(directories))
        require_toolchain(shop.toolchain, least, sorted({step.artifact.name for step in by_go}))
    by_skopeo = [step for step in missing if _fetched_as_image(step) and not shop.cache.has(shop.key(step))]
    if by_skopeo:
        request.registry.check([step.label for step in by_skopeo])
    size = sum(bytes_of_megabytes(step.artifact.megabytes) for step in missing)
    unpacked = sum(bytes_of_megabytes(step.artifact.megabytes) for step in by_skopeo)
    if missing:
        check_space(request.cache, size + unpacked, "artifact_store_cache_dir")
        check_space(request.store, size, "artifact_store_dir")


def _fetched_as_image(step: Step) -> bool:
    return step.artifact.kind is Kind.IMAGE and step.source is Source.RELEASE


def _predicted(missing: list[Step]) -> dict[Step, Kept]:
    return {step: Kept(step, None) for step in missing}


def _get_all(
    request: Request, shop: Workshop, store: Store, present: Mapping[Step, Kept], missing: list[Step]
) -> dict[Step, Kept]:
    cached = {duration_key(step): _CACHED_SECONDS for step in missing if _is_cached(shop, store, step, present)}
    progress = Progress(request.progress_file, schedule(missing, shop.cache.durations() | cached))
    made: dict[Step, Kept] = {}
    for number, step in enumerate(missing):
        taken = duration_key(step) in cached
        progress.begin(number, f"taking {step.label} from the build cache" if taken else verb(step))
        made[step] = _get(shop, store, step, _parts(store, step, {**present, **made}) or (), progress)
    return made


def _is_cached(shop: Workshop, store: Store, step: Step, present: Mapping[Step, Kept]) -> bool:
    parts = _parts(store, step, present)
    return parts is not None and shop.cache.has(shop.key(step, parts))


def _get(shop: Workshop, store: Store, step: Step, parts: Sequence[Part], progress: Progress) -> Kept:
    try:
        product = shop.get(step, parts, progress)
    except UnreachableError as error:
        if step.fallback is None:
            raise
        other = with_source(shop.lock, step, step.fallback, f"{step.source.value} not in reach ({error.problems[0].found})")
        progress.note(f"{step.label}: {other.reason}; {verb(other)}")
        return _get(shop, store, other, parts, progress)
    if product.made:
        shop.cache.remember(duration_key(step), progress.elapsed())
    return Kept(step, store.put(step, product, shop.inputs(step, parts), shop.toolchain_of(step)))


def _relinked(store: Store, step: Step, check_mode: bool) -> bool:
    """Lead the short way to the version in use; True when that changes something."""
    return not store.linked(step, host_arch()) if check_mode else store.link(step, host_arch())


def _result(lock: Lock, store: Store, kept: Kept, *, changed: bool) -> dict[str, Any]:
    step, entry = kept.step, kept.entry
    is_image = step.artifact.kind is Kind.IMAGE
    return {
        "name": step.artifact.name,
        "kind": step.artifact.kind.value,
        "arch": step.arch,
        "version": step.version,
        "source": step.source.value,
        "reason": step.reason,
        "path": str(store.root / entry.path) if entry else stored_path(step),
        "sha256": entry.sha256 if entry else "",
        "digest": entry.digest if entry else "",
        "reference": image_reference(lock, step.artifact, step.arch, step.version) if is_image else "",
        "changed": changed,
    }
