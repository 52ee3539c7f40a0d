"""The collection as a user gets it: built, installed, started from an empty directory with an inventory outside it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.scenarios.conftest import ROOT, Playbooks, processes_below

BIN = ROOT / ".venv" / "bin"


def galaxy(cwd: Path, settings: dict[str, str], *arguments: str) -> None:
    command = [str(BIN / "ansible-galaxy"), "collection", *arguments]
    subprocess.run(command, check=True, env=os.environ | settings, cwd=cwd, capture_output=True)


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Playbooks]:
    """An empty directory with the user's own inventory; the collection lies elsewhere."""
    work, collections, state = (tmp_path_factory.mktemp(name) for name in ("work", "collections", "state"))
    # An empty configuration: the checkout's would find the collection in the checkout.
    config = work / "ansible.cfg"
    config.write_text("")
    settings = {"ANSIBLE_COLLECTIONS_PATH": str(collections), "ANSIBLE_CONFIG": str(config)}
    galaxy(work, settings, "build", str(ROOT), "--output-path", str(collections))
    (archive,) = collections.glob("autotrade-deployment-*.tar.gz")
    galaxy(work, settings, "install", str(archive), "-p", str(collections), "--offline")
    shutil.copytree(ROOT / "inventories" / "simulated", work / "inventory")
    books = Playbooks(BIN, work, state, "inventory", settings)
    yield books
    assert books.run("autotrade.deployment.simulated", "-e", "simulated_cluster_state=absent").status == 0
    assert processes_below(state) == []


@pytest.mark.requirement("V8")
def test_the_archive_holds_the_collection_and_nothing_else(installed: Playbooks) -> None:
    root = Path(installed.env["ANSIBLE_COLLECTIONS_PATH"]) / "ansible_collections" / "autotrade" / "deployment"
    names = {path.name for path in root.iterdir()}
    assert {"roles", "plugins", "playbooks", "README.md", "MANIFEST.json"} <= names
    assert names.isdisjoint({".venv", "build", ".git", ".collections", ".ci", ".nox"})


def test_a_role_finds_the_definitions_of_another_role(installed: Playbooks) -> None:
    run = installed.run("autotrade.deployment.deploy", "--tags", "gateway", "-e", '{"gateway_crd_bundles": ["nowhere"]}')
    assert "bundles/nowhere.yaml is not there; expected a bundle that gateway_crd_bundles names" in " ".join(run.output.split())


@pytest.mark.requirement("V8")
def test_site_runs_by_its_shipped_name(installed: Playbooks) -> None:
    run = installed.must("autotrade.deployment.site")
    assert run.changed > 0
    assert installed.must("autotrade.deployment.site").changed == 0
    report = json.loads((installed.cwd / "build" / "verify.json").read_text())
    assert {id_: row for id_, row in report.items() if row["state"] == "failed"} == {}
