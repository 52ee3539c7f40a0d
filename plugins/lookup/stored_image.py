# Copyright (c) autotrade.deployment engineers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Lookup ``stored_image``: what pods name an image of the artifact store by."""

from __future__ import annotations

DOCUMENTATION = r"""
name: stored_image
short_description: An image of the artifact store, for this machine's architecture
version_added: 0.2.0
author: The autotrade.deployment engineers (@autotrade)
description:
  - Tells the tag and the digest of an image that the artifact store has as an archive, and where the archive lies.
options:
  _terms:
    description: Names of images in the lock.
    type: list
    elements: str
    required: true
  store:
    description: The directory of the store. By default that of P(autotrade.deployment.store_path#lookup).
    type: path
"""

EXAMPLES = r"""
- name: Name an image by its digest
  ansible.builtin.debug:
    msg: "localhost/reference-workload@{{ lookup('autotrade.deployment.stored_image', 'reference-workload-image').digest }}"
"""

RETURN = r"""
_raw:
  description: C(version), C(tag), C(digest) of the manifest, and C(path) of the archive below the store.
  type: list
  elements: dict
"""

import os
from pathlib import Path
from typing import Any

from ansible.errors import AnsibleLookupError
from ansible.plugins.lookup import LookupBase
from ansible_collections.autotrade.deployment.plugins.module_utils.core.supply import SupplyError
from ansible_collections.autotrade.deployment.plugins.module_utils.core.supply_index import INDEX
from ansible_collections.autotrade.deployment.plugins.module_utils.core.supply_programs import stored_image
from ansible_collections.autotrade.deployment.plugins.module_utils.edge.store_path import store_path
from ansible_collections.autotrade.deployment.plugins.module_utils.edge.supply import host_arch


class LookupModule(LookupBase):
    """Reads the store's index."""

    def run(self, terms: list[str], _variables: Any = None, **options: Any) -> list[dict[str, str]]:
        index = Path(options.get("store") or store_path(os.environ)) / INDEX
        try:
            text = index.read_text(encoding="utf-8")
            return [stored_image(text, name, host_arch()) for name in terms]
        except (OSError, SupplyError) as error:
            raise AnsibleLookupError(f"stored_image: {error}") from error
