# Copyright (c) autotrade.deployment engineers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Asks the API server whether a node is in service, and takes a taint off nodes whose devices have shown up."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible_collections.autotrade.deployment.plugins.module_utils.core.node_service import (
    held_by,
    in_service,
    taints_after,
    waiting,
)
from ansible_collections.autotrade.deployment.plugins.module_utils.core.objects import dig
from ansible_collections.autotrade.deployment.plugins.module_utils.edge.kube_errors import ApiError, NoClusterError
from ansible_collections.autotrade.deployment.plugins.module_utils.edge.kube_login import Options, resolve
from ansible_collections.autotrade.deployment.plugins.module_utils.edge.kube_transport import Transport

_NODES, _PODS = "/api/v1/nodes", "/api/v1/pods"
_NOT_FOUND, _CONFLICT = 404, 409
_TRIES = 5


def info(params: Mapping[str, Any]) -> dict[str, Any]:
    """The result of the module ``node_service_info``; a node that is not there is in nobody's service.

    :raises ApiError, UnreachableError, LoginError: as every request.
    """
    transport, name = _transport(params), params["node"]
    try:
        node = transport.json("GET", f"{_NODES}/{name}")[1]
    except ApiError as error:
        if error.status != _NOT_FOUND:
            raise
        return {"changed": False, "exists": False, "in_service": False, "cordoned": False, "pods": []}
    pods = transport.json("GET", _PODS, {"fieldSelector": f"spec.nodeName={name}"})[1]["items"]
    return {
        "changed": False,
        "exists": True,
        "in_service": in_service(node, pods),
        "cordoned": bool(dig(node, "spec", "unschedulable", default=False)),
        "pods": list(held_by(pods)),
    }


def lift(params: Mapping[str, Any], check_mode: bool) -> dict[str, Any]:
    """The result of the module ``node_gate``: takes the taint off every node that has some of the resource to give.

    :raises ApiError, UnreachableError, LoginError: as every request; in check mode a cluster that is not there has no nodes.
    """
    taint, resource = params["taint"], params["resource"]
    try:
        transport = _transport(params)
        listed = transport.json("GET", _NODES, {"labelSelector": ",".join(params["label_selectors"])})[1]["items"]
    except NoClusterError:
        if not check_mode:
            raise
        listed = []
    nodes = {node["metadata"]["name"]: node for node in listed}
    opened = [name for name, node in nodes.items() if taints_after(node, taint, resource) is not None]
    for name in opened if not check_mode else ():
        _untaint(transport, name, taint, resource)
    sign = f"{taint['key']}:{taint['effect']}"
    return {
        "changed": bool(opened),
        "opened": opened,
        "waiting": list(waiting(nodes, taint, resource)),
        "diff": {"before": "".join(f"{name} {sign}\n" for name in opened), "after": "".join(f"{name}\n" for name in opened)},
    }


def _untaint(transport: Transport, name: str, taint: Mapping[str, str], resource: str) -> None:
    # Taints are one list that others write, too; the version of the node makes sure that none of theirs is lost.
    for left in reversed(range(_TRIES)):
        node = transport.json("GET", f"{_NODES}/{name}")[1]
        taints = taints_after(node, taint, resource)
        if taints is None:
            return
        version = node["metadata"]["resourceVersion"]
        patch = {"metadata": {"resourceVersion": version}, "spec": {"taints": taints}}
        try:
            transport.json("PATCH", f"{_NODES}/{name}", body=patch, content_type="application/merge-patch+json")
        except ApiError as error:
            if error.status != _CONFLICT or not left:
                raise
        else:
            return


def _transport(params: Mapping[str, Any]) -> Transport:
    return Transport(resolve(Options.from_params(params)), 1)
