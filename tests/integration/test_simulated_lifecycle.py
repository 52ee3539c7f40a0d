"""Starting, stopping, and what crashes leave behind."""

from __future__ import annotations

import json
import os
import signal
import socket
import stat
import threading
import time
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.autotrade.deployment.plugins.module_utils.core.simulated import SettingError, Sizes
from ansible_collections.autotrade.deployment.plugins.module_utils.edge.simulated_launch import LaunchError
from ansible_collections.autotrade.deployment.plugins.module_utils.edge.simulated_processes import boot_id, identity
from ansible_collections.autotrade.deployment.plugins.module_utils.edge.simulated_state import StateError, locked

from tests.integration.booted import (
    BUNDLES,
    STAGES,
    Json,
    boot,
    condition,
    connect,
    living,
    module,
    store,
)

COMPONENTS = ["etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler", "kwok"]
STOPPED = ["kwok", "kube-scheduler", "kube-controller-manager", "kube-apiserver", "etcd"]
NAME = "lifecycle"
MARK = "/api/v1/namespaces/default/configmaps"


def start(state: Path, **changes: Any) -> Json:
    return module(state, NAME, **changes)


def kill(pid: int) -> None:
    """Kills a process and waits until it is gone."""
    os.kill(pid, signal.SIGKILL)
    deadline = time.monotonic() + 120
    while identity(pid, boot_id()) is not None:
        assert time.monotonic() < deadline, f"process {pid} is still there"
        time.sleep(0.02)


def leave_a_mark(result: Json) -> None:
    connect(result).create(MARK, {"metadata": {"name": "mark"}})


def has_the_mark(result: Json) -> bool:
    return connect(result).request("GET", f"{MARK}/mark").status == 200


def test_start_again_stop_and_remove(state: Path) -> None:
    predicted = start(state, check_mode=True)
    assert (predicted["changed"], predicted["started"], list(state.iterdir())) == (True, COMPONENTS, [])
    first = start(state)
    assert (first["changed"], first["started"], sorted(first["pids"])) == (True, COMPONENTS, sorted(COMPONENTS))
    assert first["versions"]["kube-apiserver"].startswith("v1.")
    leave_a_mark(first)
    second = start(state)
    assert (second["changed"], second["pids"], second["diff"]) == (False, first["pids"], {})
    assert start(state, check_mode=True)["changed"] is False

    assert module(state, NAME, state="stopped", check_mode=True)["stopped"] == STOPPED
    assert len(living(state)) == 5
    stopped = module(state, NAME, state="stopped")
    assert (stopped["changed"], stopped["stopped"][-2:], living(state)) == (True, ["kube-apiserver", "etcd"], [])
    assert module(state, NAME, state="stopped")["changed"] is False

    again = start(state)
    assert again["ports"] == first["ports"]
    assert has_the_mark(again)
    assert module(state, NAME, state="absent", check_mode=True)["changed"] and Path(again["directory"]).exists()
    assert module(state, NAME, state="absent")["changed"] and not Path(again["directory"]).exists()
    assert module(state, NAME, state="absent")["changed"] is False
    assert living(state) == []


def test_nothing_is_readable_by_others(state: Path) -> None:
    result = start(state)
    directory = Path(result["directory"])
    assert stat.S_IMODE(Path(result["kubeconfig"]).stat().st_mode) == 0o600
    assert stat.S_IMODE(directory.stat().st_mode) == 0o700
    for key in (directory / "pki").glob("*.key"):
        assert stat.S_IMODE(key.stat().st_mode) == 0o600
    assert (directory / "logs" / "audit.log").stat().st_size > 0
    arguments = " ".join(living(state))
    assert "PRIVATE KEY" not in arguments and "token" not in arguments


def test_a_killed_process_comes_back_with_the_data(state: Path) -> None:
    result = start(state)
    leave_a_mark(result)
    for component in COMPONENTS:
        kill(result["pids"][component])
        result = start(state)
        assert result["changed"] and component in result["started"], component
        assert sorted(result["pids"]) == sorted(COMPONENTS)
        assert has_the_mark(result)
        assert len(living(state)) == 5
    assert start(state)["changed"] is False


def test_a_half_dead_cluster_is_stopped(state: Path) -> None:
    """An API server without its etcd would not end by itself."""
    first = start(state)
    kill(first["pids"]["etcd"])
    assert sorted(module(state, NAME, state="stopped")["stopped"]) == sorted(set(COMPONENTS) - {"etcd"})
    assert living(state) == []


def test_leftovers_that_no_record_knows_are_found(state: Path) -> None:
    first = start(state)
    leave_a_mark(first)
    Path(first["directory"], "processes.json").write_text("{ half writ")
    result = start(state)
    assert set(result["pids"].values()).isdisjoint(first["pids"].values())
    assert len(living(state)) == 5
    assert has_the_mark(result)
    Path(result["directory"], "processes.json").unlink()
    assert module(state, NAME, state="stopped")["changed"] is True
    assert living(state) == []


def test_numbers_of_an_earlier_boot_are_nobody_of_ours(state: Path) -> None:
    """After a reboot the recorded numbers belong to strangers, who must not be touched."""
    result = start(state)
    module(state, NAME, state="stopped")
    record = Path(result["directory"], "processes.json")
    stranger = {"pid": os.getpid(), "start_time": 1, "boot_id": "an earlier boot"}
    record.write_text(json.dumps({"etcd": {"identity": stranger, "fingerprint": "x"}}))
    assert module(state, NAME, state="stopped")["changed"] is False
    assert start(state)["started"] == COMPONENTS


def test_a_taken_port_is_chosen_anew(state: Path) -> None:
    first = start(state)
    leave_a_mark(first)
    module(state, NAME, state="stopped")
    with socket.socket() as thief:
        thief.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        thief.bind(("127.0.0.1", first["ports"]["api_server"]))
        thief.listen()
        result = start(state)
    assert result["ports"]["api_server"] != first["ports"]["api_server"]
    assert result["ports"]["etcd"] == first["ports"]["etcd"]
    assert has_the_mark(result)


def test_changed_settings_restart_what_they_concern(state: Path) -> None:
    start(state)
    slower = start(state, sizes=vars(Sizes(client_qps=50)))
    assert slower["started"] == ["kube-controller-manager", "kube-scheduler"]
    extra = start(state, api_server_extra_args={"event-ttl": "5m"}, check_mode=True)
    assert extra["started"] == COMPONENTS[1:]


def test_a_stage_of_the_users_own_is_played(state: Path, tmp_path: Path) -> None:
    start(state)
    stage = tmp_path / "own.yaml"
    stage.write_text("""
apiVersion: kwok.x-k8s.io/v1alpha1
kind: Stage
metadata: {name: own}
spec:
  resourceRef: {apiGroup: v1, kind: ConfigMap}
  selector: {matchLabels: {own: "yes"}}
  steps: [{patch: {template: "data: {played: 'yes'}"}}]
""")
    result = start(state, stages=[str(STAGES), str(stage)])
    assert result["started"] == ["kwok"]
    client = connect(result)
    client.create(MARK, {"metadata": {"name": "own", "labels": {"own": "yes"}}})
    client.wait("played", f"{MARK}/own", lambda found: found.get("data") == {"played": "yes"})


def test_prepared_data_can_be_played_from_the_first_start(state: Path) -> None:
    """An API server with a hundred definitions in its data is ready long before it serves all of them."""
    boot(state, NAME, bundles=BUNDLES, hosts={})
    module(state, NAME, state="absent")
    bundles = [str(store() / "bundles" / f"{bundle}.yaml") for bundle in BUNDLES]
    first = start(state, bundles=bundles)
    assert first["bundles_current"]
    second = start(state, bundles=bundles)
    assert (second["changed"], second["pids"]) == (False, first["pids"]), "KWOK was started again for kinds that it did not know"
    client = connect(first)
    issuer = {"apiVersion": "cert-manager.io/v1", "kind": "ClusterIssuer", "metadata": {"name": "x"}, "spec": {"selfSigned": {}}}
    client.apply("/apis/cert-manager.io/v1/clusterissuers/x", issuer)
    client.wait("played", "/apis/cert-manager.io/v1/clusterissuers/x", lambda found: condition(found, "Ready") == "True")


def test_two_clusters_side_by_side(state: Path) -> None:
    left, right = module(state, "left"), module(state, "right")
    assert set(left["ports"].values()).isdisjoint(right["ports"].values())
    leave_a_mark(left)
    assert has_the_mark(left)
    module(state, "left", state="absent")
    assert not has_the_mark(right)
    assert module(state, "right")["changed"] is False


def test_two_runs_on_one_name_exclude_each_other(state: Path) -> None:
    results: list[Json] = []
    runs = [threading.Thread(target=lambda: results.append(start(state))) for _ in range(2)]
    for run in runs:
        run.start()
    for run in runs:
        run.join()
    assert sorted(result["changed"] for result in results) == [False, True]
    assert len(living(state)) == 5


def test_a_lock_that_is_held_too_long_is_named(state: Path) -> None:
    with locked(state, NAME, 1), pytest.raises(StateError, match=r"held by another run.*wait_timeout"):
        module(state, NAME, state="stopped", wait_timeout=0)


def test_corrupt_data_is_named_and_reset_on_demand(state: Path) -> None:
    result = start(state)
    leave_a_mark(result)
    module(state, NAME, state="stopped")
    database = Path(result["directory"], "etcd", "member", "snap", "db")
    database.write_bytes(os.urandom(65536))
    with pytest.raises(LaunchError, match="reset_corrupt_data"):
        start(state)
    assert database.exists()
    again = start(state, reset_corrupt_data=True)
    assert sorted(again["pids"]) == sorted(COMPONENTS)
    assert not has_the_mark(again)


def test_missing_binaries_are_named(state: Path, tmp_path: Path) -> None:
    with pytest.raises(SettingError, match=r"binary_directory.*kube-apiserver.*make store"):
        start(state, binary_directory=str(tmp_path))


def test_a_stage_that_kwok_refuses_is_reported_with_its_words(state: Path, tmp_path: Path) -> None:
    stage = tmp_path / "bad.yaml"
    stage.write_text(
        "{apiVersion: kwok.x-k8s.io/v1alpha1, kind: Stage, metadata: {name: bad},"
        " spec: {resourceRef: {apiGroup: v1, kind: Pod}, selector: {}, steps: 7}}"
    )
    with pytest.raises(LaunchError, match=r"kwok ended while the cluster was starting"):
        start(state, stages=[str(stage)])
