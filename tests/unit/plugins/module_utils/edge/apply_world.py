# Copyright (c) autotrade.deployment engineers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""An API server for tests that keeps objects in memory, counts, and fails when it is told to."""

# ruff: noqa: ARG002 - the engine calls by the protocol's names

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from ansible_collections.autotrade.deployment.plugins.module_utils.core.api_resources import ResourceType
from ansible_collections.autotrade.deployment.plugins.module_utils.core.apply_model import Report
from ansible_collections.autotrade.deployment.plugins.module_utils.core.manifests import check_sourced
from ansible_collections.autotrade.deployment.plugins.module_utils.core.objects import KubeObject
from ansible_collections.autotrade.deployment.plugins.module_utils.edge.apply_engine import ApplyEngine, Settings
from ansible_collections.autotrade.deployment.plugins.module_utils.edge.apply_progress import Progress
from ansible_collections.autotrade.deployment.plugins.module_utils.edge.apply_write import Manner
from ansible_collections.autotrade.deployment.plugins.module_utils.edge.kube_api import EVERYTHING, Listing, Selector

from tests.support.clock import Clock

CONFIG_MAP = ResourceType("", "v1", "ConfigMap", "configmaps", True)
MANAGER = "us"
# Told of each write before it is done: (name, number of the real write, whether it is a dry run). It may raise.
Hook = Callable[[str, int, bool], None]


class Kinds:
    """Discovery of ConfigMaps alone."""

    def find(self, api_version: str, kind: str) -> ResourceType | None:
        return CONFIG_MAP if (api_version, kind) == ("v1", "ConfigMap") else None

    def suggest(self, kind: str) -> str:
        return f"nothing like {kind}"


class World:
    """As much of KubeApi as the engine needs for ConfigMaps."""

    default_namespace = "demo"

    def __init__(self, hook: Hook = lambda _name, _number, _dry: None) -> None:
        self.objects: dict[str, dict[str, Any]] = {}
        self.counted: Counter[str] = Counter()
        self.hook = hook
        self._lock = threading.Lock()
        self._version = 0

    def discovery(self) -> Any:
        return Kinds()

    def list(self, kind: ResourceType, namespace: str | None, selector: Selector = EVERYTHING) -> Listing:
        return Listing(tuple(self.objects.values()) if kind == CONFIG_MAP else (), str(self._version))

    def get(self, kind: ResourceType, namespace: str | None, name: str) -> KubeObject | None:
        return self.objects.get(name)

    def apply(
        self,
        kind: ResourceType,
        obj: KubeObject,
        manager: str,
        *,
        force: bool = False,
        dry_run: bool = False,
        body: bytes | None = None,
    ) -> KubeObject:
        name = obj["metadata"]["name"]
        with self._lock:
            self.counted["dry" if dry_run else "real"] += 1
            self.hook(name, self.counted["real"], dry_run)
            version = self._version if dry_run else self._version + 1
            stored = self.stored(obj, manager, str(version))
            if not dry_run:
                self._version = version
                self.objects[name] = stored
            return stored

    @staticmethod
    def stored(obj: KubeObject, manager: str, version: str) -> dict[str, Any]:
        """The object as the API server keeps it."""
        fields = {"f:data": {f"f:{key}": {} for key in obj.get("data", {})}}
        entry = {"manager": manager, "operation": "Apply", "apiVersion": "v1", "fieldsV1": fields}
        metadata = {**obj["metadata"], "uid": obj["metadata"]["name"], "resourceVersion": version, "managedFields": [entry]}
        return {**obj, "metadata": metadata}

    def patch(
        self,
        kind: ResourceType,
        obj: KubeObject,
        operations: Sequence[Any],
        manager: str,
        *,
        dry_run: bool = False,
        subresource: str = "",
    ) -> KubeObject:
        raise NotImplementedError

    def delete(self, kind: ResourceType, obj: KubeObject, *, dry_run: bool = False) -> None:
        raise NotImplementedError

    def watch(
        self, kind: ResourceType, namespace: str | None, version: str, selector: Selector = EVERYTHING
    ) -> Iterator[Mapping[str, Any]]:
        return iter(())

    def log(self, namespace: str, pod: str, container: str, lines: int, previous: bool) -> str:
        return ""

    def requests(self) -> dict[str, int]:
        return dict(self.counted)

    def warnings(self) -> tuple[str, ...]:
        return ()


def config_maps(count: int, value: str = "1") -> list[dict[str, Any]]:
    return [
        {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": f"m{n:03}"}, "data": {"a": value}} for n in range(count)
    ]


def applied(world: World, objects: Sequence[Any], *, check: bool = False, clock: Clock | None = None) -> Report:
    clock = clock or Clock()
    engine = ApplyEngine(world, Settings(Manner(MANAGER, check=check)), clock, Progress(None, clock))
    return engine.apply(check_sourced([(f"file-{n}.yaml", obj) for n, obj in enumerate(objects, 1)]))
