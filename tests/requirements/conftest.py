"""The cluster that the requirements are judged on: what the roles render, simulated nodes, placed pods, and a chosen sabotage."""

from __future__ import annotations

import pickle
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

import pytest
from ansible_collections.autotrade.deployment.plugins.module_utils.core.requirements.evaluation import evaluate
from ansible_collections.autotrade.deployment.plugins.module_utils.core.requirements.model import Cluster, Finding, State

from tests.conftest import CLOUD_ROLES, OPTIONAL_ROLES, ROOT, Render, roles_with_objects
from tests.requirements.simulation import Placing, nodes_of
from tests.sabotage.registry import Sabotage, chosen

Objects = list[dict[str, Any]]
Holds = Callable[..., Finding]

# Placing every pod takes a second and depends on nothing but the rendered objects, so it is done once per process.
_PREPARED: dict[str, bytes] = {}


@pytest.fixture(scope="session")
def prepared(render: Render) -> Callable[..., Objects]:
    """Fresh objects of a whole cluster; ``prepared(trading_system={"x": 1})`` renders one role with other variables."""

    def prepare(**variables: dict[str, Any]) -> Objects:
        key = repr(sorted(variables.items()))
        if key not in _PREPARED:
            by_role = render(roles_with_objects())
            for role, changed in variables.items():
                by_role = {**by_role, **render([role], **changed)}
            objects = [obj for found in by_role.values() for obj in found]
            objects += _nodes()
            objects += Placing(Cluster(objects)).pods()
            _PREPARED[key] = pickle.dumps(objects)
        found: Objects = pickle.loads(_PREPARED[key])
        return found

    return prepare


@lru_cache(maxsize=1)
def _nodes() -> Objects:
    return nodes_of(str(ROOT / "inventories" / "simulated"))


@pytest.fixture
def objects(prepared: Callable[..., Objects]) -> Objects:
    """The objects of the cluster, sabotaged when the environment asks for it."""
    return sabotaged(prepared, chosen())


def sabotaged(prepared: Callable[..., Objects], entry: Sabotage | None, **variables: Mapping[str, Any]) -> Objects:
    """The objects after a sabotage, which needs either other variables or a change of the objects."""
    if entry is not None and entry.role:
        variables[entry.role] = {**variables.get(entry.role, {}), **entry.variables}
    found = prepared(**variables)
    if entry is not None and entry.mutate is not None:
        entry.mutate(found)
    return found


@pytest.fixture
def everything(prepared: Callable[..., Objects]) -> Objects:
    """The same with the roles that are off by default, or for clouds alone."""
    return sabotaged(prepared, chosen(), **OPTIONAL_ROLES, **CLOUD_ROLES)


@pytest.fixture
def holds(objects: Objects) -> Holds:
    """Assert that a requirement passes, with the finding's own message when it does not."""

    def assert_holds(requirement: str) -> Finding:
        return assert_passed(objects, requirement)

    return assert_holds


@pytest.fixture
def holds_with(prepared: Callable[..., Objects]) -> Holds:
    """The same with other variables of a role: ``holds_with("D2", trading_system={"trading_system_strategy": "blue_green"})``."""

    def assert_holds(requirement: str, **variables: dict[str, Any]) -> Finding:
        return assert_passed(sabotaged(prepared, chosen(), **variables), requirement)

    return assert_holds


def assert_passed(objects: Objects, requirement: str) -> Finding:
    """Evaluate one check and require that it passed."""
    finding = evaluate(Cluster(objects), only=[requirement])[0]
    if finding.state is not State.PASSED:
        pytest.fail(f"{requirement} {finding.state.value}: {finding.message}", pytrace=False)
    return finding
