"""A driver is built for the kernel that runs, so its headers come with it unless a kernel package brings them."""

from __future__ import annotations

import json
import os
import platform
from pathlib import Path

import pytest

from tests.conftest import run_playbook

HEADERS = f"install linux-headers-{platform.release()}"


@pytest.mark.parametrize(("kernel", "own"), [([], True), (["linux-nvidia-64k-hwe-24.04"], False)])
def test_the_running_kernels_headers_come_where_no_kernel_package_does(kernel: list[str], own: bool, tmp_path: Path) -> None:
    role = {"ansible.builtin.include_role": {"name": "autotrade.deployment.gpu_node", "tasks_from": "device"}}
    # Not every machine that runs tests was booted with systemd.
    (tmp_path / "systemctl").write_text("#!/bin/sh\nprintf 'ActiveState=active\\n\\nActiveState=active\\n'\n", encoding="utf-8")
    (tmp_path / "systemctl").chmod(0o755)
    environment = {"PATH": f"{tmp_path}:{os.environ['PATH']}"}
    play = {"hosts": "localhost", "gather_facts": False, "environment": environment, "tasks": [role]}
    (tmp_path / "play.yml").write_text(json.dumps([play]), encoding="utf-8")
    host = {"files": [], "wrong_packages": [], "menu_stale": False}
    extra = {"__gpu_node_host": host, "gpu_node_page_size": "4k", "gpu_node_kernel_packages": {"4k": kernel}}
    said = run_playbook(tmp_path / "play.yml", extra, "--check", "--diff").stdout
    installed = said.partition("Install kernel, driver and toolkit")[2].partition("TASK")[0]
    assert "install nvidia-open" in installed, said
    assert (HEADERS in installed) is own
    assert all(f"install {name}" in installed for name in kernel)
