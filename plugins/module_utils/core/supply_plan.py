# Copyright (c) autotrade.deployment engineers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Which source each wanted artifact comes from, and why; refusals name every artifact at once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

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
    """One artifact for one architecture from one source; ``fallback`` may stand in where the source cannot be reached."""

    artifact: Artifact
    arch: str
    source: Source
    version: str
    reason: str
    fallback: Source | None = None

    @property
    def label(self) -> str:
        """The name for people: ``kube-apiserver for amd64``, or the bare name of a bundle."""
        return self.artifact.name if self.artifact.kind is Kind.BUNDLE else f"{self.artifact.name} for {self.arch}"


def resolve(lock: Lock, wanted: Wanted) -> tuple[Step, ...]:
    """Decide the source of everything that is wanted.

    :raises SupplyError: names that the lock does not have, architectures that nobody builds, sources that are refused.
    """
    problems = [*_unknown_names(lock, wanted.names), *_unknown_arches(wanted.arches)]
    if problems:
        raise SupplyError(*problems)
    names = wanted.names or tuple(artifact.name for artifact in lock.artifacts)
    chosen = [artifact for artifact in lock.artifacts if artifact.name in names]
    outcomes = [_choose(lock, artifact, arch, wanted) for artifact in chosen for arch in artifact.arches(wanted.arches)]
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


def _choose(lock: Lock, artifact: Artifact, arch: str, wanted: Wanted) -> Step | Problem:
    if artifact.kind is Kind.IMAGE:
        return _no_images_yet(artifact)
    refusals: Mapping[Source, Problem | None] = {
        Source.RELEASE: _release_refused(lock, artifact, arch),
        Source.GOMOD: _gomod_refused(lock, artifact, wanted.allow_unofficial),
    }
    order = (Source.RELEASE, Source.GOMOD) if wanted.policy is Policy.AUTO else (Source(wanted.policy.value),)
    usable = [source for source in order if refusals[source] is None]
    if not usable:
        return _both(artifact, arch, [refusal for source in order if (refusal := refusals[source])])
    fallback = usable[1] if len(usable) > 1 else None
    version = shipped_version(lock, artifact, usable[0])
    return Step(artifact, arch, usable[0], version, _reason(artifact, usable[0], wanted.policy, refusals), fallback)


def _reason(artifact: Artifact, source: Source, policy: Policy, refusals: Mapping[Source, Problem | None]) -> str:
    if policy is not Policy.AUTO:
        return f"source {policy.value} was asked for"
    if source is Source.RELEASE:
        return "the lock holds the release's checksum"
    if artifact.release is None:
        return "built from our own source" if artifact.own else "the lock names no release file for it"
    refusal = refusals[Source.RELEASE]
    return f"release not usable: {refusal.found}" if refusal else "the release comes second"


def _release_refused(lock: Lock, artifact: Artifact, arch: str) -> Problem | None:
    where = f"{artifact.name}: release"
    if artifact.release is None:
        return Problem(where, "no release source in the lock", "one", "Set artifact_store_source to gomod or auto.")
    if artifact.release.sha256.get(arch):
        return None
    published = artifact.release.checksums
    if published:
        hint, remedy = (
            f"published at {fill_in(published, lock, artifact, arch)}",
            "Run `make lock` where the internet is reachable",
        )
    else:
        hint, remedy = "of a file that you trust (the project publishes none)", "Write it into the lock file"
    return Problem(
        f"{where}.sha256.{arch}",
        "no checksum in the lock",
        f"the sha256 {hint}; what was never seen is not trusted on first use",
        f"{remedy}, or set artifact_store_source to gomod or auto.",
    )


def _gomod_refused(lock: Lock, artifact: Artifact, allow_unofficial: bool) -> Problem | None:
    where = f"{artifact.name}: gomod"
    if artifact.gomod is None:
        return Problem(where, "no gomod source in the lock", "one", "Set artifact_store_source to release or auto.")
    # A bundle is the module's own files, proven by go.sum, and our own programs have no other build.
    if allow_unofficial or artifact.own or artifact.kind is Kind.BUNDLE:
        return None
    return Problem(
        where,
        f"a build of our own, {shipped_version(lock, artifact, Source.GOMOD)}",
        "the project's official release in this inventory",
        "Fill the release checksums by `make lock`, or allow such builds by artifact_store_allow_unofficial: true.",
    )


def _both(artifact: Artifact, arch: str, refusals: list[Problem]) -> Problem:
    if len(refusals) == 1:
        return refusals[0]
    found = "; ".join(f"{refusal.where}: {refusal.found}" for refusal in refusals)
    remedy = " Or: ".join(refusal.remedy for refusal in refusals)
    return Problem(f"{artifact.name} ({arch})", f"no usable source ({found})", refusals[0].expected, remedy)


def _no_images_yet(artifact: Artifact) -> Problem:
    return Problem(
        artifact.name,
        f"the image {artifact.reference}",
        "a binary or a bundle: images reach the hosts from the registry that the inventory names",
        "Leave it out of artifact_store_names.",
    )
