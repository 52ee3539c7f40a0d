# Copyright (c) autotrade.deployment engineers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What changed between two versions of an object, without what the server owns and without secrets."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from ansible_collections.autotrade.deployment.plugins.module_utils.core.field_paths import (
    FieldPath,
    Step,
    fits,
    format_path,
    matches,
    parse_path,
)
from ansible_collections.autotrade.deployment.plugins.module_utils.core.objects import KubeObject, dig_map
from ansible_collections.autotrade.deployment.plugins.module_utils.core.secret_names import is_secret, secret_fields

UNCHANGED = "(hidden: unchanged)"
BEFORE = "(hidden: before)"
AFTER = "(hidden: after)"
ADDED = "(hidden: added)"
REMOVED = "(hidden: removed)"

_SERVER_METADATA = ("managedFields", "resourceVersion", "uid", "creationTimestamp", "generation", "selfLink")
_SECRET: tuple[FieldPath, ...] = (("data", "*"), ("stringData", "*"))
_SECRET_FIELDS = frozenset(("apiVersion", "kind", "metadata", "type", "immutable", "data", "stringData"))
_METADATA_FIELDS = frozenset(("name", "namespace", "labels", "annotations", "finalizers", "ownerReferences"))
_MISSING = object()


@dataclass(frozen=True)
class Change:
    """Which paths differ, and both sides as they may be shown, worked out when somebody asks. No paths: nothing changed."""

    paths: tuple[str, ...] = ()
    _old: KubeObject = field(default_factory=dict, repr=False)
    _new: KubeObject = field(default_factory=dict, repr=False)
    _patterns: tuple[FieldPath, ...] = field(default=(), repr=False)

    @cached_property
    def before(self) -> dict[str, Any]:
        """The former side without secrets."""
        return dict(_side(self._old, self._new, (), self._patterns, (BEFORE, REMOVED)))

    @cached_property
    def after(self) -> dict[str, Any]:
        """The new side without secrets."""
        return dict(_side(self._new, self._old, (), self._patterns, (AFTER, ADDED)))

    @property
    def changed(self) -> bool:
        """Whether any field differs."""
        return bool(self.paths)


def diff(before: KubeObject | None, after: KubeObject | None, masks: Iterable[str] = (), *, with_status: bool = False) -> Change:
    """Compare two versions of one object; None stands for "does not exist" and gives an empty side.

    Values of Secrets, the last-applied annotation, what is named like a secret (``secret_names``) and every field that
    ``masks`` names (``field_paths.parse_path``) are replaced on both sides by marks that say only whether they are equal.
    Raises FieldPathError for an unusable mask.
    """
    old, new = _shown(before, with_status), _shown(after, with_status)
    # What is not compared is not shown either, and the server's record of fields is as long as the rest of an object.
    spoken = (path for side in (old, new) for path, _text in secret_fields(side))
    patterns = (*(parse_path(mask) for mask in masks), *spoken)
    if is_secret(before) or is_secret(after):
        patterns = (*patterns, *_SECRET, *_strange(before or {}), *_strange(after or {}))
    return Change(tuple(_differences(old, new, (), patterns)), old, new, patterns)


def alike(one: KubeObject | None, other: KubeObject | None) -> bool:
    """Whether two versions of an object differ in nothing but what the server keeps for itself, and in status."""
    return _shown(one, False) == _shown(other, False)


def masked_texts(obj: KubeObject, masks: Iterable[str]) -> Iterator[str]:
    """Every text of the object at or below a field that ``masks`` names."""
    for mask in masks:
        yield from _texts_at(obj, parse_path(mask))


def _texts_at(value: Any, pattern: FieldPath) -> Iterator[str]:
    if isinstance(value, str):
        # A plain value where the mask expects a mapping is hidden whole.
        yield value
    entries = value.items() if isinstance(value, Mapping) else enumerate(value) if isinstance(value, (list, tuple)) else ()
    for step, child in entries:
        if not pattern or fits(pattern[0], step):
            yield from _texts_at(child, pattern[1:])


def fold_secret(obj: KubeObject) -> KubeObject:
    """A Secret with ``stringData`` moved into ``data`` as the API server does on write; any other object as it is."""
    if not is_secret(obj) or not isinstance(obj.get("stringData"), Mapping):
        return obj
    encoded = {
        key: base64.b64encode(value.encode("utf-8", "surrogatepass")).decode("ascii") if isinstance(value, str) else value
        for key, value in obj["stringData"].items()
    }
    rest = {key: value for key, value in obj.items() if key != "stringData"}
    return {**rest, "data": {**dig_map(obj, "data"), **encoded}}


def _strange(secret: KubeObject) -> Iterator[FieldPath]:
    """Fields that no Secret has: a slip in a name or an indentation, with a value that may have been meant for ``data``."""
    yield from ((field,) for field in secret if field not in _SECRET_FIELDS)
    yield from (("metadata", field) for field in dig_map(secret, "metadata") if field not in _METADATA_FIELDS)


def _shown(obj: KubeObject | None, with_status: bool) -> dict[str, Any]:
    if obj is None:
        return {}
    kept = {key: value for key, value in fold_secret(obj).items() if with_status or key != "status"}
    metadata = kept.get("metadata")
    if isinstance(metadata, Mapping):
        kept["metadata"] = {key: value for key, value in metadata.items() if key not in _SERVER_METADATA}
    if is_secret(obj) and isinstance(kept.get("data"), Mapping):
        kept["data"] = {key: normal_base64(value) for key, value in kept["data"].items()}
    return kept


def normal_base64(value: Any) -> Any:
    """The text without line breaks, as the API server writes it; any other value as it is."""
    # Line breaks in a manifest's base64 text are not a change: the server stores the bytes.
    try:
        return base64.b64encode(base64.b64decode("".join(value.split()), validate=True)).decode("ascii")
    except (AttributeError, ValueError, binascii.Error):
        return value


def _differences(old: Any, new: Any, path: FieldPath, patterns: tuple[FieldPath, ...]) -> Iterator[str]:
    if _hidden(old, new, path, patterns):
        if not _same(old, new):
            yield format_path(path)
    elif isinstance(old, Mapping) and isinstance(new, Mapping):
        for key in dict.fromkeys((*old, *new)):
            yield from _differences(old.get(key, _MISSING), new.get(key, _MISSING), (*path, key), patterns)
    elif isinstance(old, list) and isinstance(new, list):
        for index in range(max(len(old), len(new))):
            yield from _differences(_child(old, index), _child(new, index), (*path, index), patterns)
    elif not _same(old, new):
        yield format_path(path)


def _side(mine: Any, theirs: Any, path: FieldPath, patterns: tuple[FieldPath, ...], marks: tuple[str, str]) -> Any:
    """One side as it may be shown; ``marks`` are its marks for "differs" and "only here"."""
    if _hidden(mine, theirs, path, patterns):
        if _same(mine, theirs):
            return UNCHANGED
        return marks[1] if theirs is _MISSING else marks[0]
    if isinstance(mine, Mapping):
        return {key: _side(value, _child(theirs, key), (*path, key), patterns, marks) for key, value in mine.items()}
    if isinstance(mine, (list, tuple)):
        return [_side(value, _child(theirs, index), (*path, index), patterns, marks) for index, value in enumerate(mine)]
    return mine


def _hidden(mine: Any, theirs: Any, path: FieldPath, patterns: tuple[FieldPath, ...]) -> bool:
    if any(matches(pattern, path) for pattern in patterns):
        return True
    # A plain value where the mask expects a mapping cannot be looked into, so it is hidden whole.
    return (_plain(mine) or _plain(theirs)) and any(matches(pattern[: len(path)], path) for pattern in patterns)


def _plain(value: Any) -> bool:
    return isinstance(value, (str, int, float))


def _child(container: Any, step: Step) -> Any:
    if isinstance(container, Mapping):
        return container.get(step, _MISSING)
    if isinstance(container, (list, tuple)) and isinstance(step, int) and step < len(container):
        return container[step]
    return _MISSING


def _same(old: Any, new: Any) -> bool:
    # True == 1 in Python, but not in a manifest.
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        return old.keys() == new.keys() and all(_same(old[key], new[key]) for key in old)
    if isinstance(old, (list, tuple)) and isinstance(new, (list, tuple)):
        return len(old) == len(new) and all(_same(mine, theirs) for mine, theirs in zip(old, new, strict=True))
    return bool(old == new) and isinstance(old, bool) == isinstance(new, bool)
