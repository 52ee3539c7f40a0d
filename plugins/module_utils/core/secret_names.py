# Copyright (c) autotrade.deployment engineers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Which objects and fields hold secrets: Secrets, and whatever its author gave a name such as ``password`` or ``API_TOKEN``."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from ansible_collections.autotrade.deployment.plugins.module_utils.core.field_paths import FieldPath
from ansible_collections.autotrade.deployment.plugins.module_utils.core.objects import KubeObject

LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"
# A slip in the kind makes its values no less secret.
_KINDS = frozenset(("secret", "secrets"))
_NAMES = re.compile(r"(?:pass(?:word|wd|phrase)|pwd|secret|token|(?:api|private|secret)[-_.]?key|credentials?)$", re.IGNORECASE)
# The plain kinds first: asking for an abstract one takes many times as long, and every value of every object is asked.
_MAPPING = (dict, Mapping)
_NESTED = (dict, list, tuple, Mapping)


def is_secret(obj: KubeObject | None) -> bool:
    """Whether every value of the object is a secret."""
    return obj is not None and str(obj.get("kind")).casefold() in _KINDS


def secret_fields(obj: KubeObject | None) -> Iterator[tuple[FieldPath, str]]:
    """Path and text of each field whose key, or whose entry's ``name`` as in ``env``, ends in a word for a secret.

    And the last-applied annotation, which repeats a whole object.
    """
    yield from _below(obj, ())


def _all(value: Any, path: FieldPath) -> Iterator[tuple[FieldPath, str]]:
    entries = value.items() if isinstance(value, Mapping) else enumerate(value) if isinstance(value, (list, tuple)) else ()
    for step, child in entries:
        yield from ((((*path, step), child),) if isinstance(child, str) else _all(child, (*path, step)))


def _told(key: str) -> bool:
    return key == LAST_APPLIED or _NAMES.search(key) is not None


def _below(value: Any, path: FieldPath) -> Iterator[tuple[FieldPath, str]]:
    if isinstance(value, _MAPPING):
        named = isinstance(value.get("name"), str) and _NAMES.search(value["name"])
        for key, child in value.items():
            if isinstance(child, str):
                if (named and key == "value") or (isinstance(key, str) and _told(key)):
                    yield (*path, key), child
            elif isinstance(child, _NESTED):
                # A text that was meant to stand there is no less secret inside a value of another shape.
                yield from _all(child, (*path, key)) if named and key == "value" else _below(child, (*path, key))
    elif isinstance(value, (list, tuple)):
        for index, child in enumerate(value):
            if isinstance(child, _NESTED):
                yield from _below(child, (*path, index))
