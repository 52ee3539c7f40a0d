# Copyright (c) autotrade.deployment engineers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Lookup ``inputs_digest``: tells whether roles would render anything else than before."""

from __future__ import annotations

DOCUMENTATION = r"""
name: inputs_digest
short_description: A digest of everything that rendering roles can depend on
version_added: 0.1.0
author: The autotrade.deployment engineers (@autotrade)
description:
  - Digests the variables of the play and of all hosts as they are written, the environment, and the files of the roles.
  - Two equal digests mean that the roles render the same. Where something cannot be seen through, such as a lookup that asks
    another system, each digest is a new one.
options:
  _terms:
    description: Folders of the roles.
    type: list
    elements: path
    required: true
"""

EXAMPLES = r"""
- name: Show the digest of two roles
  ansible.builtin.debug:
    msg: "{{ lookup('autotrade.deployment.inputs_digest', 'roles/database', 'roles/cache') }}"
"""

RETURN = r"""
_raw:
  description: The digest.
  type: list
  elements: str
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ansible.plugins.lookup import LookupBase
from ansible_collections.autotrade.deployment.plugins.plugin_utils.inputs_digest import digest


class LookupModule(LookupBase):
    """Hands the variables on as they are written."""

    def run(self, terms: list[Any], variables: Mapping[str, Any] | None = None, **_options: Any) -> list[str]:
        given = variables or {}
        hostvars: Any = given.get("hostvars", {})
        raw = getattr(hostvars, "raw_get", None) or hostvars.get
        return [digest(given, lambda name: dict(raw(name)), [Path(term) for term in _flat(terms)])]


def _flat(terms: list[Any]) -> list[str]:
    """Folders one by one, or a list of them."""
    return [str(one) for term in terms for one in (term if isinstance(term, list) else [term])]
