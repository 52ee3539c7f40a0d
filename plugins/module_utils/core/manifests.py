# Copyright (c) autotrade.deployment engineers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Sets of manifests: which documents can be used at all, and in which waves their objects are applied."""

from __future__ import annotations

import functools
import math
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from ansible_collections.autotrade.deployment.plugins.module_utils.core.apply_order import Wave, waves
from ansible_collections.autotrade.deployment.plugins.module_utils.core.objects import (
    KubeObject,
    ManifestError,
    ManifestSetError,
    ObjectRef,
    dig,
    ref_of,
)

__all__ = ["Sourced", "Wave", "check", "check_sourced", "duplicates", "waves", "where"]

_API_VERSION = re.compile(r"(?:[a-z0-9](?:[-a-z0-9.]*[a-z0-9])?/)?v[a-z0-9]+")
_KIND = re.compile(r"[A-Za-z][A-Za-z0-9]*")
_NAMESPACE = re.compile(r"[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?")
_SURROGATE = re.compile("[\ud800-\udfff]")
_LONGEST_NAME = 253
_DEEPEST = 200
_SERVER_WRITTEN = ("managedFields", "uid", "selfLink")


@dataclass(frozen=True)
class Sourced:
    """An object and where it was read, such as ``objects/service.yaml:2`` (file and document)."""

    obj: KubeObject
    source: str

    @functools.cached_property
    def ref(self) -> ObjectRef:
        """Identity of the object."""
        return ref_of(self.obj)


def check(docs: Iterable[tuple[str, Any]]) -> tuple[KubeObject, ...]:
    """Objects of the documents ``(source, document)``, List kinds flattened, empty documents left out, in input order.

    Raises ManifestSetError holding every problem of every document: wrong shapes, missing or unusable apiVersion, kind and
    name, values that JSON does not know, fields that only the server writes, and objects defined twice.
    """
    return tuple(sourced.obj for sourced in check_sourced(docs))


def check_sourced(docs: Iterable[tuple[str, Any]]) -> tuple[Sourced, ...]:
    """As ``check``, but each object keeps the source that it came from."""
    found: list[Sourced] = []
    problems: list[ManifestError] = []
    for source, document in docs:
        for candidate in _flatten(source, document):
            faults = list(_faults(candidate))
            problems.extend(faults)
            if not faults:
                found.append(candidate)
    problems.extend(duplicates(found))
    if problems:
        raise ManifestSetError(problems)
    return tuple(found)


def _flatten(source: str, document: Any) -> Iterator[Sourced]:
    if document is None:
        return
    if not _is_list(document):
        yield Sourced(document, source)
        return
    item_kind = {"kind": document["kind"][:-4], "apiVersion": document.get("apiVersion")} if document["kind"] != "List" else {}
    for index, item in enumerate(document["items"]):
        complete = {**item_kind, **item} if isinstance(item, Mapping) else item
        if complete is None:
            complete = "null"
        yield from _flatten(f"{source} items[{index}]", complete)


def _is_list(document: Any) -> bool:
    if not isinstance(document, Mapping) or not isinstance(document.get("items"), list):
        return False
    kind = document.get("kind")
    return isinstance(kind, str) and kind.endswith("List") and "spec" not in document


def _faults(candidate: Sourced) -> Iterator[ManifestError]:
    obj = candidate.obj
    if not isinstance(obj, Mapping):
        yield ManifestError(
            candidate.source,
            f"{_describe(obj)} where an object is due",
            "a mapping with apiVersion, kind and metadata",
            "Write one object per YAML document; separate documents by a line of three dashes.",
        )
        return
    not_json = list(_not_json(obj, "", 0))
    for field, found, remedy in not_json:
        yield ManifestError(where(candidate, field), found, "a value that JSON can hold", remedy)
    if not not_json:
        yield from _identity_faults(candidate)
        yield from _metadata_faults(candidate)


def _identity_faults(candidate: Sourced) -> Iterator[ManifestError]:
    obj = candidate.obj
    for field, pattern, example in (("apiVersion", _API_VERSION, "v1 or apps/v1"), ("kind", _KIND, "Deployment")):
        value = obj.get(field)
        if not isinstance(value, str) or not pattern.fullmatch(value):
            yield ManifestError(where(candidate, field), _describe(value), f"a text such as {example}", f"Set {field}.")
    if obj.get("kind") == "List":
        yield ManifestError(
            where(candidate, "items"), _describe(obj.get("items")), "a list of objects", "Put the objects into items."
        )
        return
    metadata = obj.get("metadata")
    if not isinstance(metadata, Mapping):
        yield ManifestError(where(candidate, "metadata"), _describe(metadata), "a mapping with a name", "Set metadata.name.")
        return
    yield from _name_faults(candidate, metadata)


def _name_faults(candidate: Sourced, metadata: Mapping[str, Any]) -> Iterator[ManifestError]:
    name = metadata.get("name")
    if name is None and metadata.get("generateName"):
        yield ManifestError(
            where(candidate, "metadata.generateName"),
            "a generated name",
            "metadata.name",
            "An object is applied under a fixed name, else every run would create another one: replace generateName by name.",
        )
    elif not isinstance(name, str) or not _usable_name(name):
        yield ManifestError(
            where(candidate, "metadata.name"),
            _describe(name),
            f"a text of 1 to {_LONGEST_NAME} characters without '/' and '%'",
            "Set metadata.name (quote it where YAML would read a number or a date).",
        )
    namespace = metadata.get("namespace")
    if namespace is not None and not (isinstance(namespace, str) and _NAMESPACE.fullmatch(namespace)):
        yield ManifestError(
            where(candidate, "metadata.namespace"),
            _describe(namespace),
            "lower-case letters, digits and dashes, at most 63",
            "Correct metadata.namespace, or leave it out for a cluster-scoped object.",
        )


def _usable_name(name: str) -> bool:
    return 0 < len(name) <= _LONGEST_NAME and not set("/%") & set(name) and name not in (".", "..")


def _metadata_faults(candidate: Sourced) -> Iterator[ManifestError]:
    metadata = candidate.obj.get("metadata")
    if not isinstance(metadata, Mapping):
        return
    for field in _SERVER_WRITTEN:
        if field in metadata:
            yield ManifestError(
                where(candidate, f"metadata.{field}"),
                "a field that only the API server writes",
                "a manifest without it",
                f"Remove metadata.{field}: it comes with manifests that were read from a cluster.",
            )
    for field in ("labels", "annotations"):
        yield from _text_map_faults(candidate, field, metadata.get(field))


def _text_map_faults(candidate: Sourced, field: str, entries: Any) -> Iterator[ManifestError]:
    if entries is None:
        return
    if not isinstance(entries, Mapping):
        yield ManifestError(
            where(candidate, f"metadata.{field}"), _describe(entries), "a mapping of texts", f"Correct metadata.{field}."
        )
        return
    for key, value in entries.items():
        if not isinstance(value, str):
            yield ManifestError(
                where(candidate, f"metadata.{field}[{key!r}]"),
                _describe(value),
                "a text",
                'Quote the value: YAML reads true, 1 and 1.0 as other types (write "true").',
            )


def _not_json(value: Any, path: str, depth: int) -> Iterator[tuple[str, str, str]]:
    if isinstance(value, str):
        yield from _no_json_text(value, path)
    elif depth > _DEEPEST:
        yield path[:80] + "...", f"more than {_DEEPEST} levels", "Flatten the document."
    elif isinstance(value, Mapping):
        for key, child in value.items():
            if not isinstance(key, str):
                yield f"{path}.{key}".lstrip("."), f"the key {key!r} ({type(key).__name__})", "Quote the key."
            else:
                yield from _not_json(child, f"{path}.{key}".lstrip("."), depth + 1)
    elif isinstance(value, (list, tuple)):
        for index, child in enumerate(value):
            yield from _not_json(child, f"{path}[{index}]", depth + 1)
    elif isinstance(value, float) and not math.isfinite(value):
        yield path, f"the number {value!r}", "Use a finite number, or quote the value."
    elif value is not None and not isinstance(value, (bool, int, float)):
        yield path, f"a value of type {type(value).__name__}", "Quote the value so that YAML reads a text."


def _no_json_text(value: str, path: str) -> Iterator[tuple[str, str, str]]:
    if "\0" in value:
        yield path, "a text with a NUL character", "Remove it; binary content of a ConfigMap or Secret belongs into base64."
    elif not value.isascii() and _SURROGATE.search(value):
        yield path, "a text with half a character (a lone surrogate)", "Write the whole character, not its UTF-16 half."


class Named(Protocol):
    """Whatever stands for one object and knows where it was read."""

    @property
    def ref(self) -> ObjectRef:
        """Identity of the object."""

    @property
    def source(self) -> str:
        """Where it was read."""


def duplicates(found: Iterable[Named]) -> Iterator[ManifestError]:
    """Each object that was there before. Without their default namespace two of them may look different."""
    first: dict[tuple[str, str, str, str], Named] = {}
    for candidate in found:
        earlier = first.setdefault(candidate.ref.key, candidate)
        if earlier is not candidate:
            yield ManifestError(
                f"{candidate.source}, {candidate.ref}",
                f"the same object as in {earlier.source}",
                "each object once",
                "Remove one of the two or give it another name or namespace.",
            )


def where(candidate: Sourced, field: str) -> str:
    """Source, object and field as every message names them, whatever of them is missing."""
    kind, name = dig(candidate.obj, "kind"), dig(candidate.obj, "metadata", "name")
    namespace = dig(candidate.obj, "metadata", "namespace")
    place = f"{namespace}/" if isinstance(namespace, str) else ""
    title = f"{kind if isinstance(kind, str) else 'object'} {place}{name if isinstance(name, str) else '(no name)'}"
    return f"{candidate.source}, {title}, field {field}"


def _describe(value: Any) -> str:
    """Shape of a value without its content, which may be a secret; short texts that stand for identity are shown."""
    if value is None:
        return "nothing"
    if isinstance(value, Mapping):
        return "a mapping"
    if isinstance(value, (list, tuple)):
        return "a list"
    if isinstance(value, str):
        return f"the text of {len(value)} characters" if value else "an empty text"
    names = {bool: "a boolean", int: "an integer", float: "a floating-point number"}
    return names.get(type(value), f"a value of type {type(value).__name__}")
