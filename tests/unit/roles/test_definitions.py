"""Every role that needs resource definitions asks the store for them, and speaks of its own variables when one is missing."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from tests.conftest import ROOT, run_playbook

ROLES = sorted(path.parents[1].name for path in ROOT.glob("roles/*/defaults/main.yml") if "_crd_bundles:" in path.read_text())


def refusal(role: str, folder: Path, tags: str, store: Path | str) -> str:
    """What the role says, run with only ``tags``, where the store has no bundle."""
    content = {"hosts": "localhost", "gather_facts": False}
    book = folder / "play.yml"
    book.write_text(yaml.safe_dump([{**content, "roles": [{"role": f"autotrade.deployment.{role}", "tags": ["layer"]}]}]))
    missing = {f"{role}_crd_bundles": ["nowhere"], f"{role}_store": str(store)}
    return run_playbook(book, missing, "--tags", tags).stdout


@pytest.mark.parametrize("role", ROLES)
def test_a_missing_bundle_is_refused_with_the_roles_own_variables(role: str, tmp_path: Path) -> None:
    said = " ".join(refusal(role, tmp_path, role, tmp_path).split())
    assert f"{tmp_path}/bundles/nowhere.yaml is not there" in said
    assert f"expected a bundle that {role}_crd_bundles names" in said
    assert f"set {role}_store to a filled one, or take the name off {role}_crd_bundles" in said


def test_the_tags_of_the_play_choose_the_definitions_too(tmp_path: Path) -> None:
    assert "nowhere.yaml is not there" in refusal("gateway", tmp_path, "layer", tmp_path)
    assert "nowhere.yaml is not there" not in refusal("gateway", tmp_path, "another", tmp_path)


def test_a_role_without_a_store_of_its_own_takes_the_one_of_artifact_store(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AUTOTRADE_STORE", str(tmp_path / "shared"))
    assert f"{tmp_path}/shared/bundles/nowhere.yaml is not there" in refusal("gateway", tmp_path, "gateway", "")
