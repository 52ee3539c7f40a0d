"""Registered sabotages: each breaks one requirement, and the test of that requirement must then turn red.

A sabotage is a function that changes the list of objects in place, or a set of variables with which a role is rendered anew.
``AUTOTRADE_SABOTAGE=<name>`` makes the fixtures of tests/requirements apply one; ``tests/sabotage/run.py`` goes through them all.
"""

from __future__ import annotations

import importlib
import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

VARIABLE = "AUTOTRADE_SABOTAGE"
Object = dict[str, Any]
Mutation = Callable[[list[Object]], None]
Damage = Callable[[Path], None]


@dataclass(frozen=True)
class Sabotage:
    """One way to break a requirement."""

    requirement: str
    what: str
    mutate: Mutation | None = None
    damage: Damage | None = None
    role: str = ""
    variables: Mapping[str, Any] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """The value of AUTOTRADE_SABOTAGE: the id and the words of what it does."""
        return f"{self.requirement}-{re.sub(r'[^a-z0-9]+', '-', self.what.lower()).strip('-')}"


REGISTRY: dict[str, Sabotage] = {}


def sabotage(requirement: str, what: str) -> Callable[[Mutation], Mutation]:
    """Register a function that changes the objects in place."""

    def register(function: Mutation) -> Mutation:
        _add(Sabotage(requirement, what, function))
        return function

    return register


def files(requirement: str, what: str) -> Callable[[Damage], Damage]:
    """Register a function that damages a copy of the checkout, for tests that build or install the collection."""

    def register(function: Damage) -> Damage:
        _add(Sabotage(requirement, what, damage=function))
        return function

    return register


def role_variables(requirement: str, what: str, role: str, **variables: Any) -> None:
    """Register a sabotage that renders a role with other variables."""
    _add(Sabotage(requirement, what, role=role, variables=variables))


def _add(entry: Sabotage) -> None:
    if entry.name in REGISTRY:
        raise ValueError(f"two sabotages are named {entry.name}")
    REGISTRY[entry.name] = entry


def registered() -> list[Sabotage]:
    """Every sabotage of the files beside this one."""
    for path in sorted(Path(__file__).parent.glob("breaking_*.py")):
        importlib.import_module(f"tests.sabotage.{path.stem}")
    return list(REGISTRY.values())


def chosen() -> Sabotage | None:
    """The sabotage that the environment names; raises LookupError for a name that nobody registered."""
    name = os.environ.get(VARIABLE, "")
    if not name:
        return None
    found = next((entry for entry in registered() if entry.name == name), None)
    if found is None:
        raise LookupError(f"{VARIABLE} is {name!r}, expected one of: {', '.join(sorted(REGISTRY))}")
    return found


def find(objects: list[Object], kind: str, name: str, namespace: str | None = None) -> Object:
    """The object to break; raises LookupError when the roles no longer render it, as the sabotage would prove nothing."""
    for obj in objects:
        where = obj["metadata"].get("namespace")
        if obj["kind"] == kind and obj["metadata"]["name"] == name and namespace in (None, where):
            return obj
    raise LookupError(f"the sabotage looks for {kind} {name}, which is not among the objects")


def every(objects: list[Object], kind: str) -> list[Object]:
    """All objects of a kind; raises LookupError when there is none."""
    found = [obj for obj in objects if obj["kind"] == kind]
    if not found:
        raise LookupError(f"the sabotage looks for objects of kind {kind}, and there is none")
    return found


def remove(objects: list[Object], kind: str, name: str) -> None:
    """Take an object away."""
    objects.remove(find(objects, kind, name))


def pod_spec(objects: list[Object], kind: str, name: str) -> Object:
    """The pod spec of a workload's template."""
    spec: Object = find(objects, kind, name)["spec"]["template"]["spec"]
    return spec


def container(objects: list[Object], kind: str, name: str) -> Object:
    """The first container of a workload's template."""
    found: Object = pod_spec(objects, kind, name)["containers"][0]
    return found
