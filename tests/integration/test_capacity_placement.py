"""Whether each pod finds a place, asked of the real scheduler: what fits by sums and does not fit all the same."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from ansible_collections.autotrade.deployment.plugins.module_utils.edge.scratch_api import ScratchApi, ScratchError
from ansible_collections.autotrade.deployment.plugins.module_utils.edge.scratch_cluster import scratch_cluster

from tests.integration.booted import ROOT, Cluster, Json, living, store
from tests.support.capacity import affinity, judged, node, situation, spread, unplaced, workload

pytestmark = pytest.mark.requirement("N4")
NODES = [node("a"), node("b"), node("c", labels={"full": "true"})]
# These are placed before the others.
FIRST = {"priorityClassName": "system-cluster-critical"}


@pytest.fixture(autouse=True)
def scratch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Where scratch clusters live during a test; nothing may be left of them."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    folder = tmp_path / "autotrade" / "scratch"
    yield folder
    assert living(folder) == []
    assert not folder.exists() or list(folder.iterdir()) == []


def ask(objects: list[Json] | None, *situations: str, **options: object) -> Json:
    result = judged(objects, situations=list(situations), placement=True, binary_directory=str(store() / "bin"), **options)
    assert result["placement"]["state"] == "run", result["placement"]
    return result


def test_what_fits_by_sums_alone_is_named_with_the_schedulers_reason() -> None:
    """Each of these has room enough; each is kept out by something else."""
    wanted = [
        # Fills node c, so that nothing may be spread evenly any more.
        workload("filler", requests={"cpu": "8", "memory": "1Gi"}, nodeSelector={"full": "true"}, **FIRST),
        workload("uneven", 4, topologySpreadConstraints=spread("uneven")),
        workload("lonely", affinity=affinity("podAffinity", "nobody")),
        workload("shy", affinity=affinity("podAntiAffinity", "everywhere"), requests={"cpu": "100m", "memory": "1Mi"}),
        workload("everywhere", 2, topologySpreadConstraints=spread("everywhere"), **FIRST),
        workload("port", 1, ports=[{"containerPort": 80, "hostPort": 80}], nodeSelector={"kubernetes.io/hostname": "a"}),
        workload("same-port", 1, ports=[{"containerPort": 80, "hostPort": 80}], nodeSelector={"kubernetes.io/hostname": "a"}),
    ]
    by_sums = judged(wanted, situations=["steady"], nodes=NODES)
    assert situation(by_sums, "steady")["state"] == "fits"
    assert by_sums["placement"]["state"] == "not_asked"
    result = ask(wanted, "steady", nodes=NODES)
    found = situation(result, "steady")
    assert (found["state"], found["reason"]) == ("does_not_fit", "Unschedulable")
    missing = unplaced(result, "steady")
    assert missing.pop("port", 0) + missing.pop("same-port", 0) == 1
    assert missing == {"uneven": 2, "lonely": 1, "shy": 1}
    reasons = {one["component"]: one["message"] for one in found["unplaced"]}
    assert "didn't match pod topology spread constraints" in reasons["Deployment shop/uneven"]
    assert "didn't match pod affinity rules" in reasons["Deployment shop/lonely"]
    assert "didn't match pod anti-affinity rules" in reasons["Deployment shop/shy"]
    assert all(one["message"] in found["message"] for one in found["unplaced"])


def test_a_gpu_that_is_divided_over_nodes_serves_no_pod_that_wants_two() -> None:
    gpus = {"nvidia.com/gpu": "2"}
    nodes = [node("gpu-1", gpu="1"), node("gpu-2", gpu="1")]
    result = ask([workload("training", requests={}, limits=gpus)], "steady", nodes=nodes)
    assert unplaced(result, "steady") == {"training": 1}
    assert "2 Insufficient nvidia.com/gpu" in situation(result, "steady")["message"]


def test_a_lost_zone_and_a_lost_node_are_named_with_what_stays_without_a_place() -> None:
    nodes = [node("a-1"), node("a-2"), node("b-1", zone="zone-b", cpu="4"), node("b-2", zone="zone-b", cpu="4")]
    wanted = [workload("api", 6, requests={"cpu": "2", "memory": "1Gi"}), workload("agent", kind="DaemonSet")]
    result = ask(wanted, "steady", "surge", "autoscaler_maximum", "node_lost", "zone_lost", nodes=nodes)
    states = {one["name"]: one["state"] for one in result["situations"]}
    # Room for pods of api beside the agents: three on each node of zone-a, one on each of zone-b.
    assert states == dict.fromkeys(("steady", "surge", "autoscaler_maximum"), "fits") | {
        "node_lost": "does_not_fit",
        "zone_lost": "does_not_fit",
    }
    assert situation(result, "node_lost")["case"] in ("Node a-1 lost", "Node a-2 lost")
    assert unplaced(result, "node_lost") == {"api": 1}
    assert situation(result, "zone_lost")["case"] == "Zone zone-a lost"
    assert unplaced(result, "zone_lost") == {"api": 4}


def test_each_case_starts_from_the_steady_state() -> None:
    """Were a case not put back, the pods of the node lost before would be missing or in the way."""
    nodes = [node(name) for name in "abcd"]
    wanted = [workload("api", 12, requests={"cpu": "2", "memory": "1Gi"})]
    result = ask(wanted, "node_lost", nodes=nodes)
    assert situation(result, "node_lost")["state"] == "fits"
    assert situation(ask([*wanted, workload("more", 4)], "node_lost", nodes=nodes), "node_lost")["state"] == "does_not_fit"


def test_a_second_set_of_pods_is_placed_beside_the_first() -> None:
    wanted = [workload("api", 3, requests={"cpu": "2", "memory": "1Gi"})]
    fitting = ask(wanted, "blue_green", nodes=[node("a"), node("b")], blue_green=["api"])
    assert situation(fitting, "blue_green")["state"] == "fits"
    crowded = ask(wanted, "blue_green", nodes=[node("a"), node("b", cpu="2")], blue_green=["api"])
    assert unplaced(crowded, "blue_green") == {"api": 1}


def deployment_of(cluster: Cluster, body: Json, ready: int) -> None:
    space = body["metadata"]["namespace"]
    path = f"/apis/apps/v1/namespaces/{space}/deployments"
    cluster.create(path, body)
    cluster.wait("ready", f"{path}/{body['metadata']['name']}", lambda one: one.get("status", {}).get("readyReplicas") == ready)


def in_namespace(body: Json, namespace: str) -> Json:
    return {**body, "metadata": {**body["metadata"], "namespace": namespace}}


def test_live_pods_of_others_hold_their_room(cluster: Cluster, namespace: str) -> None:
    """Nine CPU workers of eight: a filler of six on each leaves two, in pieces too small for a pod of three."""
    only = {"nodeSelector": {"autotrade.deployment/node-class": "cpu"}}
    apart = {"topologySpreadConstraints": spread("filler"), **only}
    filler = workload("filler", 9, requests={"cpu": "6", "memory": "1Gi"}, **apart)
    deployment_of(cluster, in_namespace(filler, namespace), 9)
    config = {"kubeconfig": str(cluster.kubeconfig)}
    large = workload("large", 2, requests={"cpu": "3", "memory": "1Gi"}, **only)
    result = ask([large], "steady", **config)
    assert result["judged_against"] == "cluster"
    assert unplaced(result, "steady") == {"large": 2}
    assert "9 Insufficient cpu" in situation(result, "steady")["message"]
    small = workload("small", 9, requests={"cpu": "1", "memory": "1Gi"}, **only)
    assert situation(ask([small], "steady", **config), "steady")["state"] == "fits"
    # What stands and is wanted again is replaced, not added.
    again = in_namespace(filler, namespace)
    assert situation(ask([again], "steady", **config), "steady")["state"] == "fits"


def test_more_important_pods_take_the_place_of_others_and_that_is_said(cluster: Cluster, namespace: str) -> None:
    """The less important pod may move to the tainted nodes; the more important one may not."""
    free = {"nodeSelector": {"kubernetes.io/arch": "amd64"}, "tolerations": [{"operator": "Exists"}]}
    meek = workload("meek", 16, requests={"cpu": "2500m", "memory": "1Gi"}, topologySpreadConstraints=spread("meek"), **free)
    del meek["spec"]["template"]["spec"]["nodeSelector"]
    deployment_of(cluster, in_namespace(meek, namespace), 16)
    only = {"nodeSelector": {"autotrade.deployment/node-class": "cpu"}, "priorityClassName": "system-cluster-critical"}
    large = workload("large", 1, requests={"cpu": "6", "memory": "1Gi"}, **only)
    result = ask([large], "steady", kubeconfig=str(cluster.kubeconfig))
    found = situation(result, "steady")
    assert found["state"] in ("tight", "does_not_fit")
    assert f"Deployment {namespace}/meek" in found["message"]


def test_an_api_server_that_takes_nothing_leaves_no_process(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_arguments: object) -> None:
        raise ScratchError("refused by the test")

    monkeypatch.setattr(ScratchApi, "create", refuse)
    result = judged([workload("api")], situations=["steady"], placement=True, binary_directory=str(store() / "bin"), nodes=NODES)
    assert result["placement"] == {"state": "not_run", "reason": "refused by the test (not placed: steady)"}
    assert situation(result, "steady")["reason"] == "Fits"


# Who runs the tests in the background may have interrupts ignored, which a child would inherit.
HOLD = """
import signal, sys, time
signal.signal(signal.SIGINT, signal.default_int_handler)
sys.path.insert(0, sys.argv[1])
from pathlib import Path
from ansible_collections.autotrade.deployment.plugins.module_utils.edge.scratch_cluster import scratch_cluster
with scratch_cluster(Path(sys.argv[2]), 120):
    print("up", flush=True)
    time.sleep(600)
"""


def holding() -> subprocess.Popen[str]:
    """A process that keeps a scratch cluster; it is up when this returns."""
    command = [sys.executable, "-c", HOLD, str(ROOT / ".collections"), str(store() / "bin")]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=os.environ)
    assert process.stdout is not None
    assert process.stdout.readline() == "up\n"
    return process


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["interrupted", "told to end"])
def test_a_run_that_is_told_to_end_takes_its_cluster_along(scratch: Path, number: signal.Signals) -> None:
    process = holding()
    assert living(scratch)
    process.send_signal(number)
    assert process.wait(60) != 0
    assert living(scratch) == []


def test_what_a_killed_run_left_is_ended_by_the_next(scratch: Path) -> None:
    process = holding()
    process.kill()
    process.wait(60)
    assert living(scratch)
    with scratch_cluster(store() / "bin", 120):
        assert len([line for line in living(scratch) if "kube-apiserver" in line]) == 1


def test_two_runs_at_a_time_leave_each_other_alone(scratch: Path) -> None:
    process = holding()
    try:
        with scratch_cluster(store() / "bin", 120):
            assert len([line for line in living(scratch) if "kube-apiserver" in line]) == 2
        assert process.poll() is None
    finally:
        process.terminate()
        process.wait(60)
