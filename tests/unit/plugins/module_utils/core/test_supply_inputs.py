"""The input hash of a build, and what go.mod and go.sum say."""

from __future__ import annotations

import base64
import dataclasses
import hashlib

import pytest
from ansible_collections.autotrade.deployment.plugins.module_utils.core.supply import (
    Artifact,
    GoSource,
    Kind,
    Lock,
    Source,
    SupplyError,
)
from ansible_collections.autotrade.deployment.plugins.module_utils.core.supply_inputs import (
    GoDirectory,
    build_key,
    module_sum,
    module_version,
    needed_go,
    parse_go_version,
    recipe,
    required_versions,
    select_files,
    zip_sum,
)
from ansible_collections.autotrade.deployment.plugins.module_utils.core.supply_plan import Step

GO_MOD = b"""module example.org/here

go 1.26.0

tool example.org/m/cmd/tool

require example.org/one v1.0.0 // a note

require (
	example.org/m v1.2.3 // indirect
	example.org/n/v2 v2.0.0
)

replace example.org/n/v2 => example.org/n/v2 v2.1.0
"""
GO_SUM = b"""example.org/m v1.2.3 h1:zip=
example.org/m v1.2.3/go.mod h1:mod=
"""
FILES = {"go.mod": GO_MOD, "go.sum": GO_SUM, "main.go": b"package main"}
TOOL = Artifact(
    "tool", Kind.BINARY, "v1.2.3", gomod=GoSource("d", "example.org/m", "example.org/m/cmd/tool", "-s -X main.v={stamped}")
)
BUNDLE = Artifact("definitions", Kind.BUNDLE, "v1.2.3", gomod=GoSource("d", "example.org/m", files=("config/*.yaml",)))


def recipe_of(artifact: Artifact = TOOL, arch: str = "amd64", stamp: str = "autotrade.1", **files: bytes) -> str:
    contents = FILES | {name.replace("_", "."): content for name, content in files.items()}
    step = Step(artifact, arch, Source.GOMOD, artifact.version, "")
    return recipe(Lock(stamp, (artifact,)), step, {"d": GoDirectory("d", contents)})


def with_go(artifact: Artifact, **fields: object) -> Artifact:
    assert artifact.gomod
    return dataclasses.replace(artifact, gomod=dataclasses.replace(artifact.gomod, **fields))  # type: ignore[arg-type]


def test_a_build_depends_on_each_of_its_inputs() -> None:
    variants = [
        recipe_of(),
        recipe_of(arch="arm64"),
        recipe_of(stamp="autotrade.2"),
        recipe_of(main_go=b"package main // changed"),
        recipe_of(go_sum=GO_SUM + b"x"),
        recipe_of(go_mod=GO_MOD + b"\n"),
        recipe_of(extra_go=b"package main"),
        recipe_of(with_go(TOOL, package="example.org/m/cmd/other")),
        recipe_of(with_go(TOOL, ldflags="-s")),
    ]
    assert len(set(variants)) == len(variants)
    assert recipe_of() == recipe_of()


def test_a_build_does_not_depend_on_estimates() -> None:
    assert recipe_of(with_go(TOOL, build_seconds=1.0)) == recipe_of()


def test_a_bundle_depends_on_its_module_and_files_only() -> None:
    assert recipe_of(BUNDLE, arch="any") == recipe_of(BUNDLE, arch="any", main_go=b"other")
    assert recipe_of(BUNDLE) != recipe_of(BUNDLE, go_sum=GO_SUM.replace(b"zip", b"new"))
    assert recipe_of(BUNDLE) != recipe_of(with_go(BUNDLE, files=("other/*.yaml",)))


def test_the_key_knows_the_toolchain() -> None:
    assert build_key("r", "go1.26.8") != build_key("r", "go1.26.9")


def test_required_versions_reads_both_spellings_and_no_replacements() -> None:
    assert required_versions(GO_MOD.decode()) == {
        "example.org/one": "v1.0.0",
        "example.org/m": "v1.2.3",
        "example.org/n/v2": "v2.0.0",
    }


def test_a_lock_that_names_another_version_than_go_mod_is_refused() -> None:
    other = dataclasses.replace(TOOL, version="v1.2.4")
    with pytest.raises(SupplyError, match=r"gomod/d/go.mod: found example.org/m v1.2.3; expected example.org/m v1.2.4"):
        module_version(GoDirectory("d", FILES), "example.org/m", other)
    with pytest.raises(SupplyError, match=r"no require of example\.org/absent"):
        module_version(GoDirectory("d", FILES), "example.org/absent", TOOL)


def test_a_module_without_a_pinned_sum_is_refused() -> None:
    assert module_sum(GoDirectory("d", FILES), "example.org/m", "v1.2.3") == "h1:zip="
    with pytest.raises(SupplyError, match=r"no checksum of example.org/n/v2 v2.0.0"):
        module_sum(GoDirectory("d", FILES), "example.org/n/v2", "v2.0.0")


def test_the_zip_sum_hashes_the_sorted_list_of_hashes() -> None:
    listing = f"{'1' * 64}  a\n{'2' * 64}  b\n"
    expected = "h1:" + base64.b64encode(hashlib.sha256(listing.encode()).digest()).decode()
    assert zip_sum([("b", "2" * 64), ("a", "1" * 64)]) == expected


def test_patterns_stay_within_a_directory_and_can_exclude() -> None:
    names = ["config/a.yaml", "config/b.yaml", "config/deep/c.yaml", "readme.md"]
    assert select_files(names, ["config/*.yaml"]) == ["config/a.yaml", "config/b.yaml"]
    assert select_files(names, ["config/*.yaml", "!config/b*"]) == ["config/a.yaml"]
    assert select_files(names, ["*.yaml"]) == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("go1.26.8", (1, 26, 8)),
        ("1.26", (1, 26, 0)),
        ("go1.27rc1", (1, 27, 0)),
        ("go1.26.8 X:loopvar", (1, 26, 8)),
        ("devel", None),
    ],
)
def test_go_versions(text: str, expected: tuple[int, int, int] | None) -> None:
    assert parse_go_version(text) == expected


def test_the_newest_go_line_decides() -> None:
    directories = [GoDirectory("a", {"go.mod": b"go 1.9\n"}), GoDirectory("b", {"go.mod": b"module x\n\ngo 1.26.0\n"})]
    assert needed_go(directories) == "1.26.0"
