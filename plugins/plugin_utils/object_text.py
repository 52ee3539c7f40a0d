# Copyright (c) autotrade.deployment engineers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Manifests as text become documents, as the Kubernetes tools read YAML: duplicates refused, dates left as text."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import jinja2
import yaml
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
_NAMES = re.compile(r"'\w+' is undefined|The \w+ plugin '[\w.]+' failed")


class _Loader(_Base):  # type: ignore[misc]
    """A key that stands twice is an error, as the API server's strict mode has it."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen: set[str] = set()
        for key, _value in node.value:
            text = key.value if isinstance(key, yaml.ScalarNode) else None
            if text is not None and text != "<<" and text in seen:
                raise yaml.constructor.ConstructorError(None, None, f"the key {text!r} stands twice", key.start_mark)
            seen.add(text or "")
        mapping: dict[Any, Any] = super().construct_mapping(node, deep=deep)
        return mapping

    def construct_number(self, node: yaml.ScalarNode) -> float:
        """Go writes 1e3 and 1.0 as whole numbers, which a field of integers takes."""
        number: float = self.construct_yaml_float(node)
        return int(number) if number.is_integer() else number


def _resolvers(first: str, known: Iterable[tuple[str, re.Pattern[str]]]) -> list[tuple[str, re.Pattern[str]]]:
    """What a plain scalar that begins with this character may be."""
    numbers = dict(_NUMBERS)
    others = [(tag, pattern) for tag, pattern in known if tag not in _TEXT and tag not in numbers]
    return others + [number for number in _NUMBERS if first in "-+.0123456789"]


_Loader.yaml_implicit_resolvers = {first: _resolvers(first, known) for first, known in _Base.yaml_implicit_resolvers.items()}
_Loader.add_constructor(f"{_TAG}float", _Loader.construct_number)


def documents(source: str, text: str) -> Iterator[tuple[str, Any]]:
    """``(source, document)`` for each document that is not empty; the source gets ``:2`` where there are several.

    Raises ManifestError with the line where the text is not YAML; the text itself is never quoted, it may be a secret.
    """
    try:
        # Ansible's tagged text is a kind of str that libyaml's parser does not take.
        found = [document for document in yaml.load_all(str(text), Loader=_Loader) if document is not None]
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f", line {mark.line + 1}" if mark is not None else ""
        problem = _QUOTE.sub("(hidden)", getattr(error, "problem", None) or "no reason given")
        raise ManifestError(
            f"{source}{line} (as rendered)", f"what is no YAML ({problem})", "YAML", "Correct the template or the values in it."
        ) from None
    for number, document in enumerate(found, 1):
        yield (f"{source}:{number}" if len(found) > 1 else source), document


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
    """Documents given in the task itself: a mapping, YAML text, or a list of both."""
    for number, entry in enumerate(definition if isinstance(definition, list) else [definition], 1):
        source = f"definition {number}" if isinstance(definition, list) else "definition"
        if isinstance(entry, str):
            yield from documents(source, entry)
        else:
            yield source, entry


def sealed(docs: Iterable[tuple[str, Any]]) -> str:
    """The documents as the one JSON text that the module gets. Raises ManifestError where JSON knows no such value."""
    parts: list[str] = []
    for source, document in docs:
        try:
            parts.append(json.dumps([source, document], ensure_ascii=False, separators=(",", ":"), default=_plain))
        except (TypeError, ValueError) as error:
            raise ManifestError(source, str(error), "values that JSON knows", "Quote the value or correct its type.") from None
    return "[" + ",".join(parts) + "]"


def _plain(value: Any) -> Any:
    """Ansible's own mapping and text types, which json does not know by name."""
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(f"a value of type {type(value).__name__}")
