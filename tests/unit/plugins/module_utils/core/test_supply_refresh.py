"""Reading published checksum files."""

from __future__ import annotations

import json

import pytest
from ansible_collections.autotrade.deployment.plugins.module_utils.core.supply import (
    Artifact,
    ImageRelease,
    Kind,
    Lock,
    Release,
)
from ansible_collections.autotrade.deployment.plugins.module_utils.core.supply_refresh import (
    Edit,
    Outcome,
    apply_edits,
    judge,
    published_digest,
    published_sha256,
    targets,
)
from hypothesis import given
from hypothesis import strategies as st

A, B = "a" * 64, "b" * 64
URL = "https://example.org/download/v1/tool-linux-amd64.tar.gz"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (A, A),
        (f"{A}\n", A),
        (A.upper(), A),
        (f"{A}  tool-linux-amd64.tar.gz\n{B}  tool-linux-arm64.tar.gz\n", A),
        (f"{A} *tool-linux-amd64.tar.gz\n", A),
        (f"{A}  ./release/tool-linux-amd64.tar.gz\n", A),
        (f"SHA256 (tool-linux-amd64.tar.gz) = {A}\n", A),
        (f"# signed\n\n{B}  other\n{A}  tool-linux-amd64.tar.gz\n", A),
        (f"{A}  tool-linux-amd64.tar.gz\n{A}  tool-linux-amd64.tar.gz\n", A),
        (f"{A}  tool-linux-amd64.tar.gz\n{B}  tool-linux-amd64.tar.gz\n", None),
        (f"{B}  tool-linux-amd64.tar.gz.asc\n", None),
        (f"{A}\n{B}\n", None),
        ("<html>not found</html>", None),
        ("a" * 63, None),
        ("", None),
    ],
)
def test_published_checksums(text: str, expected: str | None) -> None:
    assert published_sha256(text, URL) == expected


@given(st.text())
def test_any_text_gives_a_checksum_or_none(text: str) -> None:
    found = published_sha256(text, URL)
    assert found is None or (len(found) == 64 and found in text.lower())


@pytest.mark.parametrize(
    ("current", "published", "replace", "expected"),
    [
        ("", A, False, Outcome.FILLED),
        (A, A, False, Outcome.UNCHANGED),
        (A, B, False, Outcome.DIFFERS),
        (A, B, True, Outcome.REPLACED),
        (A, None, True, Outcome.MISSING),
    ],
)
def test_the_same_version_with_another_checksum_is_an_alarm(
    current: str, published: str | None, replace: bool, expected: Outcome
) -> None:
    assert judge(current, published, replace) is expected


def test_targets_carry_addresses_with_version_and_architecture() -> None:
    release = Release("https://e/{version}/{arch}", {"amd64": "", "arm64": A}, checksums="https://e/{number}/{arch}.sha256")
    lock = Lock("autotrade.1", (Artifact("tool", Kind.BINARY, "v1.2", release=release), Artifact("own", Kind.BINARY, "v1")))
    assert [(t.arch, t.url, t.checksums, t.current) for t in targets(lock)] == [
        ("amd64", "https://e/v1.2/amd64", "https://e/1.2/amd64.sha256", ""),
        ("arm64", "https://e/v1.2/arm64", "https://e/1.2/arm64.sha256", A),
    ]
    assert targets(lock, ["own"]) == ()


def test_edits_leave_everything_else() -> None:
    assert apply_edits('a: "" # why\nb: ""\n', [Edit(3, 5, '"1"'), Edit(15, 17, '"2"')]) == 'a: "1" # why\nb: "2"\n'


def test_the_digests_of_an_image_are_targets_too() -> None:
    image = ImageRelease("r.example/pause:{version}", {"amd64": f"sha256:{A}", "arm64": ""})
    lock = Lock("autotrade.1", (Artifact("pause", Kind.IMAGE, "3.10", image=image),))
    assert [(t.arch, t.url, t.checksums, t.current, t.image) for t in targets(lock)] == [
        ("amd64", "r.example/pause:3.10", "r.example/pause:3.10", f"sha256:{A}", True),
        ("arm64", "r.example/pause:3.10", "r.example/pause:3.10", "", True),
    ]


def index(*entries: tuple[str, str, str]) -> str:
    manifests = [{"digest": digest, "platform": {"os": os, "architecture": arch}} for os, arch, digest in entries]
    return json.dumps({"schemaVersion": 2, "manifests": manifests})


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (index(("linux", "amd64", "one"), ("linux", "arm64", "two"), ("windows", "amd64", "three")), "one"),
        (index(("linux", "amd64", "one"), ("unknown", "unknown", "attestation")), "one"),
        (index(("linux", "arm64", "two")), None),
        (index(("linux", "amd64", "one"), ("linux", "amd64", "other")), None),
        ('{"schemaVersion": 2, "config": {}, "layers": []}', None),
        ('{"manifests": [{"digest": "one"}]}', None),
        ('{"manifests": 1}', None),
        ("null", None),
        ("", None),
    ],
)
def test_published_digests(text: str, expected: str | None) -> None:
    assert published_digest(text, "amd64") == expected


@given(st.text())
def test_any_text_gives_a_digest_or_none(text: str) -> None:
    assert published_digest(text, "amd64") is None
