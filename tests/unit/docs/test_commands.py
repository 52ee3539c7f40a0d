"""The commands of the documents, one after the other in a fresh copy of the checkout, as somebody would type them.

Programs that would need the internet, hosts or a cloud are played by one that looks at its arguments: a playbook, an inventory,
a folder or a variable file that is not there ends the block, and so does a playbook that would meet an encrypted file without
its password.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tests.conftest import ROOT

pytestmark = pytest.mark.requirement("C8")
ACTOR = Path(__file__).with_name("actor.py")
PLAYED = ("make", "git", "pip", "tofu", "editor", "ansible-playbook", "ansible-vault", "ansible-inventory", "ansible-galaxy")
DOCUMENTS = ("docs/production.md", "docs/cloud.md", "infra/opentofu/README.md")


def blocks(document: str, language: str = "") -> list[str]:
    """The blocks of a document in one language; commands have none."""
    text = (ROOT / document).read_text(encoding="utf-8")
    fenced = re.findall(r"^```(\w*)\n(.*?)^```$", text, flags=re.MULTILINE | re.DOTALL)
    return [block for found, block in fenced if found == language]


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """A fresh clone, as far as the commands look at it."""
    checkout = tmp_path / "work/clone"
    checkout.mkdir(parents=True)
    for name in ("inventories", "playbooks", "infra"):
        shutil.copytree(ROOT / name, checkout / name, symlinks=True)
    for name in ("site.yml", "Makefile"):
        shutil.copy(ROOT / name, checkout / name)
    programs = tmp_path / "programs"
    programs.mkdir()
    for name in PLAYED:
        path = programs / name
        path.write_text(f'#!/bin/sh\nexec {sys.executable} {ACTOR} {name} "$@"\n', encoding="utf-8")
        path.chmod(0o755)
    return checkout


def typed(clone: Path, block: str) -> subprocess.CompletedProcess[str]:
    home = clone.parents[1]
    environment = {"PATH": f"{home}/programs:{os.environ['PATH']}", "HOME": str(home), "EDITOR": "editor"}
    return subprocess.run(
        ["bash", "-euo", "pipefail", "-c", block],
        cwd=clone,
        env=environment,
        text=True,
        capture_output=True,
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_command_works_from_a_fresh_clone(clone: Path, document: str) -> None:
    commands = [block for block in blocks(document) if "../trading-inventory" in block]
    assert commands
    if document == "infra/opentofu/README.md":
        # It goes on where docs/cloud.md made the variables.
        (clone / "../trading-inventory").mkdir()
        (clone / "../trading-inventory/gcp.tfvars").touch()
    for block in commands:
        if "image-host.yml" in block:
            (hosts,) = [one for one in blocks(document, "yaml") if "golden_image" in one]
            assert yaml.safe_load(hosts)["all"]["children"]["golden_image"]["hosts"]
            (clone / "../trading-inventory/image-host.yml").write_text(hosts, encoding="utf-8")
        answer = typed(clone, block)
        assert answer.returncode == 0, f"{block}\n{answer.stderr}"
    assert "ansible-playbook site.yml" in "".join(commands) or document.startswith("infra/")


@pytest.mark.parametrize(
    ("block", "said"),
    [
        ("cp -r inventories/prod ../trading-inventory/prod", "cannot create directory"),
        (
            "ansible-vault create inventories/prod/group_vars/all/vault.yml\nansible-playbook site.yml -i inventories/prod",
            "no vault secrets",
        ),
        ("ansible-playbook playbooks/lost.yml -i inventories/prod", "playbooks/lost.yml is not there"),
        ("cd infra/opentofu/aws && tofu init && cp -rL inventories/cloud/aws ../aws", "cannot stat"),
        ("tofu -chdir=infra/opentofu/aws apply -var-file=trading.tfvars", "trading.tfvars is not there"),
        ("make lost", "make knows no lost"),
    ],
)
def test_a_command_that_would_fail_is_noticed(clone: Path, block: str, said: str) -> None:
    answer = typed(clone, block)
    assert answer.returncode != 0
    assert said in answer.stderr
