# Copyright (c) autotrade.deployment engineers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Asks the API server whether a node is in service, and takes a taint off nodes whose devices have shown up."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ansible_collections.autotrade.deployment.plugins.module_utils.core.node_service import (
    held_by,
    in_service,
    taints_after,
    waiting,
)
from ansible_collections.autotrade.deployment.plugins.module_utils.core.objects import KubeObject, dig
from ansible_collections.autotrade.deployment.plugins.module_utils.edge.cluster_nodes import NODE, POD, amend
from ansible_collections.autotrade.deployment.plugins.module_utils.edge.kube_api import KubeApi, Selector
from ansible_collections.autotrade.deployment.plugins.module_utils.edge.kube_errors import NoClusterError
from ansible_collections.autotrade.deployment.plugins.module_utils.edge.kube_session import session


def info(params: Mapping[str, Any]) -> dict[str, Any]:
    """The result of the module ``node_service_info``; a node that is not there is in nobody's service.

    :raises KubeError: as every request.
    """
    return session(params, lambda api: _info(api, params["node"])).result


def _info(api: KubeApi, name: str) -> dict[str, Any]:
    node = api.get(NODE, None, name)
    if node is None:
        return {"changed": False, "exists": False, "in_service": False, "cordoned": False, "pods": []}
    pods = api.list(POD, None, Selector(fields=f"spec.nodeName={name}")).items
    return {
        "changed": False,
        "exists": True,
        "in_service": in_service(node, pods),
        "cordoned": bool(dig(node, "spec", "unschedulable", default=False)),
        "pods": list(held_by(pods)),
    }


def lift(params: Mapping[str, Any], check_mode: bool) -> dict[str, Any]:
    """The result of the module ``node_gate``: takes the taint off every node that has some of the resource to give.

    :raises KubeError: as every request; in check mode a cluster that is not there has no nodes.
    """
    try:
        return session(params, lambda api: _lift(api, params, check_mode)).result
    except NoClusterError as error:
        if error.met or not check_mode:
            raise
        return _lifted({}, (), params["taint"], params["resource"])


def _lift(api: KubeApi, params: Mapping[str, Any], check_mode: bool) -> dict[str, Any]:
    taint, resource = params["taint"], params["resource"]

    def changes(node: KubeObject) -> list[dict[str, Any]]:
        taints = taints_after(node, taint, resource)
        return [] if taints is None else [{"op": "add", "path": "/spec/taints", "value": taints}]

    selector = Selector(labels=",".join(params["label_selectors"]))
    nodes = {node["metadata"]["name"]: node for node in api.list(NODE, None, selector).items}
    opened = [name for name, node in nodes.items() if changes(node)]
    for name in opened if not check_mode else ():
        amend(api, name, changes)
    return _lifted(nodes, opened, taint, resource)


def _lifted(nodes: Mapping[str, KubeObject], opened: Sequence[str], taint: Mapping[str, str], resource: str) -> dict[str, Any]:
    sign = f"{taint['key']}:{taint['effect']}"
    return {
        "changed": bool(opened),
        "opened": list(opened),
        "waiting": list(waiting(nodes, taint, resource)),
        "diff": {"before": "".join(f"{name} {sign}\n" for name in opened), "after": "".join(f"{name}\n" for name in opened)},
    }
