# Copyright (c) autotrade.deployment engineers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Which kinds the server has: two requests of aggregated discovery, kept in the user's cache directory for a while."""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from ansible_collections.autotrade.deployment.plugins.module_utils.core.api_resources import (
    ResourceTable,
    ResourceType,
    from_aggregated,
    from_resource_list,
)
from ansible_collections.autotrade.deployment.plugins.module_utils.edge.clock import Clock, SystemClock
from ansible_collections.autotrade.deployment.plugins.module_utils.edge.kube_transport import Transport

TTL_S = 600.0
ACCEPT = ",".join(
    [
        "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList",
        "application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList",
        "application/json",
    ]
)


class Discovery:
    """Finds kinds. A miss in a cached table asks the server once; kinds of CRDs just applied are learned from the CRD itself."""

    def __init__(self, transport: Transport, folder: Path | None = None, clock: Clock | None = None) -> None:
        self._transport = transport
        self._clock = clock or SystemClock()
        self._file = (folder or cache_folder()) / f"discovery-{_identity(transport)}.json"
        self._table: ResourceTable | None = None
        self._fresh = False

    def find(self, api_version: str, kind: str) -> ResourceType | None:
        """The kind, or None when the server does not serve it now."""
        if self._table is None:
            self._table = self._cached() or self._ask()
        found = self._table.find(api_version, kind)
        if found is None and not self._fresh:
            found = self.refresh().find(api_version, kind)
        return found

    def suggest(self, kind: str) -> str:
        """What the writer of an unknown kind may have meant."""
        return (self._table or ResourceTable()).suggest(kind)

    def refresh(self) -> ResourceTable:
        """Asks the server anew; for a path that answered 404, or a kind that is missing."""
        self._table = self._ask()
        return self._table

    def learn(self, types: Iterable[ResourceType]) -> None:
        """Takes over kinds that are served from now on."""
        self._table = (self._table or ResourceTable()).with_types(types)
        self._save(self._table)

    def _ask(self) -> ResourceTable:
        types: list[ResourceType] = []
        for root in ("/api", "/apis"):
            _status, document = self._transport.json("GET", root, accept=ACCEPT)
            types += self._types_of(root, document)
        self._fresh = True
        table = ResourceTable(t for t in types if t.kind)
        self._save(table)
        return table

    def _types_of(self, root: str, document: Any) -> list[ResourceType]:
        if document.get("kind") == "APIGroupDiscoveryList":
            return list(from_aggregated(document))
        versions = document.get("versions") or [v["groupVersion"] for g in document.get("groups", ()) for v in g["versions"]]
        return [t for version in versions for t in from_resource_list(self._transport.json("GET", f"{root}/{version}")[1])]

    def _cached(self) -> ResourceTable | None:
        try:
            if self._clock.now().timestamp() - self._file.stat().st_mtime > TTL_S:
                return None
            return ResourceTable(ResourceType(**t) for t in json.loads(self._file.read_text(encoding="utf-8")))
        except (OSError, ValueError, TypeError):
            return None

    def _save(self, table: ResourceTable) -> None:
        """Whole or not at all, readable by us alone; a cache that cannot be written is no reason to fail."""
        try:
            self._file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            with tempfile.NamedTemporaryFile("w", dir=self._file.parent, delete=False, encoding="utf-8") as new:
                json.dump(table.dump(), new)
            Path(new.name).replace(self._file)
        except OSError:
            return


def cache_folder() -> Path:
    """$XDG_CACHE_HOME/autotrade.deployment, by default below ~/.cache."""
    return Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache").expanduser() / "autotrade.deployment"


def _identity(transport: Transport) -> str:
    """The server is its address and its CA: a new cluster at an old address has a new CA."""
    login = transport.login
    return hashlib.sha256(b"\0".join([login.host.encode(), login.ca or b"", (login.proxy or "").encode()])).hexdigest()[:32]
