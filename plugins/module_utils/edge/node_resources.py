# Copyright (c) autotrade.deployment engineers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Extended resources that a node advertises without a device plugin.

https://kubernetes.io/docs/tasks/administer-cluster/extended-resource-node/ describes the patch; the kubelet keeps what it finds.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible_collections.autotrade.deployment.plugins.module_utils.core.objects import dig
from ansible_collections.autotrade.deployment.plugins.module_utils.edge.kube_errors import ApiError, NoClusterError
from ansible_collections.autotrade.deployment.plugins.module_utils.edge.kube_login import Options, resolve
from ansible_collections.autotrade.deployment.plugins.module_utils.edge.kube_transport import Transport


def run(params: Mapping[str, Any], check_mode: bool) -> dict[str, Any]:
    """Advertise what is missing; the result of the module ``node_resources``.

    :raises ApiError, UnreachableError, LoginError: as every request; a node that is not there yet is none in check mode.
    """
    path = f"/api/v1/nodes/{params['node']}/status"
    try:
        transport = Transport(resolve(Options.from_params(params)), 1)
        found = dig(transport.json("GET", path)[1], "status", "capacity", default={})
    except (ApiError, NoClusterError):
        if not check_mode:
            raise
        found = {}
    wanted = {str(name): str(quantity) for name, quantity in params["resources"].items()}
    missing = {name: quantity for name, quantity in wanted.items() if found.get(name) != quantity}
    if missing and not check_mode:
        patch = {"status": {"capacity": missing}}
        transport.json("PATCH", path, body=patch, content_type="application/merge-patch+json")
    before = {name: found.get(name) for name in missing}
    return {"changed": bool(missing), "capacity": {**found, **wanted}, "diff": {"before": before, "after": missing}}
