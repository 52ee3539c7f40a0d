# Copyright (c) autotrade.deployment engineers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The verbs of the Kubernetes API on plain JSON objects: what the engines use, and what their tests replace."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from ansible_collections.autotrade.deployment.plugins.module_utils.core.api_resources import ResourceType
from ansible_collections.autotrade.deployment.plugins.module_utils.core.objects import KubeObject, dig
from ansible_collections.autotrade.deployment.plugins.module_utils.edge.arguments import sealed_connection
from ansible_collections.autotrade.deployment.plugins.module_utils.edge.kube_discovery import Discovery
from ansible_collections.autotrade.deployment.plugins.module_utils.edge.kube_errors import ApiError
from ansible_collections.autotrade.deployment.plugins.module_utils.edge.kube_login import Options, resolve
from ansible_collections.autotrade.deployment.plugins.module_utils.edge.kube_login_openshift import exchanged, revoke
from ansible_collections.autotrade.deployment.plugins.module_utils.edge.kube_transport import Transport

PAGE = 500
METADATA = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"
# Bookmarks come about once a minute; a watch that stays silent for longer has lost its server.
WATCH_SILENCE_S = 90.0
WATCH_SECONDS = 300
UNAUTHORIZED, NOT_FOUND = 401, 404


@dataclass(frozen=True)
class Listing:
    """Objects of one LIST and the version from which a WATCH goes on."""

    items: tuple[KubeObject, ...]
    resource_version: str


@dataclass(frozen=True)
class Selector:
    """What a LIST or WATCH is narrowed to, in the API's own syntax."""

    fields: str | None = None
    labels: str | None = None

    def query(self) -> dict[str, str]:
        given = {"fieldSelector": self.fields, "labelSelector": self.labels}
        return {key: value for key, value in given.items() if value}

    @classmethod
    def named(cls, name: str) -> Selector:
        # Names of RBAC objects may hold what a field selector takes for its own syntax.
        escaped = name.replace("\\", "\\\\").replace(",", "\\,").replace("=", "\\=")
        return cls(fields=f"metadata.name={escaped}")


EVERYTHING = Selector()


class KubeApi(Protocol):
    """What an engine asks of a cluster. All methods raise ApiError, UnreachableError or LoginError."""

    @property
    def default_namespace(self) -> str | None: ...

    def discovery(self) -> Discovery: ...

    def list(
        self, kind: ResourceType, namespace: str | None, selector: Selector = EVERYTHING, *, metadata_only: bool = False
    ) -> Listing: ...

    def get(self, kind: ResourceType, namespace: str | None, name: str) -> KubeObject | None: ...

    def apply(
        self,
        kind: ResourceType,
        obj: KubeObject,
        manager: str,
        *,
        force: bool = False,
        dry_run: bool = False,
        body: bytes | None = None,
    ) -> KubeObject: ...

    def patch(
        self,
        kind: ResourceType,
        obj: KubeObject,
        operations: Sequence[Any],
        manager: str,
        *,
        dry_run: bool = False,
        subresource: str = "",
    ) -> KubeObject: ...

    def delete(self, kind: ResourceType, obj: KubeObject, *, dry_run: bool = False) -> None: ...

    def watch(
        self, kind: ResourceType, namespace: str | None, version: str, selector: Selector = EVERYTHING
    ) -> Iterator[Mapping[str, Any]]: ...

    def log(self, namespace: str, pod: str, container: str, lines: int, previous: bool) -> str: ...

    def requests(self) -> dict[str, int]: ...

    def warnings(self) -> tuple[str, ...]: ...

    def close(self) -> None: ...


class HttpKubeApi:
    """KubeApi over HTTP."""

    def __init__(self, transport: Transport, cache: Path | None = None) -> None:
        self._transport = transport
        self._discovery = Discovery(transport, cache)

    @property
    def default_namespace(self) -> str | None:
        return self._transport.login.namespace

    def discovery(self) -> Discovery:
        return self._discovery

    def list(
        self, kind: ResourceType, namespace: str | None, selector: Selector = EVERYTHING, *, metadata_only: bool = False
    ) -> Listing:
        """All pages. Items of a LIST carry no apiVersion and kind, so they are put back.

        With ``metadata_only`` the server leaves out everything else, so that no secret is sent to count secrets.
        """
        items: list[KubeObject] = []
        query = {"limit": str(PAGE), **selector.query()}
        accept = METADATA if metadata_only else "application/json"
        while True:
            page = self._read(kind.path(namespace), query, accept)
            items += [{**item, "apiVersion": kind.api_version, "kind": kind.kind} for item in page.get("items") or ()]
            onward = dig(page, "metadata", "continue")
            if not onward:
                return Listing(tuple(items), str(dig(page, "metadata", "resourceVersion", default="")))
            query["continue"] = onward

    def get(self, kind: ResourceType, namespace: str | None, name: str) -> KubeObject | None:
        try:
            return dict(self._read(kind.path(namespace, name)))
        except ApiError as error:
            if error.status == NOT_FOUND:
                return None
            raise

    def _read(self, path: str, query: Mapping[str, str] | None = None, accept: str = "application/json") -> Any:
        """Every run reads before it writes, so this is where a server shows that it is the one we know."""
        try:
            answer = self._transport.json("GET", path, query, accept=accept)[1]
        except ApiError as error:
            # Who is not let in learns nothing of the server.
            if error.status != UNAUTHORIZED:
                self._discovery.confirm()
            raise
        self._discovery.confirm()
        return answer

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
        """Server-side apply with strict field validation; answers the object as it stands (or would stand) afterwards.

        ``body`` is the object as it travels, where the caller has encoded it already.
        """
        query = {"fieldManager": manager, "fieldValidation": "Strict", "force": "true" if force else "false"}
        if dry_run:
            query["dryRun"] = "All"
        path = kind.path(dig(obj, "metadata", "namespace"), dig(obj, "metadata", "name"))
        sent = obj if body is None else body
        return dict(self._transport.json("PATCH", path, query, body=sent, content_type="application/apply-patch+yaml")[1])

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
        """JSON patch (RFC 6902) of the object or of its ``subresource``; answers it as it stands (or would) afterwards."""
        query = {"fieldManager": manager, "fieldValidation": "Strict"} | ({"dryRun": "All"} if dry_run else {})
        path = kind.path(dig(obj, "metadata", "namespace"), dig(obj, "metadata", "name"))
        path += f"/{subresource}" if subresource else ""
        return dict(self._transport.json("PATCH", path, query, body=operations, content_type="application/json-patch+json")[1])

    def delete(self, kind: ResourceType, obj: KubeObject, *, dry_run: bool = False) -> None:
        """Deletes exactly this incarnation (UID precondition); one that is gone already is no error."""
        body: dict[str, Any] = {"apiVersion": "v1", "kind": "DeleteOptions", "propagationPolicy": "Background"}
        body["preconditions"] = {"uid": dig(obj, "metadata", "uid")}
        if dry_run:
            body["dryRun"] = ["All"]
        path = kind.path(dig(obj, "metadata", "namespace"), dig(obj, "metadata", "name"))
        try:
            self._transport.json("DELETE", path, {"dryRun": "All"} if dry_run else None, body=body)
        except ApiError as error:
            if error.status != NOT_FOUND:
                raise

    def watch(
        self, kind: ResourceType, namespace: str | None, version: str, selector: Selector = EVERYTHING
    ) -> Iterator[Mapping[str, Any]]:
        """Events after ``version`` until the server ends the stream (after at most five minutes)."""
        query = {"watch": "true", "allowWatchBookmarks": "true", "resourceVersion": version, "timeoutSeconds": str(WATCH_SECONDS)}
        response = self._transport.stream(kind.path(namespace), {**query, **selector.query()}, WATCH_SILENCE_S)
        yield from map(json.loads, self._transport.lines(response))

    def log(self, namespace: str, pod: str, container: str, lines: int, previous: bool) -> str:
        query = {"container": container, "tailLines": str(lines), "previous": str(previous).lower(), "limitBytes": "20000"}
        return self._transport.text(f"/api/v1/namespaces/{namespace}/pods/{pod}/log", query)

    def requests(self) -> dict[str, int]:
        return dict(self._transport.requests)

    def warnings(self) -> tuple[str, ...]:
        return tuple(self._transport.warnings)

    def close(self) -> None:
        """Ends what was begun for this run alone. Nothing may be asked afterwards."""
        revoke(self._transport)


def connect(params: Mapping[str, Any], connections: int = 16) -> HttpKubeApi:
    """A KubeApi from a module's parameters, to be closed at the end. Raises LoginError or NoClusterError.

    Sends nothing yet, unless user and password have to be exchanged for a token.
    """
    return HttpKubeApi(Transport(exchanged(resolve(Options.from_params(sealed_connection(params)))), connections))
