"""The main job on a simulated cluster: predicted, applied, verified, unchanged the second time, repaired after drift."""

from __future__ import annotations

import base64
import json
import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from tests.scenarios.conftest import ROOT, Playbooks

pytestmark = pytest.mark.xdist_group("site")
WRITES = {"create", "update", "patch", "delete", "deletecollection"}
PREDICTED = re.compile(r"unvalidated")


def cluster_dir(books: Playbooks) -> Path:
    (found,) = (path for path in books.state.glob("autotrade/simulated/*") if path.is_dir())
    return found


def kubectl(books: Playbooks, *arguments: str) -> str:
    store = Path(os.environ.get("AUTOTRADE_STORE", Path.home() / ".cache" / "autotrade" / "store"))
    command = [str(store / "bin" / "kubectl"), f"--kubeconfig={cluster_dir(books) / 'admin.kubeconfig'}", *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def writes_of_the_engine(books: Playbooks) -> list[str]:
    """Write requests by our field manager in the API server's audit log, dry-runs left out."""
    lines = (cluster_dir(books) / "logs" / "audit.log").read_text().splitlines()
    events = (json.loads(line) for line in lines)
    return [
        f"{event['verb']} {event['requestURI']}"
        for event in events
        if event["verb"] in WRITES and "autotrade.deployment" in event["requestURI"] and "dryRun" not in event["requestURI"]
    ]


@pytest.mark.requirement("V1")
def test_check_mode_without_a_cluster_predicts_and_touches_nothing(playbooks: Playbooks) -> None:
    run = playbooks.must("site.yml", "--check", "--diff")
    assert PREDICTED.search(run.output)
    assert list(playbooks.state.glob("autotrade/simulated/*/pki")) == []


@pytest.mark.requirement("V1")
def test_the_first_run_deploys_the_whole_system(playbooks: Playbooks) -> None:
    start = playbooks.must("playbooks/simulated.yml")
    run = playbooks.must("site.yml")
    print(f"\ncluster {start.seconds:.1f} s, site.yml {run.seconds:.1f} s, {run.tasks} tasks ok")
    assert run.changed > 0
    deployments = json.loads(kubectl(playbooks, "get", "deployments", "-n", "trading-system", "-o", "json"))["items"]
    assert deployments
    assert [d["metadata"]["name"] for d in deployments if d["status"].get("readyReplicas") != d["spec"]["replicas"]] == []


def test_verify_found_nothing_wrong(playbooks: Playbooks) -> None:
    report = json.loads((ROOT / "build" / "verify.json").read_text())
    assert {id_: row for id_, row in report.items() if row["state"] == "failed"} == {}
    assert sum(row["state"] == "passed" for row in report.values()) > 30
    assert all(row["message"] for row in report.values() if row["state"] == "not_run")


def test_the_second_run_changes_nothing_and_writes_nothing(playbooks: Playbooks) -> None:
    before = writes_of_the_engine(playbooks)
    run = playbooks.must("site.yml")
    print(f"\nsecond run {run.seconds:.1f} s")
    assert run.changed == 0
    assert writes_of_the_engine(playbooks) == before != []


def test_check_and_diff_after_the_run_are_empty(playbooks: Playbooks) -> None:
    run = playbooks.must("site.yml", "--check", "--diff")
    assert run.changed == 0
    assert not re.search(r"^[+-]{3} ", run.output, re.MULTILINE)


@pytest.mark.requirement("N4")
def test_what_does_not_fit_is_refused_before_anything_is_written(playbooks: Playbooks) -> None:
    """The roles before the one that does not fit would have something to write."""
    before = writes_of_the_engine(playbooks)
    more = {"trading_system_overrides": {"data-acquisition": {"replicas": 400}}, "monitoring_scrape_seconds": 20}
    run = playbooks.run("site.yml", "-e", json.dumps(more))
    assert run.status != 0
    assert "Nothing was applied, as this does not fit" in run.output
    assert writes_of_the_engine(playbooks) == before != []


def unlabelled(books: Playbooks) -> list[str]:
    return kubectl(books, "get", "deployments", "-n", "trading-system", "-l", "!app.kubernetes.io/name", "-o", "name").split()


def test_one_component_alone_touches_nothing_else(playbooks: Playbooks) -> None:
    for name in ("data-acquisition", "data-pipeline"):
        kubectl(playbooks, "label", "deployment", "-n", "trading-system", name, "app.kubernetes.io/name-")
    playbooks.must("site.yml", "--tags", "trading_system", "-e", "trading_system_only=data-acquisition")
    assert unlabelled(playbooks) == ["deployment.apps/data-pipeline"]


def test_drift_is_repaired(playbooks: Playbooks) -> None:
    run = playbooks.must("site.yml", "--limit", "localhost", "--tags", "trading_system", "--diff")
    assert run.changed > 0
    assert "app.kubernetes.io/name" in run.output
    assert unlabelled(playbooks) == []
    assert playbooks.must("site.yml", "--tags", "trading_system").changed == 0


@pytest.mark.requirement("S6")
def test_no_secret_is_printed_even_with_vvv(playbooks: Playbooks) -> None:
    encoded = json.loads(kubectl(playbooks, "get", "secret", "-n", "trading-system", "timescaledb-credentials", "-o", "json"))[
        "data"
    ]
    run = playbooks.must("site.yml", "--tags", "secrets", "-vvv", "--diff", "--check")
    for value in encoded.values():
        assert value not in run.output
    plain = base64.b64decode(encoded["password"]).decode()
    assert plain not in run.output


def deployments_of_the_strategy(books: Playbooks) -> set[str]:
    found = kubectl(books, "get", "deployments", "-n", "trading-system", "-l", "app=trading-strategy", "-o", "name").split()
    return {name.removeprefix("deployment.apps/") for name in found}


ROLLING, CANARY, BLUE_GREEN = (
    {"trading-strategy"},
    {"trading-strategy-v1", "trading-strategy-v2"},
    {"trading-strategy-blue", "trading-strategy-green"},
)
# While one strategy takes the place of another both stand, which the usual quota has no room for (docs/capacity.md). Much more
# room would let a strategy that asks for too much fill the nodes, and its pods push out those of lower priority.
USUAL = yaml.safe_load((ROOT / "roles/trading_namespace/defaults/main.yml").read_text())["trading_namespace_quota"]
ROOM_FOR_MORE = {"requests.cpu": "80", "requests.memory": "168Gi", "limits.cpu": "160", "limits.memory": "336Gi"}
ROOM = {"trading_namespace_quota": {**USUAL, **ROOM_FOR_MORE}}
ROOMY = ("-e", json.dumps(ROOM))
SYSTEM = ("--tags", "trading_system", *ROOMY)


@pytest.fixture(scope="module")
def roomy(playbooks: Playbooks) -> Iterator[None]:
    """The quota with room for two strategies, as the inventory would have it; put back at the end."""
    playbooks.must("site.yml", "--tags", "trading_namespace", *ROOMY)
    yield
    assert playbooks.must("site.yml").changed > 0
    assert playbooks.must("site.yml").changed == 0


@pytest.mark.requirement("D3")
@pytest.mark.usefixtures("roomy")
def test_another_strategy_takes_the_place_of_the_former_only_when_it_is_ready(playbooks: Playbooks) -> None:
    # More pods than the quota of the namespace admits never get ready, which capacity would say beforehand.
    canary = {"stable": "v1", "replicas": {"v1": 3, "v2": 90}, "weights": {"v1": 90, "v2": 10}}
    broken = json.dumps({"trading_system_strategy": "canary", "trading_system_canary": canary, "trading_system_wait_timeout": 30})
    assert "does not fit" in playbooks.run("site.yml", *SYSTEM, "-e", broken).output
    assert playbooks.run("site.yml", *SYSTEM, "-e", broken, "-e", '{"capacity_refuse": []}').status != 0
    assert deployments_of_the_strategy(playbooks) == ROLLING | CANARY
    kubectl(playbooks, "delete", "deployment", "-n", "trading-system", "trading-strategy-v2")
    one = ("-e", "trading_system_strategy=canary", "-e", "trading_system_only=trading-strategy")
    playbooks.must("site.yml", *SYSTEM, *one)
    assert deployments_of_the_strategy(playbooks) == ROLLING | CANARY
    predicted = playbooks.must("site.yml", *SYSTEM, "-e", "trading_system_strategy=canary", "--check", "--diff")
    assert "before: apps/v1 Deployment trading-system/trading-strategy (option applyset)" in predicted.output
    assert deployments_of_the_strategy(playbooks) == ROLLING | CANARY
    playbooks.must("site.yml", *SYSTEM, "-e", "trading_system_strategy=canary")
    assert deployments_of_the_strategy(playbooks) == CANARY
    assert playbooks.must("site.yml", *SYSTEM, "-e", "trading_system_strategy=canary").changed == 0


@pytest.mark.requirement("D2")
@pytest.mark.usefixtures("roomy")
def test_requests_move_to_the_new_side_when_it_is_ready(playbooks: Playbooks) -> None:
    playbooks.must("site.yml", *SYSTEM, "-e", "trading_system_strategy=blue_green")
    assert deployments_of_the_strategy(playbooks) == BLUE_GREEN
    writes = [line for line in writes_of_the_engine(playbooks) if "/trading-strategy" in line]
    last = {
        name: max(n for n, line in enumerate(writes) if f"/{name}?" in line)
        for name in ("trading-strategy-blue", "trading-strategy")
    }
    assert last["trading-strategy-blue"] < last["trading-strategy"]
    playbooks.must("site.yml", *SYSTEM)
    assert deployments_of_the_strategy(playbooks) == ROLLING
