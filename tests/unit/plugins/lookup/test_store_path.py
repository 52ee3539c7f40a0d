"""The lookup store_path asks the controller's environment."""

from __future__ import annotations

import pytest
from ansible_collections.autotrade.deployment.plugins.lookup.store_path import LookupModule


def test_the_store_of_the_environment_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AUTOTRADE_STORE", "/s")
    assert LookupModule().run([]) == ["/s"]
