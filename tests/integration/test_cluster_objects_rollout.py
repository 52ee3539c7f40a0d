"""Traffic that a running rollout steers is left alone, and nothing else is."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest
from ansible_collections.autotrade.deployment.plugins.module_utils.core.rollout_guard import GUARDED_ANNOTATION, LEASE_LABEL

from tests.integration.applying import Applier, config_map
from tests.integration.booted import Cluster, Json

ISTIO, GATEWAY = "networking.istio.io", "gateway.networking.k8s.io"


@pytest.fixture
def apply(cluster: Cluster, namespace: str, tmp_path: Path) -> Applier:
    return Applier(cluster, namespace, tmp_path)


def virtual_service(old: int, new: int, timeout: str = "5s") -> Json:
    route = [{"destination": {"host": "web", "subset": name}, "weight": weight} for name, weight in (("v1", old), ("v2", new))]
    spec = {"hosts": ["web"], "http": [{"route": route, "timeout": timeout}]}
    return {"apiVersion": f"{ISTIO}/v1", "kind": "VirtualService", "metadata": {"name": "web"}, "spec": spec}


def http_route(old: int, new: int) -> Json:
    backends = [{"name": name, "port": 80, "weight": weight} for name, weight in (("blue", old), ("green", new))]
    spec = {"parentRefs": [{"name": "public"}], "rules": [{"backendRefs": backends}]}
    return {"apiVersion": f"{GATEWAY}/v1", "kind": "HTTPRoute", "metadata": {"name": "web"}, "spec": spec}


def service(color: str, **labels: str) -> Json:
    spec = {"selector": {"app": "web", "color": color}, "ports": [{"port": 80}]}
    return {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "web", "labels": labels}, "spec": spec}


def hold(apply: Applier, *guarded: str, seconds: int = 30, renewed: timedelta = timedelta()) -> None:
    moment = (datetime.now(timezone.utc) - renewed).isoformat(timespec="microseconds").replace("+00:00", "Z")
    metadata = {"name": "web", "labels": {LEASE_LABEL: "web"}, "annotations": {GUARDED_ANNOTATION: " ".join(guarded)}}
    spec = {"holderIdentity": "runner-1", "leaseDurationSeconds": seconds, "renewTime": moment, "acquireTime": moment}
    body = {"apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": metadata, "spec": spec}
    apply.cluster.apply(f"/apis/coordination.k8s.io/v1/namespaces/{apply.namespace}/leases/web", body)


def steer(apply: Applier, obj: Json) -> str:
    """What the rollout does: it writes its own traffic into the object; answers the path of the object."""
    plural = {"VirtualService": "virtualservices", "HTTPRoute": "httproutes", "Service": "services"}[obj["kind"]]
    root = "/api" if obj["apiVersion"] == "v1" else "/apis"
    path = f"{root}/{obj['apiVersion']}/namespaces/{apply.namespace}/{plural}/web"
    apply.cluster.patch(f"{path}?fieldManager=rollout", {"spec": obj["spec"]})
    return path


CASES = {
    "VirtualService": (f"VirtualService.{ISTIO}/web", virtual_service(100, 0), virtual_service(90, 10)),
    "HTTPRoute": (f"HTTPRoute.{GATEWAY}/web", http_route(100, 0), http_route(90, 10)),
    "Service": ("Service/web", service("blue"), service("green")),
}


@pytest.mark.parametrize("kind", CASES)
def test_what_a_rollout_steers_is_left_alone_and_said(apply: Applier, kind: str) -> None:
    guarded, wanted, steered = CASES[kind]
    apply(wanted)
    path = steer(apply, steered)
    hold(apply, guarded)
    before = apply.cluster.get(path)
    for check in (True, False):
        run = apply(wanted, check=check)
        assert (run.report.problems, run.writes, run.methods) == ((), 0, {f"{kind}/web": "unchanged"})
        assert "held by runner-1" in run.report.outcomes[0].as_result()["notes"][0]
    assert apply.cluster.get(path) == before


def test_the_rest_of_a_guarded_object_is_applied(apply: Applier) -> None:
    apply(service("blue"))
    path = steer(apply, service("green"))
    hold(apply, "Service/web")
    assert apply(service("blue", team="desk")).methods == {"Service/web": "apply"}
    found = apply.cluster.get(path)
    assert (found["metadata"]["labels"], found["spec"]["selector"]["color"]) == ({"team": "desk"}, "green")
    assert apply(service("blue", team="desk")).writes == 0


def test_weights_that_are_still_ours_are_carried(apply: Applier) -> None:
    apply(virtual_service(90, 10))
    hold(apply, f"VirtualService.{ISTIO}/web")
    run = apply(virtual_service(100, 0, timeout="9s"))
    assert run.report.problems == ()
    found = apply.cluster.get(f"/apis/{ISTIO}/v1/namespaces/{apply.namespace}/virtualservices/web")["spec"]
    assert found["http"] == virtual_service(90, 10, timeout="9s")["spec"]["http"]


@pytest.mark.parametrize(
    ("seconds", "renewed", "guarded"), [(5, timedelta(seconds=60), "Service/web"), (600, timedelta(), "Service/other")]
)
def test_without_a_lease_that_counts_the_manifest_is_applied(
    apply: Applier, seconds: int, renewed: timedelta, guarded: str
) -> None:
    apply(service("green"))
    hold(apply, guarded, seconds=seconds, renewed=renewed)
    assert apply(service("blue")).methods == {"Service/web": "apply"}


def test_leases_are_asked_for_only_where_traffic_differs(apply: Applier) -> None:
    apply(service("blue"), config_map(a="1"))
    hold(apply, "Service/web")
    assert apply(service("blue", team="desk"), config_map(a="2")).requests["GET"] == 2
    assert apply(service("green", team="desk"), config_map(a="2")).requests["GET"] == 3


def test_who_may_not_see_leases_may_not_change_traffic(apply: Applier) -> None:
    rules = [{"apiGroups": [""], "resources": ["services"], "verbs": ["*"]}]
    role: Json = {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "Role", "metadata": {"name": "some"}, "rules": rules}
    binding: Json = {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "RoleBinding",
        "metadata": {"name": "some"},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "some"},
        "subjects": [{"kind": "User", "apiGroup": "rbac.authorization.k8s.io", "name": "someone"}],
    }
    apply(role, binding, service("blue"))
    someone = Applier(apply.cluster, apply.namespace, apply.scratch, {"impersonate_user": "someone"})
    assert someone(service("blue", team="desk")).report.problems == ()
    run = someone(service("green", team="desk"))
    assert "leases.coordination.k8s.io" in run.report.message
    assert run.writes == 0
