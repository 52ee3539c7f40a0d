# Copyright (c) autotrade.deployment engineers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Whether applying a manifest again would change anything, decided from the live object alone.

Server-side apply is idempotent: the same fields with the same values by the same manager write nothing. So nothing needs to
be sent where the manager's recorded field set is exactly the manifest's and every value is equal. Whatever cannot be proved
is a doubt, and costs a request, never a lost change.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ansible_collections.autotrade.deployment.plugins.module_utils.core.api_groups import is_built_in
from ansible_collections.autotrade.deployment.plugins.module_utils.core.api_values import KEY_DEFAULTS, MISSING, Comparison
from ansible_collections.autotrade.deployment.plugins.module_utils.core.changes import fold_secret
from ansible_collections.autotrade.deployment.plugins.module_utils.core.field_paths import FieldPath, format_path
from ansible_collections.autotrade.deployment.plugins.module_utils.core.field_sets import (
    FieldSet,
    FieldSetError,
    applied_fields,
    parse_fields,
)
from ansible_collections.autotrade.deployment.plugins.module_utils.core.objects import KubeObject, dig, dig_map

# What server-side apply takes out of every manifest before it records the fields.
_IDENTITY = ("apiVersion", "kind")
_IDENTITY_METADATA = (
    "creationTimestamp",
    "generation",
    "managedFields",
    "name",
    "namespace",
    "resourceVersion",
    "selfLink",
    "uid",
)


@dataclass(frozen=True)
class Doubt:
    """Why an object must be applied (or asked of the server): the path in doubt and the reason. Holds no values."""

    path: str
    why: str


def needs_apply(desired: KubeObject, live: KubeObject, manager: str) -> Doubt | None:
    """None only where applying ``desired`` as ``manager`` would surely change nothing; else the first path in doubt."""
    entries = applied_fields(live, manager)
    if not entries and not _body(desired):
        # The server records no fields for a bare object, such as a Namespace without labels.
        return None
    if len(entries) != 1:
        return Doubt("metadata.managedFields", f"{len(entries)} records of fields applied by {manager}, expected one")
    if not desired.get("apiVersion") == entries[0].get("apiVersion") == live.get("apiVersion"):
        return Doubt("apiVersion", "the fields were applied in another API version")
    if dig(live, "metadata", "deletionTimestamp") is not None:
        return Doubt("metadata.deletionTimestamp", "the object is being deleted")
    try:
        record = parse_fields(entries[0].get("fieldsV1"))
    except FieldSetError as error:
        return Doubt("metadata.managedFields", str(error))
    return _identity(desired, live) or next(_compared(desired, live, record), None)


def _identity(desired: KubeObject, live: KubeObject) -> Doubt | None:
    for path in (("kind",), ("metadata", "name")):
        if dig(desired, *path) != dig(live, *path):
            return Doubt(".".join(path), "this is another object")
    namespace = dig(desired, "metadata", "namespace")
    if namespace is not None and namespace != dig(live, "metadata", "namespace"):
        return Doubt("metadata.namespace", "this is another object")
    return None


def _compared(desired: KubeObject, live: KubeObject, record: FieldSet) -> Iterator[Doubt]:
    built_in = is_built_in(str(desired.get("apiVersion", "")).rpartition("/")[0])
    walk = _Walk(Comparison(built_in, secret=desired.get("kind") == "Secret"))
    body = _body(desired)
    if built_in and "status" not in record.fields:
        # The server drops the status from what is applied to the object itself.
        body.pop("status", None)
    yield from walk.mapping(body, live, record, ())


def _body(desired: KubeObject) -> dict[str, Any]:
    """What is left of the manifest when its identity is taken away."""
    body = {key: value for key, value in fold_secret(desired).items() if key not in (*_IDENTITY, "metadata")}
    metadata = {key: value for key, value in dig_map(desired, "metadata").items() if key not in _IDENTITY_METADATA}
    return {**body, "metadata": metadata} if metadata else body


@dataclass(frozen=True)
class _Walk:
    """Descends manifest, live object and field set together; yields every place where they part."""

    values: Comparison

    def any(self, desired: Any, live: Any, record: FieldSet, path: FieldPath) -> Iterator[Doubt]:
        if record.leaf:
            yield from self._whole(desired, live, path)
        elif isinstance(desired, Mapping):
            yield from self.mapping(desired, live, record, path)
        elif isinstance(desired, (list, tuple)):
            yield from self._list(desired, live, record, path)
        else:
            yield _doubt(path, "the record has fields below this plain value")

    def mapping(self, desired: Mapping[str, Any], live: Any, record: FieldSet, path: FieldPath) -> Iterator[Doubt]:
        if record.keyed or record.values or not isinstance(live, Mapping):
            yield _doubt(path, "the live value has another shape")
            return
        for key, value in desired.items():
            place = (*path, key)
            if key in record.fields:
                yield from self.any(value, live.get(key, MISSING), record.fields[key], place)
            elif value != [] or live.get(key):
                # An empty list is recorded only where the schema owns it whole; where live has none either, it changes nothing.
                yield _doubt(place, "the field is not recorded as applied by us")
        for key in record.fields:
            if key not in desired:
                yield _doubt((*path, key), "the field was applied before and is not in the manifest now")

    def _whole(self, desired: Any, live: Any, path: FieldPath) -> Iterator[Doubt]:
        if not self.values.same(desired, live, path):
            yield _doubt(path, "the live value differs")

    def _list(self, desired: Sequence[Any], live: Any, record: FieldSet, path: FieldPath) -> Iterator[Doubt]:
        if record.fields or not isinstance(live, (list, tuple)) or bool(record.keyed) == bool(record.values):
            yield _doubt(path, "the live value has another shape")
        elif record.keyed:
            yield from self._keyed(desired, live, record, path)
        else:
            yield from self._set(desired, live, record, path)

    def _keyed(self, desired: Sequence[Any], live: Sequence[Any], record: FieldSet, path: FieldPath) -> Iterator[Doubt]:
        used: list[int] = []
        order: list[int] = []
        for index, item in enumerate(desired):
            place = (*path, index)
            entry = next((number for number, (keys, _below) in enumerate(record.keyed) if _has_keys(item, keys)), None)
            if entry is None or entry in used:
                yield _doubt(place, "the item is not recorded as applied by us, or stands there twice")
                return
            keys, below = record.keyed[entry]
            position = next((number for number, theirs in enumerate(live) if _has_keys(theirs, keys)), None)
            if position is None:
                yield _doubt(place, "the live list has no such item")
                return
            used.append(entry)
            order.append(position)
            yield from self.any(item, live[position], below, place)
        yield from _complete(len(used), len(record.keyed), order, path)

    def _set(self, desired: Sequence[Any], live: Sequence[Any], record: FieldSet, path: FieldPath) -> Iterator[Doubt]:
        recorded = [value for value, _below in record.values]
        order: list[int] = []
        for index, item in enumerate(desired):
            if not _holds(recorded, item) or not _holds(live, item):
                yield _doubt((*path, index), "the item is not recorded as applied by us, or not in the live list")
                return
            order.append(list(live).index(item))
        yield from _complete(len(set(order)), len(recorded), order, path)


def _has_keys(item: Any, keys: Mapping[str, Any]) -> bool:
    if not isinstance(item, Mapping):
        return False
    return all(_equal(item.get(name, KEY_DEFAULTS.get(name)), value) for name, value in keys.items())


def _holds(items: Iterable[Any], wanted: Any) -> bool:
    return any(_equal(item, wanted) for item in items)


def _equal(mine: Any, theirs: Any) -> bool:
    return bool(mine == theirs) and isinstance(mine, bool) == isinstance(theirs, bool)


def _complete(found: int, recorded: int, order: Sequence[int], path: FieldPath) -> Iterator[Doubt]:
    if found != recorded:
        yield _doubt(path, "items were applied before that are not in the manifest now")
    elif list(order) != sorted(order):
        yield _doubt(path, "the live list has another order")


def _doubt(path: FieldPath, why: str) -> Doubt:
    return Doubt(format_path(path), why)
