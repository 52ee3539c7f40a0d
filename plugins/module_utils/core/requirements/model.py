# Copyright (c) autotrade.deployment engineers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The requirements of a trading cluster as checks over plain API objects.

A check is a pure function of a :class:`Cluster`. It judges what the objects show, and answers ``not_run`` with the reason
where the API cannot show it (a disk's latency, a lost request). The same checks judge rendered manifests and a live cluster.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum
from fractions import Fraction
from typing import Any

from ansible_collections.autotrade.deployment.plugins.module_utils.core.requirements.reading import (
    amount,
    mapping,
    text,
    value,
)
from ansible_collections.autotrade.deployment.plugins.module_utils.core.requirements.workloads import (
    TEMPLATE_PATHS,
    Container,
    Workload,
)

KubeObject = Mapping[str, Any]
LONGEST = 120


class State(str, Enum):
    """What a check can answer."""

    PASSED = "passed"
    FAILED = "failed"
    NOT_RUN = "not_run"


@dataclass(frozen=True)
class Verdict:
    """The answer of one check."""

    state: State
    message: str


@dataclass(frozen=True, order=True)
class Finding:
    """The answer of one check under its requirement's id."""

    id: str
    title: str
    state: State
    message: str

    def as_dict(self) -> dict[str, str]:
        """The finding as a module returns it."""
        return {"id": self.id, "title": self.title, "state": self.state.value, "message": self.message}


@dataclass(frozen=True)
class Settings:
    """What a site may choose and the checks must know.

    ``scale`` is ``trading_system_scale``: every request and limit of the trading system is multiplied by it.
    """

    namespace: str = "trading-system"
    monitoring_namespace: str = "monitoring"
    scale: Fraction = field(default=Fraction(1))


class HiddenKindError(Exception):
    """A check needs objects of a kind that this user may not list."""


class Cluster:
    """API objects of one cluster (or of one rendering), indexed by kind.

    Objects of a wrong shape are dropped: manifests.check() is what names them. ``hidden`` are kinds that the reader was not
    allowed to list: a check that asks for one raises HiddenKindError, and is not run.
    """

    def __init__(self, objects: Iterable[Any], settings: Settings | None = None, hidden: frozenset[str] = frozenset()) -> None:
        self.settings = settings or Settings()
        self._hidden = hidden
        self._by_kind: dict[str, list[KubeObject]] = defaultdict(list)
        for obj in objects:
            if text(obj, "kind") and text(obj, "metadata", "name"):
                self._by_kind[obj["kind"]].append(obj)

    @property
    def observed(self) -> bool:
        """Whether an API server has seen these objects (it gives each a uid); rendered manifests have none."""
        return any(value(obj, "metadata", "uid") for objects in self._by_kind.values() for obj in objects)

    @property
    def objects(self) -> Iterator[KubeObject]:
        """Every object, by kind."""
        return (obj for objects in self._by_kind.values() for obj in objects)

    def of_kind(self, kind: str, namespace: str | None = None, group: str | None = None) -> list[KubeObject]:
        """The objects of a kind, optionally of one namespace and API group ("" is the core group)."""
        if kind in self._hidden:
            raise HiddenKindError(kind)
        return [
            obj
            for obj in self._by_kind.get(kind, [])
            if (namespace is None or text(obj, "metadata", "namespace") == namespace) and group in (None, group_of(obj))
        ]

    def get(self, kind: str, name: str, namespace: str | None = None) -> KubeObject | None:
        """One object, or None."""
        return next((obj for obj in self.of_kind(kind, namespace) if name_of(obj) == name), None)

    def workloads(self, namespace: str | None = None) -> list[Workload]:
        """Everything with a pod template; bare pods that nothing owns count as one."""
        found = [Workload(kind, obj) for kind in TEMPLATE_PATHS for obj in self.of_kind(kind, namespace)]
        return [workload for workload in found if not (workload.kind in {"Pod", "Job"} and workload.owned)]

    def workload(self, kind: str, name: str, namespace: str | None = None) -> Workload | None:
        """One workload by kind and name, in the trading namespace unless another is named."""
        obj = self.get(kind, name, namespace or self.settings.namespace)
        return Workload(kind, obj) if obj is not None else None

    def containers(self, namespace: str | None = None) -> list[Container]:
        """Every container of every pod template, init containers included."""
        return [container for workload in self.workloads(namespace) for container in workload.containers]

    @property
    def nodes(self) -> list[KubeObject]:
        """The nodes; none in rendered manifests."""
        return self.of_kind("Node")

    def pods(self, namespace: str | None = None) -> list[KubeObject]:
        """The pods that have not ended."""
        ended = {"Succeeded", "Failed"}
        return [pod for pod in self.of_kind("Pod", namespace) if text(pod, "status", "phase") not in ended]


Check = Callable[[Cluster], Verdict]


@dataclass(frozen=True)
class Registered:
    """A check in the registry."""

    id: str
    title: str
    run: Check


REGISTRY: dict[str, Registered] = {}


def check(requirement: str, title: str) -> Callable[[Check], Check]:
    """Register a function as the check of one requirement id; an id has exactly one."""

    def register(function: Check) -> Check:
        if requirement in REGISTRY:
            raise ValueError(f"requirement {requirement} has two checks: {REGISTRY[requirement].run} and {function}")
        REGISTRY[requirement] = Registered(requirement, title, function)
        return function

    return register


def passed(message: str) -> Verdict:
    """The requirement holds as far as the objects show it."""
    return Verdict(State.PASSED, message)


def not_run(reason: str) -> Verdict:
    """The objects cannot answer; ``reason`` says why and what does."""
    return Verdict(State.NOT_RUN, reason)


def judged(problems: Iterable[str], success: str, unseen: str = "") -> Verdict:
    """Failed with every problem, or passed with ``success``; ``unseen`` names the part that the API does not show."""
    found = list(dict.fromkeys(problems))
    rest = f" Not judged here: {unseen}." if unseen else ""
    if found:
        return Verdict(State.FAILED, "; ".join(found) + "." + rest)
    return Verdict(State.PASSED, f"{success}.{rest}")


def missing(kind: str, name: str, namespace: str | None, remedy: str) -> str:
    """The problem text for an object that is not there."""
    where = f"{namespace}/{name}" if namespace else name
    return f"{kind} {where} does not exist; {remedy}"


def differs(where: str, path: str, found: Any, expected: Any, setting: str) -> str:
    """The problem text for a field: where it stands, what was found and expected, what to change."""
    return f"{where}: {path} is {shown(found)}, expected {shown(expected)} ({setting})"


def expect(where: str, obj: Any, path: str, expected: Any, setting: str) -> Iterator[str]:
    """Yield a problem unless the dotted ``path`` of ``obj`` holds ``expected``."""
    found = value(obj, *path.split("."))
    if found != expected or isinstance(found, bool) != isinstance(expected, bool):
        yield differs(where, path, found, expected, setting)


def expect_amount(
    where: str, found: Any, path: str, expected: str, setting: str, *, scale: Fraction = Fraction(1)
) -> Iterator[str]:
    """Yield a problem unless ``found`` is the quantity ``expected`` times ``scale`` (4 and "4000m" are equal)."""
    wanted, actual = amount(expected), amount(found)
    if wanted is None:
        raise ValueError(f"{expected!r} is not a quantity")
    wanted *= scale
    # A scaled request is rounded to a whole unit by the filter that scales it, so it may miss by a few percent.
    slack = Fraction(0) if scale == 1 else wanted / 20
    if actual is None or abs(actual - wanted) > slack:
        factor = "" if scale == 1 else f" x {float(scale):g} (trading_system_scale)"
        yield f"{where}: {path} is {shown(found)}, expected {expected}{factor} ({setting})"


def shown(found: Any) -> str:
    """A value as an error message shows it, shortened."""
    if found is None:
        return "not set"
    rendered = found if isinstance(found, str) else repr(found)
    return rendered if len(rendered) <= LONGEST else rendered[: LONGEST - 3] + "..."


def name_of(obj: Any) -> str:
    """metadata.name, or an empty string."""
    return text(obj, "metadata", "name")


def namespace_of(obj: Any) -> str:
    """metadata.namespace, or an empty string."""
    return text(obj, "metadata", "namespace")


def group_of(obj: Any) -> str:
    """The API group, "" for the core group."""
    version = text(obj, "apiVersion")
    return version.split("/")[0] if "/" in version else ""


def where_is(obj: Any) -> str:
    """``Deployment trading-system/data-acquisition``."""
    namespace = namespace_of(obj)
    return f"{text(obj, 'kind')} {namespace + '/' if namespace else ''}{name_of(obj)}"


def annotations_of(obj: Any) -> Mapping[str, Any]:
    """The annotations of an object or template."""
    return mapping(obj, "metadata", "annotations")
