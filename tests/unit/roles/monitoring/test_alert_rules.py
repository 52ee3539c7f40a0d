"""Every alert rule, firing and quiet, judged by promtool; and what every rule must carry."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

RULES = Path(__file__).parents[4] / "roles" / "monitoring" / "files" / "rules"
CASES: list[dict[str, Any]] = yaml.safe_load((Path(__file__).parent / "rule_cases.yaml").read_text())
ALERTS: dict[str, dict[str, Any]] = {
    rule["alert"]: rule
    for group in yaml.safe_load((RULES / "alerts.yaml").read_text())["groups"]
    for rule in group["rules"]
}
pytestmark = pytest.mark.requirement("S4", "S8")


@pytest.fixture(scope="module")
def promtool() -> str:
    path = shutil.which("promtool")
    if path is None:
        pytest.fail("promtool is not on the PATH; install it with: apt-get install -y prometheus (and disable its service)")
    return path


def _case(case: dict[str, Any], *, fires: bool) -> dict[str, Any]:
    series = case["firing"] if fires else case["quiet"]
    found = [{"labels": f'{{alertname="{case["alert"]}"}}', "value": 1}] if fires else []
    return {
        "interval": "1m",
        "name": f"{case['alert']} {'fires' if fires else 'stays quiet'}",
        "input_series": [{"series": name, "values": str(values)} for name, values in series.items()],
        "promql_expr_test": [
            {
                "expr": f'group by (alertname) (ALERTS{{alertname="{case["alert"]}",alertstate="firing"}})',
                "eval_time": case["at"],
                "exp_samples": found,
            }
        ],
    }


def _document(cases: list[dict[str, Any]], rules: Path) -> str:
    tests = [_case(case, fires=True) for case in cases]
    tests += [_case(case, fires=False) for case in cases if not case.get("always")]
    files = [str(rules / name) for name in ("recordings.yaml", "alerts.yaml")]
    return yaml.safe_dump({"rule_files": files, "evaluation_interval": "1m", "tests": tests})


def _judge(promtool: str, document: str, folder: Path) -> subprocess.CompletedProcess[str]:
    path = folder / "tests.yaml"
    path.write_text(document)
    return subprocess.run([promtool, "test", "rules", str(path)], capture_output=True, text=True, check=False, timeout=120)


def test_rules_are_valid(promtool: str) -> None:
    result = subprocess.run(
        [promtool, "check", "rules", *map(str, sorted(RULES.glob("*.yaml")))], capture_output=True, text=True, check=False, timeout=60
    )
    assert result.returncode == 0, result.stdout + result.stderr


def test_every_alert_has_a_case() -> None:
    assert {case["alert"] for case in CASES} == set(ALERTS)


def test_every_alert_fires_and_stays_quiet(promtool: str, tmp_path: Path) -> None:
    result = _judge(promtool, _document(CASES, RULES), tmp_path)
    assert result.returncode == 0, result.stdout + result.stderr


def test_a_wrong_threshold_is_noticed(promtool: str, tmp_path: Path) -> None:
    for path in RULES.glob("*.yaml"):
        (tmp_path / path.name).write_text(path.read_text().replace('condition="Ready",status="true"} == 0', 'condition="Ready",status="true"} == 1'))
    result = _judge(promtool, _document([case for case in CASES if case["alert"] == "NodeDown"], tmp_path), tmp_path)
    assert result.returncode != 0


@pytest.mark.parametrize("name", sorted(ALERTS))
def test_every_alert_says_how_bad_what_and_what_to_do(name: str) -> None:
    rule = ALERTS[name]
    assert rule["labels"]["severity"] in ("critical", "warning", "none")
    assert rule["annotations"]["summary"] and rule["annotations"]["description"]
    command, _, tag = rule["annotations"]["runbook"].rpartition(" ")
    assert command == "ansible-playbook playbooks/runbook.yml --tags"
    assert tag.replace("_", "").isalpha()
