# Copyright (c) autotrade.deployment engineers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Which source each wanted artifact comes from, and why; refusals name every artifact at once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from ansible_collections.autotrade.deployment.plugins.module_utils.core.supply import (
    ARCHES,
    Artifact,
    Kind,
    Lock,
    Policy,
    Problem,
    Source,
    SupplyError,
    fill_in,
    shipped_version,
)


@dataclass(frozen=True)
class Wanted:
    """What a run asks for. No names means every entry of the lock; ``skipped`` entries are left out of that."""

    names: tuple[str, ...]
    arches: tuple[str, ...]
    policy: Policy
    allow_unofficial: bool


@dataclass(frozen=True)
class Step:
    """One artifact for one architecture from one source.

    ``fallback`` may stand in where the source cannot be reached; ``parts`` are what a composed image is made of, file by file.
    """

    artifact: Artifact
    arch: str
    source: Source
    version: str
    reason: str
    fallback: Source | None = None
    parts: tuple[Step, ...] = ()

    @property
    def label(self) -> str:
        """The name for people: ``kube-apiserver for amd64``, or the bare name of a bundle."""
        return self.artifact.name if self.artifact.kind is Kind.BUNDLE else f"{self.artifact.name} for {self.arch}"


def resolve(lock: Lock, wanted: Wanted) -> tuple[Step, ...]:
    """Decide the source of everything that is wanted; what an image is composed of stands before it.

    :raises SupplyError: names that the lock does not have, architectures that nobody builds, sources that are refused.
    """
    problems = [*_unknown_names(lock, wanted.names), *_unknown_arches(wanted.arches)]
    if problems:
        raise SupplyError(*problems)
    names = wanted.names or tuple(artifact.name for artifact in lock.artifacts)
    chosen = [artifact for artifact in lock.artifacts if artifact.name in names]
    pairs = [(artifact, arch) for artifact in chosen for arch in artifact.arches(wanted.arches)]
    outcomes = dict.fromkeys(outcome for artifact, arch in pairs for outcome in _with_parts(lock, artifact, arch, wanted))
    refused = [outcome for outcome in outcomes if isinstance(outcome, Problem)]
    if refused:
        raise SupplyError(*refused)
    return tuple(outcome for outcome in outcomes if isinstance(outcome, Step))


def with_source(lock: Lock, step: Step, source: Source, reason: str) -> Step:
    """The same step from another source."""
    return Step(step.artifact, step.arch, source, shipped_version(lock, step.artifact, source), reason)


def go_directories(steps: Iterable[Step]) -> tuple[str, ...]:
    """The directories of pinned Go modules that these steps, or their fallbacks, read."""
    using = [step for step in steps if Source.GOMOD in (step.source, step.fallback)]
    return tuple(sorted({step.artifact.gomod.directory for step in using if step.artifact.gomod}))


def _unknown_names(lock: Lock, names: Iterable[str]) -> list[Problem]:
    known = ", ".join(sorted(artifact.name for artifact in lock.artifacts))
    return [
        Problem("names", repr(name), f"one of {known}", "Correct artifact_store_names, or add the entry to the lock file.")
        for name in names
        if lock.get(name) is None
    ]


def _unknown_arches(arches: Iterable[str]) -> list[Problem]:
    return [
        Problem("arches", repr(arch), f"one of {', '.join(ARCHES)}", "Correct artifact_store_arches.")
        for arch in arches
        if arch not in ARCHES
    ]


def _with_parts(lock: Lock, artifact: Artifact, arch: str, wanted: Wanted) -> list[Step | Problem]:
    step = _choose(lock, artifact, arch, wanted)
    if isinstance(step, Problem) or step.source is not Source.COMPOSE or artifact.compose is None:
        return [step]
    contained = [lock.get(name) for _path, name in artifact.compose.files]
    parts = [_choose(lock, part, arch, wanted) for part in contained if part]
    return [*parts, replace(step, parts=tuple(part for part in parts if isinstance(part, Step)))]


def _choose(lock: Lock, artifact: Artifact, arch: str, wanted: Wanted) -> Step | Problem:
    here = made_here(artifact)
    refusals: Mapping[Source, Problem | None] = {
        Source.RELEASE: _release_refused(lock, artifact, arch),
        here: _made_here_refused(lock, artifact, here, wanted.allow_unofficial),
    }
    order = {Policy.AUTO: (Source.RELEASE, here), Policy.RELEASE: (Source.RELEASE,), Policy.GOMOD: (here,)}[wanted.policy]
    usable = [source for source in order if refusals[source] is None]
    if not usable:
        # What the lock does not have is worth a word only where it has nothing else.
        known = [source for source in order if source in artifact.sources] or order
        return _together(artifact, arch, [refusal for source in known if (refusal := refusals[source])])
    # An image is named by its digest, which a composed one does not share with the release: none stands in unasked.
    fallback = usable[1] if len(usable) > 1 and artifact.kind is not Kind.IMAGE else None
    version = shipped_version(lock, artifact, usable[0])
    return Step(artifact, arch, usable[0], version, _reason(artifact, usable[0], wanted.policy, refusals), fallback)


def made_here(artifact: Artifact) -> Source:
    """The source of such an artifact where it does not come from a release."""
    return Source.COMPOSE if artifact.kind is Kind.IMAGE else Source.GOMOD


def _reason(artifact: Artifact, source: Source, policy: Policy, refusals: Mapping[Source, Problem | None]) -> str:
    if policy is not Policy.AUTO:
        return f"source {policy.value} was asked for"
    if source is Source.RELEASE:
        return f"the lock holds the release's {_pin(artifact)}"
    if Source.RELEASE not in artifact.sources:
        if artifact.kind is Kind.IMAGE:
            return "composed of binaries of the lock"
        return "built from our own source" if artifact.own else "the lock names no release file for it"
    refusal = refusals[Source.RELEASE]
    return f"release not usable: {refusal.found}" if refusal else "the release comes second"


def _pin(artifact: Artifact) -> str:
    return "digest" if artifact.kind is Kind.IMAGE else "checksum"


def _release_refused(lock: Lock, artifact: Artifact, arch: str) -> Problem | None:
    where = f"{artifact.name}: release"
    if artifact.image:
        pins, key = artifact.image.digest, "digest"
    elif artifact.release:
        pins, key = artifact.release.sha256, "sha256"
    else:
        return Problem(where, "no release source in the lock", "one", "Set artifact_store_source to gomod or auto.")
    if pins.get(arch):
        return None
    hint, remedy = _unseen(lock, artifact, arch)
    expected = f"the {key} {hint}; what was never seen is not trusted on first use"
    return Problem(f"{where}.{key}.{arch}", f"no {_pin(artifact)} in the lock", expected, f"{remedy}, or {_otherwise(artifact)}.")


def _unseen(lock: Lock, artifact: Artifact, arch: str) -> tuple[str, str]:
    """What the missing pin is of, and how to get it."""
    if artifact.image:
        image = fill_in(artifact.image.reference, lock, artifact, arch)
        return f"of the manifest of {image} for {arch}", "Run `make lock` where the registry is reachable"
    if artifact.release and artifact.release.checksums:
        published = fill_in(artifact.release.checksums, lock, artifact, arch)
        return f"published at {published}", "Run `make lock` where the internet is reachable"
    return "of a file that you trust (the project publishes none)", "Write it into the lock file"


def _otherwise(artifact: Artifact) -> str:
    if made_here(artifact) in artifact.sources:
        return "set artifact_store_source to gomod or auto"
    return "leave it out of artifact_store_names"


def _made_here_refused(lock: Lock, artifact: Artifact, source: Source, allow_unofficial: bool) -> Problem | None:
    where = f"{artifact.name}: {source.value}"
    if source not in artifact.sources:
        return Problem(where, f"no {source.value} source in the lock", "one", "Set artifact_store_source to release or auto.")
    # A bundle is the module's own files, proven by go.sum, and our own programs have no other build.
    if allow_unofficial or artifact.own or artifact.kind is Kind.BUNDLE:
        return None
    return Problem(
        where,
        f"a build of our own, {shipped_version(lock, artifact, source)}",
        "the project's official release in this inventory",
        f"Fill the release {_pin(artifact)}s by `make lock`, or allow such builds by artifact_store_allow_unofficial: true.",
    )


def _together(artifact: Artifact, arch: str, refusals: list[Problem]) -> Problem:
    if len(refusals) == 1:
        return refusals[0]
    found = "; ".join(f"{refusal.where}: {refusal.found}" for refusal in refusals)
    remedy = " Or: ".join(refusal.remedy for refusal in refusals)
    return Problem(f"{artifact.name} ({arch})", f"no usable source ({found})", refusals[0].expected, remedy)
