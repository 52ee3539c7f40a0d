"""Each inventory for production, finished, and what every role makes of it; rendered once, as it takes a while."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.support import inventories

Exported = Callable[[str], dict[str, list[dict[str, Any]]]]


@pytest.fixture(scope="session")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Exported:
    """Role -> objects, with the variables of an inventory (prod, gcp or aws)."""
    kept: dict[str, dict[str, list[dict[str, Any]]]] = {}

    def objects(name: str) -> dict[str, list[dict[str, Any]]]:
        if name not in kept:
            kept[name] = inventories.export(inventories.finished(name, tmp_path_factory.mktemp("inventories")))
        return kept[name]

    return objects
