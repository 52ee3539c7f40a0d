# Copyright (c) autotrade.deployment engineers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Manifests as text become documents, as the Kubernetes tools read YAML: duplicates refused, dates left as text."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import jinja2
import yaml
from ansible_collections.autotrade.deployment.plugins.module_utils.core.manifests import Sourced, where
from ansible_collections.autotrade.deployment.plugins.module_utils.core.objects import ManifestError

_Base: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_TAG = "tag:yaml.org,2002:"
# What stays text: JSON has no dates, and a lone ``=`` means nothing but itself.
_TEXT = (f"{_TAG}timestamp", f"{_TAG}value")
# Numbers as go-yaml's ``resolve`` has them: 1e3 is one, 16:30 is none. What both would take is an integer.
_NUMBERS = (
    (f"{_TAG}int", re.compile(r"[-+]?(?:0b[01][01_]*|0o[0-7][0-7_]*|0[0-7_]*|0x[0-9a-fA-F][0-9a-fA-F_]*|[1-9][0-9_]*)\Z")),
    (f"{_TAG}float", re.compile(r"[-+]?(?:(?:\.[0-9]+|[0-9][0-9_]*(?:\.[0-9_]*)?)(?:[eE][-+]?[0-9]+)?|\.(?:inf|Inf|INF))\Z")),
    (f"{_TAG}float", re.compile(r"\.(?:nan|NaN|NAN)\Z")),
)
_QUOTE = re.compile(r"'.*'|\".*\"", re.DOTALL)
_SECRET = re.compile(r"""^\s*kind:\s*["']?Secret\b""", re.MULTILINE)
# A block that begins so far in, or with so many dashes, may be nested too deeply.
_DEEP = re.compile(r"^[ ?-]{200}", re.MULTILINE)
DEEPEST, LARGEST = 200, 1_000_000
# Bits of a number that Python still writes in decimal.
_LONGEST_NUMBER = 14_000
_NAMES = re.compile(r"'\w+' is undefined|The \w+ plugin '[\w.]+' failed")


class _Loader(_Base):  # type: ignore[misc]
    """A key that stands twice is an error, as the API server's strict mode has it."""

    def flatten_mapping(self, node: Any) -> None:
        # Once for each mapping: merging another one into it is allowed to repeat keys.
        if not hasattr(node, "keys_seen"):
            node.keys_seen = _keys_once(node)
        super().flatten_mapping(node)

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        mapping: dict[Any, Any] = super().construct_mapping(node, deep=deep)
        strange = next((key for key in mapping if not isinstance(key, str)), None)
        if strange is not None or None in mapping:
            # JSON would turn it into a text of its own choice, such as "true" for on.
            kind = type(strange).__name__
            raise yaml.constructor.ConstructorError(None, None, f"a key is no text but of type {kind}", node.start_mark)
        return mapping

    def construct_number(self, node: yaml.ScalarNode) -> float:
        """Go writes 1e3 and 1.0 as whole numbers, which a field of integers takes."""
        number: float = self.construct_yaml_float(node)
        return int(number) if number.is_integer() else number


def _keys_once(node: yaml.MappingNode) -> set[str]:
    """The keys that are plain texts. Raises ConstructorError where one stands twice."""
    seen: set[str] = set()
    for key, _value in node.value:
        text = key.value if isinstance(key, yaml.ScalarNode) else None
        if text in seen:
            raise yaml.constructor.ConstructorError(None, None, f"the key {text!r} stands twice", key.start_mark)
        if text is not None and text != "<<":
            seen.add(text)
    return seen


def _resolvers(first: str, known: Iterable[tuple[str, re.Pattern[str]]]) -> list[tuple[str, re.Pattern[str]]]:
    """What a plain scalar that begins with this character may be."""
    numbers = dict(_NUMBERS)
    others = [(tag, pattern) for tag, pattern in known if tag not in _TEXT and tag not in numbers]
    return others + [number for number in _NUMBERS if first in "-+.0123456789"]


_Loader.yaml_implicit_resolvers = {first: _resolvers(first, known) for first, known in _Base.yaml_implicit_resolvers.items()}
_Loader.add_constructor(f"{_TAG}float", _Loader.construct_number)


class _Diagnosing(_Loader):
    """Slower: names the line of a value that its tag or type cannot hold, which PyYAML answers with any error of Python."""

    def construct_object(self, node: yaml.Node, deep: bool = False) -> Any:
        try:
            return super().construct_object(node, deep=deep)
        except yaml.YAMLError:
            raise
        except Exception:
            raise yaml.constructor.ConstructorError(None, None, "a value does not fit its type", node.start_mark) from None


def read(source: str, path: Path) -> str:
    """Text of a manifest. Raises ManifestError where it cannot be read, or is no text."""
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise ManifestError(
            f"{source}, byte {error.start}", "what is no UTF-8", "YAML in UTF-8", "Save the file as UTF-8, or leave it out."
        ) from None
    except OSError as error:
        found = f"a file that cannot be read ({error.strerror})"
        raise ManifestError(source, found, "a manifest", "Correct the option src, or the rights of the file.") from None


def documents(source: str, text: str) -> Iterator[tuple[str, Any]]:
    """``(source, document)`` for each document that is not empty; the source gets ``:2`` where there are several.

    Raises ManifestError with the line where the text is not YAML; the text itself is never quoted, it may be a secret.
    """
    # Ansible's tagged text is a kind of str that libyaml's parser does not take.
    plain = str(text)
    try:
        _refuse_depths(plain)
        found = [document for document in _loaded(plain) if document is not None]
        if "&" in plain and "*" in plain:
            _refuse_expansion(found)
    except (yaml.YAMLError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None)
        line = f", line {mark.line + 1}" if mark is not None else ""
        problem = _QUOTE.sub("(hidden)", getattr(error, "problem", None) or getattr(error, "reason", None) or "no reason given")
        raise ManifestError(
            f"{source}{line} (as rendered)", f"what is no YAML ({problem})", "YAML", "Correct the template or the values in it."
        ) from None
    for number, document in enumerate(found, 1):
        yield (f"{source}:{number}" if len(found) > 1 else source), document


def _loaded(text: str) -> list[Any]:
    if text.lstrip().startswith("{"):
        # JSON as JSON: YAML 1.1 takes neither its numbers nor the halves of its characters in the same way.
        with suppress(ValueError, RecursionError):
            return [json.loads(text, object_pairs_hook=_each_key_once)]
    try:
        return list(yaml.load_all(text, Loader=_Loader))
    except (ValueError, LookupError, AttributeError, TypeError, OverflowError):
        pass
    try:
        return list(yaml.load_all(text, Loader=_Diagnosing))
    except (ValueError, LookupError, AttributeError, TypeError, OverflowError):
        raise yaml.constructor.ConstructorError(problem="a value does not fit its type") from None


def _each_key_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Of a key that stands twice, reading it as YAML tells the line."""
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a key stands twice")
    return found


def _refuse_depths(text: str) -> None:
    """libyaml's composer ends the whole process where it has to go too deep, so it is not begun."""
    if text.count("[") + text.count("{") <= DEEPEST and not _DEEP.search(text):
        return
    depth = 0
    for event in yaml.parse(text, Loader=_Loader):
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > DEEPEST:
            mark: Any = event.start_mark
            raise yaml.constructor.ConstructorError(None, None, f"more than {DEEPEST} levels", mark)


def _refuse_expansion(found: Sequence[Any]) -> None:
    """Aliases make a small text a large document, or one that holds itself."""
    if _size(found, {}) > LARGEST:
        raise yaml.constructor.ConstructorError(problem=f"aliases that expand to more than {LARGEST} values")


def _size(value: Any, known: dict[int, float]) -> float:
    """Number of values in a document, counting what an alias repeats; infinite where one holds itself."""
    if not isinstance(value, (dict, list, tuple, set)):
        return 1
    if id(value) not in known:
        known[id(value)] = float("inf")
        known[id(value)] = 1 + sum(_size(child, known) for child in (value.values() if isinstance(value, dict) else value))
    return known[id(value)]


def why_not_rendered(template: str, error: Exception) -> tuple[str, Exception | None]:
    """What ``error`` says about a template that cannot be rendered, and the error itself where it may be shown.

    Of a Secret's template only what can be no value is told: the template's own slips, names of variables and plugins.
    """
    if not _SECRET.search(template):
        return str(error), error
    try:
        jinja2.Environment(autoescape=True).parse(template)
    except jinja2.TemplateSyntaxError as slip:
        return f"line {slip.lineno}: {slip.message}", None
    said = _NAMES.search(str(error))
    reason = said[0] if said else type(error).__name__
    return f"{reason} (the rest of the message is hidden, because it may quote a value of the Secret)", None


def inline(definition: Any) -> Iterator[tuple[str, Any]]:
    """Documents given in the task itself: a mapping, YAML text, or a list of both. Raises ManifestError."""
    for number, entry in enumerate(definition if isinstance(definition, list) else [definition], 1):
        source = f"definition {number}" if isinstance(definition, list) else "definition"
        if isinstance(entry, str):
            yield from documents(source, entry)
        elif next(_no_json(entry, "", ()), None):
            raise _no_json_error(source, entry)
        else:
            yield source, entry


def sealed(docs: Iterable[tuple[str, Any]]) -> str:
    """The documents as the one JSON text that the module gets. Raises ManifestError where JSON knows no such value."""
    parts: list[str] = []
    for source, document in docs:
        try:
            part = json.dumps([source, document], ensure_ascii=False, separators=(",", ":"), default=_plain)
            part.encode()
            parts.append(part)
        except (TypeError, ValueError, RecursionError):
            raise _no_json_error(source, document) from None
    return "[" + ",".join(parts) + "]"


def _no_json_error(source: str, document: Any) -> ManifestError:
    field, found = next(_no_json(document, "", ()), ("(unknown)", "a value that JSON does not know"))
    place = where(Sourced(document, source), field)
    return ManifestError(place, found, "values that JSON knows", "Quote the value or correct its type.")


def _no_json(value: Any, path: str, above: tuple[int, ...]) -> Iterator[tuple[str, str]]:
    """``(field, what is wrong there)`` of what JSON cannot hold; values are not quoted."""
    if id(value) in above:
        yield path, "a value that holds itself"
    elif len(above) > DEEPEST:
        yield path[:80] + "...", f"more than {DEEPEST} levels"
    elif isinstance(value, Mapping):
        for key, child in value.items():
            if not isinstance(key, str):
                yield path or "(top)", f"a key of type {type(key).__name__}"
            yield from _no_json(child, f"{path}.{key}" if path else str(key), (*above, id(value)))
    elif isinstance(value, (list, tuple)):
        for index, child in enumerate(value):
            yield from _no_json(child, f"{path}[{index}]", (*above, id(value)))
    elif isinstance(value, str):
        if not value.isascii() and re.search("[\ud800-\udfff]", value):
            yield path, "a text with half a character (a lone surrogate)"
    elif isinstance(value, int) and value.bit_length() > _LONGEST_NUMBER:
        yield path, "a number of too many digits"
    elif value is not None and not isinstance(value, (bool, int, float)):
        yield path, f"a value of type {type(value).__name__}"


def _plain(value: Any) -> Any:
    """Ansible's own mapping and text types, which json does not know by name."""
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(f"a value of type {type(value).__name__}")
