"""What is an example's, and what only looks like it."""

from __future__ import annotations

import string

import pytest
from ansible_collections.autotrade.deployment.plugins.module_utils.core.placeholders import left_open, placeholders
from hypothesis import given
from hypothesis import strategies as st

NAMES = ["example.com", "api.trading.example.com", "store.example.org", "a.example", "registry.invalid", "EXAMPLE.net"]
ADDRESSES = ["192.0.2.1", "198.51.100.255", "203.0.113.7", "2001:db8::1"]
OWN = [
    "example.com.internal",
    "counterexample.org",
    "my-example.company",
    "192.0.20.1",
    "10.192.0.2",
    "192.0.2.300",
    "example",
    "2001:db9::1",
]


@pytest.mark.parametrize("text", NAMES + ADDRESSES)
def test_reserved_names_and_addresses_are_found(text: str) -> None:
    assert placeholders(f"https://{text}/path") == [text]
    assert placeholders(f"{text}-suffix") == ([] if text in NAMES else [text])


@pytest.mark.parametrize("text", OWN)
def test_what_belongs_to_somebody_is_left_alone(text: str) -> None:
    assert placeholders(f"https://{text}/path") == []


def test_a_range_names_both_its_ends() -> None:
    assert placeholders("192.0.2.200-192.0.2.239") == ["192.0.2.200", "192.0.2.239"]
    assert placeholders("192.0.2.0/24") == ["192.0.2.0"]


def test_parts_are_told_by_their_path_and_nothing_else_of_them() -> None:
    value = [{"url": "https://hooks.example.com/s3cr3t", "name": ""}, {"url": "https://pager.internal/x"}, 5, None]
    assert list(left_open("receivers", value, required=True)) == [
        "receivers[0].url names hooks.example.com: reserved for examples, expected your own",
        "receivers[0].name is empty",
        "receivers[3] is empty",
    ]
    assert len(list(left_open("receivers", value, required=False))) == 1


@pytest.mark.parametrize("empty", ["", None, [], {}])
def test_only_what_is_required_may_not_be_empty(empty: object) -> None:
    assert list(left_open("x", empty, required=True)) == ["x is empty"]
    assert list(left_open("x", empty, required=False)) == []


LABELS = st.text(string.ascii_lowercase + string.digits, min_size=1, max_size=10)


@given(st.lists(LABELS, min_size=1, max_size=4), st.sampled_from(["com", "internal", "io", "de"]))
def test_a_name_is_an_example_by_its_last_labels_alone(labels: list[str], last: str) -> None:
    name = ".".join([*labels, last])
    assert bool(placeholders(name)) is (last == "com" and labels[-1] == "example")
