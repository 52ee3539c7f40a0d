"""Where the artifact store lies: by its own variable, else below the cache of the user."""

from __future__ import annotations

from pathlib import Path

import pytest
from ansible_collections.autotrade.deployment.plugins.module_utils.edge.store_path import store_path

HOME = Path("~/.cache/autotrade/store").expanduser()


@pytest.mark.parametrize(("environment", "path"), [
    ({"AUTOTRADE_STORE": "/s", "XDG_CACHE_HOME": "/c"}, Path("/s")),
    ({"AUTOTRADE_STORE": "", "XDG_CACHE_HOME": "/c"}, Path("/c/autotrade/store")),
    ({"XDG_CACHE_HOME": ""}, HOME),
    ({}, HOME),
])  # fmt: skip
def test_the_first_that_is_set_counts(environment: dict[str, str], path: Path) -> None:
    assert store_path(environment) == path
