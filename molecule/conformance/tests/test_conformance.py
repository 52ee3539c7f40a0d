"""Kubernetes' own end-to-end suite, run against the lab's cluster from this machine."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest
import yaml

from tests.integration.booted import store
from tests.support import conformance
from tests.support.conformance import Rule, Spec
from tests.support.lab import Lab

ROOT = Path(__file__).resolve().parents[3]
LAB = Lab("conformance", "10.89.41")
HERE, RESULTS = ROOT / "molecule/conformance", ROOT / "build/conformance"
DOCUMENT = ROOT / "docs/conformance.md"
FEWEST = 100
# More specs at once only wait for each other on two processors; those called Serial run alone in any case.
PROCESSES = int(os.environ.get("CONFORMANCE_PROCESSES", "4"))
MINUTES = int(os.environ.get("CONFORMANCE_MINUTES", "45"))
# A part of the specs for a quick look, as a regular expression; the whole is judged all the same.
FOCUS = os.environ.get("CONFORMANCE_FOCUS", conformance.FOCUS)
# Every registry of the suite but the one that must not exist.
REGISTRIES = (
    "promoterE2eRegistry",
    "buildImageRegistry",
    "gcEtcdRegistry",
    "gcRegistry",
    "sigStorageRegistry",
    "dockerLibraryRegistry",
)
REPOSITORY = "registry.autotrade.internal/e2e"


def run(rules: list[Rule]) -> None:
    """Run the suite; what it did is in its report, so a failed spec is no error here."""
    programs, repositories, log = store() / "bin", RESULTS / "registries.yml", RESULTS / "ginkgo.log"
    repositories.write_text(yaml.safe_dump(dict.fromkeys(REGISTRIES, REPOSITORY)), encoding="utf-8")
    runner = ["run", f"--procs={PROCESSES}", "--no-color", f"--timeout={MINUTES}m", "-v", "--silence-skips"]
    report = [f"--output-dir={RESULTS}", "--junit-report=report.xml"]
    chosen = [f"--focus={FOCUS}", f"--skip={conformance.skip(rules)}"]
    # The provider is one about which nothing is known, so no spec relies on a cloud.
    cluster = [f"--kubeconfig={LAB.state / 'admin.kubeconfig'}", f"--kubectl-path={programs / 'kubectl'}", "--provider=skeleton"]
    command = [programs / "ginkgo", *runner, *report, *chosen, programs / "e2e.test", "--", *cluster]
    print(f"\nthe suite runs, {MINUTES} min at most; what it says: {log}", flush=True)
    with log.open("w", encoding="utf-8") as output:
        environment = {**os.environ, "KUBE_TEST_REPO_LIST": str(repositories)}
        subprocess.run(command, stdout=output, stderr=subprocess.STDOUT, env=environment, check=False, cwd=RESULTS)


@pytest.fixture(scope="module")
def rules() -> list[Rule]:
    return conformance.read_rules(HERE / "vars/not_run.yml")


@pytest.fixture(scope="module")
def specs(rules: list[Rule]) -> list[Spec]:
    RESULTS.mkdir(parents=True, exist_ok=True)
    report = RESULTS / "report.xml"
    report.unlink(missing_ok=True)
    run(rules)
    assert report.exists(), f"{report}: the suite left no report; expected one. See {RESULTS / 'ginkgo.log'}."
    found = conformance.read_report(report)
    (RESULTS / "outcome.md").write_text(conformance.outcome(found, rules), encoding="utf-8")
    print(conformance.outcome(found, rules))
    return found


def test_no_spec_failed(specs: list[Spec]) -> None:
    assert [f"{spec.name}: {spec.state}: {spec.message}" for spec in conformance.failed(specs)] == []


def test_enough_specs_passed_of_each_sig(specs: list[Spec]) -> None:
    passed = conformance.passed(specs)
    assert len(passed) >= FEWEST
    assert {spec.sig for spec in passed} == set(conformance.SIGS)


def test_each_spec_that_did_not_run_has_its_reason(specs: list[Spec], rules: list[Rule]) -> None:
    assert conformance.unexplained(specs, rules) == []
    assert conformance.idle(specs, rules) == []


def test_the_document_tells_this_outcome(specs: list[Spec], rules: list[Rule]) -> None:
    told = conformance.told(DOCUMENT.read_text(encoding="utf-8"))
    assert told == conformance.outcome(specs, rules), f"{DOCUMENT} tells another; put {RESULTS / 'outcome.md'} into it"
