# Copyright (c) autotrade.deployment engineers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Which kinds the server has: two requests of aggregated discovery, kept in the user's cache directory for a while.

What is kept belongs to one server: the UID of its namespace kube-system is asked once a run, which is one small request in
place of two large ones. So a cluster that was created anew is never served from what its predecessor had, though address,
authority and even the serving certificate may be the same.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from ansible_collections.autotrade.deployment.plugins.module_utils.core.api_resources import (
    ResourceTable,
    ResourceType,
    from_aggregated,
    from_resource_list,
)
from ansible_collections.autotrade.deployment.plugins.module_utils.core.objects import dig_text
from ansible_collections.autotrade.deployment.plugins.module_utils.edge.clock import Clock, SystemClock
from ansible_collections.autotrade.deployment.plugins.module_utils.edge.kube_discovery_cache import DiscoveryCache, cache_folder
from ansible_collections.autotrade.deployment.plugins.module_utils.edge.kube_errors import ApiError
from ansible_collections.autotrade.deployment.plugins.module_utils.edge.kube_transport import Transport

NOT_FOUND = 404
WITNESS = "/api/v1/namespaces/kube-system"
ACCEPT = ",".join(
    [
        "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList",
        "application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList",
        "application/json",
    ]
)


class Discovery:
    """Finds kinds. A miss asks the server about that group only; kinds of CRDs just applied are learned from the CRD itself."""

    def __init__(self, transport: Transport, folder: Path | None = None, clock: Clock | None = None) -> None:
        self._transport = transport
        self._folder = folder or cache_folder()
        self._clock = clock or SystemClock()
        self._cache: DiscoveryCache | None = None
        self._table: ResourceTable | None = None
        self._complete = False
        self._asked: set[str] = set()

    def find(self, api_version: str, kind: str) -> ResourceType | None:
        """The kind, or None when the server does not serve it now."""
        found = self._known().find(api_version, kind)
        if found is None and not self._complete and api_version not in self._asked:
            found = self._refresh_version(api_version).find(api_version, kind)
        return found

    def find_group_kind(self, group: str, kind: str) -> ResourceType | None:
        """The kind in the version that the server prefers; None when it does not serve it now."""
        found = self._known().find_group_kind(group, kind)
        if found is None and not self._complete:
            for api_version in self._versions_of(group):
                self._refresh_version(api_version)
            found = self._known().find_group_kind(group, kind)
        return found

    def recheck(self, kind: ResourceType) -> ResourceType | None:
        """Asks anew about a kind whose path answered 404: what was kept may be older than its end."""
        return self._refresh_version(kind.api_version).find(kind.api_version, kind.kind)

    def suggest(self, kind: str) -> str:
        """What the writer of an unknown kind may have meant, of all that is served now."""
        table = self._known() if self._complete else self.refresh()
        return table.suggest(kind)

    def refresh(self) -> ResourceTable:
        """Asks the server anew about everything."""
        types: list[ResourceType] = []
        for root in ("/api", "/apis"):
            _status, document = self._transport.json("GET", root, accept=ACCEPT)
            types += self._types_of(root, document)
        self._complete = True
        self._table = ResourceTable(t for t in types if t.kind)
        if self._cache:
            self._cache.write(self._table)
        return self._table

    def learn(self, types: Iterable[ResourceType]) -> None:
        """Takes over kinds that are served from now on."""
        self._keep(self._known().with_types(types))

    def _known(self) -> ResourceTable:
        if self._table is None:
            server = self._server()
            self._cache = DiscoveryCache(self._folder, server, self._clock) if server else None
            self._table = (self._cache.read() if self._cache else None) or self.refresh()
        return self._table

    def _server(self) -> tuple[str, ...] | None:
        """What tells this server from every other; None where we may not know, so that nothing is kept."""
        try:
            uid = dig_text(self._transport.json("GET", WITNESS)[1], "metadata", "uid")
        except ApiError:
            return None
        login = self._transport.login
        # Address and authority too: a server that claims another one's UID must not write into that one's cache.
        return (uid, login.host, (login.ca or b"").hex(), login.proxy or "") if uid else None

    def _refresh_version(self, api_version: str) -> ResourceTable:
        self._asked.add(api_version)
        document = self._quietly(f"/apis/{api_version}" if "/" in api_version else f"/api/{api_version}")
        self._keep(self._known().with_version(api_version, from_resource_list(document)))
        return self._known()

    def _versions_of(self, group: str) -> list[str]:
        if not group:
            return ["v1"]
        return [dig_text(version, "groupVersion") for version in self._quietly(f"/apis/{group}").get("versions") or ()]

    def _quietly(self, path: str) -> dict[str, Any]:
        """The document, empty where the server has none."""
        try:
            return dict(self._transport.json("GET", path)[1])
        except ApiError as error:
            if error.status != NOT_FOUND:
                raise
            return {}

    def _keep(self, table: ResourceTable) -> None:
        self._table = table
        if self._cache:
            self._cache.rewrite(table)

    def _types_of(self, root: str, document: Any) -> list[ResourceType]:
        if document.get("kind") == "APIGroupDiscoveryList":
            return list(from_aggregated(document))
        versions = document.get("versions") or [v["groupVersion"] for g in document.get("groups", ()) for v in g["versions"]]
        return [t for version in versions for t in from_resource_list(self._transport.json("GET", f"{root}/{version}")[1])]
