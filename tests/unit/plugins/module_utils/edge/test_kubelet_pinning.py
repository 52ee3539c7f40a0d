"""Processors, NUMA nodes and the CPU manager's memory are read from the files that kernel and kubelet write."""

from __future__ import annotations

from pathlib import Path

import pytest
from ansible_collections.autotrade.deployment.plugins.module_utils.edge.kubelet_pinning import run

ASKED = {
    "cpu_manager_policy": "static",
    "topology_manager_policy": "none",
    "topology_manager_scope": "container",
    "reserved_cpus": "0",
}


@pytest.fixture
def host(tmp_path: Path) -> Path:
    for name, text in {"cpu/online": "0-7\n", "node/online": "0-1\n"}.items():
        path = tmp_path / "sys/devices/system" / name
        path.parent.mkdir(parents=True)
        path.write_text(text, encoding="utf-8")
    (tmp_path / "var/lib/kubelet").mkdir(parents=True)
    return tmp_path


def test_a_kubelet_that_never_ran_has_nothing_to_forget(host: Path) -> None:
    ending = run(ASKED, host)
    assert ending.result["config"] == {"cpuManagerPolicy": "static", "reservedSystemCPUs": "0"}
    assert (ending.failed, ending.result["forget"]) == (False, [])


@pytest.mark.parametrize(
    ("text", "forget"),
    [
        ('{"policyName":"static","defaultCpuSet":"0-7","checksum":1}', False),
        ('{"policyName":"none","defaultCpuSet":"","checksum":1353318690}', True),
        ("half a fi", True),
        ("[]", False),
    ],
)
def test_what_it_remembers_decides(host: Path, text: str, forget: bool) -> None:
    (host / "var/lib/kubelet/cpu_manager_state").write_text(text, encoding="utf-8")
    assert run(ASKED, host).result["forget"] == (["/var/lib/kubelet/cpu_manager_state"] if forget else [])


def test_what_the_host_cannot_have_is_refused_without_a_waiver(host: Path) -> None:
    ending = run({**ASKED, "reserved_cpus": "0-7"}, host)
    assert ending.failed
    assert "reserved-everything" in ending.result["msg"]
    assert "all the same" not in ending.result["msg"]
