# Copyright (c) autotrade.deployment engineers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What an example inventory leaves to its user: values that are empty, names and addresses that belong to nobody.

Names are those of RFC 2606 and RFC 6761, addresses those of RFC 5737 and RFC 3849.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator, Mapping

_NETWORKS = tuple(map(ipaddress.ip_network, ("192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24", "2001:db8::/32")))
_NAME = re.compile(r"(?<![\w.-])(?:[\w-]+\.)*(?:example(?:\.(?:com|net|org))?|invalid)(?![\w-]|\.\w)", re.IGNORECASE)
_ADDRESS = re.compile(r"(?<![\w.:])(?:\d{1,3}(?:\.\d{1,3}){3}|[0-9a-f]{1,4}:[0-9a-f:]+)(?![\w:]|\.\d)", re.IGNORECASE)


def left_open(setting: str, value: object, *, required: bool) -> Iterator[str]:
    """One sentence for each part of a setting that is a placeholder, or empty. The rest of a value is not told: it may be secret.

    :param setting: the variable's name; parts are told by their path, such as ``monitoring_receivers[0].url``.
    :param value: text, or a list or mapping of it at any depth. Other types are never open.
    :param required: whether empty parts are told.
    """
    if isinstance(value, str) and (found := placeholders(value)):
        yield f"{setting} names {' and '.join(found)}: reserved for examples, expected your own"
    elif required and (value is None or value in ("", [], {})):
        yield f"{setting} is empty"
    for path, part in _parts(value):
        yield from left_open(f"{setting}{path}", part, required=required)


def _parts(value: object) -> Iterator[tuple[str, object]]:
    if isinstance(value, Mapping):
        yield from ((f".{key}", part) for key, part in value.items())
    elif isinstance(value, (list, tuple)):
        yield from ((f"[{index}]", part) for index, part in enumerate(value))


def placeholders(text: str) -> list[str]:
    """The names and addresses in a text that stand for the user's own, each once, in the order of their appearance."""
    names = [match.group() for match in _NAME.finditer(text) if "." in match.group()]
    addresses = [match.group() for match in _ADDRESS.finditer(text) if _nobodys(match.group())]
    return list(dict.fromkeys(names + addresses))


def _nobodys(text: str) -> bool:
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return False
    return any(address in network for network in _NETWORKS if network.version == address.version)
