"""An API server that only knows discovery."""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

from ansible_collections.autotrade.deployment.plugins.module_utils.core.api_resources import ResourceType
from ansible_collections.autotrade.deployment.plugins.module_utils.edge.kube_credentials import Login
from ansible_collections.autotrade.deployment.plugins.module_utils.edge.kube_discovery import IDENTITY, Discovery
from ansible_collections.autotrade.deployment.plugins.module_utils.edge.kube_errors import ApiError
from ansible_collections.autotrade.deployment.plugins.module_utils.edge.kube_transport import Transport

from tests.support.clock import Clock

POD = ResourceType("", "v1", "Pod", "pods", True)
WIDGET = ResourceType("example.com", "v1", "Widget", "widgets", True)


class Server:
    """An API server with one built-in kind and the custom ones of ``custom``; counts what it is asked."""

    def __init__(self, uid: str = "one", host: str = "https://one:6443", ca: bytes = b"CA") -> None:
        self.login = Login(host, ca=ca)
        self.uid: str | None = uid
        # What the answers of this server carry; empty where a proxy takes the header away.
        self.carries = f"flow-{uid}"
        self.witness = ""
        self.custom: dict[str, list[ResourceType]] = {}
        self.asked: list[str] = []

    def json(self, method: str, path: str, **_options: Any) -> tuple[int, Any]:
        assert method == "GET"
        self.asked.append(path)
        self.witness = self.carries
        answers: dict[str, Any] = {
            "/api": aggregated([POD]),
            "/apis": aggregated([kind for kinds in self.custom.values() for kind in kinds]),
            "/api/v1": listed("v1", [POD]),
        }
        if self.uid:
            answers[IDENTITY] = {"metadata": {"uid": self.uid}}
        for group, kinds in self.custom.items():
            versions = list(dict.fromkeys(kind.version for kind in kinds))
            answers[f"/apis/{group}"] = {"versions": [{"groupVersion": f"{group}/{version}"} for version in versions]}
            for version in versions:
                of_version = [kind for kind in kinds if kind.version == version]
                answers[f"/apis/{group}/{version}"] = listed(f"{group}/{version}", of_version)
        if path not in answers:
            status = 403 if path == IDENTITY else 404
            raise ApiError(status, "", "no")
        return 200, answers[path]

    def taken(self) -> list[str]:
        """What was asked since the last look."""
        asked, self.asked = self.asked, []
        return asked


def aggregated(kinds: list[ResourceType]) -> dict[str, Any]:
    items = [
        {
            "metadata": {"name": kind.group},
            "versions": [
                {
                    "version": kind.version,
                    "resources": [{"resource": kind.plural, "scope": "Namespaced", "responseKind": {"kind": kind.kind}}],
                }
            ],
        }
        for kind in kinds
    ]
    return {"kind": "APIGroupDiscoveryList", "items": items}


def listed(group_version: str, kinds: list[ResourceType]) -> dict[str, Any]:
    resources = [{"name": kind.plural, "kind": kind.kind, "namespaced": kind.namespaced} for kind in kinds]
    return {"groupVersion": group_version, "resources": resources}


def discovery(server: Server, folder: Path, clock: Clock) -> Discovery:
    return Discovery(cast(Transport, server), folder, clock)
