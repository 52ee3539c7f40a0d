# Copyright (c) autotrade.deployment engineers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The few requests that starting a simulated cluster takes: is it ready, and which kinds does it serve."""

from __future__ import annotations

import http.client
import json
import ssl
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ansible_collections.autotrade.deployment.plugins.module_utils.core.simulated import ClusterSpec

DISCOVERY = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"
NAMES = "application/json;g=meta.k8s.io;v=v1;as=PartialObjectMetadataList"
DEFINITIONS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
#: Who is silent for longer counts as dead, so it is more than a busy machine needs.
TIMEOUT_SECONDS = 30.0


@dataclass(frozen=True)
class Served:
    """One served resource; ``name`` is that of its definition, such as ``gateways.gateway.networking.k8s.io``."""

    api_version: str
    kind: str
    name: str


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
        return frozenset((served.api_version, served.kind) for served in self._served())

    def playable(self) -> frozenset[tuple[str, str]]:
        """Those that OpenAPI describes as well: KWOK reads it at its start, and exits over a kind that it does not find there."""
        return frozenset((served.api_version, served.kind) for served in self._described())

    def settled(self) -> bool:
        """Whether everything that is defined can be played; after its start an API server takes a while for that."""
        try:
            # Where nothing is defined, Go writes the empty list as null.
            defined = self._document(DEFINITIONS, NAMES)["items"] or ()
            return {item["metadata"]["name"] for item in defined} <= {served.name for served in self._described()}
        except (OSError, http.client.HTTPException):
            return False

    def _described(self) -> Iterator[Served]:
        paths = self._document("/openapi/v3", "application/json")["paths"]
        described = {path.removeprefix("apis/").removeprefix("api/") for path in paths}
        return (served for served in self._served() if served.api_version in described)

    def _served(self) -> Iterator[Served]:
        for path in ("/api", "/apis"):
            yield from _resources(self._document(path, DISCOVERY))

    def _document(self, path: str, accept: str) -> Mapping[str, Any]:
        status, body = self._get(self._spec.ports.api_server, path, {"Accept": accept})
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


def _resources(document: Mapping[str, Any]) -> Iterator[Served]:
    for group in document.get("items", ()):
        name = group.get("metadata", {}).get("name", "")
        for version in group.get("versions", ()):
            api_version = f"{name}/{version['version']}" if name else version["version"]
            for resource in version.get("resources", ()):
                yield Served(api_version, resource["responseKind"]["kind"], f"{resource['resource']}.{name}")
