"""The lookup stored_image reads the store's index."""

from __future__ import annotations

from pathlib import Path

import pytest
from ansible.errors import AnsibleLookupError
from ansible_collections.autotrade.deployment.plugins.lookup.stored_image import LookupModule
from ansible_collections.autotrade.deployment.plugins.module_utils.core.supply_index import Entry, render_index
from ansible_collections.autotrade.deployment.plugins.module_utils.edge.supply import host_arch

ENTRY = Entry("workload", "image", "v1+a", host_arch(), "compose", "images/w.tar", "s", 1, 1, "i", "", "sha256:d")
FOUND = {"version": "v1+a", "tag": "v1_a", "path": "images/w.tar", "digest": "sha256:d"}


@pytest.fixture
def store(tmp_path: Path) -> Path:
    (tmp_path / "index.json").write_text(render_index([ENTRY]), encoding="utf-8")
    return tmp_path


def test_an_image_of_the_named_store_is_found(store: Path) -> None:
    assert LookupModule().run(["workload"], store=str(store)) == [FOUND]


def test_the_store_of_the_environment_is_the_usual_one(store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AUTOTRADE_STORE", str(store))
    assert LookupModule().run(["workload"]) == [FOUND]


def test_what_the_store_lacks_is_named(store: Path) -> None:
    with pytest.raises(AnsibleLookupError, match="no image other for"):
        LookupModule().run(["other"], store=str(store))


def test_a_store_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(AnsibleLookupError, match=str(tmp_path / "none")):
        LookupModule().run(["workload"], store=str(tmp_path / "none"))
