"""What can be judged before the first write, and what only later in the same run."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.autotrade.deployment.plugins.module_utils.core.api_resources import ResourceType
from ansible_collections.autotrade.deployment.plugins.module_utils.core.apply_deferral import deferred, is_foundation, promised
from ansible_collections.autotrade.deployment.plugins.module_utils.core.apply_model import Item, Method, Outcome, Problem
from ansible_collections.autotrade.deployment.plugins.module_utils.core.objects import ObjectRef, ref_of

WIDGET = ResourceType("example.com", "v1", "Widget", "widgets", True)


def item(kind: str, name: str, api_version: str = "v1", served: ResourceType | None = None, **fields: Any) -> Item:
    obj = {"apiVersion": api_version, "kind": kind, "metadata": {"name": name, **fields.pop("metadata", {})}, **fields}
    return Item(obj, ref_of(obj), "x", served or ResourceType("", "v1", kind, kind.lower() + "s", True))


SPACE = item("Namespace", "demo")
DEFINITION = item(
    "CustomResourceDefinition",
    "widgets.example.com",
    "apiextensions.k8s.io/v1",
    spec={
        "group": "example.com",
        "scope": "Namespaced",
        "names": {"kind": "Widget", "plural": "widgets"},
        "versions": [{"name": "v1"}],
    },
)
INSIDE = item("ConfigMap", "a", metadata={"namespace": "demo"})
CUSTOM = item("Widget", "w", "example.com/v1", WIDGET, metadata={"namespace": "other"})


def outcome(of: Item, method: Method) -> Outcome:
    return Outcome(of, method, method is not Method.UNCHANGED)


@pytest.mark.parametrize(
    ("space", "definition", "late"),
    [
        (Method.CREATE, Method.UNCHANGED, {INSIDE.ref}),
        (Method.APPLY, Method.UNCHANGED, set()),
        (Method.UNCHANGED, Method.CREATE, {CUSTOM.ref}),
        (Method.UNCHANGED, Method.APPLY, {CUSTOM.ref}),
        (Method.UNCHANGED, Method.UNCHANGED, set()),
    ],
)
def test_what_waits_for_a_namespace_or_a_definition(space: Method, definition: Method, late: set[ObjectRef]) -> None:
    foundations = [outcome(SPACE, space), outcome(DEFINITION, definition)]
    assert deferred([SPACE, DEFINITION, INSIDE, CUSTOM], foundations) == late
    assert [is_foundation(one) for one in (SPACE, DEFINITION, INSIDE, CUSTOM)] == [True, True, False, False]


POD = ObjectRef("v1", "Pod", "demo", "p")
PROMISES = {
    "ServiceAccount": 'pods "p" is forbidden: error looking up service account demo/app: serviceaccount "app" not found',
    "PriorityClass": 'pods "p" is forbidden: no PriorityClass with name app was found',
    "RuntimeClass": 'pods "p" is forbidden: pod rejected: RuntimeClass "app" not found',
    "Role": 'roles.rbac.authorization.k8s.io "app" not found',
    "ResourceQuota": 'pods "p" is forbidden: exceeded quota: app, requested: pods=1, used: pods=0, limited: pods=0',
}


def refusal(message: str, reason: str = "Forbidden") -> Problem:
    return Problem(POD, "x", message, reason)


def refs(kind: str, *names: str) -> frozenset[ObjectRef]:
    return frozenset(ObjectRef("v1", kind, "demo", name) for name in names)


@pytest.mark.parametrize(("kind", "message"), PROMISES.items())
def test_a_refusal_about_what_the_run_writes_earlier_is_none(kind: str, message: str) -> None:
    assert {promised(refusal(message), refs(kind, "app"))} == refs(kind, "app")
    assert promised(refusal(message), refs(kind, "ap", "other")) is None
    assert promised(refusal(message), refs("Secret", "app")) is None
    assert promised(refusal(message), frozenset()) is None
    assert promised(refusal(message, "Invalid"), refs(kind, "app")) is None


def test_a_changing_namespace_excuses_what_is_in_it() -> None:
    violates = refusal('pods "p" is forbidden: violates PodSecurity "restricted:latest"')
    assert promised(violates, {ObjectRef("v1", "Namespace", None, "demo")})
    assert promised(violates, {ObjectRef("v1", "Namespace", None, "other"), POD}) is None
