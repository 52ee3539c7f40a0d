"""Which source is taken, and which is refused."""

from __future__ import annotations

from itertools import product

import pytest
from ansible_collections.autotrade.deployment.plugins.module_utils.core.supply import (
    Artifact,
    GoSource,
    Kind,
    Lock,
    Policy,
    Release,
    Source,
    SupplyError,
    fill_in,
    without_credentials,
)
from ansible_collections.autotrade.deployment.plugins.module_utils.core.supply_plan import (
    Step,
    Wanted,
    go_directories,
    resolve,
    with_source,
)
from hypothesis import given
from hypothesis import strategies as st

SHA = "b" * 64
KNOWN = Release("https://example.org/{version}/{arch}", {"amd64": SHA, "arm64": SHA})
UNSEEN = Release("https://example.org/{arch}", {"amd64": "", "arm64": ""}, checksums="https://example.org/{arch}.sha256")
GO = GoSource("tools", package="example.org/tool")
FILES = GoSource("crds", module="example.org/m", files=("*.yaml",))


def lock(*artifacts: Artifact) -> Lock:
    return Lock("autotrade.1", artifacts)


def binary(release: Release | None = None, gomod: GoSource | None = None, *, own: bool = False) -> Artifact:
    return Artifact("tool", Kind.BINARY, "v1.2.3", release=release, gomod=gomod, own=own)


def wanted(policy: Policy = Policy.AUTO, allow: bool = True, **more: tuple[str, ...]) -> Wanted:
    return Wanted(more.get("names", ()), more.get("arches", ("amd64",)), policy, allow)


def only(steps: tuple[Step, ...]) -> Step:
    (step,) = steps
    return step


def refusal(of: Lock, what: Wanted) -> str:
    with pytest.raises(SupplyError) as raised:
        resolve(of, what)
    return str(raised.value)


def test_auto_takes_the_release_whose_checksum_is_known_and_keeps_the_build_for_need() -> None:
    step = only(resolve(lock(binary(KNOWN, GO)), wanted()))
    assert (step.source, step.version, step.fallback) == (Source.RELEASE, "v1.2.3", Source.GOMOD)
    assert step.reason == "the lock holds the release's checksum"


def test_auto_builds_where_no_checksum_was_ever_seen() -> None:
    step = only(resolve(lock(binary(UNSEEN, GO)), wanted()))
    assert (step.source, step.version, step.fallback) == (Source.GOMOD, "v1.2.3+autotrade.1", None)
    assert step.reason == "release not usable: no checksum in the lock"


def test_release_without_checksum_is_refused_and_says_where_it_is_published() -> None:
    text = refusal(lock(binary(UNSEEN, GO)), wanted(Policy.RELEASE))
    assert "tool: release.sha256.amd64: found no checksum in the lock" in text
    assert "published at https://example.org/amd64.sha256" in text
    assert "not trusted on first use" in text and "make lock" in text


def test_production_refuses_builds_of_other_projects() -> None:
    text = refusal(lock(binary(UNSEEN, GO)), wanted(Policy.GOMOD, allow=False))
    assert "found a build of our own, v1.2.3+autotrade.1" in text
    assert "artifact_store_allow_unofficial: true" in text


def test_production_allows_our_own_programs_and_proven_bundles() -> None:
    bundle = Artifact("definitions", Kind.BUNDLE, "v2.0.0", gomod=FILES)
    steps = resolve(lock(binary(None, GO, own=True), bundle), wanted(Policy.AUTO, allow=False))
    assert [(step.source, step.version) for step in steps] == [
        (Source.GOMOD, "v1.2.3+autotrade.1"),
        (Source.GOMOD, "v2.0.0"),
    ]


def test_auto_without_any_usable_source_names_both_refusals() -> None:
    text = refusal(lock(binary(UNSEEN, GO)), wanted(allow=False))
    assert "no usable source" in text and "no checksum in the lock" in text and "a build of our own" in text


def test_sources_that_the_lock_lacks_are_refused() -> None:
    assert "no gomod source" in refusal(lock(binary(KNOWN)), wanted(Policy.GOMOD))
    assert "no release source" in refusal(lock(binary(None, GO)), wanted(Policy.RELEASE))


def test_unknown_names_and_architectures_are_refused_together() -> None:
    text = refusal(lock(binary(KNOWN)), wanted(names=("tol",), arches=("s390x",)))
    assert "names: found 'tol'; expected one of tool" in text and "arches: found 's390x'" in text


def test_images_are_refused_with_the_place_that_they_come_from() -> None:
    image = Artifact("pause", Kind.IMAGE, "v3", reference="pause:3")
    assert "the registry that the inventory names" in refusal(lock(image), wanted())


def test_each_architecture_is_a_step_and_a_bundle_is_one() -> None:
    bundle = Artifact("definitions", Kind.BUNDLE, "v2.0.0", gomod=FILES)
    steps = resolve(lock(binary(None, GO), bundle), wanted(arches=("amd64", "arm64")))
    assert [step.label for step in steps] == ["tool for amd64", "tool for arm64", "definitions"]
    assert go_directories(steps) == ("crds", "tools")


def test_names_choose_and_the_lock_orders() -> None:
    other = Artifact("other", Kind.BINARY, "v1.0.0", gomod=GO)
    steps = resolve(lock(binary(None, GO), other), wanted(names=("other", "tool")))
    assert [step.artifact.name for step in steps] == ["tool", "other"]


def test_a_step_from_another_source_carries_that_source_s_version() -> None:
    of = lock(binary(KNOWN, GO))
    assert with_source(of, only(resolve(of, wanted())), Source.GOMOD, "why").version == "v1.2.3+autotrade.1"


@given(
    release=st.sampled_from([None, KNOWN, UNSEEN]),
    gomod=st.sampled_from([None, GO]),
    own=st.booleans(),
    policy=st.sampled_from(list(Policy)),
    allow=st.booleans(),
)
def test_no_source_is_ever_taken_that_is_not_proven_or_not_allowed(
    release: Release | None, gomod: GoSource | None, own: bool, policy: Policy, allow: bool
) -> None:
    of = lock(binary(release, gomod, own=own))
    try:
        step = only(resolve(of, wanted(policy, allow)))
    except SupplyError:
        return
    for source in {step.source, step.fallback} - {None}:
        if source is Source.RELEASE:
            assert release is KNOWN and policy is not Policy.GOMOD
        else:
            assert gomod is GO and (allow or own) and policy is not Policy.RELEASE
    assert ("+autotrade.1" in step.version) == (step.source is Source.GOMOD)


def test_templates_know_every_placeholder_and_leave_the_rest() -> None:
    of = lock(binary(None, GO))
    text = "{version} {number} {stamped} {stamped_number} {arch} {other}"
    filled = fill_in(text, of, of.artifacts[0], "arm64")
    assert filled == "v1.2.3 1.2.3 v1.2.3+autotrade.1 1.2.3+autotrade.1 arm64 {other}"


@pytest.mark.parametrize(("user", "scheme"), list(product(["u:p@", "token@"], ["https", "http"])))
def test_credentials_never_reach_a_message(user: str, scheme: str) -> None:
    assert without_credentials(f"get {scheme}://{user}proxy.example/x: failed") == f"get {scheme}://***@proxy.example/x: failed"
