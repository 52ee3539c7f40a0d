# Copyright (c) autotrade.deployment engineers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Messages without the values of Secrets: neither as they are nor as base64, JSON or Go write them."""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from ansible_collections.autotrade.deployment.plugins.module_utils.core.objects import KubeObject, dig, dig_map
from ansible_collections.autotrade.deployment.plugins.module_utils.core.secret_names import is_secret

HIDDEN = "(hidden)"
# A shorter value stands in ordinary words too. Where the API server quotes one, ``refusal`` cuts it out whatever its length.
SHORTEST = 4
IDENTITY = ("apiVersion", "kind", "metadata", "type")

_QUOTED = re.compile(
    r'(?P<closed>Invalid value: )"(?:[^"\\]|\\.)*"|(?P<open>Invalid value: |expected \w+, got |Value:).*', re.DOTALL
)


def values(secret: KubeObject) -> Iterator[str]:
    """Every form in which a message may quote a value of this Secret, unknown fields included.

    What is a part of the Secret's name or namespace is no secret, and a message must be able to name them.
    """
    public = f"{dig(secret, 'metadata', 'namespace')}/{dig(secret, 'metadata', 'name')}"
    texts = _texts([content for field, content in secret.items() if field not in IDENTITY])
    forms = (form for text in texts for form in _forms(text))
    return (form for form in forms if len(form) >= SHORTEST and form not in public)


def forms(text: str) -> Iterator[str]:
    """Every form in which a message may quote this value."""
    return (form for form in _forms(text) if len(form) >= SHORTEST)


def no_base64(obj: KubeObject) -> Iterator[str]:
    """Fields of a Secret or ConfigMap that must be base64 and are not, which the API server does not name."""
    for field in ("data", "binaryData") if is_secret(obj) else ("binaryData",):
        for key, value in dig_map(obj, field).items():
            if isinstance(value, str) and not _decodes(value):
                yield f"{field}.{key}"


def _decodes(value: str) -> bool:
    try:
        base64.b64decode("".join(value.split()), validate=True)
    except (binascii.Error, ValueError):
        return False
    return True


def hidden(text: str, secrets: Iterable[str]) -> str:
    """The text without these values. The longest go first, because one may be a part of another."""
    for value in sorted(secrets, key=len, reverse=True):
        text = text.replace(value, HIDDEN)
    return text


def refusal(text: str) -> str:
    """What the API server says about a Secret, without the values that it quotes."""
    return _QUOTED.sub(lambda match: f"{match['closed'] or match['open']}{HIDDEN}", text)


def _texts(content: Any) -> Iterator[str]:
    if isinstance(content, Mapping):
        for value in content.values():
            yield from _texts(value)
    elif isinstance(content, (list, tuple)):
        for value in content:
            yield from _texts(value)
    elif content is not None and not isinstance(content, bool):
        yield str(content)


def _forms(text: str) -> Iterator[str]:
    yield from _written(text)
    try:
        yield from _written(base64.b64decode("".join(text.split()), validate=True).decode("utf-8"))
    except (binascii.Error, ValueError):
        yield base64.b64encode(text.encode("utf-8", "surrogatepass")).decode("ascii")


def _written(text: str) -> Iterator[str]:
    quoted = json.dumps(text, ensure_ascii=False)[1:-1]
    yield text
    yield quoted
    # Go writes these three as in a page of HTML.
    yield quoted.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")
