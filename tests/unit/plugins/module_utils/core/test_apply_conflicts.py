"""Field conflicts as data."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.autotrade.deployment.plugins.module_utils.core.apply_conflicts import (
    HIDDEN,
    Conflict,
    conflicts_of,
    value_at,
    without_value,
)

from tests.unit.plugins.module_utils.core.field_tools import leaves

OBJ: dict[str, Any] = {
    "kind": "Deployment",
    "metadata": {"finalizers": ["a/b", "c"]},
    "spec": {
        "replicas": 3,
        "containers": [{"name": "app", "image": "x:1"}, {"name": "side", "image": "y:1"}],
        "ports": [{"port": 80, "protocol": "TCP", "name": "web"}],
    },
}


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (".spec.replicas", 3),
        ('.spec.containers[name="side"].image', "y:1"),
        ('.spec.ports[port=80,protocol="TCP"].name', "web"),
        (".spec.containers[1].name", "side"),
        ('.metadata.finalizers[="c"]', "c"),
        (".spec.containers[9].name", None),
        (".spec.nothing.below", None),
    ],
)
def test_values_are_found_at_the_servers_paths(path: str, value: Any) -> None:
    assert value_at(OBJ, path) == value


def test_a_conflict_has_path_manager_and_both_values() -> None:
    causes = [
        ("FieldManagerConflict", ".spec.replicas", 'conflict with "kubectl-edit" using apps/v1'),
        ("FieldValueInvalid", ".spec.x", "something else"),
    ]
    theirs = {"spec": {"replicas": 9}}
    assert conflicts_of(causes, OBJ, theirs) == (Conflict(".spec.replicas", "kubectl-edit", 3, 9),)


def test_values_of_secrets_are_hidden() -> None:
    causes = [("FieldManagerConflict", ".data.password", 'conflict with "x"')]
    secret = {"kind": "Secret", "data": {"password": "c2VjcmV0"}}
    assert conflicts_of(causes, secret, secret)[0] == Conflict(".data.password", "x", HIDDEN, HIDDEN)


@pytest.mark.parametrize("path", [".spec.replicas", '.spec.containers[name="side"].image', '.metadata.finalizers[="c"]'])
def test_a_field_is_left_out_and_nothing_else(path: str) -> None:
    rest = without_value(OBJ, path)
    assert value_at(OBJ, path) is not None
    assert value_at(rest, path) is None
    assert without_value(rest, path) == rest
    assert len(list(leaves(rest))) == len(list(leaves(OBJ))) - 1


def test_a_key_field_with_a_default_is_found() -> None:
    service = {"spec": {"ports": [{"port": 80, "name": "web"}]}}
    path = '.spec.ports[port=80,protocol="TCP"].name'
    assert value_at(service, path) == "web"
    assert without_value(service, path) == {"spec": {"ports": [{"port": 80}]}}


def test_a_key_with_dots_is_found() -> None:
    labelled = {"metadata": {"labels": {"app": "x", "app.kubernetes.io/name": "data-acquisition"}}}
    assert value_at(labelled, ".metadata.labels.app.kubernetes.io/name") == "data-acquisition"
    assert value_at(labelled, ".metadata.labels.app.kubernetes.io/part-of") is None
