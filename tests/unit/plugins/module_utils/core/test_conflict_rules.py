"""Which conflicts a rule is about, and that no rule is about everything."""

from __future__ import annotations

import pytest
from ansible_collections.autotrade.deployment.plugins.module_utils.core.apply_conflicts import Conflict, decided
from ansible_collections.autotrade.deployment.plugins.module_utils.core.conflict_rules import (
    ConflictRule,
    Policy,
    policy_for,
    taking,
)
from ansible_collections.autotrade.deployment.plugins.module_utils.core.field_paths import FieldPathError

IMAGE = '.spec.template.spec.containers[name="app"].image'
LABEL = ".metadata.labels.app.kubernetes.io/name"


@pytest.mark.parametrize(
    ("rule", "path", "covered"),
    [
        (".spec.replicas", ".spec.replicas", True),
        ("spec.replicas", ".spec.replicas", True),
        ("$.spec.replicas", ".spec.replicas", True),
        ("spec", ".spec.replicas", True),
        (".spec.rep", ".spec.replicas", False),
        (".spec.replicas.x", ".spec.replicas", False),
        (".spec.template.spec.containers", IMAGE, True),
        (IMAGE, IMAGE, True),
        (IMAGE.replace("app", "side"), IMAGE, False),
        (".spec.template.spec.containers.*.image", IMAGE, True),
        (".spec.template.spec.containers[*].image", IMAGE, True),
        (".spec.template.spec.containers.*.command", IMAGE, False),
        (".spec.*.image", IMAGE, False),
        (LABEL, LABEL, True),
        ("metadata.labels['app.kubernetes.io/name']", LABEL, True),
        ('metadata.labels["app.kubernetes.io/name"]', LABEL, True),
        (".metadata.labels.*", LABEL, True),
        (".metadata.annotations.*", LABEL, False),
        ('.metadata.finalizers[="a/b"]', '.metadata.finalizers[="a/b"]', True),
    ],
)
def test_a_path_covers_itself_and_what_lies_below(rule: str, path: str, covered: bool) -> None:
    assert ConflictRule(rule, Policy.TAKE).covers(path, "anyone") is covered


@pytest.mark.parametrize("path", ["*", "", " ", ".", "$", ".*", "$.*", "[*]", "*.replicas"])
def test_no_rule_means_everything(path: str) -> None:
    with pytest.raises(FieldPathError, match="means every field of an object"):
        ConflictRule(path, Policy.TAKE)


@pytest.mark.parametrize("path", ["spec..replicas", "spec[", "spec.", "spec['a", "spec]x["])
def test_a_path_that_cannot_be_read_is_refused(path: str) -> None:
    with pytest.raises(FieldPathError, match="expected a field path"):
        ConflictRule(path, Policy.YIELD)


@pytest.mark.parametrize(
    ("managers", "manager", "covered"),
    [((), "x", True), (("kubectl-*",), "kubectl-edit", True), (("kubectl-*",), "helm", False), (("helm",), "helm3", False)],
)
def test_a_rule_may_name_managers(managers: tuple[str, ...], manager: str, covered: bool) -> None:
    assert ConflictRule(".data", Policy.TAKE, managers).covers(".data.a", manager) is covered


def test_the_first_rule_that_covers_decides() -> None:
    rules = (ConflictRule(".data.a", Policy.YIELD, ("helm",)), *taking([".data"]), ConflictRule(".spec", Policy.FAIL))
    cases = {(".data.a", "helm"): "yield", (".data.a", "x"): "take", (".spec.x", "x"): "fail", (".metadata.x", "x"): "fail"}
    assert {case: str(policy_for(rules, *case)) for case in cases} == cases
    conflicts = decided([Conflict(path, manager, 1, 2) for path, manager in cases], rules)
    assert [str(conflict.as_result()["decided"]) for conflict in conflicts] == list(cases.values())
