# Copyright (c) autotrade.deployment engineers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The nodes of a cluster: what is asked about them, and changes to one that lose nothing of what others write meanwhile."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from ansible_collections.autotrade.deployment.plugins.module_utils.core.api_resources import ResourceType
from ansible_collections.autotrade.deployment.plugins.module_utils.core.objects import KubeObject, dig
from ansible_collections.autotrade.deployment.plugins.module_utils.edge.kube_api import KubeApi
from ansible_collections.autotrade.deployment.plugins.module_utils.edge.kube_errors import ApiError, KubeError

# Every API server has both, so nothing need be discovered.
NODE = ResourceType("", "v1", "Node", "nodes", namespaced=False)
POD = ResourceType("", "v1", "Pod", "pods", namespaced=True)
_MANAGER = "autotrade.deployment"
_CONFLICT = 409
_TRIES = 5


def amend(api: KubeApi, name: str, changes: Callable[[KubeObject], Sequence[Any]], subresource: str = "") -> None:
    """Patches a node by what ``changes`` (JSON patch operations, RFC 6902) answers for it as it is; nothing where that is empty.

    :raises KubeError: there is no such node; as every request; after five tries in each of which somebody else was quicker.
    """
    for left in reversed(range(_TRIES)):
        node = api.get(NODE, None, name)
        if node is None:
            raise KubeError(f"the cluster has no node {name}; expected one that has joined. Check the name.")
        operations = changes(node)
        if not operations:
            return
        # With the version that was read the API server answers 409 to a change of anything else.
        locked = {"op": "replace", "path": "/metadata/resourceVersion", "value": dig(node, "metadata", "resourceVersion")}
        try:
            api.patch(NODE, node, [*operations, locked], _MANAGER, subresource=subresource)
        except ApiError as error:
            if error.status != _CONFLICT or not left:
                raise
        else:
            return
