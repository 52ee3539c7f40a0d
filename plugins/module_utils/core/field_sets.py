# Copyright (c) autotrade.deployment engineers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The API server's record of who applied which fields: ``metadata.managedFields[].fieldsV1`` as a tree.

Format: k8s.io/apimachinery ``FieldsV1``: ``f:<name>`` a field, ``k:<keys>`` a list item by its keys, ``v:<value>`` an item of
a set, ``i:<index>`` an item by position, ``.`` the place itself. A place without children is itself in the set.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ansible_collections.autotrade.deployment.plugins.module_utils.core.objects import KubeObject, dig, dig_list


class FieldSetError(ValueError):
    """A fieldsV1 document of a form that is not known; the message names the entry."""


@dataclass(frozen=True)
class FieldSet:
    """Fields below one place. ``owned``: the place itself is in the set."""

    owned: bool
    fields: Mapping[str, FieldSet]
    keyed: tuple[tuple[Mapping[str, Any], FieldSet], ...] = ()
    values: tuple[tuple[Any, FieldSet], ...] = ()

    @property
    def leaf(self) -> bool:
        """Whether the set ends here: a plain value, or a list or mapping that is owned as a whole."""
        return not (self.fields or self.keyed or self.values)


# Most places of a record end there, and nothing distinguishes them.
_LEAF = FieldSet(True, {})


def parse_fields(document: Any) -> FieldSet:
    """Tree of a fieldsV1 document. Raises FieldSetError for an entry of another form."""
    if not isinstance(document, Mapping):
        raise FieldSetError(f"found {type(document).__name__}, expected a mapping")
    if not document:
        return _LEAF
    fields: dict[str, FieldSet] = {}
    keyed: list[tuple[Mapping[str, Any], FieldSet]] = []
    values: list[tuple[Any, FieldSet]] = []
    for entry, below in document.items():
        prefix, _colon, rest = str(entry).partition(":")
        if prefix == "f":
            fields[rest] = parse_fields(below)
        elif prefix == "k":
            keyed.append((_keys(entry, rest), parse_fields(below)))
        elif prefix == "v":
            values.append((_value(entry, rest), parse_fields(below)))
        elif entry != ".":
            raise FieldSetError(f"found the entry {entry!r}, expected one that starts with f:, k: or v:")
    return FieldSet("." in document or not document, fields, tuple(keyed), tuple(values))


def applied_fields(live: KubeObject, manager: str) -> tuple[Mapping[str, Any], ...]:
    """The entries of ``managedFields`` that ``manager`` wrote by server-side apply to the object itself, not a subresource."""
    entries = (entry for entry in dig_list(live, "metadata", "managedFields") if isinstance(entry, Mapping))
    return tuple(
        entry
        for entry in entries
        if entry.get("manager") == manager and entry.get("operation") == "Apply" and not entry.get("subresource")
    )


def fields_of(live: KubeObject, manager: str) -> tuple[FieldSet, ...]:
    """The fields that ``manager`` applied; entries that cannot be read are left out."""
    return tuple(record for entry in applied_fields(live, manager) if (record := _readable(entry)))


def other_records(live: KubeObject, manager: str) -> Iterator[tuple[Mapping[str, Any], FieldSet]]:
    """Every entry that is not what ``manager`` applied to the object itself, with its fields, as far as it can be read."""
    ours = applied_fields(live, manager)
    for entry in dig_list(live, "metadata", "managedFields"):
        if isinstance(entry, Mapping) and entry not in ours and (record := _readable(entry)):
            yield entry, record


def _readable(entry: Mapping[str, Any]) -> FieldSet | None:
    try:
        return parse_fields(entry.get("fieldsV1"))
    except FieldSetError:
        return None


def owns(live: KubeObject, manager: str, *path: str) -> bool:
    """Whether ``manager`` applied the field at this path of names, or anything below it."""
    steps = ("fieldsV1", *(f"f:{name}" for name in path))
    return any(dig(entry, *steps) is not None for entry in applied_fields(live, manager))


def leaf_paths(record: FieldSet, path: str = "", keys: Collection[str] = ()) -> Iterator[str]:
    """Paths of the plain values and of what is owned whole, as the API server writes them; keys of list items left out."""
    if record.leaf:
        yield path
    for step, below, keys_of_item in _steps(record):
        if step[1:] not in keys:
            yield from leaf_paths(below, path + step, keys_of_item)


def member_paths(record: FieldSet, path: str = "") -> Iterator[str]:
    """Every path in the set: also mappings, list items and their keys."""
    if record.owned and path:
        yield path
    for step, below, _keys in _steps(record):
        yield from member_paths(below, path + step)


def _steps(record: FieldSet) -> Iterator[tuple[str, FieldSet, Collection[str]]]:
    """The ways down: the text of each step (structured-merge-diff ``fieldpath.PathElement.String``), and an item's keys."""
    for name, below in record.fields.items():
        yield f".{name}", below, ()
    for keys, below in record.keyed:
        yield "[" + ",".join(f"{key}={_text(keys[key])}" for key in sorted(keys)) + "]", below, keys
    for value, below in record.values:
        yield f"[={_text(value)}]", below, ()


def _text(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def same_record(before: KubeObject, after: KubeObject, manager: str) -> bool:
    """Whether both versions record the same fields as applied by ``manager``; when it did so does not matter."""
    ours = [[(e.get("apiVersion"), e.get("fieldsV1")) for e in applied_fields(obj, manager)] for obj in (before, after)]
    return ours[0] == ours[1]


def _keys(entry: Any, text: str) -> Mapping[str, Any]:
    keys = _value(entry, text)
    if not isinstance(keys, Mapping):
        raise FieldSetError(f"found the entry {entry!r}, expected a mapping of keys after k:")
    return keys


def _value(entry: Any, text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        raise FieldSetError(f"found the entry {entry!r}, expected JSON after the colon") from None
