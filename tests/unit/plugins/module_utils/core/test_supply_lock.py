"""The lock's shape: everything wrong is told at once, each with its path."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible_collections.autotrade.deployment.plugins.module_utils.core.supply import Kind, Lock, SupplyError
from ansible_collections.autotrade.deployment.plugins.module_utils.core.supply_inputs import (
    GoDirectory,
    module_sum,
    version_problems,
)
from ansible_collections.autotrade.deployment.plugins.module_utils.core.supply_lock import parse_lock
from hypothesis import given
from hypothesis import strategies as st

FILES = Path(__file__).parents[5] / "roles/artifact_store/files"
SHA = "a" * 64
GOOD: dict[str, Any] = {
    "format": 1,
    "stamp": "autotrade.1",
    "artifacts": [
        {
            "name": "tool",
            "kind": "binary",
            "version": "v1.2.3",
            "release": {
                "url": "https://example.org/{version}/{arch}/tool",
                "sha256": {"amd64": SHA, "arm64": ""},
            },
            "gomod": {"directory": "tool", "package": "."},
        },
        {
            "name": "definitions",
            "kind": "bundle",
            "version": "v1.0.0",
            "gomod": {"directory": "crds", "module": "example.org/m", "files": ["config/*.yaml"]},
        },
        {
            "name": "pause",
            "kind": "image",
            "version": "3.10.1",
            "release": {"reference": "registry.example.org/pause:{version}", "digest": {"amd64": f"sha256:{SHA}", "arm64": ""}},
        },
    ],
}


def changed(change: Any) -> dict[str, Any]:
    document = copy.deepcopy(GOOD)
    change(document)
    return document


def problems(document: object) -> list[str]:
    with pytest.raises(SupplyError) as raised:
        parse_lock(document)
    return [str(problem) for problem in raised.value.problems]


def test_a_good_lock_is_read() -> None:
    lock = parse_lock(GOOD)
    tool = lock.get("tool")
    assert tool is not None and tool.release is not None and tool.gomod is not None
    assert tool.release.sha256 == {"amd64": SHA, "arm64": ""}
    assert [artifact.kind for artifact in lock.artifacts] == [Kind.BINARY, Kind.BUNDLE, Kind.IMAGE]
    assert tool.arches(("amd64", "arm64")) == ("amd64", "arm64")
    definitions = lock.get("definitions")
    assert definitions is not None and definitions.arches(("amd64", "arm64")) == ("any",)
    assert lock.get("absent") is None


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (lambda d: d.update(format=2), "lock.yml: format: found 2"),
        (lambda d: d.update(stamp="Mine"), "lock.yml.stamp: found 'Mine'"),
        (lambda d: d.update(surplus=1), "lock.yml: found 'surplus'"),
        (lambda d: d.update(artifacts="x"), "lock.yml: artifacts: found 'x'; expected a list"),
        (
            lambda d: d["artifacts"][0].update(kind="rpm"),
            "artifacts[tool].kind: found 'rpm'; expected one of binary, image",
        ),
        (lambda d: d["artifacts"][0].update(version="1+2"), "artifacts[tool].version"),
        (lambda d: d["artifacts"][0].update(megabytes=0), "artifacts[tool].megabytes: found 0"),
        (lambda d: d["artifacts"][0].update(megabytes=True), "artifacts[tool].megabytes: found True"),
        (lambda d: d["artifacts"][0].update(own="yes"), "artifacts[tool].own: found 'yes'"),
        (lambda d: d["artifacts"][0].update(own=True), "artifacts[tool].own: found True"),
        (lambda d: d["artifacts"][0].update(mirror={}), "artifacts[tool]: found 'mirror'; expected one of the keys name"),
        (lambda d: d["artifacts"][0].pop("name"), "artifacts[0].name: found nothing"),
        (lambda d: d["artifacts"][0]["release"].update(url="ftp://x/y"), "artifacts[tool].release.url: found 'ftp://x/y'"),
        (lambda d: d["artifacts"][0]["release"].update(url="https://u:p@x/y"), "a user name or password in the URL"),
        (lambda d: d["artifacts"][0]["release"]["sha256"].update(amd64="abc"), "release.sha256.amd64: found 'abc'"),
        (lambda d: d["artifacts"][0]["release"]["sha256"].update(s390x=SHA), "release.sha256: found 's390x'"),
        (lambda d: d["artifacts"][0]["gomod"].pop("package"), "artifacts[tool].gomod.package: found nothing"),
        (lambda d: d["artifacts"][0]["gomod"].update(directory="../up"), "artifacts[tool].gomod.directory: found '../up'"),
        (lambda d: [d["artifacts"][0].pop(k) for k in ("release", "gomod")], "at least one of the sources release and gomod"),
        (
            lambda d: d["artifacts"][1]["gomod"].pop("files"),
            "artifacts[definitions].gomod: found nothing; expected module",
        ),
        (
            lambda d: d["artifacts"][2].pop("release"),
            "artifacts[pause]: found nothing; expected at least one of the sources release and compose",
        ),
        (
            lambda d: d["artifacts"][2].update(gomod=d["artifacts"][0]["gomod"]),
            "artifacts[pause].gomod: found 'image'; expected for this kind of entry only release and compose",
        ),
        (lambda d: d["artifacts"].append("x"), "artifacts[3]: found 'x'; expected a mapping"),
    ],
)
def test_what_is_wrong_is_named_by_its_path(change: Any, expected: str) -> None:
    assert any(expected in problem for problem in problems(changed(change)))


def test_two_versions_of_one_thing_are_refused() -> None:
    twin = copy.deepcopy(GOOD["artifacts"][0]) | {"version": "v1.2.4"}
    found = problems(changed(lambda d: d["artifacts"].append(twin)))
    assert found == [
        "lock.yml: artifacts[tool]: found '2 entries (v1.2.3, v1.2.4)'; expected one version of one thing. "
        "Keep one entry named tool."
    ]


def test_all_problems_come_at_once() -> None:
    def spoil(document: Any) -> None:
        document["stamp"] = ""
        document["artifacts"][0]["kind"] = "rpm"
        document["artifacts"][1]["version"] = ""

    assert len(problems(changed(spoil))) == 3


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=5),
        lambda inner: (
            st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["format", "stamp", "artifacts", "name"]), inner)
        ),
        max_leaves=8,
    )
)
def test_any_document_is_read_or_refused(document: object) -> None:
    try:
        parse_lock(document)
    except SupplyError as error:
        assert error.problems


def shipped() -> Lock:
    return parse_lock(yaml.safe_load((FILES / "lock.yml").read_text(encoding="utf-8")))


def directory(name: str) -> GoDirectory:
    root = FILES / "gomod" / name
    return GoDirectory(name, {str(p.relative_to(root)): p.read_bytes() for p in root.rglob("*") if p.is_file()})


def test_the_shipped_lock_agrees_with_its_go_modules() -> None:
    lock = shipped()
    named = {artifact.gomod.directory for artifact in lock.artifacts if artifact.gomod and artifact.gomod.module}
    assert version_problems(lock.artifacts, {name: directory(name) for name in named}) == []


def test_every_bundle_is_pinned_by_go_sum() -> None:
    for artifact in shipped().artifacts:
        if artifact.kind is Kind.BUNDLE and artifact.gomod:
            assert module_sum(directory("crds"), artifact.gomod.module, artifact.version).startswith("h1:")
