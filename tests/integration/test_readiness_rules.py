"""Rules of the user's own, by which ``readiness_info`` judges kinds that no controller of ours knows."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.integration.applying import definition
from tests.integration.asking import ask, one
from tests.integration.booted import Cluster, Json, condition

DEFINITIONS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
GROUP = "readiness.example.com"


@pytest.fixture(scope="module")
def gadgets(cluster: Cluster) -> Iterator[None]:
    """A kind that no controller knows."""
    crd = definition("Gadget", GROUP)
    cluster.create(DEFINITIONS, crd)
    where = f"{DEFINITIONS}/{crd['metadata']['name']}"
    cluster.wait("established", where, lambda found: condition(found, "Established") == "True")
    yield
    cluster.delete(where)


def gadget(cluster: Cluster, namespace: str, status: Json | None, **options: Any) -> Json:
    body = {"apiVersion": f"{GROUP}/v1", "kind": "Gadget", "metadata": {"name": "g"}, **({"status": status} if status else {})}
    cluster.apply(f"/apis/{GROUP}/v1/namespaces/{namespace}/gadgets/g", body)
    return one(ask(cluster, api_version=f"{GROUP}/v1", kind="Gadget", namespace=namespace, **options))


RULE = {"kind": f"Gadget.{GROUP}", "ready": "status.phase == 'Up'", "failed": "status.phase == 'Broken'"}


@pytest.mark.parametrize(
    ("phase", "rule", "wanted"),
    [
        ("Up", RULE, ("ready", "CustomRule", "The expression status.phase == 'Up' holds.")),
        ("Broken", RULE, ("failed", "CustomRule", "The expression status.phase == 'Broken' holds.")),
        ("Slow", RULE, ("in_progress", "CustomRule", "The expression status.phase == 'Up' does not hold yet.")),
        ("Slow", {**RULE, "explanation": "status.detail"}, ("in_progress", "CustomRule", "said by the gadget")),
        ("Up", {**RULE, "kind": "Gadget"}, ("ready", "Exists", "The object exists.")),
    ],
    ids=["ready", "failed", "in progress", "explained", "of another group"],
)
@pytest.mark.usefixtures("gadgets")
def test_a_rule_takes_the_place_of_the_built_in_one(
    cluster: Cluster, namespace: str, phase: str, rule: Json, wanted: tuple[str, str, str]
) -> None:
    entry = gadget(cluster, namespace, {"phase": phase, "detail": "said by the gadget"}, readiness_rules=[rule])
    assert (entry["state"], entry["reason"], entry["message"]) == wanted


@pytest.mark.usefixtures("gadgets")
def test_a_rule_that_cannot_be_read_is_named(cluster: Cluster, namespace: str) -> None:
    entry = gadget(cluster, namespace, {"phase": "Up"}, readiness_rules=[{**RULE, "ready": "status.[["}])
    assert (entry["state"], entry["reason"]) == ("unknown", "RuleError")
    assert "Correct its expressions." in entry["message"]


@pytest.mark.usefixtures("gadgets")
def test_a_controller_has_the_time_of_wait_settle_to_say_something(cluster: Cluster, namespace: str) -> None:
    assert gadget(cluster, namespace, None, wait_settle=86400)["reason"] == "NoStatus"
    assert gadget(cluster, namespace, None, wait_settle=0)["reason"] == "Exists"
