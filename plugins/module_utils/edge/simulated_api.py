# Copyright (c) autotrade.deployment engineers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The few requests that starting a simulated cluster takes: is it ready, and which kinds does it serve."""

from __future__ import annotations

import http.client
import json
import ssl
from collections.abc import Iterator, Mapping
from typing import Any

from ansible_collections.autotrade.deployment.plugins.module_utils.core.simulated import ClusterSpec

DISCOVERY = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"
TIMEOUT_SECONDS = 5.0


class SimulatedApi:
    """Speaks as the cluster's administrator over loopback."""

    def __init__(self, spec: ClusterSpec) -> None:
        pki = spec.layout.pki
        self._spec = spec
        self._context = ssl.create_default_context(cafile=pki("ca.crt"))
        self._context.load_cert_chain(pki("admin.crt"), pki("admin.key"))

    def answers(self, port: int, path: str) -> bool:
        """True when the server on this port says 200."""
        try:
            return self._get(port, path)[0] == http.client.OK
        except (OSError, http.client.HTTPException):
            return False

    def kinds(self) -> frozenset[tuple[str, str]]:
        """(apiVersion, kind) of everything that is served."""
        documents = (self._document(path) for path in ("/api", "/apis"))
        return frozenset(kind for document in documents for kind in _kinds(document))

    def _document(self, path: str) -> Mapping[str, Any]:
        status, body = self._get(self._spec.ports.api_server, path, {"Accept": DISCOVERY})
        if status != http.client.OK:
            raise OSError(f"{self._spec.server}{path}: answered {status}, expected 200")
        document: Mapping[str, Any] = json.loads(body)
        return document

    def _get(self, port: int, path: str, headers: Mapping[str, str] | None = None) -> tuple[int, bytes]:
        connection = http.client.HTTPSConnection("127.0.0.1", port, timeout=TIMEOUT_SECONDS, context=self._context)
        try:
            connection.request("GET", path, headers=dict(headers or {}))
            response = connection.getresponse()
            return response.status, response.read()
        finally:
            connection.close()


def _kinds(document: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for group in document.get("items", ()):
        name = group.get("metadata", {}).get("name", "")
        for version in group.get("versions", ()):
            api_version = f"{name}/{version['version']}" if name else version["version"]
            for resource in version.get("resources", ()):
                yield api_version, resource["responseKind"]["kind"]
