# Copyright (c) autotrade.deployment engineers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Which kinds the server has: two requests of aggregated discovery, kept in the user's cache directory for a while.

What is kept belongs to one server, known by the UID of its namespace kube-system. Every answer of an API server also carries
the UID of a FlowSchema (KEP-1040), which no other server has either: an answer with one that was seen before proves for
nothing that this is still the same server. So a run without changes asks nothing more, and a cluster that was created anew is
never served from what its predecessor had, though address, authority and even the serving certificate may be the same.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable
from dataclasses import replace
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
from ansible_collections.autotrade.deployment.plugins.module_utils.edge.kube_discovery_cache import (
    DiscoveryCache,
    Kept,
    cache_folder,
)
from ansible_collections.autotrade.deployment.plugins.module_utils.edge.kube_errors import ApiError, ServerChangedError
from ansible_collections.autotrade.deployment.plugins.module_utils.edge.kube_transport import Transport

NOT_FOUND = 404
IDENTITY = "/api/v1/namespaces/kube-system"
ACCEPT = ",".join(
    [
        "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList",
        "application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList",
        "application/json",
    ]
)


class Discovery:
    """Finds kinds. A miss asks the server about that group only; kinds of CRDs just applied are learned from the CRD itself.

    Every method that asks may raise ServerChangedError: see ``confirm``.
    """

    def __init__(self, transport: Transport, folder: Path | None = None, clock: Clock | None = None) -> None:
        self._transport = transport
        login = transport.login
        identity = (login.host, (login.ca or b"").hex(), login.proxy or "")
        self._cache = DiscoveryCache(folder or cache_folder(), identity, clock or SystemClock())
        self._kept: Kept | None = None
        self._confirmed = self._complete = False
        self._asked: set[str] = set()
        self._lock = threading.RLock()

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
        witnesses = frozenset(filter(None, [self._transport.witness]))
        uid = (self._kept.uid if self._kept and self._confirmed else "") or self._uid()
        self._confirmed = self._complete = True
        self._kept = Kept(ResourceTable(t for t in types if t.kind), uid, witnesses, self._cache.now())
        self._save()
        return self._kept.table

    def learn(self, types: Iterable[ResourceType]) -> None:
        """Takes over kinds that are served from now on."""
        self._keep(self._known().with_types(types))

    def confirm(self) -> None:
        """To be called after an answer: is this the server of which we know what it serves?

        Raises ServerChangedError where it is another one. Nothing that was found so far holds then; whoever begins again
        finds nothing kept.
        """
        with self._lock:
            if self._confirmed or self._kept is None:
                return
            witness = self._transport.witness
            if witness not in self._kept.witnesses:
                if not self._kept.uid or self._uid() != self._kept.uid:
                    self._cache.forget()
                    raise ServerChangedError(self._transport.login.host)
                self._kept = replace(self._kept, witnesses=self._kept.witnesses.union(filter(None, [witness])))
                self._save()
            self._confirmed = True

    def _known(self) -> ResourceTable:
        with self._lock:
            if self._kept is None:
                self._kept = self._cache.read()
            return self.refresh() if self._kept is None else self._kept.table

    def _uid(self) -> str:
        """Of the namespace kube-system, which lives as long as the cluster; empty where we may not see it."""
        try:
            return dig_text(self._transport.json("GET", IDENTITY)[1], "metadata", "uid")
        except ApiError:
            return ""

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
            document = dict(self._transport.json("GET", path)[1])
        except ApiError as error:
            if error.status != NOT_FOUND:
                raise
            document = {}
        self.confirm()
        return document

    def _keep(self, table: ResourceTable) -> None:
        with self._lock:
            if self._kept is not None:
                self._kept = replace(self._kept, table=table)
                self._save()

    def _save(self) -> None:
        """Only what can be recognized again."""
        if self._kept and (self._kept.uid or self._kept.witnesses):
            self._cache.write(self._kept)

    def _types_of(self, root: str, document: Any) -> list[ResourceType]:
        if document.get("kind") == "APIGroupDiscoveryList":
            return list(from_aggregated(document))
        versions = document.get("versions") or [v["groupVersion"] for g in document.get("groups", ()) for v in g["versions"]]
        return [t for version in versions for t in from_resource_list(self._transport.json("GET", f"{root}/{version}")[1])]
