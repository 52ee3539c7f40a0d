# Copyright (c) autotrade.deployment engineers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Kubernetes objects as plain mappings: identity, safe reading, and the error that names what is wrong where."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

KubeObject = Mapping[str, Any]


class ManifestError(ValueError):
    """A manifest that cannot be used.

    ``where`` names source, object and field; ``found`` and ``expected`` describe the values; ``remedy`` says what to
    change. ``problems`` holds every single problem: the error itself when there is only one.
    """

    def __init__(self, where: str, found: str, expected: str, remedy: str) -> None:
        super().__init__(f"{where}: found {found}, expected {expected}. {remedy}")
        self.where = where
        self.found = found
        self.expected = expected
        self.remedy = remedy

    @property
    def problems(self) -> tuple[ManifestError, ...]:
        """Every problem found, in the order of the input."""
        return (self,)


class ManifestSetError(ManifestError):
    """Several problems of one set of manifests, reported together so that one run shows them all."""

    def __init__(self, problems: Sequence[ManifestError]) -> None:
        if not problems:
            raise ValueError("ManifestSetError needs at least one problem, found none")
        first = problems[0]
        super().__init__(first.where, first.found, first.expected, first.remedy)
        self._problems = tuple(problems)
        lines = "\n".join(f"- {problem}" for problem in problems)
        self.args = (f"{len(problems)} problems in the manifests:\n{lines}",)

    @property
    def problems(self) -> tuple[ManifestError, ...]:
        """Every problem found, in the order of the input."""
        return self._problems


@functools.total_ordering
@dataclass(frozen=True)
class ObjectRef:
    """Identity of one object. ``namespace`` is None for a cluster-scoped object, which sorts before namespaced ones."""

    api_version: str
    kind: str
    namespace: str | None
    name: str

    @property
    def group(self) -> str:
        """API group; empty for the core group."""
        return self.api_version.rpartition("/")[0]

    @functools.cached_property
    def key(self) -> tuple[str, str, str, str]:
        """Identity that does not depend on the API version: group, kind, namespace ('' when none), name."""
        return (self.group, self.kind, self.namespace or "", self.name)

    def __lt__(self, other: object) -> bool:
        if not isinstance(other, ObjectRef):
            return NotImplemented
        return (*self.key, self.api_version) < (*other.key, other.api_version)

    def __str__(self) -> str:
        place = f"{self.namespace}/{self.name}" if self.namespace else self.name
        return f"{self.api_version} {self.kind} {place}"


def dig(obj: Any, *path: str | int, default: Any = None) -> Any:
    """Value at ``path``; ``default`` where a step is missing, null or of another shape (Kubernetes treats null as absent)."""
    value = obj
    for step in path:
        # Nearly all are plain dicts, and asking an abstract class takes several times as long.
        value = value.get(step) if isinstance(value, dict) else _step(value, step)
        if value is None:
            return default
    return default if value is None else value


def _step(value: Any, step: str | int) -> Any:
    if isinstance(step, str):
        return value.get(step) if isinstance(value, Mapping) else None
    if isinstance(value, Sequence) and not isinstance(value, (str, bytes)) and -len(value) <= step < len(value):
        return value[step]
    return None


def dig_map(obj: Any, *path: str | int) -> Mapping[str, Any]:
    """Mapping at ``path``; empty where there is none."""
    value = dig(obj, *path)
    return value if isinstance(value, Mapping) else {}


def dig_list(obj: Any, *path: str | int) -> Sequence[Any]:
    """List at ``path``; empty where there is none."""
    value = dig(obj, *path)
    return value if isinstance(value, (list, tuple)) else ()


def dig_int(obj: Any, *path: str | int, default: int = 0) -> int:
    """Whole number at ``path``; ``default`` where there is none."""
    value = dig(obj, *path)
    return value if isinstance(value, int) and not isinstance(value, bool) else default


def dig_text(obj: Any, *path: str | int, default: str = "") -> str:
    """Text at ``path``; ``default`` where there is none or an empty one."""
    value = dig(obj, *path)
    return value if isinstance(value, str) and value else default


def labels_of(obj: KubeObject) -> Mapping[str, str]:
    """Labels of the object; empty where it has none."""
    return dig_map(obj, "metadata", "labels")


def annotations_of(obj: KubeObject) -> Mapping[str, str]:
    """Annotations of the object; empty where it has none."""
    return dig_map(obj, "metadata", "annotations")


def ref_of(obj: KubeObject) -> ObjectRef:
    """Identity of ``obj``; raises ManifestError naming the field where apiVersion, kind or metadata.name is not a text."""
    namespace = dig(obj, "metadata", "namespace")
    if namespace is not None and not isinstance(namespace, str):
        raise _not_text(obj, "metadata.namespace", namespace)
    return ObjectRef(
        api_version=_text(obj, "apiVersion"),
        kind=_text(obj, "kind"),
        namespace=namespace or None,
        name=_text(obj, "metadata", "name"),
    )


def _text(obj: KubeObject, *path: str) -> str:
    value = dig(obj, *path)
    if isinstance(value, str) and value:
        return value
    raise _not_text(obj, ".".join(path), value)


def _not_text(obj: KubeObject, field: str, value: Any) -> ManifestError:
    kind, name = dig(obj, "kind"), dig(obj, "metadata", "name")
    return ManifestError(
        where=f"{kind if isinstance(kind, str) else 'object'} {name if isinstance(name, str) else '(no name)'}, field {field}",
        found="nothing" if value is None or value == "" else f"a value of type {type(value).__name__}",
        expected="a text that is not empty",
        remedy=f"Set {field} in the manifest.",
    )
