# Copyright (c) autotrade.deployment engineers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Lookup ``store_path``: where the artifact store lies unless a setting says otherwise."""

from __future__ import annotations

DOCUMENTATION = r"""
name: store_path
short_description: The directory of the artifact store
version_added: 0.2.0
author: The autotrade.deployment engineers (@autotrade)
description:
  - E(AUTOTRADE_STORE), else C(autotrade/store) below E(XDG_CACHE_HOME) or C(~/.cache), of the controller.
  - Asked where no role has set C(artifact_store_dir).
"""

EXAMPLES = r"""
- name: Show where hosts install from
  ansible.builtin.debug:
    msg: "{{ artifact_store_dir | default(lookup('autotrade.deployment.store_path'), true) }}"
"""

RETURN = r"""
_raw:
  description: The directory.
  type: list
  elements: path
"""

import os
from typing import Any

from ansible.plugins.lookup import LookupBase
from ansible_collections.autotrade.deployment.plugins.module_utils.edge.store_path import store_path


class LookupModule(LookupBase):
    """Asks the controller's environment."""

    def run(self, _terms: list[Any], _variables: Any = None, **_options: Any) -> list[str]:
        return [str(store_path(os.environ))]
