"""The sessions behind make: each is one thing that can be right or wrong. `nox -l` lists them."""

from __future__ import annotations

import os
from pathlib import Path

import nox

HERE = Path(__file__).parent
BIN = HERE / ".venv" / "bin"
CACHE = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "autotrade"
STORE = Path(os.environ.get("AUTOTRADE_STORE", CACHE / "store"))
ENV = {"AUTOTRADE_STORE": str(STORE), "ANSIBLE_CONFIG": str(HERE / "ansible.cfg"), "PYTHONUNBUFFERED": "1"}
PLUGINS = "ansible_collections.autotrade.deployment.plugins"

nox.options.default_venv_backend = "none"
nox.options.sessions = ["lint", "unit"]


def own(session: nox.Session, program: str, *args: str, **env: str) -> None:
    """Run a program of the project's own virtual environment."""
    session.run(str(BIN / program), *args, env=ENV | env, external=True)


def tool(session: nox.Session, name: str, *args: str) -> None:
    """Run a script of tools/ with the project's Python."""
    own(session, "python", str(HERE / "tools" / name), *args)


def tests(session: nox.Session, *args: str) -> None:
    """Run pytest; what failed is kept for tools/failures.py, which tells it once more at the end of a long run."""
    kept = HERE / "build" / "junit" / f"{session.name}.xml"
    own(session, "python", "-m", "pytest", f"--junitxml={kept}", *args, *session.posargs)


@nox.session
def lint(session: nox.Session) -> None:
    """Style, types, import contracts, YAML, Ansible at profile production, the house's own rules."""
    own(session, "ruff", "check", ".")
    own(session, "ruff", "format", "--check", ".")
    own(session, "mypy", "-p", PLUGINS, MYPYPATH=".collections")
    own(session, "lint-imports", "--no-logo", PYTHONPATH=".collections")
    own(session, "yamllint", "--strict", ".")
    tool(session, "house_rules.py")
    own(session, "ansible-lint", "--offline", "--strict")


@nox.session
def sanity(session: nox.Session) -> None:
    """ansible-test sanity, in a copy that stands under the collection's real name."""
    tool(session, "sanity.py", *session.posargs)


@nox.session
def store(session: nox.Session) -> None:
    """Fill the artifact store."""
    own(session, "ansible-playbook", "playbooks/mirror.yml", "-i", "inventories/simulated")


@nox.session
def unit(session: nox.Session) -> None:
    """The pure core, the edge against small real things, the rendered roles."""
    tests(session, "tests/unit", "tests/requirements", "-n", "2")


@nox.session
def integration(session: nox.Session) -> None:
    """The modules against a real API server; each of the two workers has a cluster of its own."""
    tests(session, "tests/integration", "-m", "not slow", "-n", "2", "--dist", "loadfile")


@nox.session
def integration_slow(session: nox.Session) -> None:
    """The long scenarios, scale among them."""
    tests(session, "tests/integration", "-m", "slow", "-s")


@nox.session
def requirements(session: nox.Session) -> None:
    """Each requirement id with its tests and sabotages; fails when one has none."""
    own(session, "python", "tests/requirements/report.py")


@nox.session
def sabotage(session: nox.Session) -> None:
    """Every registered sabotage must turn its requirement's test red."""
    own(session, "python", "tests/sabotage/run.py", *session.posargs)


def scenario(session: nox.Session, name: str) -> None:
    """Run one file of tests/scenarios: whole runs of ansible-playbook, as a user starts them."""
    tests(session, f"tests/scenarios/test_{name}.py", "-s")


@nox.session
def site(session: nox.Session) -> None:
    """The main job on a cluster of its own: predicted, applied, unchanged the second time."""
    scenario(session, "site")


@nox.session
def built(session: nox.Session) -> None:
    """The built collection, installed, runs the demo's playbook from an empty directory."""
    scenario(session, "built_collection")


@nox.session
def matrix(session: nox.Session) -> None:
    """The oldest and the newest ansible-core x Python pair: the plugins' unit tests and the main job."""
    own(session, "python", "tools/matrix.py")
    tests(session, "tests/scenarios/test_matrix.py", "-m", "not slow")


@nox.session
def matrix_slow(session: nox.Session) -> None:
    """The same with the other pairs."""
    tests(session, "tests/scenarios/test_matrix.py", "-m", "slow")


@nox.session
def lab_hosts(session: nox.Session) -> None:
    """Two lab hosts come, take a power cut and go without a trace. Needs root and podman."""
    own(session, "python", "-m", "pytest", "tests/lab", "-x", *session.posargs)


def lab_scenario(session: nox.Session, name: str) -> None:
    """Run one of Molecule's scenarios, whose hosts are a lab of their own."""
    own(session, "molecule", "test", *(session.posargs or [f"--scenario-name={name}"]), PATH=f"{BIN}:{os.environ['PATH']}")


@nox.session
def molecule(session: nox.Session) -> None:
    """Bare lab hosts to a cluster: foretold, done, unchanged the second time, looked at, nothing left. Needs root and podman."""
    lab_scenario(session, "default")


@nox.session
def cluster_ha(session: nox.Session) -> None:
    """Power-offs of every control plane host, read and written from outside meanwhile. Needs root and podman."""
    lab_scenario(session, "cluster_ha")


@nox.session
def lab_site(session: nox.Session) -> None:
    """The trading system with real pods on ten lab hosts: ready, answering, bound, probed. Needs root and podman."""
    lab_scenario(session, "site")


@nox.session
def resume(session: nox.Session) -> None:
    """Runs that are killed and started again; a dead worker that joins later, alone. Needs root and podman."""
    lab_scenario(session, "resume")


@nox.session
def conformance(session: nox.Session) -> None:
    """Kubernetes' own end-to-end tests judge a cluster on lab hosts, from outside. Needs root and podman."""
    lab_scenario(session, "conformance")


@nox.session
def bench(session: nox.Session) -> None:
    """Ratios against peers and floors, and published manifest sets against kubectl; the table stands in build/bench.json."""
    tests(session, "tests/bench", "-s")


@nox.session
def bench_hosts(session: nox.Session) -> None:
    """Bare lab hosts against a bare script, and one more worker in a small and a large cluster. Needs root and podman."""
    tests(session, "tests/lab_bench", "-s", "-x")
