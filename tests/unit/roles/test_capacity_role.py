"""The role capacity before there is a cluster: an inventory that is too small is refused, and nothing else is."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.conftest import ROOT, run_playbook

pytestmark = pytest.mark.requirement("N4")
Ask = Callable[..., tuple[int, str]]


@pytest.fixture(scope="module")
def ask(tmp_path_factory: pytest.TempPathFactory) -> Ask:
    """Run playbooks/capacity.yml without a cluster; runs with equal settings share what was rendered."""
    folder = tmp_path_factory.mktemp("capacity")

    def asking(directory: str = "usual", **settings: Any) -> tuple[int, str]:
        nowhere = {"cluster_kubeconfig": "/nonexistent/kubeconfig", "capacity_directory": str(folder / directory)}
        done = run_playbook("playbooks/capacity.yml", {**nowhere, **settings})
        # Long messages are folded.
        return done.returncode, " ".join((done.stdout + done.stderr).split())

    return asking


def test_the_inventory_holds_the_system_and_what_may_come_is_told(ask: Ask) -> None:
    status, text = ask()
    assert status == 0, text
    assert "against the inventory's nodes, as there is no cluster to ask (16 nodes)" in text
    assert "Steady state: fits." in text
    assert "autoscaler_maximum QuotaExceeded" in text
    assert "Beyond the steady state the quota takes 3 more pods of feature-engineering" in text
    assert "The scheduler was not asked" in text


def test_what_was_rendered_is_kept_until_something_differs(ask: Ask) -> None:
    assert "rendered only" in ask("kept")[1]
    assert "rendered only" not in ask("kept")[1]
    assert "rendered only" in ask("kept", trading_system_overrides={"data-pipeline": {"replicas": 8}})[1]


def test_hosts_that_are_too_small_are_refused_with_figures_and_settings(ask: Ask) -> None:
    small = {"cpu": "4", "memory": "16Gi", "ephemeral-storage": "100Gi", "nvidia.com/gpu": "1"}
    status, text = ask(node_size=small)
    assert status != 0
    assert "Nothing was applied, as this does not fit" in text
    assert "and may only run on cpu-1, cpu-2, cpu-3 and" in text
    assert "Add nodes to the inventory, or lower replicas or sizes (trading_system_overrides)" in text


def test_a_blue_green_start_that_does_not_fit_is_refused_with_its_figure(ask: Ask) -> None:
    wide = {"live": "blue", "replicas": {"live": 3, "idle": 9}}
    status, text = ask("sides", trading_system_strategy="blue_green", trading_system_blue_green=wide)
    assert status != 0
    assert "Both sides of trading-strategy" in text
    assert "of 64" in text


def test_what_need_not_fit_can_be_told_instead(ask: Ask) -> None:
    status, text = ask(node_size={"cpu": "4", "memory": "16Gi"}, capacity_refuse=[], capacity_warn=["steady"])
    assert status == 0, text
    assert "Warned about, not refused (capacity_warn): steady TooLittleRoom" in text


def test_a_setting_that_cannot_be_rendered_is_named_by_its_own_role(ask: Ask) -> None:
    status, text = ask("typo", trading_system_only="typo")
    assert status != 0
    assert "trading_system_only names typo; expected one or more of data-acquisition" in text


def test_site_asks_before_it_applies() -> None:
    plays = yaml.safe_load((ROOT / "playbooks" / "site.yml").read_text(encoding="utf-8"))
    order = [play["ansible.builtin.import_playbook"] for play in plays]
    assert order.index("provision.yml") < order.index("capacity.yml") < order.index("deploy.yml")


def test_no_secret_is_kept_with_what_was_rendered(ask: Ask, tmp_path: Path) -> None:
    ask("secrets", secrets_database_password="never-to-be-shown-1234567890", capacity_directory=str(tmp_path / "kept"))
    files = list((tmp_path / "kept").rglob("*.yaml"))
    assert files
    assert not [path for path in files if "never-to-be-shown" in path.read_text(encoding="utf-8")]
