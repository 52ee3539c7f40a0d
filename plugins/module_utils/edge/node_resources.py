# Copyright (c) autotrade.deployment engineers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Extended resources that a node advertises without a device plugin.

https://kubernetes.io/docs/tasks/administer-cluster/extended-resource-node/ describes the patch; the kubelet keeps what it finds.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible_collections.autotrade.deployment.plugins.module_utils.core.objects import KubeObject, dig_map
from ansible_collections.autotrade.deployment.plugins.module_utils.edge.cluster_nodes import NODE, amend
from ansible_collections.autotrade.deployment.plugins.module_utils.edge.kube_api import KubeApi
from ansible_collections.autotrade.deployment.plugins.module_utils.edge.kube_errors import NoClusterError
from ansible_collections.autotrade.deployment.plugins.module_utils.edge.kube_session import session


def run(params: Mapping[str, Any], check_mode: bool) -> dict[str, Any]:
    """Advertise what is missing; the result of the module ``node_resources``.

    :raises KubeError: as every request; in check mode a cluster or node that is not there yet advertises nothing.
    """
    name, wanted = params["node"], {str(key): str(quantity) for key, quantity in params["resources"].items()}
    try:
        found = session(params, lambda api: _advertise(api, name, wanted, check_mode)).result
    except NoClusterError as error:
        if error.met or not check_mode:
            raise
        found = {}
    missing = _missing(found, wanted)
    before = {key: found.get(key) for key in missing}
    return {"changed": bool(missing), "capacity": {**found, **wanted}, "diff": {"before": before, "after": missing}}


def _advertise(api: KubeApi, name: str, wanted: Mapping[str, str], check_mode: bool) -> Mapping[str, Any]:
    """The node's capacity before."""
    found = dig_map(api.get(NODE, None, name), "status", "capacity")

    def changes(node: KubeObject) -> list[dict[str, Any]]:
        capacity = dig_map(node, "status", "capacity")
        missing = _missing(capacity, wanted)
        return [{"op": "add", "path": "/status/capacity", "value": {**capacity, **missing}}] if missing else []

    if _missing(found, wanted) and not check_mode:
        amend(api, name, changes, "status")
    return found


def _missing(found: Mapping[str, Any], wanted: Mapping[str, str]) -> dict[str, str]:
    return {name: quantity for name, quantity in wanted.items() if found.get(name) != quantity}
