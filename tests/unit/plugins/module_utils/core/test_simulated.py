"""Settings, command lines, files and failures of a simulated cluster."""

from __future__ import annotations

import json
from collections.abc import Mapping

import pytest
from ansible_collections.autotrade.deployment.plugins.module_utils.core.simulated import (
    START_ORDER,
    STOP_ORDER,
    ClusterSpec,
    Component,
    Layout,
    Ports,
    SettingError,
    Timers,
    check_name,
    check_timers,
)
from ansible_collections.autotrade.deployment.plugins.module_utils.core.simulated_commands import command
from ansible_collections.autotrade.deployment.plugins.module_utils.core.simulated_failures import Cause, grace, why_ended
from ansible_collections.autotrade.deployment.plugins.module_utils.core.simulated_files import (
    check_stages,
    files,
    served_stages,
)

LAYOUT = Layout("/state/demo")
SPEC = ClusterSpec(
    name="demo",
    layout=LAYOUT,
    binaries={component: f"/bin/{component.value}" for component in Component},
    ports=Ports(1, 2, 3, 4, 5),
    timers=Timers(node_monitor_grace_period=70),
    api_server_extra_args={"event-ttl": "5m", "profiling": "true"},
)


def flags(component: Component) -> Mapping[str, str]:
    return dict(argument.removeprefix("--").split("=", 1) for argument in command(SPEC, component)[1:])


def stage(name: str, kind: str = "Pod", api_version: str = "v1") -> dict[str, object]:
    reference = {"apiGroup": api_version, "kind": kind}
    return {"kind": "Stage", "metadata": {"name": name}, "spec": {"resourceRef": reference}}


@pytest.mark.parametrize("name", ["a", "demo", "test-1", "x" * 40])
def test_good_names(name: str) -> None:
    assert check_name(name) == name


@pytest.mark.parametrize("name", ["", "Demo", "a/b", "..", "-a", "a-", "a\n", "x" * 41])
def test_bad_names_are_refused_with_the_setting(name: str) -> None:
    with pytest.raises(SettingError, match=r"name: found .* expected .* Change name"):
        check_name(name)


def test_timers_under_which_nodes_would_flap_are_refused() -> None:
    assert check_timers(Timers()) == Timers()
    with pytest.raises(SettingError, match="node_monitor_grace_period"):
        check_timers(Timers(node_monitor_grace_period=10, node_lease_duration=40))
    with pytest.raises(SettingError, match="node_monitor_period"):
        check_timers(Timers(node_monitor_period=0))


def test_the_timers_of_production_are_the_default() -> None:
    timers = Timers()
    assert (timers.node_monitor_grace_period, timers.node_lease_duration, timers.default_unreachable_toleration) == (50, 40, 300)


def test_the_api_server_stops_before_etcd_and_starts_after_it() -> None:
    assert STOP_ORDER.index(Component.API_SERVER) < STOP_ORDER.index(Component.ETCD)
    assert START_ORDER.index(Component.ETCD) < START_ORDER.index(Component.API_SERVER)
    assert set(STOP_ORDER) == set(START_ORDER) == set(Component)


@pytest.mark.parametrize("component", list(Component))
def test_every_command_names_the_directory_and_only_loopback(component: Component) -> None:
    arguments = command(SPEC, component)
    assert arguments[0] == f"/bin/{component.value}"
    assert any("=/state/demo/" in argument for argument in arguments)
    assert not any("0.0.0.0" in argument for argument in arguments)


def test_the_api_server_is_as_strict_as_production() -> None:
    found = flags(Component.API_SERVER)
    assert found["authorization-mode"] == "RBAC"
    assert found["anonymous-auth"] == "false"
    assert {"PodSecurity", "ResourceQuota", "LimitRanger", "Priority", "NodeRestriction"} <= set(
        found["enable-admission-plugins"].split(",")
    )
    assert found["audit-log-path"] == "/state/demo/logs/audit.log"


def test_the_users_flags_replace_ours() -> None:
    found = flags(Component.API_SERVER)
    assert (found["event-ttl"], found["profiling"]) == ("5m", "true")


def test_timers_and_ports_reach_the_processes() -> None:
    assert flags(Component.CONTROLLER_MANAGER)["node-monitor-grace-period"] == "70s"
    assert flags(Component.API_SERVER)["etcd-servers"] == "https://127.0.0.1:1"
    assert flags(Component.SCHEDULER)["secure-port"] == "5"
    assert flags(Component.KWOK)["node-lease-duration-seconds"] == "40"


def test_files_hold_no_key() -> None:
    texts = files(SPEC, [stage("a")])
    assert LAYOUT.kubeconfig in texts
    for path, text in texts.items():
        assert "PRIVATE" not in text
        assert json.loads(text) if not path.endswith("kwok.json") else text.count('"Stage"') == 1


def test_every_file_that_a_command_names_is_written() -> None:
    texts = files(SPEC, [])
    for component in Component:
        for argument in command(SPEC, component)[1:]:
            value = argument.split("=", 1)[1]
            if "/config/" in value:
                assert value in texts


def test_only_kinds_that_are_served_are_played() -> None:
    stages = check_stages([("a.yaml", stage("a")), ("b.yaml", stage("b", "Certificate", "cert-manager.io/v1"))])
    assert [found["metadata"]["name"] for found in served_stages(stages, {("v1", "Pod")})] == ["a"]


def test_a_list_stands_for_its_items() -> None:
    assert len(check_stages([("a.yaml", {"kind": "List", "items": [stage("a"), stage("b")]}), ("b.yaml", None)])) == 2


@pytest.mark.parametrize(
    ("documents", "message"),
    [
        ([("a.yaml", {"kind": "Pod"})], r"stages \(a.yaml\).*'Pod'.*kind Stage"),
        ([("a.yaml", stage("a")), ("b.yaml", stage("a"))], r"stages \(b.yaml\).*also in a.yaml"),
        ([("a.yaml", {"kind": "Stage", "metadata": {"name": "a"}, "spec": {}})], r"spec.resourceRef.kind"),
        ([("a.yaml", "text")], r"'str'"),
    ],
)
def test_bad_stages_are_named_with_their_file(documents: list[tuple[str, object]], message: str) -> None:
    with pytest.raises(SettingError, match=message):
        check_stages(documents)


@pytest.mark.parametrize(
    ("component", "log", "had_data", "cause"),
    [
        (Component.ETCD, "listen tcp 127.0.0.1:1: bind: address already in use", True, Cause.PORT_TAKEN),
        (Component.ETCD, "write: no space left on device", True, Cause.NO_SPACE),
        (Component.ETCD, "panic: invalid database", True, Cause.CORRUPT_DATA),
        (Component.ETCD, "unknown flag", False, Cause.OTHER),
        (Component.KWOK, "no stages found", True, Cause.OTHER),
    ],
)
def test_why_a_component_ended(component: Component, log: str, had_data: bool, cause: Cause) -> None:
    ended = why_ended(component, LAYOUT, log, had_data)
    assert ended.cause is cause
    assert log in ended.message and component.value in ended.message


def test_corrupt_data_names_the_ways_out() -> None:
    message = why_ended(Component.ETCD, LAYOUT, "", True).message
    assert "/state/demo/etcd" in message and "reset_corrupt_data: true" in message and "state: absent" in message


def test_an_api_server_without_etcd_is_not_waited_for() -> None:
    assert grace(Component.API_SERVER, {Component.API_SERVER}) == 0
    assert grace(Component.API_SERVER, set(Component)) > 0
    assert grace(Component.ETCD, {Component.ETCD}) > 0
