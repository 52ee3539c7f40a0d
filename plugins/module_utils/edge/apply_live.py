# Copyright (c) autotrade.deployment engineers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What stands in the cluster now: one LIST per kind and namespace, in parallel."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from ansible_collections.autotrade.deployment.plugins.module_utils.core.api_resources import ResourceType
from ansible_collections.autotrade.deployment.plugins.module_utils.core.apply_model import Item
from ansible_collections.autotrade.deployment.plugins.module_utils.core.objects import KubeObject, ObjectRef, dig
from ansible_collections.autotrade.deployment.plugins.module_utils.core.rollout_guard import LEASE_LABEL
from ansible_collections.autotrade.deployment.plugins.module_utils.edge.apply_watch import Scope
from ansible_collections.autotrade.deployment.plugins.module_utils.edge.kube_api import EVERYTHING, KubeApi, Listing, Selector
from ansible_collections.autotrade.deployment.plugins.module_utils.edge.kube_errors import ApiError, KubeError

FORBIDDEN = 403
NOT_FOUND = 404
LEASE = ResourceType("coordination.k8s.io", "v1", "Lease", "leases", True)
ROLLOUTS = Selector(labels=LEASE_LABEL)


class UnreadableError(KubeError):
    """The API server does not say what stands there. ``item`` is the first object of the set that it was asked about."""

    def __init__(self, item: Item, refused: ApiError) -> None:
        super().__init__(f"{item.ref} ({item.source}) cannot be read: {refused}")
        self.item, self.refused = item, refused


@dataclass
class Live:
    """Objects by reference, and for each scope the version and selector with which a WATCH goes on."""

    objects: dict[ObjectRef, KubeObject] = field(default_factory=dict)
    versions: dict[Scope, tuple[str | None, Selector]] = field(default_factory=dict)


def read(api: KubeApi, items: Iterable[Item], pool: ThreadPoolExecutor) -> Live:
    """Live objects of all items whose kind is served. A kind that may not be listed is read object by object.

    Raises UnreadableError, or KubeError where nobody answers.
    """
    scopes: dict[Scope, list[Item]] = defaultdict(list)
    for item in items:
        if item.kind is not None:
            scopes[item.kind, item.ref.namespace].append(item)
    live = Live()
    futures = [pool.submit(_read_scope, api, scope, members) for scope, members in scopes.items()]
    for scope, future in zip(scopes, futures, strict=True):
        try:
            listing, selector = future.result()
        except ApiError as error:
            raise UnreadableError(scopes[scope][0], error) from None
        live.versions[scope] = (listing.resource_version or None, selector)
        live.objects.update(_matched(scopes[scope], listing.items))
    return live


def _read_scope(api: KubeApi, scope: Scope, members: Sequence[Item]) -> tuple[Listing, Selector]:
    selector = Selector.named(members[0].ref.name) if len(members) == 1 else EVERYTHING
    try:
        return api.list(*scope, selector), selector
    except ApiError as error:
        if error.status == NOT_FOUND:
            api.discovery().recheck(scope[0])
            return Listing((), ""), selector
        if error.status != FORBIDDEN:
            raise
        return _one_by_one(api, scope, members), selector


def _one_by_one(api: KubeApi, scope: Scope, members: Sequence[Item]) -> Listing:
    found = (api.get(scope[0], scope[1], item.ref.name) for item in members)
    return Listing(tuple(obj for obj in found if obj is not None), "")


def _matched(members: Sequence[Item], objects: Iterable[KubeObject]) -> dict[ObjectRef, KubeObject]:
    wanted = {item.ref.name: item.ref for item in members}
    return {wanted[name]: obj for obj in objects if (name := dig(obj, "metadata", "name")) in wanted}


def rollouts(api: KubeApi, namespaces: Iterable[str | None], pool: ThreadPoolExecutor) -> list[KubeObject]:
    """Leases of rollouts in the namespaces. Raises ApiError where they may not be listed."""
    futures = [pool.submit(api.list, LEASE, namespace, ROLLOUTS) for namespace in sorted({n for n in namespaces if n})]
    return [obj for future in futures for obj in future.result().items]


def autoscalers(api: KubeApi, namespaces: Iterable[str | None], pool: ThreadPoolExecutor) -> list[KubeObject]:
    """Live HorizontalPodAutoscalers of the namespaces; none where they may not be listed."""
    kind = api.discovery().find("autoscaling/v2", "HorizontalPodAutoscaler")
    if kind is None:
        return []
    futures = [pool.submit(_quietly, api, kind, namespace) for namespace in sorted({n for n in namespaces if n})]
    return [obj for future in futures for obj in future.result()]


def _quietly(api: KubeApi, kind: ResourceType, namespace: str) -> tuple[KubeObject, ...]:
    try:
        return api.list(kind, namespace).items
    except ApiError:
        return ()
