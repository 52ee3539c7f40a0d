# Copyright (c) autotrade.deployment engineers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Kubernetes quantities (``500m``, ``4Gi``, ``25%``) with the API server's own parsing, writing and rounding.

The rules are those of k8s.io/apimachinery ``pkg/api/resource`` and ``pkg/util/intstr``.
"""

from __future__ import annotations

import math
import re
from fractions import Fraction

Number = str | int | float

_SYNTAX = re.compile(r"([+-]?)([0-9]+\.?[0-9]*|\.[0-9]+)(?:(Ki|Mi|Gi|Ti|Pi|Ei|[numkMGTPE])|([eE])([+-]?[0-9]{1,4}))?")
_PERCENT = re.compile(r"[+-]?[0-9]+%")
_BINARY = {"Ki": 1024, "Mi": 1024**2, "Gi": 1024**3, "Ti": 1024**4, "Pi": 1024**5, "Ei": 1024**6}
_DECIMAL = {"n": -9, "u": -6, "m": -3, "": 0, "k": 3, "M": 6, "G": 9, "T": 12, "P": 15, "E": 18}
_SUFFIX_OF_EXPONENT = {exponent: suffix for suffix, exponent in _DECIMAL.items()}
_NANO = 10**9
_LARGEST_BINARY = 2**63 - 1
_LARGEST_DECIMAL_EXPONENT = 18
_WHOLE_UNITS_FROM = 1000
_EXPECTED = "a Kubernetes quantity such as 2, 500m, 1.5, 4Gi, 100M or 1e3"


class QuantityError(ValueError):
    """Text that is no Kubernetes quantity or percentage; the message says what was found and what was expected."""


def parse(quantity: Number) -> Fraction:
    """Exact value in base units (cores, bytes, pieces). Finer than a billionth is rounded away from zero, as the API does.

    Raises QuantityError.
    """
    return _parse(quantity)[0]


def is_quantity(value: object) -> bool:
    """Whether ``value`` can be read as a quantity."""
    try:
        _parse(value)
    except QuantityError:
        return False
    return True


def canonical(quantity: Number) -> str:
    """The text that the API server writes for this value: no fraction, the largest suffix that keeps it whole.

    The family of the suffix (1024 or 1000 based, or an exponent) is kept; a binary one below 1024 turns decimal.
    Raises QuantityError.
    """
    value, family = _parse(quantity)
    return _write(value, family)


def written(value: Fraction, *, binary: bool) -> str:
    """The text that the API server writes for a value in base units, with suffixes of 1024 (``binary``) or of 1000."""
    return _write(value, "binary" if binary else "decimal")


def scale(quantity: Number, factor: Number) -> str:
    """``quantity`` times ``factor``, rounded up to what is worth writing, as canonical text.

    1024-based quantities round up to whole Mi from 1Mi on, then Ki, then bytes; all others to thousandths below 1000 and to
    whole units from there, so a request never shrinks to zero and memory never gets fractions of a byte. Factor 1 is exact.
    Raises QuantityError; the factor must not be negative.
    """
    times = _factor(factor)
    value, family = _parse(quantity)
    product = value * times
    if times == 1:
        return _write(value, family)
    return _write(_rounded(product, family), family)


def percent_of(value: Number, total: int, round_up: bool) -> int:
    """Count meant by an int-or-percent field such as maxSurge: whole numbers as they are, ``"25%"`` of ``total`` rounded.

    Kubernetes rounds up for maxSurge, for every field of a PodDisruptionBudget and down for a Deployment's maxUnavailable:
    the caller says which. Raises QuantityError.
    """
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if isinstance(value, str) and _PERCENT.fullmatch(value):
        share = Fraction(int(value[:-1]) * total, 100)
        return math.ceil(share) if round_up else math.floor(share)
    raise QuantityError(f'found {value!r}, expected a whole number or a percentage such as "25%"')


def _factor(factor: Number) -> Fraction:
    times, _family = _parse(factor)
    if times < 0:
        raise QuantityError(f"found the factor {factor!r}, expected zero or more")
    return times


def _parse(quantity: object) -> tuple[Fraction, str]:
    match = _SYNTAX.fullmatch(_text_of(quantity))
    if match is None:
        raise QuantityError(f"found {quantity!r}, expected {_EXPECTED}")
    sign, digits, suffix, letter, power = match.groups()
    value = Fraction(digits if digits[-1] != "." else digits[:-1])
    family = "decimal"
    if suffix in _BINARY:
        value, family = value * _BINARY[suffix], "binary"
    elif letter:
        value, family = value * Fraction(10) ** int(power), "exponent"
    else:
        value *= Fraction(10) ** _DECIMAL[suffix or ""]
    value = Fraction(math.ceil(value * _NANO), _NANO)
    if family == "binary":
        value = min(value, Fraction(_LARGEST_BINARY))
    return (-value if sign == "-" else value), family


def _text_of(quantity: object) -> str:
    if isinstance(quantity, bool):
        return ""
    if isinstance(quantity, (int, float)):
        return repr(quantity)
    return quantity if isinstance(quantity, str) and quantity.isascii() else ""


def _write(value: Fraction, family: str) -> str:
    if value == 0:
        return "0"
    if family == "binary" and abs(value) >= _BINARY["Ki"] and value.denominator == 1:
        return _write_binary(value.numerator)
    number, exponent = value * _NANO, -9
    limit = None if family == "exponent" else _LARGEST_DECIMAL_EXPONENT
    while number % 1000 == 0 and (limit is None or exponent < limit):
        number, exponent = number / 1000, exponent + 3
    if family == "exponent":
        return f"{number.numerator}e{exponent}" if exponent else str(number.numerator)
    return f"{number.numerator}{_SUFFIX_OF_EXPONENT[exponent]}"


def _write_binary(value: int) -> str:
    text = str(value)
    for suffix, size in _BINARY.items():
        if value % size == 0:
            text = f"{value // size}{suffix}"
    return text


def _rounded(value: Fraction, family: str) -> Fraction:
    step = Fraction(1, 1000) if abs(value) < _WHOLE_UNITS_FROM else Fraction(1)
    if family == "binary":
        sizes = [size for size in (_BINARY["Mi"], _BINARY["Ki"]) if abs(value) >= size]
        step = Fraction(sizes[0] if sizes else 1)
    magnitude = math.ceil(abs(value) / step) * step
    return -magnitude if value < 0 else magnitude
