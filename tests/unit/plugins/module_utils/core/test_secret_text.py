"""Messages about Secrets, without their values."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from ansible_collections.autotrade.deployment.plugins.module_utils.core.secret_text import HIDDEN, hidden, refusal, values
from hypothesis import given
from hypothesis import strategies as st


def secret(**parts: Any) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "Secret", "metadata": {"namespace": "trading-system", "name": "login"}, **parts}


def encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


@given(st.text(), st.text())
def test_a_message_quotes_no_value_however_it_is_written(before: str, after: str) -> None:
    value = f"{before}Swordfish{after}"
    forms = (value, encoded(value), json.dumps({"k": [value]}, ensure_ascii=False))
    for given_as in ({"data": {"k": encoded(value)}}, {"stringData": {"k": value}}, {"dta": [{"k": value}]}):
        found = hidden(" ".join(forms), values(secret(**given_as)))
        assert "Swordfish" not in found
        assert encoded(value) not in found


def test_go_writes_three_signs_as_in_a_page() -> None:
    assert hidden('"a\\u003cb\\u0026\\u003ec"', values(secret(data={"k": encoded("a<b&>c")}))) == f'"{HIDDEN}"'


def test_a_value_that_begins_like_another_one_leaves_no_rest() -> None:
    assert hidden("Swordfish7788", values(secret(stringData={"a": "Sword", "b": "Swordfish7788"}))) == HIDDEN


def test_numbers_are_values_and_short_texts_are_not() -> None:
    assert hidden("pin 12345678, no", values(secret(data={"pin": 12345678, "no": "no", "yes": True}))) == f"pin {HIDDEN}, no"


def test_name_and_namespace_can_be_named() -> None:
    text = "v1 Secret trading-system/login: refused"
    assert hidden(text, values(secret(data={"username": encoded("trading"), "x": "login"}))) == text


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ('data[a]: Invalid value: "a\\"b": too short', f"data[a]: Invalid value: {HIDDEN}: too short"),
        ("data[a]: Invalid value: map[a:b]: wrong", f"data[a]: Invalid value: {HIDDEN}"),
        ('.data.a: expected string, got &value{Value:x}{"b":"y"}}\n.data.c: x', f".data.a: expected string, got {HIDDEN}"),
        (".data: expected map, got &{x}", f".data: expected map, got {HIDDEN}"),
        (".datta: field not declared in schema", ".datta: field not declared in schema"),
    ],
)
def test_what_the_api_server_quotes_is_cut_out(said: str, shown: str) -> None:
    assert refusal(said) == shown
