# Copyright (c) autotrade.deployment engineers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""JMESPath for the core's custom readiness rules."""

from __future__ import annotations

from typing import Any


def search(expression: str, document: Any) -> Any:
    """Value of the expression in the document. Raises ValueError where the expression is wrong or the package is missing."""
    try:
        import jmespath  # noqa: PLC0415 - needed for custom rules only
    except ImportError:
        raise ValueError("the Python package jmespath is not installed here; install it or leave readiness_rules out") from None
    try:
        return jmespath.search(expression, document)
    except jmespath.exceptions.JMESPathError as error:
        raise ValueError(f"{expression}: {error}") from None
