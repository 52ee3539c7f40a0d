"""Which source is taken, and which is refused."""

from __future__ import annotations

from itertools import product

import pytest
from ansible_collections.autotrade.deployment.plugins.module_utils.core.supply import (
    Artifact,
    Compose,
    GoSource,
    ImageRelease,
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

DIGEST = f"sha256:{SHA}"
PULLED = ImageRelease("r.example/tool:{version}", {"amd64": DIGEST, "arm64": DIGEST})
UNPULLED = ImageRelease("r.example/tool:{version}", {"amd64": "", "arm64": ""})


def lock(*artifacts: Artifact) -> Lock:
    return Lock("autotrade.1", artifacts)


def binary(release: Release | None = None, gomod: GoSource | None = None, *, own: bool = False) -> Artifact:
    return Artifact("tool", Kind.BINARY, "v1.2.3", release=release, gomod=gomod, own=own)


def image(
    release: ImageRelease | None = None, *, own: bool = False, files: tuple[tuple[str, str], ...] = (("/tool", "tool"),)
) -> Artifact:
    compose = Compose("localhost/tool", files, (files[0][0],), "65532:65532")
    return Artifact("tool-image", Kind.IMAGE, "v1.2.3", image=release, compose=compose, own=own)


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


def test_an_image_brings_what_it_is_composed_of_before_itself() -> None:
    of = lock(image(own=True), binary(None, GO, own=True))
    steps = resolve(of, wanted(allow=False, names=("tool-image",), arches=("amd64", "arm64")))
    assert [step.label for step in steps] == [
        "tool for amd64",
        "tool-image for amd64",
        "tool for arm64",
        "tool-image for arm64",
    ]
    tool, composed = steps[:2]
    assert (composed.source, composed.version) == (Source.COMPOSE, "v1.2.3+autotrade.1")
    assert composed.parts == (tool,) and tool.parts == ()
    assert composed.reason == "composed of binaries of the lock"


def test_what_is_wanted_twice_is_one_step() -> None:
    twice = image(files=(("/a", "tool"), ("/b", "tool")))
    steps = resolve(lock(binary(None, GO), twice), wanted())
    assert [step.artifact.name for step in steps] == ["tool", "tool-image"]
    assert steps[1].parts == (steps[0], steps[0])


def test_auto_takes_the_image_whose_digest_is_known_and_nothing_stands_in_for_it() -> None:
    step = only(resolve(lock(binary(None, GO), image(PULLED)), wanted(names=("tool-image",))))
    assert (step.source, step.version, step.fallback, step.parts) == (Source.RELEASE, "v1.2.3", None, ())
    assert step.reason == "the lock holds the release's digest"


def test_auto_composes_where_no_digest_was_ever_seen() -> None:
    steps = resolve(lock(binary(None, GO), image(UNPULLED)), wanted(names=("tool-image",)))
    assert [step.source for step in steps] == [Source.GOMOD, Source.COMPOSE]
    assert steps[1].reason == "release not usable: no digest in the lock"


def test_the_policy_gomod_composes_and_the_policy_release_does_not() -> None:
    of = lock(binary(None, GO), image(PULLED))
    assert resolve(of, wanted(Policy.GOMOD))[1].source is Source.COMPOSE
    assert "no release source" in refusal(lock(binary(KNOWN), image()), wanted(Policy.RELEASE))


def test_an_image_without_digest_is_refused_and_says_what_it_is_of() -> None:
    pause = Artifact(
        "pause", Kind.IMAGE, "3.10.1", image=ImageRelease("r.example/pause:{version}", {"amd64": "", "arm64": DIGEST})
    )
    text = refusal(lock(pause), wanted())
    assert "pause: release.digest.amd64: found no digest in the lock" in text
    assert (
        "the digest of the manifest of r.example/pause:3.10.1 for amd64; what was never seen is not trusted on first use" in text
    )
    assert "make lock" in text and "leave it out of artifact_store_names" in text
    assert only(resolve(lock(pause), wanted(arches=("arm64",)))).source is Source.RELEASE


def test_production_refuses_images_composed_of_other_projects_programs() -> None:
    text = refusal(lock(binary(KNOWN, GO), image(own=False)), wanted(allow=False))
    assert (
        "tool-image: compose: found a build of our own, v1.2.3+autotrade.1" in text and "release digests by `make lock`" in text
    )
    assert "tool: gomod: found a build of our own" in refusal(lock(binary(None, GO), image(own=True)), wanted(allow=False))
    steps = resolve(lock(binary(KNOWN, GO), image(own=True)), wanted(allow=False))
    assert [step.source for step in steps] == [Source.RELEASE, Source.COMPOSE]


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
    release=st.sampled_from([None, PULLED, UNPULLED]),
    part=st.sampled_from([None, KNOWN, UNSEEN]),
    own=st.booleans(),
    policy=st.sampled_from(list(Policy)),
    allow=st.booleans(),
)
def test_no_image_is_ever_kept_that_is_not_proven_or_not_allowed(
    release: ImageRelease | None, part: Release | None, own: bool, policy: Policy, allow: bool
) -> None:
    of = lock(binary(part, GO), image(release, own=own))
    try:
        *parts, step = resolve(of, wanted(policy, allow, names=("tool-image",)))
    except SupplyError:
        return
    assert step.fallback is None
    if step.source is Source.RELEASE:
        assert release is PULLED and policy is not Policy.GOMOD and not parts
    else:
        assert step.source is Source.COMPOSE and (allow or own) and policy is not Policy.RELEASE
        assert step.parts == tuple(parts) and (parts[0].source is Source.RELEASE or allow)
    assert ("+autotrade.1" in step.version) == (step.source is Source.COMPOSE)


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
