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
    rule["alert"]: rule for group in yaml.safe_load((RULES / "alerts.yaml").read_text())["groups"] for rule in group["rules"]
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


def _judge(promtool: str, case: dict[str, Any], rule: dict[str, Any], folder: Path) -> subprocess.CompletedProcess[str]:
    """Run one alert's cases against that rule and the recordings only: promtool evaluates every rule that it is given."""
    rules, tests = folder / "alert.yaml", folder / "tests.yaml"
    rules.write_text(yaml.safe_dump({"groups": [{"name": "one", "rules": [rule]}]}))
    cases = [_case(case, fires=True)] + ([] if case.get("always") else [_case(case, fires=False)])
    files = [str(RULES / "recordings.yaml"), str(rules)]
    tests.write_text(yaml.safe_dump({"rule_files": files, "evaluation_interval": "1m", "tests": cases}))
    return subprocess.run([promtool, "test", "rules", str(tests)], capture_output=True, text=True, check=False, timeout=600)


def test_rules_are_valid(promtool: str) -> None:
    files = map(str, sorted(RULES.glob("*.yaml")))
    result = subprocess.run([promtool, "check", "rules", *files], capture_output=True, text=True, check=False, timeout=600)
    assert result.returncode == 0, result.stdout + result.stderr


def test_every_alert_has_a_case() -> None:
    assert {case["alert"] for case in CASES} == set(ALERTS)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["alert"])
def test_alert_fires_and_stays_quiet(promtool: str, case: dict[str, Any], tmp_path: Path) -> None:
    result = _judge(promtool, case, ALERTS[case["alert"]], tmp_path)
    assert result.returncode == 0, result.stdout + result.stderr


def test_a_wrong_threshold_is_noticed(promtool: str, tmp_path: Path) -> None:
    case = next(case for case in CASES if case["alert"] == "NodeDown")
    wrong = ALERTS["NodeDown"] | {"expr": ALERTS["NodeDown"]["expr"].replace("== 0", "== 1")}
    assert _judge(promtool, case, wrong, tmp_path).returncode != 0


@pytest.mark.parametrize("name", sorted(ALERTS))
def test_every_alert_says_how_bad_what_and_what_to_do(name: str) -> None:
    rule = ALERTS[name]
    assert rule["labels"]["severity"] in ("critical", "warning", "none")
    assert rule["annotations"]["summary"] and rule["annotations"]["description"]
    command, _, tag = rule["annotations"]["runbook"].rpartition(" ")
    assert command == "ansible-playbook playbooks/runbook.yml --tags"
    assert tag.replace("_", "").isalpha()
