# Copyright (c) autotrade.deployment engineers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A digest of everything that rendering a role's templates can depend on, so that what was rendered once need not be again.

Rather anew than stale: whatever cannot be seen through (a lookup that reads from elsewhere, the time, chance) makes the digest
a new one every time.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

# Of these the result shows in what is digested anyway, or in no object that is rendered without its secrets.
SEEN_THROUGH = {"env", "template", "password", "vars", "autotrade.deployment.store_path"}
# Read from the role's own folder, which is digested.
SEEN_THROUGH_IN_ROLES = {*SEEN_THROUGH, "file"}
_LOOKUP = re.compile(r"\b(?:lookup|query|q)\(\s*(?:'([\w.]+)'|\"([\w.]+)\")?")
_CHANCE = re.compile(r"\bnow\(|ansible_date_time|\|\s*(?:ansible\.builtin\.)?(?:random|shuffle|random_mac)\b")
# They differ between a prediction and a run, or between two moments of one, and no template reads them.
VOLATILE = (
    "ansible_check_mode",
    "ansible_dependent_role_names",
    "ansible_diff_mode",
    "ansible_limit",
    "ansible_play_name",
    "ansible_play_role_names",
    "ansible_role_names",
    "ansible_run_tags",
    "ansible_skip_tags",
    "ansible_verbosity",
    "hostvars",
    "role_names",
    "role_uuid",
    "vars",
)
# The variables of whoever asks, which hold the asking itself.
ASKING = "__capacity"
FOLDERS = ("defaults", "vars", "templates", "files", "tasks")


def digest(variables: Mapping[str, Any], hosts: Callable[[str], Mapping[str, Any]], roles: Iterable[Path]) -> str:
    """The digest of a task's variables before they are templated, of every host's, of the environment and of the roles' files.

    :param hosts: gives a host's variables, not templated.
    """
    content = hashlib.sha256()
    names = sorted(variables.get("groups", {}).get("all", ()))
    texts = [_text(_settled(variables)), *(_text(_settled(hosts(name))) for name in names)]
    if any(unseen(text, SEEN_THROUGH) for text in texts):
        return _anew()
    for text in (*texts, _text(dict(os.environ))):
        content.update(text.encode() + b"\0")
    for path in _files(roles):
        body = path.read_bytes()
        if path.suffix in (".yml", ".j2") and unseen(body.decode(errors="replace"), SEEN_THROUGH_IN_ROLES):
            return _anew()
        content.update(str(path).encode() + b"\0" + body + b"\0")
    return content.hexdigest()


def unseen(text: str, allowed: Iterable[str]) -> bool:
    """Whether a text holds something whose result the digest would not show."""
    names = (first or second for first, second in _LOOKUP.findall(text))
    return bool(_CHANCE.search(text)) or any(name.removeprefix("ansible.builtin.") not in allowed for name in names)


def _settled(variables: Mapping[str, Any]) -> dict[str, Any]:
    kept = (one for one in variables.items() if one[0] not in VOLATILE and not one[0].startswith(ASKING))
    return {name: value for name, value in kept if not _own_result(name, value)}


def _own_result(name: str, value: Any) -> bool:
    """What a task of this collection registered: the same inputs bring the same objects, whatever was done meanwhile."""
    return name.startswith("__") and isinstance(value, Mapping) and {"changed", "failed"} <= set(value)


def _files(roles: Iterable[Path]) -> Iterator[Path]:
    for role in roles:
        for folder in FOLDERS:
            yield from sorted(path for path in (role / folder).rglob("*") if path.is_file())


def _text(value: Mapping[str, Any]) -> str:
    """Values that JSON does not know count by what they look like; one that looks different each time is digested anew."""
    return json.dumps(value, sort_keys=True, default=repr)


def _anew() -> str:
    return f"anew-{uuid.uuid4().hex}"
