# Copyright (c) autotrade.deployment engineers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Services and Ingresses. A load balancer is ready when it has an address that clients can use."""

from __future__ import annotations

from ansible_collections.autotrade.deployment.plugins.module_utils.core.objects import KubeObject, dig_list, dig_text
from ansible_collections.autotrade.deployment.plugins.module_utils.core.readiness import reasons
from ansible_collections.autotrade.deployment.plugins.module_utils.core.readiness.model import (
    Facts,
    Readiness,
    in_progress,
    ready,
)


def service(facts: Facts) -> Readiness:
    """Rule for a Service."""
    obj = facts.obj
    kind = dig_text(obj, "spec", "type", default="ClusterIP")
    if kind == "ExternalName":
        return ready(reasons.EXISTS, f"Alias of {dig_text(obj, 'spec', 'externalName', default='(none)')}.")
    address = dig_text(obj, "spec", "clusterIP")
    if not address:
        return in_progress(reasons.NO_CLUSTER_IP, "The Service has no cluster IP yet.")
    if kind != "LoadBalancer":
        return ready(reasons.EXISTS, f"{kind}, cluster IP {address}.")
    return _addressed(obj)


def ingress(facts: Facts) -> Readiness:
    """Rule for an Ingress."""
    return _addressed(facts.obj)


def _addressed(obj: KubeObject) -> Readiness:
    entries = dig_list(obj, "status", "loadBalancer", "ingress")
    addresses = [dig_text(entry, "ip", default=dig_text(entry, "hostname")) for entry in entries]
    if not any(addresses):
        return in_progress(reasons.NO_ADDRESS, "No load balancer address yet.")
    return ready(reasons.READY, f"Load balancer address: {', '.join(filter(None, addresses))}")
