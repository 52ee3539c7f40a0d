"""C6 on the hosts: what the roles' own settings make of a GH200, judged before one is touched.

The host is constructed after their vendor's pages (docs/gpu-nodes.md names them); nobody here had one.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible_collections.autotrade.deployment.plugins.module_utils.core.gpu_findings import findings
from ansible_collections.autotrade.deployment.plugins.module_utils.core.gpu_host import (
    MODPROBE_FILE,
    PAGE_SIZES,
    Driver,
    GpuFacts,
    GpuWishes,
    files,
)
from ansible_collections.autotrade.deployment.plugins.module_utils.core.kubelet_pinning import Pinning, PinningFacts
from ansible_collections.autotrade.deployment.plugins.module_utils.core.kubelet_pinning import findings as pinning_findings
from ansible_collections.autotrade.deployment.plugins.module_utils.core.node_classes import GPU_PENDING

from tests.requirements.conftest import Objects
from tests.sabotage.registry import chosen

ROLES = Path(__file__).resolve().parents[2] / "roles"


def settings(role: str) -> dict[str, Any]:
    """The role's defaults, without its name, sabotaged when the environment asks for it."""
    found: dict[str, Any] = yaml.safe_load((ROLES / role / "defaults" / "main.yml").read_text(encoding="utf-8"))
    entry = chosen()
    changed = entry.variables if entry is not None and entry.role == role else {}
    return {name.removeprefix(f"{role}_"): value for name, value in {**found, **changed}.items()}


@pytest.mark.requirement("C6")
@pytest.mark.parametrize("pages", sorted(PAGE_SIZES))
def test_a_gh200_set_up_by_the_defaults_has_nothing_to_refuse(pages: str) -> None:
    given = settings("gpu_node")
    wishes = GpuWishes(
        driver=given["driver_version"],
        page_size=pages,
        boot_arguments=tuple(given["boot_arguments"]),
        mig=given["mig_strategy"] != "none",
        settled=True,
    )
    host = GpuFacts(
        architecture="arm64",
        page_size=PAGE_SIZES[pages],
        gpus=("10de:2342",),
        # As NVIDIA asks of a host with a GH200, whatever the role says.
        command_line=("init_on_alloc=0", *given["boot_arguments"]),
        driver=Driver(given["driver_version"], is_open=True, memory_mode="driver"),
        cdi=True,
    )
    assert findings(wishes, host) == []
    assert "init_on_alloc=0" in wishes.boot_arguments, "gpu_node_boot_arguments lacks what the GPU operator asks for on a GH200"
    assert "NVreg_CoherentGPUMemoryMode=driver" in files(wishes, host)[MODPROBE_FILE]
    assert any("open" in package for package in given["driver_packages"])
    assert any("toolkit" in package for package in given["toolkit_packages"])


@pytest.mark.requirement("C6")
def test_processors_near_the_gpu_are_pinned_and_the_system_keeps_some() -> None:
    given = settings("gpu_node")
    wanted = Pinning(given["cpu_manager_policy"], given["topology_manager_policy"], reserved=given["reserved_cpus"])
    assert (wanted.cpu_policy, wanted.topology_policy != "none") == ("static", True)
    assert pinning_findings(wanted, PinningFacts(processors=frozenset(range(16)))) == []


@pytest.mark.requirement("C6")
def test_what_brings_the_gpu_may_run_before_it_has_shown_up(objects: Objects) -> None:
    for name in ("nvidia-device-plugin-daemonset", "dcgm-exporter"):
        (daemon,) = [one for one in objects if one["kind"] == "DaemonSet" and one["metadata"]["name"] == name]
        tolerated = {toleration.get("key") for toleration in daemon["spec"]["template"]["spec"]["tolerations"]}
        assert GPU_PENDING["key"] in tolerated, f"{name} would wait for the GPU that it is there for"
