"""Dashboards: every query parses, every panel has its place, and every recorded series that a panel asks for is recorded."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

FILES = Path(__file__).parents[4] / "roles" / "monitoring" / "files"
DASHBOARDS: dict[str, dict[str, Any]] = {
    path.stem: json.loads(path.read_text()) for path in sorted((FILES / "dashboards").glob("*.json"))
}
RECORDED = {
    rule["record"]
    for group in yaml.safe_load((FILES / "rules" / "recordings.yaml").read_text())["groups"]
    for rule in group["rules"]
}
pytestmark = pytest.mark.requirement("S4")


def _queries(dashboard: dict[str, Any]) -> list[str]:
    return [target["expr"].replace("$component", ".*") for panel in dashboard["panels"] for target in panel["targets"]]


@pytest.mark.parametrize("name", DASHBOARDS)
def test_every_query_parses(name: str, tmp_path: Path) -> None:
    promtool = shutil.which("promtool")
    if promtool is None:
        pytest.fail("promtool is not on the PATH; install it with: apt-get install -y prometheus (and disable its service)")
    rules = [{"record": f"query:{number}", "expr": query} for number, query in enumerate(_queries(DASHBOARDS[name]))]
    path = tmp_path / "rules.yaml"
    path.write_text(yaml.safe_dump({"groups": [{"name": name, "rules": rules}]}))
    result = subprocess.run([promtool, "check", "rules", str(path)], capture_output=True, text=True, check=False, timeout=600)
    assert result.returncode == 0, result.stdout + result.stderr


@pytest.mark.parametrize("name", DASHBOARDS)
def test_recorded_series_exist(name: str) -> None:
    asked = {series for query in _queries(DASHBOARDS[name]) for series in re.findall(r"\b[a-z]+:[a-z_]+:[a-z0-9]+", query)}
    assert asked <= RECORDED


@pytest.mark.parametrize("name", DASHBOARDS)
def test_panels_have_their_own_place_and_number(name: str) -> None:
    panels = DASHBOARDS[name]["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels)
    cells = [
        (column, row)
        for place in (panel["gridPos"] for panel in panels)
        for column in range(place["x"], place["x"] + place["w"])
        for row in range(place["y"], place["y"] + place["h"])
    ]
    assert len(cells) == len(set(cells))
    assert max(column for column, _ in cells) < 24


def test_dashboards_have_their_own_address() -> None:
    assert len({dashboard["uid"] for dashboard in DASHBOARDS.values()}) == len(DASHBOARDS) == 3
