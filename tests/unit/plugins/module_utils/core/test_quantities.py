# Copyright (c) autotrade.deployment engineers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Quantities: the canonical texts were produced by k8s.io/apimachinery v0.36 for the same inputs."""

from __future__ import annotations

import math
from fractions import Fraction

import pytest
from ansible_collections.autotrade.deployment.plugins.module_utils.core.quantities import (
    QuantityError,
    canonical,
    is_quantity,
    parse,
    percent_of,
    scale,
)
from hypothesis import given
from hypothesis import strategies as st

SUFFIXES = st.sampled_from(["", "n", "u", "m", "k", "M", "G", "T", "P", "Ki", "Mi", "Gi", "Ti", "e3", "E2", "e-3"])
NUMBERS = st.from_regex(r"[+-]?(0|[1-9][0-9]{0,5})(\.[0-9]{1,4})?", fullmatch=True)
QUANTITIES = st.builds(str.__add__, NUMBERS, SUFFIXES)
CANONICAL = [
    ("0", "0"),
    ("0Ki", "0"),
    ("-0", "0"),
    ("00.10", "100m"),
    ("2", "2"),
    ("0.5", "500m"),
    (".5", "500m"),
    ("5.", "5"),
    ("1.5", "1500m"),
    ("1000", "1k"),
    ("1024", "1024"),
    ("1000000", "1M"),
    ("123456", "123456"),
    ("100m", "100m"),
    ("1000m", "1"),
    ("1500m", "1500m"),
    ("0.0005", "500u"),
    ("1n", "1n"),
    ("0.1n", "1n"),
    ("1.0000000001", "1000000001n"),
    ("1Ki", "1Ki"),
    ("1.5Ki", "1536"),
    ("1000Ki", "1000Ki"),
    ("1024Ki", "1Mi"),
    ("0.5Ki", "512"),
    ("0.1Ki", "102400m"),
    ("1.5Gi", "1536Mi"),
    ("0.3Gi", "322122547200m"),
    ("1024Mi", "1Gi"),
    ("1048576Ki", "1Gi"),
    ("3Pi", "3Pi"),
    ("8Ei", "9223372036854775807"),
    ("16Ei", "9223372036854775807"),
    ("100k", "100k"),
    ("1500k", "1500k"),
    ("1.5M", "1500k"),
    ("999E", "999E"),
    ("1e3", "1e3"),
    ("1e0", "1"),
    ("1500e-3", "1500e-3"),
    ("12e6", "12e6"),
    ("1e-9", "1e-9"),
    ("0.1e1", "1"),
    ("1.5E2", "150"),
    ("-1.5", "-1500m"),
    ("-1500Mi", "-1500Mi"),
    ("-0.5Ki", "-512"),
    ("+3", "3"),
]


@pytest.mark.parametrize(("text", "expected"), CANONICAL)
def test_canonical_text(text: str, expected: str) -> None:
    assert canonical(text) == expected


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("2", 2),
        ("500m", Fraction(1, 2)),
        (".5", Fraction(1, 2)),
        ("1.", 1),
        ("1.5Gi", 3 * 2**29),
        ("-2k", -2000),
        ("1e3", 1000),
        ("1E", 10**18),
        ("1E3", 1000),
        ("5e-1", Fraction(1, 2)),
        (3, 3),
        (0.25, Fraction(1, 4)),
        (1e-5, Fraction(1, 10**5)),
        ("0.1n", Fraction(1, 10**9)),
        ("-0.1n", Fraction(-1, 10**9)),
        ("8Ei", 2**63 - 1),
        ("-9Ei", -(2**63 - 1)),
        ("9E", 9 * 10**18),
    ],
)
def test_value(text: str | int | float, value: Fraction | int) -> None:
    assert parse(text) == value


@pytest.mark.parametrize(
    "text",
    ["", "m", ".", "1 Gi", "1gi", "1Kb", "1K", "0x10", "1e", "--1", "1.2.3", "²", "1e99999", True, None, [], math.inf, math.nan],
)
def test_no_quantity(text: object) -> None:
    assert not is_quantity(text)
    with pytest.raises(QuantityError, match="expected a Kubernetes quantity"):
        parse(text)  # type: ignore[arg-type]


def test_is_quantity() -> None:
    assert is_quantity("4Gi")
    assert is_quantity(0)


@given(QUANTITIES)
def test_canonical_text_keeps_the_value_and_is_stable(text: str) -> None:
    written = canonical(text)
    assert parse(written) == parse(text)
    assert canonical(written) == written
    assert "." not in written


@pytest.mark.parametrize(
    ("text", "factor", "expected"),
    [
        ("2", 0.05, "100m"),
        ("1", "0.333", "333m"),
        ("1", 0.0001, "1m"),
        ("500m", 0.1, "50m"),
        ("4Gi", 0.05, "205Mi"),
        ("64Gi", 0.5, "32Gi"),
        ("1Mi", 0.5, "512Ki"),
        ("1Ki", 0.3, "308"),
        ("1G", "0.3333", "333300k"),
        ("1073741824", 0.3, "322122548"),
        ("999", 0.9999, "998901m"),
        ("0", 0.5, "0"),
        ("2", 0, "0"),
        ("1536Mi", 1, "1536Mi"),
        ("0.5", 1.0, "500m"),
        ("1.5Ki", 1, "1536"),
        ("-3", 0.5, "-1500m"),
        ("-1", "0.0001", "-1m"),
        ("2e3", 0.5, "1e3"),
    ],
)
def test_scaled(text: str, factor: str | float, expected: str) -> None:
    assert scale(text, factor) == expected


def test_a_negative_factor_is_refused() -> None:
    with pytest.raises(QuantityError, match="zero or more"):
        scale("1", -1)


@given(NUMBERS.filter(lambda text: parse(text) > 0), SUFFIXES, st.fractions(min_value="0.001", max_value=3))
def test_scaling_never_gives_less_than_the_exact_product_nor_zero(number: str, suffix: str, factor: Fraction) -> None:
    text, times = number + suffix, f"{float(factor):.3f}"
    exact, given_ = parse(text) * parse(times), parse(scale(text, times))
    assert given_ >= min(exact, Fraction(2**63 - 1))
    assert given_ > 0


@given(st.integers(1, 2**40), st.fractions(min_value="0.001", max_value=1))
def test_scaled_memory_is_whole_bytes(size: int, factor: Fraction) -> None:
    assert parse(scale(f"{size}Ki", f"{float(factor):.3f}")).denominator == 1


@pytest.mark.parametrize(
    ("value", "total", "round_up", "expected"),
    [
        (3, 10, True, 3),
        (-1, 10, True, -1),
        ("25%", 3, True, 1),
        ("25%", 3, False, 0),
        ("25%", 4, True, 1),
        ("25%", 4, False, 1),
        ("0%", 10, True, 0),
        ("100%", 7, False, 7),
        ("150%", 3, True, 5),
        ("1%", 0, True, 0),
        ("-50%", 3, True, -1),
        ("-50%", 3, False, -2),
    ],
)
def test_percent(value: int | str, total: int, round_up: bool, expected: int) -> None:
    assert percent_of(value, total, round_up) == expected


@pytest.mark.parametrize("value", ["5", "5.5%", "%", "five%", "", True, 2.0, None])
def test_no_percentage(value: object) -> None:
    with pytest.raises(QuantityError, match="whole number or a percentage"):
        percent_of(value, 10, round_up=True)  # type: ignore[arg-type]


@given(st.integers(0, 100), st.integers(0, 10_000))
def test_rounding_up_and_down_differ_by_less_than_one(percent: int, total: int) -> None:
    up, down = percent_of(f"{percent}%", total, round_up=True), percent_of(f"{percent}%", total, round_up=False)
    assert down <= percent * total / 100 <= up <= down + 1
