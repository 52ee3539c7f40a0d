"""A play names its kubeconfig once, in module_defaults; whoever speaks to a cluster has to be in that group."""

from __future__ import annotations

from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parents[3]


def test_every_module_with_a_connection_is_in_the_group() -> None:
    group = yaml.safe_load((ROOT / "meta" / "runtime.yml").read_text(encoding="utf-8"))["action_groups"]["cluster"]
    speakers = [
        path.stem
        for path in sorted((ROOT / "plugins" / "modules").glob("*.py"))
        if "- autotrade.deployment.connection" in path.read_text(encoding="utf-8")
    ]
    assert sorted(group) == speakers
