"""An API server of nodes and pods for tests: it keeps them in memory, lists them page by page and guards their versions."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from ansible_collections.autotrade.deployment.plugins.module_utils.edge import kube_api, kube_session
from ansible_collections.autotrade.deployment.plugins.module_utils.edge.kube_api import HttpKubeApi
from ansible_collections.autotrade.deployment.plugins.module_utils.edge.kube_errors import ApiError

Json = dict[str, Any]


class NodeWorld:
    """As much of Transport as KubeApi needs. ``before_patch`` is told of each write before it is done, and may write itself."""

    login = SimpleNamespace(host="https://nodes", ca=None, proxy=None)
    witness = ""

    def __init__(self, *nodes: Json, pods: list[Json] | None = None) -> None:
        self.nodes = {node["metadata"]["name"]: node for node in nodes}
        self.pods = pods
        self.asked: list[tuple[str, str]] = []
        self.requests: dict[str, int] = {}
        self.warnings: list[str] = []
        self.ended = 0
        self.before_patch: Callable[[Json], None] = lambda _node: None

    def json(self, method: str, path: str, query: Any = None, body: Any = None, **_options: Any) -> tuple[int, Any]:
        self.asked.append((method, path))
        if path == "/api/v1/pods":
            return 200, {"items": self.pods, "metadata": {}}
        if path == "/api/v1/nodes":
            return 200, self._page(query.get("continue"))
        name, _slash, subresource = path.removeprefix("/api/v1/nodes/").partition("/")
        if name not in self.nodes:
            raise ApiError(404, "NotFound", f'nodes "{name}" not found')
        if method == "PATCH":
            self._patch(self.nodes[name], body, subresource)
        return 200, self.nodes[name]

    def _page(self, after: str | None) -> Json:
        """One node a page."""
        names = [*self.nodes, None]
        name, following = names[names.index(after) if after else 0 :][:2]
        return {"items": [self.nodes[name]], "metadata": {"continue": following}}  # type: ignore[index]

    def _patch(self, node: Json, operations: list[Json], subresource: str) -> None:
        self.before_patch(node)
        values = {operation["path"]: operation["value"] for operation in operations}
        if values.pop("/metadata/resourceVersion") != node["metadata"]["resourceVersion"]:
            raise ApiError(409, "Conflict", "the object has been modified")
        for path, value in values.items():
            _empty, part, field = path.split("/")
            assert part == (subresource or "spec")
            node[part][field] = value
        touch(node)


def touch(node: Json) -> None:
    """The node as after any write."""
    node["metadata"]["resourceVersion"] += "+"


def node(name: str, *taints: Json, gpus: str = "0") -> Json:
    status = {"capacity": {"cpu": "8", "nvidia.com/gpu": gpus}, "allocatable": {"nvidia.com/gpu": gpus}}
    return {"metadata": {"name": name, "resourceVersion": "1"}, "spec": {"taints": list(taints)}, "status": status}


def serve(monkeypatch: pytest.MonkeyPatch, world: NodeWorld) -> NodeWorld:
    """Lets every session meet this server."""

    def revoke(_transport: Any) -> None:
        world.ended += 1

    monkeypatch.setattr(kube_session, "connect", lambda _params: HttpKubeApi(world))  # type: ignore[arg-type]
    monkeypatch.setattr(kube_api, "revoke", revoke)
    return world
