"""The trading system with real pods, looked at from inside and outside the cluster."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible_collections.autotrade.deployment.plugins.module_utils.core.supply_programs import stored_programs

from tests.integration.booted import store
from tests.support.lab import Lab, eventually

ROOT = Path(__file__).resolve().parents[3]
LAB = Lab("site", "10.89.32")
SPACE, PROBE = "trading-system", "site-probe"
COMPONENTS: dict[str, Any] = yaml.safe_load((ROOT / "roles/trading_system/defaults/main.yml").read_text(encoding="utf-8"))[
    "trading_system_components"
]
REPOSITORY = "registry.autotrade.internal/lab"
VICTIM = "position-sizing"
# Readiness fails twice at most 5 s apart, liveness three times 10 s apart; the rest is for a busy machine.
UNREADY_S, RESTARTED_S = 60.0, 180.0
SAFE = {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}}
NOBODY = {"runAsNonRoot": True, "runAsUser": 65532, "seccompProfile": {"type": "RuntimeDefault"}}


def image(name: str) -> str:
    if name == "busybox":
        return f"{REPOSITORY}/busybox:bookworm"
    version = stored_programs((store() / "index.json").read_text(encoding="utf-8"))[name]["version"]
    return f"{REPOSITORY}/{name}:{version.replace('+', '_')}"


def pod(name: str, container: dict[str, Any], **spec: Any) -> dict[str, Any]:
    """A pod that Pod Security admits at its strictest."""
    whole = {"name": name, "imagePullPolicy": "Never", "securityContext": SAFE, **container}
    body = {"securityContext": NOBODY, "automountServiceAccountToken": False, "containers": [whole], **spec}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name}, "spec": body}


@pytest.fixture(scope="module")
def probe() -> Iterator[str]:
    """A pod outside the trading system that calls whom it is told to."""
    LAB.kubectl_text("create", "namespace", PROBE)
    LAB.kubectl_text(
        "apply", "-n", PROBE, "-f", "-", sent=pod("dialer", {"image": image("agnhost"), "args": ["netexec", "--http-port=8080"]})
    )
    LAB.kubectl_text("wait", "-n", PROBE, "--for=condition=Ready", "pod/dialer", "--timeout=120s")
    yield f"/api/v1/namespaces/{PROBE}/pods/dialer:8080/proxy/dial"
    LAB.kubectl_text("delete", "namespace", PROBE, "--wait=false")


def asked(probe: str, host: str) -> dict[str, Any]:
    """What netexec heard when it called ``host`` twenty times: ``responses``, each different one once, and ``errors``."""
    return json.loads(LAB.kubectl_text("get", "--raw", f"{probe}?request=who&protocol=http&host={host}&port=80&tries=20"))


def pods_of(component: str) -> list[dict[str, Any]]:
    return LAB.kubectl("get", "pods", "-n", SPACE, f"--selector=app={component}")["items"]


def is_ready(found: dict[str, Any]) -> bool:
    return any(one["type"] == "Ready" and one["status"] == "True" for one in found["status"]["conditions"])


@pytest.mark.parametrize("component", COMPONENTS)
def test_every_component_runs_in_full(component: str) -> None:
    status = LAB.kubectl("get", "deployment", "-n", SPACE, component)["status"]
    assert status["readyReplicas"] == status["updatedReplicas"] == COMPONENTS[component]["replicas"]
    found = pods_of(component)
    assert [one["metadata"]["name"] for one in found if not is_ready(one)] == []
    classes = {one["spec"]["nodeName"].rpartition("-")[0] for one in found}
    assert classes == set(COMPONENTS[component]["node_classes"])


def test_replicas_stand_on_different_nodes() -> None:
    for component, settings in COMPONENTS.items():
        nodes = Counter(one["spec"]["nodeName"] for one in pods_of(component))
        assert max(nodes.values()) - min(nodes.values()) <= 1, component
        assert len(nodes) == min(settings["replicas"], 2 if "gpu" in settings["node_classes"] else 3), component


@pytest.mark.parametrize("component", COMPONENTS)
def test_its_service_answers_by_name(probe: str, component: str) -> None:
    heard = asked(probe, f"{component}.{SPACE}.svc.cluster.local")
    assert heard.get("errors", []) == []
    assert heard["responses"]
    assert all(component in answer for answer in heard["responses"])


def test_services_answer_on_every_node() -> None:
    address = LAB.kubectl("get", "service", "-n", SPACE, "data-acquisition")["spec"]["clusterIP"]
    for name in LAB.hosts:
        assert "data-acquisition" in LAB.on(name).check_output(f"curl --silent --fail --max-time 5 http://{address}/"), name


def test_the_claims_are_bound_and_shared_by_nodes() -> None:
    claims = LAB.kubectl("get", "persistentvolumeclaims", "-n", SPACE)["items"]
    assert {one["metadata"]["name"]: one["status"]["phase"] for one in claims} == dict.fromkeys(
        ("data-pvc", "features-pvc", "models-pvc", "strategies-pvc"), "Bound"
    )
    wrote = run_to_end("writer", "cpu-1", "echo written-on-cpu-1 > /data/seen")
    read = run_to_end("reader", "cpu-2", "cat /data/seen")
    assert (wrote, read) == ("", "written-on-cpu-1\n")


def run_to_end(name: str, node: str, line: str) -> str:
    """What a pod with the claim prints that runs ``line`` on ``node``."""
    container = {
        "image": image("busybox"),
        "command": ["/bin/sh", "-ec", line],
        "volumeMounts": [{"name": "data", "mountPath": "/data"}],
    }
    volume = {"name": "data", "persistentVolumeClaim": {"claimName": "data-pvc"}}
    place = {"kubernetes.io/hostname": node}
    made = pod(name, container, volumes=[volume], nodeSelector=place, restartPolicy="Never")
    LAB.kubectl_text("apply", "-n", SPACE, "-f", "-", sent=made)
    try:
        LAB.kubectl_text("wait", "-n", SPACE, "--for=jsonpath={.status.phase}=Succeeded", f"pod/{name}", "--timeout=120s")
        return LAB.kubectl_text("logs", "-n", SPACE, name)
    finally:
        LAB.kubectl_text("delete", "-n", SPACE, "pod", name, "--wait=false")


def test_a_process_that_stops_answering_loses_its_traffic_and_is_restarted(probe: str) -> None:
    victim = pods_of(VICTIM)[0]
    name, uid, address = victim["metadata"]["name"], victim["metadata"]["uid"], victim["status"]["podIP"]
    host = LAB.on(victim["spec"]["nodeName"])
    [process] = host.check_output(f"grep -l {uid} $(grep -l reference-workl /proc/[0-9]*/comm | sed s/comm/cgroup/)").split()
    number = process.split("/")[2]
    host.check_output(f"kill -STOP {number}")
    eventually(lambda: address not in serving(), UNREADY_S, serving)
    assert asked(probe, f"{VICTIM}.{SPACE}.svc.cluster.local").get("errors", []) == []
    eventually(lambda: restarts(name) == 1 and address in serving(), RESTARTED_S, lambda: (restarts(name), serving()))


def serving() -> set[str]:
    """The addresses that the Service sends requests to."""
    slices = LAB.kubectl("get", "endpointslices", "-n", SPACE, f"--selector=kubernetes.io/service-name={VICTIM}")["items"]
    ends = [end for one in slices for end in one["endpoints"] or []]
    return {address for end in ends if end["conditions"]["ready"] for address in end["addresses"]}


def restarts(name: str) -> int:
    return int(LAB.kubectl("get", "pod", "-n", SPACE, name)["status"]["containerStatuses"][0]["restartCount"])
