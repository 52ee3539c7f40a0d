# Copyright (c) autotrade.deployment engineers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Filter ``scaled``: a Kubernetes quantity times a factor, for installations smaller or larger than the documented sizes."""

from __future__ import annotations

from collections.abc import Callable

from ansible.errors import AnsibleFilterError
from ansible_collections.autotrade.deployment.plugins.module_utils.core import quantities


def scaled(quantity: str | int | float, factor: str | int | float = 1) -> str:
    """Return ``quantity`` times ``factor`` in Kubernetes notation; raise AnsibleFilterError when either is not a number."""
    try:
        return quantities.scale(str(quantity), _positive(factor))
    except ValueError as error:
        raise AnsibleFilterError(f"scaled: {error}") from error


def _positive(factor: str | int | float) -> float:
    try:
        value = float(factor)
    except ValueError as error:
        raise ValueError(_refusal(factor)) from error
    if not 0 < value < float("inf"):
        raise ValueError(_refusal(factor))
    return value


def _refusal(factor: object) -> str:
    return f"the factor is {factor!r}, expected a number above 0; set trading_system_scale to such a number"


class FilterModule:
    """The filters of this file."""

    def filters(self) -> dict[str, Callable[..., str]]:
        """Return the filters by name."""
        return {"scaled": scaled}
