"""Each supported ansible-core x Python pair runs the plugins' unit tests and the main job, in an environment of its own.

The oldest and the newest core run in `make test`, all of them in `make test-all`.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.scenarios.conftest import ROOT, Playbooks, processes_below

sys.path.insert(0, str(ROOT / "tools"))
from matrix import PAIRS, Pair, environment, find_python

EDGES = (PAIRS[0], PAIRS[-1])
EACH = [pytest.param(pair, marks=() if pair in EDGES else pytest.mark.slow) for pair in PAIRS]


def name(pair: Pair) -> str:
    return f"core-{pair.core}-python-{pair.python}"


def programs(pair: Pair) -> Path:
    """The pair's programs. A missing interpreter is a failure: the printed matrix would lie otherwise."""
    found = find_python(pair.python)
    assert found, f"Python {pair.python} is not on this machine; docs/support-matrix.md says that it is tested"
    return environment(pair)


@pytest.mark.requirement("V8")
@pytest.mark.parametrize("pair", EACH, ids=name)
def test_the_plugins_unit_tests_pass(pair: Pair) -> None:
    tests = "tests/unit/plugins/module_utils/core"
    command = [str(programs(pair) / "python"), "-m", "pytest", "-q", "-n", "2", "-p", "no:cacheprovider", tests]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-4000:]


@pytest.mark.requirement("V8")
@pytest.mark.parametrize("pair", EACH, ids=name)
def test_the_main_job_runs_and_the_second_run_changes_nothing(pair: Pair, tmp_path: Path) -> None:
    books = Playbooks(programs(pair), ROOT, tmp_path / "state")
    try:
        assert books.must("site.yml").changed > 0
        assert books.must("site.yml").changed == 0
    finally:
        assert books.run("playbooks/simulated.yml", "-e", "simulated_cluster_state=absent").status == 0
    assert processes_below(tmp_path) == []
