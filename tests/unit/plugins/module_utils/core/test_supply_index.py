"""The store's index."""

from __future__ import annotations

import dataclasses
import json

import pytest
from ansible_collections.autotrade.deployment.plugins.module_utils.core.supply import Artifact, Kind, Source
from ansible_collections.autotrade.deployment.plugins.module_utils.core.supply_index import (
    Entry,
    is_current,
    link_path,
    parse_index,
    render_index,
    stored_path,
)
from ansible_collections.autotrade.deployment.plugins.module_utils.core.supply_plan import Step
from hypothesis import given
from hypothesis import strategies as st

ENTRY = Entry("tool", "binary", "v1+autotrade.1", "amd64", "gomod", "binaries/tool", "a" * 64, 7, 8, "inputs", "go1.26.8")
TOOL = Step(Artifact("tool", Kind.BINARY, "v1"), "amd64", Source.GOMOD, "v1+autotrade.1", "")
IMAGE = Step(Artifact("pause", Kind.IMAGE, "3.10"), "arm64", Source.RELEASE, "3.10", "")
BUNDLE = Step(Artifact("definitions", Kind.BUNDLE, "v2"), "any", Source.GOMOD, "v2", "")

entries = st.builds(
    Entry,
    **{field.name: st.integers() if field.type == "int" else st.text() for field in dataclasses.fields(Entry)},  # type: ignore[arg-type]
)


@given(st.lists(entries))
def test_what_is_written_is_read_again(written: list[Entry]) -> None:
    unique = {entry.key: entry for entry in written}
    assert parse_index(render_index(unique.values())) == unique


@pytest.mark.parametrize("text", ["", "null", "[]", "{", '{"format": 2, "artifacts": [1]}', '{"format": 1, "artifacts": [{}]}'])
def test_an_unreadable_index_counts_as_empty(text: str) -> None:
    assert parse_index(text) == {}


def test_an_index_from_before_there_were_images_is_still_read() -> None:
    document = json.loads(render_index([ENTRY]))
    del document["artifacts"][0]["digest"]
    assert parse_index(json.dumps(document)) == {ENTRY.key: ENTRY}


def test_the_layout_of_the_store() -> None:
    assert stored_path(TOOL) == "binaries/tool/v1+autotrade.1/amd64/tool"
    assert stored_path(BUNDLE) == "bundles/definitions/v2/definitions.yaml"
    assert link_path(TOOL, "amd64") == "bin/tool"
    assert link_path(TOOL, "arm64") == ""
    assert stored_path(IMAGE) == "images/pause/3.10/arm64/pause.tar"
    assert link_path(IMAGE, "arm64") == "images/pause.tar"
    assert link_path(IMAGE, "amd64") == ""
    assert link_path(BUNDLE, "arm64") == "bundles/definitions.yaml"


@pytest.mark.parametrize(
    ("entry", "inputs", "toolchain", "expected"),
    [
        (ENTRY, "inputs", "go1.26.8", True),
        (ENTRY, "inputs", "go1.26.9", False),
        (ENTRY, "inputs", None, True),
        (dataclasses.replace(ENTRY, toolchain=""), "inputs", "go1.26.9", True),
        (ENTRY, "other", "go1.26.8", False),
        (dataclasses.replace(ENTRY, source="release"), "inputs", "go1.26.8", False),
        (None, "inputs", None, False),
    ],
)
def test_an_entry_is_current_when_its_inputs_are(entry: Entry | None, inputs: str, toolchain: str | None, expected: bool) -> None:
    assert is_current(entry, TOOL, inputs, toolchain) is expected
