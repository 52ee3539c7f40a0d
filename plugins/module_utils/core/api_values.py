# Copyright (c) autotrade.deployment engineers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""When a value of a manifest and a value that the API server returns mean the same.

The server writes quantities in its own form, leaves empty values out, and fills defaults into values that are owned whole.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ansible_collections.autotrade.deployment.plugins.module_utils.core.changes import normal_base64
from ansible_collections.autotrade.deployment.plugins.module_utils.core.field_paths import FieldPath, fits, parse_path
from ansible_collections.autotrade.deployment.plugins.module_utils.core.quantities import is_quantity, parse

MISSING: Any = object()
# Key fields of lists for which the API has a default (container and Service ports).
KEY_DEFAULTS: Mapping[str, Any] = {"protocol": "TCP"}

# Defaults that the API fills into lists and mappings that server-side apply owns as a whole (seen on 1.36).
_DEFAULTS: tuple[tuple[FieldPath, Any], ...] = tuple(
    (parse_path(path), value)
    for path, value in (
        ("volumeClaimTemplates.*.apiVersion", "v1"),
        ("volumeClaimTemplates.*.kind", "PersistentVolumeClaim"),
        ("volumeClaimTemplates.*.spec.volumeMode", "Filesystem"),
        ("volumeClaimTemplates.*.status", {"phase": "Pending"}),
        ("fieldRef.apiVersion", "v1"),
        ("resourceFieldRef.divisor", "0"),
        ("ingress.*.ports.*.protocol", "TCP"),
        ("egress.*.ports.*.protocol", "TCP"),
        ("serviceAccountToken.expirationSeconds", 3600),
        ("subjects.*.apiGroup", "rbac.authorization.k8s.io"),
        ("rules.*.scope", "*"),
        ("resourceRules.*.scope", "*"),
        ("excludeResourceRules.*.scope", "*"),
        ("matchConstraints.matchPolicy", "Equivalent"),
        ("matchConstraints.namespaceSelector", {}),
        ("matchConstraints.objectSelector", {}),
        ("ipPools.*.disableBGPExport", False),
        ("parentRefs.*.group", "gateway.networking.k8s.io"),
        ("parentRefs.*.kind", "Gateway"),
        ("certificateRefs.*.group", ""),
        ("certificateRefs.*.kind", "Secret"),
        ("backendRefs.*.group", ""),
        ("backendRefs.*.kind", "Service"),
        ("backendRefs.*.weight", 1),
        ("rules.*.matches", [{"path": {"type": "PathPrefix", "value": "/"}}]),
        ("matches.*.path", {"type": "PathPrefix", "value": "/"}),
        ("matches.*.headers.*.type", "Exact"),
    )
)
# Mappings that the API leaves out when they are empty, although an empty one may stand in a manifest.
_OMITTED_MAPS = frozenset({"annotations", "labels", "matchLabels", "nodeSelector", "parameters"})
_QUANTITY_MAPS = frozenset(
    {
        "allocatable",
        "capacity",
        "default",
        "defaultRequest",
        "hard",
        "limits",
        "max",
        "maxLimitRequestRatio",
        "min",
        "overhead",
        "requests",
    }
)
_QUANTITIES = frozenset({"averageValue", "divisor", "sizeLimit"})


@dataclass(frozen=True)
class Comparison:
    """How to compare values of one object: ``built_in`` kinds are typed by the server, custom resources kept word by word."""

    built_in: bool
    secret: bool = False

    def same(self, desired: Any, live: Any, path: FieldPath) -> bool:
        """Whether an owned value equals the live one; ``live`` may be MISSING."""
        if live is MISSING or live is None:
            return desired is None or (self.built_in and _is_empty(desired))
        if isinstance(desired, Mapping) and isinstance(live, Mapping):
            return self._same_mapping(desired, live, path)
        if isinstance(desired, (list, tuple)) and isinstance(live, (list, tuple)):
            pairs = enumerate(zip(desired, live)) if len(desired) == len(live) else None  # noqa: B905 - lengths are equal
            return pairs is not None and all(self.same(mine, theirs, (*path, index)) for index, (mine, theirs) in pairs)
        if desired is None:
            return self.built_in and live == ""
        return self._same_plain(desired, live, path)

    def _same_mapping(self, desired: Mapping[str, Any], live: Mapping[str, Any], path: FieldPath) -> bool:
        for key in {**desired, **live}:
            mine, theirs, place = desired.get(key), live.get(key), (*path, key)
            if key not in desired:
                if theirs is not None and not _is_default(place, theirs):
                    return False
            elif theirs is None and isinstance(mine, Mapping):
                if not (self.built_in and not mine and key in _OMITTED_MAPS):
                    return False
            elif not self.same(mine, MISSING if theirs is None else theirs, place):
                return False
        return True

    def _same_plain(self, desired: Any, live: Any, path: FieldPath) -> bool:
        if isinstance(desired, bool) or isinstance(live, bool):
            return desired is live
        if self.built_in and _is_quantity_path(path) and is_quantity(desired) and is_quantity(live):
            return parse(desired) == parse(live)
        if self.secret and path[:1] == ("data",):
            return bool(normal_base64(desired) == live)
        return bool(desired == live)


def _is_empty(value: Any) -> bool:
    return value in ("", [], {}, ()) or (isinstance(value, (bool, int, float)) and not value)


def _is_default(path: FieldPath, value: Any) -> bool:
    return any(_ends_with(path, pattern) and value == default for pattern, default in _DEFAULTS)


def _ends_with(path: FieldPath, pattern: FieldPath) -> bool:
    tail = path[-len(pattern) :]
    return len(tail) == len(pattern) and all(fits(want, step) for want, step in zip(pattern, tail, strict=True))


def _is_quantity_path(path: FieldPath) -> bool:
    if not path:
        return False
    return path[-1] in _QUANTITIES or (len(path) > 1 and (path[-2] in _QUANTITY_MAPS or path[-2:] == ("target", "value")))
