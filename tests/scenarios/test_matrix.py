"""Each supported ansible-core x Python pair runs the unit tests of the plugins and the main job, with its own environment."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.scenarios.conftest import ROOT, Playbooks, processes_below

sys.path.insert(0, str(ROOT / "tools"))
from matrix import PAIRS, Pair, environment, find_python


def pair_id(pair: Pair) -> str:
    return f"core-{pair.core}-python-{pair.python}"


@pytest.fixture(scope="module", params=PAIRS, ids=pair_id)
def bin_dir(request: pytest.FixtureRequest) -> Path:
    """The programs of one pair. A missing interpreter is a failure here: the printed matrix would lie otherwise."""
    pair: Pair = request.param
    assert find_python(pair.python), (
        f"Python {pair.python} is not on this machine; docs/support-matrix.md claims that it is tested"
    )
    return environment(pair)


@pytest.mark.requirement("V8")
def test_the_plugins_unit_tests_pass(bin_dir: Path) -> None:
    command = [str(bin_dir / "python"), "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests/unit/plugins/module_utils/core"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-4000:]


@pytest.mark.requirement("V8")
def test_the_main_job_runs_and_the_second_run_changes_nothing(bin_dir: Path, tmp_path: Path) -> None:
    books = Playbooks(bin_dir, ROOT, tmp_path / "state")
    try:
        assert books.must("site.yml").changed > 0
        assert books.must("site.yml").changed == 0
    finally:
        assert books.run("playbooks/simulated.yml", "-e", "simulated_cluster_state=absent").status == 0
    assert processes_below(tmp_path) == []
