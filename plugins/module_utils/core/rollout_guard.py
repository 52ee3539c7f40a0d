# Copyright (c) autotrade.deployment engineers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a running rollout holds: route weights and Service selectors that an apply must not set back.

Convention: a rollout holds a Lease (coordination.k8s.io/v1) in the namespace of its objects. The label ``LEASE_LABEL`` names the
rollout, the annotation ``GUARDED_ANNOTATION`` lists the objects that it steers as ``Kind.group/name`` (``Kind/name`` in the core
group), separated by commas or spaces. The Lease counts while ``holderIdentity`` is set and ``renewTime`` plus
``leaseDurationSeconds`` lies in the future.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from ansible_collections.autotrade.deployment.plugins.module_utils.core.api_groups import is_built_in
from ansible_collections.autotrade.deployment.plugins.module_utils.core.api_values import Comparison
from ansible_collections.autotrade.deployment.plugins.module_utils.core.field_sets import owns
from ansible_collections.autotrade.deployment.plugins.module_utils.core.objects import (
    KubeObject,
    ObjectRef,
    annotations_of,
    dig,
    dig_int,
    dig_list,
    dig_map,
    dig_text,
)
from ansible_collections.autotrade.deployment.plugins.module_utils.core.readiness.times import parse_time

LEASE_LABEL = "autotrade.deployment/rollout"
GUARDED_ANNOTATION = "autotrade.deployment/guarded-objects"

Key = tuple[str, str, str, str]
Identify = Callable[[Any], Hashable]


@dataclass(frozen=True)
class Guard:
    """A rollout that steers an object now. ``until``: when its Lease runs out unless it is renewed."""

    lease: str
    holder: str
    until: datetime

    def __str__(self) -> str:
        return f"Lease {self.lease}, held by {self.holder} until {self.until.isoformat(timespec='seconds')}"


def guards_of(leases: Iterable[KubeObject], now: datetime) -> dict[Key, Guard]:
    """The objects that rollouts hold at ``now``, by ``ObjectRef.key``."""
    return {key: guard for lease in leases if (guard := _held(lease, now)) for key in _guarded(lease)}


def _held(lease: KubeObject, now: datetime) -> Guard | None:
    holder, renewed = dig_text(lease, "spec", "holderIdentity"), parse_time(dig(lease, "spec", "renewTime"))
    if not holder or renewed is None:
        return None
    until = renewed + timedelta(seconds=dig_int(lease, "spec", "leaseDurationSeconds"))
    return Guard(dig_text(lease, "metadata", "name"), holder, until) if until > now else None


def _guarded(lease: KubeObject) -> Iterable[Key]:
    namespace = dig_text(lease, "metadata", "namespace")
    for entry in annotations_of(lease).get(GUARDED_ANNOTATION, "").replace(",", " ").split():
        kind_and_group, _slash, name = entry.partition("/")
        kind, _dot, group = kind_and_group.partition(".")
        yield (group, kind, namespace, name)


def with_live_traffic(desired: KubeObject, live: KubeObject) -> KubeObject:
    """The manifest with the traffic of the live object: the very same object where nothing of it differs, or nothing guards it.

    The weights alone are carried where the manifest has the same routes and destinations; where it has others, the live routes
    are carried whole, because a weight without its counterpart would send requests elsewhere.
    """
    keep = _KEEPERS.get((_group(desired), str(desired.get("kind"))))
    return keep(desired, live) if keep else desired


def left_to_rollout(desired: KubeObject, live: KubeObject, manager: str) -> KubeObject:
    """The manifest as it may be sent while a rollout holds the object.

    A list of routes is owned as a whole. Where the rollout owns it and nothing but weights differed, it is left out, so that
    the rollout stays its only owner; while it is still ours, leaving it out would delete it.
    """
    kept = with_live_traffic(desired, live)
    same = Comparison(is_built_in(_group(desired))).same
    spec, living = dig_map(kept, "spec"), dig_map(live, "spec")
    theirs = {
        field
        for field in _TRAFFIC_FIELDS
        if field in spec and not owns(live, manager, "spec", field) and same(spec[field], living.get(field), ("spec", field))
    }
    return {**kept, "spec": {field: value for field, value in spec.items() if field not in theirs}} if theirs else kept


def guardable(ref: ObjectRef) -> bool:
    """Whether objects of this kind hold anything that a rollout may steer."""
    return ref.key[:2] in _KEEPERS


def _keep_selector(desired: KubeObject, live: KubeObject) -> KubeObject:
    selector = dig(live, "spec", "selector")
    if selector is None or dig(desired, "spec", "selector") in (None, selector):
        return desired
    return {**desired, "spec": {**dig_map(desired, "spec"), "selector": selector}}


def _keep_virtual_service(desired: KubeObject, live: KubeObject) -> KubeObject:
    return _keep_lists(desired, live, ("http", "tcp", "tls"), "route", _istio_destination)


def _keep_gateway_route(desired: KubeObject, live: KubeObject) -> KubeObject:
    return _keep_lists(desired, live, ("rules",), "backendRefs", _backend)


def _keep_lists(desired: KubeObject, live: KubeObject, fields: Sequence[str], part: str, identify: Identify) -> KubeObject:
    spec = dig_map(desired, "spec")
    changes: dict[str, Any] = {}
    for field in fields:
        mine, theirs = dig_list(spec, field), dig_list(live, "spec", field)
        if mine and theirs and (kept := _carried(mine, theirs, part, identify)) != mine:
            changes[field] = kept
    return {**desired, "spec": {**spec, **changes}} if changes else desired


def _carried(mine: Sequence[Any], theirs: Sequence[Any], part: str, identify: Identify) -> Sequence[Any]:
    if len(mine) != len(theirs):
        return theirs
    carried: list[Any] = []
    for route, living in zip(mine, theirs, strict=True):
        weights = _weights(living, part, identify)
        targets = [identify(target) for target in dig_list(route, part)]
        if dig(route, "name") != dig(living, "name") or set(targets) != weights.keys() or len(targets) != len(weights):
            return theirs
        carried.append(_reweighted(route, living, part, [weights[target] for target in targets]))
    return carried


def _weights(route: Any, part: str, identify: Identify) -> dict[Hashable, Any]:
    return {identify(target): dig(target, "weight") for target in dig_list(route, part)}


def _reweighted(route: Any, living: Any, part: str, weights: Sequence[Any]) -> Any:
    """The route with these weights, and mirroring as the rollout has it now."""
    if not isinstance(route, Mapping):
        return route
    kept = {key: value for key, value in route.items() if key not in _MIRRORS}
    kept |= {key: value for key, value in dig_map(living).items() if key in _MIRRORS}
    if part in route:
        kept[part] = [_with_weight(target, weight) for target, weight in zip(route[part], weights, strict=True)]
    return kept


def _with_weight(target: Any, weight: Any) -> Any:
    if weight == dig(target, "weight", default=_DEFAULT_WEIGHT):
        return target
    rest = {key: value for key, value in target.items() if key != "weight"}
    return rest if weight is None else {**rest, "weight": weight}


def _istio_destination(target: Any) -> Hashable:
    place = dig_map(target, "destination")
    return (dig_text(place, "host"), dig_text(place, "subset"), dig_int(place, "port", "number"))


def _backend(target: Any) -> Hashable:
    kind = (dig_text(target, "group"), dig_text(target, "kind", default="Service"))
    return (*kind, dig_text(target, "namespace"), dig_text(target, "name"), dig_int(target, "port"))


def _group(obj: KubeObject) -> str:
    return str(obj.get("apiVersion", "")).rpartition("/")[0]


_GATEWAY = "gateway.networking.k8s.io"
_KEEPERS: Mapping[tuple[str, str], Callable[[KubeObject, KubeObject], KubeObject]] = {
    ("", "Service"): _keep_selector,
    ("networking.istio.io", "VirtualService"): _keep_virtual_service,
    **{(_GATEWAY, kind): _keep_gateway_route for kind in ("HTTPRoute", "GRPCRoute", "TLSRoute", "TCPRoute")},
}
_TRAFFIC_FIELDS = ("selector", "http", "tcp", "tls", "rules")
# Of the Gateway API; a lone Istio destination without a weight gets everything, as one with any weight does.
_DEFAULT_WEIGHT = 1
_MIRRORS = ("mirror", "mirrors", "mirrorPercentage")
