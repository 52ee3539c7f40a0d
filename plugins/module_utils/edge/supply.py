# Copyright (c) autotrade.deployment engineers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Filling the artifact store: survey what is there, then get what is missing, one artifact after the other."""

from __future__ import annotations

import platform
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ansible.module_utils.common.yaml import HAS_YAML, yaml_load
from ansible_collections.autotrade.deployment.plugins.module_utils.core.supply import (
    Kind,
    Lock,
    Problem,
    Source,
    SupplyError,
    UnreachableError,
    bytes_of_megabytes,
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
from ansible_collections.autotrade.deployment.plugins.module_utils.edge.supply_progress import (
    Progress,
)
from ansible_collections.autotrade.deployment.plugins.module_utils.edge.supply_sources import (
    Workshop,
)
from ansible_collections.autotrade.deployment.plugins.module_utils.edge.supply_store import (
    Cache,
    Store,
)

_HOST_ARCHES = {"x86_64": "amd64", "aarch64": "arm64"}
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
    progress_file: Path | None = None
    check_mode: bool = False


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
    made = _predict(missing) if request.check_mode else _get_all(request, shop, store, missing)
    relinked = _link_all(request, store, steps, present, made)
    if not request.check_mode:
        store.refresh(present.values())
    artifacts = [made.get(step) or _told(step, store, present[step], step in relinked) for step in steps]
    return {"changed": any(artifact["changed"] for artifact in artifacts), "store_dir": str(store.root), "artifacts": artifacts}


def host_arch() -> str:
    """The architecture of this machine as the lock names it."""
    return _HOST_ARCHES.get(platform.machine(), platform.machine())


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
    return Workshop(lock, Cache(request.cache), directories, toolchain)


def _present(shop: Workshop, store: Store, steps: tuple[Step, ...]) -> dict[Step, Entry]:
    index = store.index()
    found: dict[Step, Entry] = {}
    for step in steps:
        for candidate in _candidates(shop, step):
            entry = index.get((step.artifact.name, candidate.version, step.arch))
            current = is_current(entry, candidate, shop.inputs(candidate), shop.toolchain_of(candidate) or None)
            if entry and current and store.intact(entry):
                found[step] = entry
                break
    return found


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
    size = sum(bytes_of_megabytes(step.artifact.megabytes) for step in missing)
    if missing:
        check_space(request.cache, size, "artifact_store_cache_dir")
        check_space(request.store, size, "artifact_store_dir")


def _predict(missing: list[Step]) -> dict[Step, dict[str, Any]]:
    return {step: _result(step, "", "", changed=True) for step in missing}


def _get_all(request: Request, shop: Workshop, store: Store, missing: list[Step]) -> dict[Step, dict[str, Any]]:
    cached = {duration_key(step): _CACHED_SECONDS for step in missing if shop.cache.has(shop.key(step))}
    progress = Progress(request.progress_file, schedule(missing, shop.cache.durations() | cached))
    results: dict[Step, dict[str, Any]] = {}
    for number, step in enumerate(missing):
        taken = duration_key(step) in cached
        progress.begin(number, f"taking {step.label} from the build cache" if taken else verb(step))
        results[step] = _get(shop, store, step, progress)
    return results


def _get(shop: Workshop, store: Store, step: Step, progress: Progress) -> dict[str, Any]:
    try:
        file, sha256, made = shop.get(step, progress)
    except UnreachableError as error:
        if step.fallback is None:
            raise
        other = with_source(shop.lock, step, step.fallback, f"{step.source.value} not in reach ({error.problems[0].found})")
        progress.note(f"{step.label}: {other.reason}; {verb(other)}")
        return _get(shop, store, other, progress)
    if made:
        shop.cache.remember(duration_key(step), progress.elapsed())
    entry = store.put(step, file, sha256, shop.inputs(step), shop.toolchain_of(step))
    return _result(step, str(store.root / entry.path), sha256, changed=True)


def _link_all(
    request: Request, store: Store, steps: tuple[Step, ...], present: dict[Step, Entry], made: dict[Step, dict[str, Any]]
) -> set[Step]:
    """Lead the short ways to the versions in use; the steps for which that changed something (or would)."""
    arch = host_arch()
    changed: set[Step] = set()
    for step in steps:
        version = present[step].version if step in present else made[step]["version"]
        source = Source(present[step].source if step in present else made[step]["source"])
        kept = Step(step.artifact, step.arch, source, version, step.reason)
        if store.link(kept, arch) if not request.check_mode else not store.linked(kept, arch):
            changed.add(step)
    return changed


def _told(step: Step, store: Store, entry: Entry, relinked: bool) -> dict[str, Any]:
    kept = Step(step.artifact, step.arch, Source(entry.source), entry.version, "present")
    return _result(kept, str(store.root / entry.path), entry.sha256, changed=relinked)


def _result(step: Step, path: str, sha256: str, *, changed: bool) -> dict[str, Any]:
    return {
        "name": step.artifact.name,
        "kind": Kind(step.artifact.kind).value,
        "arch": step.arch,
        "version": step.version,
        "source": step.source.value,
        "reason": step.reason,
        "path": path or stored_path(step),
        "sha256": sha256,
        "changed": changed,
    }
