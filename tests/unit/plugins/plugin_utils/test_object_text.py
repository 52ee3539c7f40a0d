"""Manifests as text."""

from __future__ import annotations

import json

import pytest
from ansible_collections.autotrade.deployment.plugins.module_utils.core.objects import ManifestError
from ansible_collections.autotrade.deployment.plugins.plugin_utils.object_text import (
    documents,
    inline,
    sealed,
    why_not_rendered,
)


def test_each_document_has_its_place_and_empty_ones_are_left_out() -> None:
    assert list(documents("a.yaml", "---\na: 1\n---\n# nothing\n---\nb: 2\n")) == [("a.yaml:1", {"a": 1}), ("a.yaml:2", {"b": 2})]
    assert list(documents("a.yaml", "a: 1")) == [("a.yaml", {"a": 1})]
    assert list(documents("a.yaml", "")) == []


def test_values_are_read_as_the_kubernetes_tools_read_them() -> None:
    [(_source, found)] = documents("a", "day: 2026-11-23\nmode: 0644\nsize: 1Gi\nflag: true\n")
    assert found == {"day": "2026-11-23", "mode": 420, "size": "1Gi", "flag": True}


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("=", "="),
        ("16:30", "16:30"),
        ("190:20:30.5", "190:20:30.5"),
        ("1e3", 1000),
        ("1.5E3", 1500),
        ("1.0", 1),
        ("-.5", -0.5),
        ("0o17", 15),
        ("08", 8),
        ("1_000", 1000),
        ("-0x1f", -31),
        ("0b", "0b"),
        ("0o_", "0o_"),
        ("0x_", "0x_"),
        ("1.2.3", "1.2.3"),
        ("'1e3'", "1e3"),
    ],
)
def test_plain_text_is_a_number_where_it_is_one_for_kubectl(written: str, meant: object) -> None:
    """Seen with kubectl 1.36: ``kubectl label --local -o json``."""
    [(_source, found)] = documents("a", f"value: {written}\n")
    assert found == {"value": meant}
    assert type(found["value"]) is type(meant)


@pytest.mark.parametrize(
    "text", ["a: 'hunter2\nb: ]", "a: hunter2\na: hunter2\n", "a: !vault hunter2", "a: !hunter2 x", "a: *hunter2", "\thunter2: {"]
)
def test_errors_name_file_and_line_and_quote_no_value(text: str) -> None:
    with pytest.raises(ManifestError, match=r"^a\.yaml, line \d") as caught:
        list(documents("a.yaml", text))
    assert "hunter2" not in str(caught.value)


def test_inline_definitions_may_be_mappings_text_or_both() -> None:
    assert list(inline({"a": 1})) == [("definition", {"a": 1})]
    assert list(inline([{"a": 1}, "b: 2"])) == [("definition 1", {"a": 1}), ("definition 2", {"b": 2})]


def test_the_seal_is_json_with_all_characters() -> None:
    assert json.loads(sealed([("a", {"x": "{{ é }}"})])) == [["a", {"x": "{{ é }}"}]]
    with pytest.raises(ManifestError, match="type bytes"):
        sealed([("a", {"x": b"raw"})])


SECRET = "apiVersion: v1\nkind: Secret\ndata:\n  a: '{{ password }}'\n"


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("'password' is undefined. hunter2", "'password' is undefined ("),
        (
            "The filter plugin 'ansible.builtin.b64encode' failed: hunter2",
            "The filter plugin 'ansible.builtin.b64encode' failed (",
        ),
        ("object of type 'dict' has no attribute 'hunter2'", "RuntimeError ("),
    ],
)
def test_a_secrets_template_tells_of_an_error_only_what_can_be_no_value(said: str, shown: str) -> None:
    reason, cause = why_not_rendered(SECRET, RuntimeError(said))
    assert reason.startswith(shown)
    assert "hunter2" not in reason
    assert cause is None


def test_slips_in_the_template_itself_are_told_with_their_line() -> None:
    assert why_not_rendered(SECRET + "# {{ password | }}", RuntimeError("hunter2"))[0] == (
        "line 5: expected token 'name', got 'end of print statement'"
    )


def test_other_templates_tell_the_whole_error() -> None:
    error = RuntimeError("what Jinja says")
    assert why_not_rendered("kind: ConfigMap", error) == ("what Jinja says", error)
