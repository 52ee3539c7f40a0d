# Copyright (c) autotrade.deployment engineers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Filter ``pinned_images``: the objects of a manifest with every image by its digest."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import yaml
from ansible.errors import AnsibleFilterError
from ansible_collections.autotrade.deployment.plugins.module_utils.core.pinned_images import pinned


def pinned_images(manifest: str, digests: Mapping[str, str] | None = None) -> dict[str, list[Any]]:
    """The ``objects`` of a manifest with their digests, and the ``unpinned`` images; raise AnsibleFilterError for bad YAML."""
    try:
        found = [obj for obj in yaml.load_all(str(manifest), Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader)) if obj]
    except yaml.YAMLError as error:
        raise AnsibleFilterError(f"pinned_images: the manifest is no YAML: {error}") from error
    answer = pinned(found, digests or {})
    return {"objects": answer.objects, "unpinned": list(answer.unpinned)}


class FilterModule:
    """The filters of this file."""

    def filters(self) -> dict[str, Callable[..., dict[str, list[Any]]]]:
        """Return the filters by name."""
        return {"pinned_images": pinned_images}
