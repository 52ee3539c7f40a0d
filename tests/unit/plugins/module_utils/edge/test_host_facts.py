"""One look at a host: what it is to the cluster, what its kubelet is, and facts as ansible.builtin.setup names them."""

from __future__ import annotations

import os
import platform
from pathlib import Path

import pytest
from ansible_collections.autotrade.deployment.plugins.module_utils.core.membership import Traces
from ansible_collections.autotrade.deployment.plugins.module_utils.edge import host_facts

MEMBER = Traces("trading", "member", kubelet_conf=True)


@pytest.fixture(autouse=True)
def host(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(host_facts, "look", lambda: MEMBER)
    monkeypatch.setattr(host_facts, "_KUBELET", tmp_path / "kubelet")
    monkeypatch.setattr(host_facts, "STATE_FILE", str(tmp_path / "cpu_manager_state"))
    return tmp_path


def kubelet(host: Path, script: str) -> None:
    (host / "kubelet").write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
    (host / "kubelet").chmod(0o755)


def test_facts_have_the_names_and_values_of_setup() -> None:
    facts = host_facts.run({"cluster": "trading"})["ansible_facts"]
    assert (facts["architecture"], facts["nodename"], facts["kernel"]) == (
        platform.machine(),
        os.uname().nodename,
        os.uname().release,
    )


def test_a_host_without_a_route_to_everywhere_leaves_the_question_to_setup(host: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    routes = host / "route"
    monkeypatch.setattr(host_facts, "_ROUTES", routes)
    assert "default_ipv4" not in host_facts.run({"cluster": "trading"})["ansible_facts"]
    routes.write_text("head\neno1 00000000 010A590A 0003 0 0 0 00000000 0 0 0\n", encoding="utf-8")
    assert host_facts.run({"cluster": "trading"})["ansible_facts"]["default_ipv4"] == {"interface": "eno1"}


def test_a_bare_host_has_neither_kubelet_nor_memory() -> None:
    found = host_facts.run({"cluster": "trading"})
    assert (found["changed"], found["kubelet_version"], found["cpu_manager_policy"]) == (False, "", "")


def test_version_and_memory_of_the_kubelet_are_told(host: Path) -> None:
    kubelet(host, "echo Kubernetes v1.36.3+autotrade.1")
    (host / "cpu_manager_state").write_text('{"policyName":"static","defaultCpuSet":"0-7"}', encoding="utf-8")
    found = host_facts.run({"cluster": "trading"})
    assert (found["kubelet_version"], found["cpu_manager_policy"]) == ("v1.36.3+autotrade.1", "static")


@pytest.mark.parametrize("script", ["exit 1", "echo Kubernetes v1.36.3; exit 1"])
def test_a_kubelet_that_does_not_start_has_no_version(host: Path, script: str) -> None:
    kubelet(host, script)
    assert host_facts.run({"cluster": "trading"})["kubelet_version"] == ""


def test_a_kubelet_that_is_no_program_has_no_version(host: Path) -> None:
    (host / "kubelet").write_bytes(b"\x7fELF, but not really")
    (host / "kubelet").chmod(0o755)
    assert host_facts.run({"cluster": "trading"})["kubelet_version"] == ""


def test_strangers_are_told_why_they_are_left_alone_and_others_nothing() -> None:
    assert host_facts.run({"cluster": "trading"})["standing"] == "member"
    assert host_facts.run({"cluster": "trading"})["refusal"] == ""
    other = host_facts.run({"cluster": "staging"})
    assert (other["standing"], "a member of cluster trading" in other["refusal"]) == ("stranger", True)
