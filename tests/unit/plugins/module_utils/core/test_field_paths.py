# Copyright (c) autotrade.deployment engineers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Field paths: read, written, matched."""

from __future__ import annotations

import pytest
from ansible_collections.autotrade.deployment.plugins.module_utils.core.field_paths import (
    FieldPath,
    FieldPathError,
    format_path,
    matches,
    parse_path,
)
from hypothesis import given
from hypothesis import strategies as st


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("data.password", ("data", "password")),
        ("$.data.password", ("data", "password")),
        (".data.password", ("data", "password")),
        ("spec.containers.*.env[0].value", ("spec", "containers", "*", "env", 0, "value")),
        ("spec.containers[*].image", ("spec", "containers", "*", "image")),
        ("spec.containers.2.image", ("spec", "containers", 2, "image")),
        ("metadata.annotations['a.b/c']", ("metadata", "annotations", "a.b/c")),
        ('metadata.annotations["a.b/c"].x', ("metadata", "annotations", "a.b/c", "x")),
        ("['a']", ("a",)),
        (" data ", ("data",)),
    ],
)
def test_read(text: str, path: FieldPath) -> None:
    assert parse_path(text) == path


@pytest.mark.parametrize("text", ["", "$", ".", "a..b", "a.", "a[", "a[x]", "a['b]", "a]b", "a[-1]"])
def test_refused_with_the_expected_form(text: str) -> None:
    with pytest.raises(FieldPathError, match="names joined by dots"):
        parse_path(text)


NAMES = st.from_regex(r"[A-Za-z_][A-Za-z0-9_-]*", fullmatch=True) | st.sampled_from(
    ["a.b/c", "app.kubernetes.io/name", "x y", "*"]
)


@given(st.lists(NAMES | st.integers(0, 99), min_size=1, max_size=6).map(tuple))
def test_what_is_written_can_be_read(path: FieldPath) -> None:
    assert parse_path(format_path(path)) == path


def test_written_form() -> None:
    assert format_path(("spec", "containers", 0, "env", "a.b/c")) == "spec.containers[0].env['a.b/c']"
    assert format_path(()) == ""


@pytest.mark.parametrize(
    ("pattern", "path", "answer"),
    [
        (("data", "*"), ("data", "password"), True),
        (("data", "*"), ("data",), False),
        (("data",), ("data", "password"), True),
        (("data", "a"), ("data", "b"), False),
        (("spec", "*", "x"), ("spec", 3, "x"), True),
        (("data", 8080), ("data", "8080"), True),
        (("data", 1), ("data", 1), True),
        (("data", 1), ("data", 2), False),
    ],
)
def test_matching(pattern: FieldPath, path: FieldPath, answer: bool) -> None:
    assert matches(pattern, path) is answer
