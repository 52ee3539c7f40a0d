# Copyright (c) autotrade.deployment engineers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What kinds an API server serves: read from aggregated discovery or from a CustomResourceDefinition, without a server."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from difflib import get_close_matches
from typing import Any

from ansible_collections.autotrade.deployment.plugins.module_utils.core.objects import dig, dig_list, dig_map, dig_text

_VERSION = re.compile(r"v(?P<major>[1-9][0-9]*)(?:(?P<stage>alpha|beta)(?P<minor>[1-9][0-9]*))?")


@dataclass(frozen=True)
class ResourceType:
    """One kind in one version, and where the API serves it."""

    group: str
    version: str
    kind: str
    plural: str
    namespaced: bool

    @property
    def api_version(self) -> str:
        return f"{self.group}/{self.version}" if self.group else self.version

    def path(self, namespace: str | None = None, name: str | None = None) -> str:
        """URL path of the collection, or of one object in it."""
        root = f"/apis/{self.group}/{self.version}" if self.group else f"/api/{self.version}"
        scope = f"/namespaces/{namespace}" if self.namespaced and namespace else ""
        return f"{root}{scope}/{self.plural}" + (f"/{name}" if name else "")


class ResourceTable:
    """Lookup by apiVersion and kind; immutable, ``with_types`` gives a new one."""

    def __init__(self, types: Iterable[ResourceType] = ()) -> None:
        self._types = {(t.api_version, t.kind): t for t in types}

    def find(self, api_version: str, kind: str) -> ResourceType | None:
        return self._types.get((api_version, kind))

    def find_group_kind(self, group: str, kind: str) -> ResourceType | None:
        """The kind in the version that Kubernetes prefers: stable before beta before alpha, the highest number of each."""
        served = [t for t in self if (t.group, t.kind) == (group, kind)]
        return max(served, key=lambda t: version_rank(t.version), default=None)

    def with_types(self, types: Iterable[ResourceType]) -> ResourceTable:
        return ResourceTable([*self._types.values(), *types])

    def with_version(self, api_version: str, types: Iterable[ResourceType]) -> ResourceTable:
        """The table with these kinds in place of all that it had of this version."""
        return ResourceTable([*(t for t in self if t.api_version != api_version), *types])

    def suggest(self, kind: str) -> str:
        """What the writer may have meant: the kind in another version, or kinds of a similar name."""
        served = sorted(v for v, k in self._types if k == kind)
        if served:
            return f"{kind} is served as {', '.join(served)}"
        similar = get_close_matches(kind, {kind_known for _version, kind_known in self._types}, n=3)
        return f"similar kinds: {', '.join(similar)}" if similar else "no similar kind is served"

    def dump(self) -> list[dict[str, Any]]:
        return [asdict(t) for t in self]

    def __iter__(self) -> Iterator[ResourceType]:
        return iter(self._types.values())

    def __len__(self) -> int:
        return len(self._types)


def version_rank(version: str) -> tuple[int, int, int]:
    """Greater for a version that is preferred (apimachinery, version.CompareKubeAwareVersionStrings); least for other texts."""
    match = _VERSION.fullmatch(version)
    if match is None:
        return (-1, 0, 0)
    stability = {"alpha": 0, "beta": 1, None: 2}[match["stage"]]
    return (stability, int(match["major"]), int(match["minor"] or 0))


def from_aggregated(document: Mapping[str, Any]) -> Iterator[ResourceType]:
    """Kinds of an APIGroupDiscoveryList (apidiscovery.k8s.io/v2 and v2beta1 have one shape); subresources are left out."""
    for group in document.get("items", ()):
        name = group.get("metadata", {}).get("name", "")
        for version in group.get("versions", ()):
            for resource in version.get("resources", ()):
                yield _aggregated(name, version["version"], resource)


def _aggregated(group: str, version: str, resource: Mapping[str, Any]) -> ResourceType:
    kind = resource.get("responseKind", {}).get("kind", "")
    return ResourceType(group, version, kind, resource["resource"], resource.get("scope") == "Namespaced")


def from_resource_list(document: Mapping[str, Any]) -> Iterator[ResourceType]:
    """Kinds of an APIResourceList, which API servers before 1.26 send per group and version."""
    group, _slash, version = document.get("groupVersion", "").rpartition("/")
    for resource in document.get("resources", ()):
        if "/" not in resource["name"]:
            yield ResourceType(group, version, resource["kind"], resource["name"], bool(resource["namespaced"]))


def from_definition(crd: Mapping[str, Any]) -> Iterator[ResourceType]:
    """Kinds that a CustomResourceDefinition (apiextensions.k8s.io/v1) will serve once it is established."""
    spec = dig_map(crd, "spec")
    group, kind, plural = dig_text(spec, "group"), dig_text(spec, "names", "kind"), dig_text(spec, "names", "plural")
    for version in dig_list(spec, "versions"):
        # What is incomplete is for the API server to refuse.
        if kind and plural and dig_text(version, "name") and dig(version, "served", default=True):
            yield ResourceType(group, version["name"], kind, plural, spec.get("scope") == "Namespaced")
