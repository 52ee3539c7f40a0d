"""Facts are read from the files in which kernel and driver show them; the trees are constructed after those of real hosts."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import pytest
from ansible_collections.autotrade.deployment.plugins.module_utils.core.gpu_host import Driver, GpuFacts, Note
from ansible_collections.autotrade.deployment.plugins.module_utils.edge.gpu_host import look, run

GPU = "sys/bus/pci/devices/0009:01:00.0"
BRIDGE = "sys/bus/pci/devices/0000:00:00.0"
OPEN = (
    "NVRM version: NVIDIA UNIX Open Kernel Module for aarch64  580.173.02  Release Build  (dvs-builder@host)  Tue Jun 30 2026\n"
)
CLOSED = "NVRM version: NVIDIA UNIX x86_64 Kernel Module  535.309.01  Wed Jul  1 2026\nGCC version:  gcc version 13.3.0\n"
MENU = """
menuentry 'Ubuntu' {
	linux	/vmlinuz-6.8.0-1021-nvidia-64k root=UUID=1 ro init_on_alloc=0
	initrd	/initrd.img
}
menuentry 'Ubuntu (recovery mode)' {
	linux	/vmlinuz-6.8.0-1021-nvidia-64k root=UUID=1 ro recovery nomodeset
}
"""
GRACE = {
    f"{GPU}/vendor": "0x10de\n",
    f"{GPU}/class": "0x030200\n",
    f"{GPU}/device": "0x2342\n",
    f"{BRIDGE}/vendor": "0x10de\n",
    f"{BRIDGE}/class": "0x060400\n",
    f"{BRIDGE}/device": "0x22b1\n",
    "sys/devices/system/node/online": "0-8\n",
    "sys/devices/system/node/has_cpu": "0\n",
    "sys/devices/system/node/has_memory": "0-1\n",
    "proc/cmdline": "BOOT_IMAGE=/vmlinuz root=UUID=1 ro init_on_alloc=0\n",
    "proc/driver/nvidia/version": OPEN,
    "proc/driver/nvidia/params": 'ResmanDebugLevel: 4294967295\nCoherentGPUMemoryMode: "numa"\nGrdmaPciTopoCheckOverride: 0\n',
    "proc/sys/kernel/random/boot_id": "b00t\n",
    "boot/grub/grub.cfg": MENU,
    "run/cdi/nvidia.yaml": "kind: nvidia.com/gpu\n",
    "var/lib/autotrade/gpu-restart.json": json.dumps({"boot": "earlier", "reasons": ["driver-not-loaded: 580.173.02"]}),
}


def tree(root: Path, content: Mapping[str, str]) -> Path:
    for name, text in content.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return root


def test_a_grace_host_in_numa_mode_is_seen_as_it_is(tmp_path: Path) -> None:
    assert look(tree(tmp_path, GRACE), "aarch64", 65536) == GpuFacts(
        architecture="arm64",
        page_size=65536,
        gpus=("10de:2342",),
        command_line=("BOOT_IMAGE=/vmlinuz", "root=UUID=1", "ro", "init_on_alloc=0"),
        menu=frozenset({"root=UUID=1", "ro", "init_on_alloc=0"}),
        numa_nodes=9,
        memory_only_nodes=1,
        driver=Driver("580.173.02", is_open=True, memory_mode="numa"),
        cdi=True,
        boot="b00t",
        note=Note("earlier", ("driver-not-loaded: 580.173.02",)),
    )


def test_a_host_without_anything_is_no_error(tmp_path: Path) -> None:
    assert look(tmp_path, "x86_64", 4096) == GpuFacts(architecture="amd64", page_size=4096, gpus=())


@pytest.mark.parametrize(
    ("content", "driver"),
    [
        ({"proc/driver/nvidia/version": CLOSED}, Driver("535.309.01", is_open=False)),
        ({"proc/driver/nvidia/version": OPEN}, Driver("580.173.02", is_open=True)),
        ({"proc/driver/nvidia/version": "nothing that is known"}, None),
    ],
)
def test_version_and_flavour_of_the_driver(tmp_path: Path, content: dict[str, str], driver: Driver | None) -> None:
    assert look(tree(tmp_path, content), "x86_64", 4096).driver == driver


STATUS = """Package: nvidia-open
Status: install ok installed
Version: 595.84-1ubuntu1
Description: NVIDIA driver
 Version: of a description

Package: gone
Status: deinstall ok config-files
Version: 1
"""


def test_packages_are_read_as_dpkg_notes_them(tmp_path: Path) -> None:
    host = tree(tmp_path, {"var/lib/dpkg/status": STATUS})
    assert look(host, "aarch64", 65536, ["nvidia-open", "gone"]).packages == {"nvidia-open": "595.84-1ubuntu1"}


@pytest.mark.parametrize(
    ("text", "menu"),
    [
        (MENU + "\tlinux\t/boot/memtest86+x64.bin\n", {"root=UUID=1", "ro", "init_on_alloc=0"}),
        (MENU.replace(" init_on_alloc=0", ""), {"root=UUID=1", "ro"}),
        ("set timeout=5\n", None),
    ],
)
def test_what_counts_in_the_menu_is_its_first_kernel(tmp_path: Path, text: str, menu: set[str] | None) -> None:
    found = look(tree(tmp_path, {"boot/grub/grub.cfg": text}), "aarch64", 4096).menu
    assert found == (frozenset(menu) if menu else None)


@pytest.mark.parametrize("text", ["", "no JSON", "[]", '{"boot": 1}'])
def test_a_damaged_note_is_none(tmp_path: Path, text: str) -> None:
    note = look(tree(tmp_path, {"var/lib/autotrade/gpu-restart.json": text}), "aarch64", 4096).note
    assert note.reasons == ()


def asked(**changes: object) -> dict[str, object]:
    given = {
        "driver": "580.173.02",
        "packages": ["nvidia-open"],
        "page_size": "4k",
        "boot_arguments": ["init_on_alloc=0"],
        "mig": False,
        "waived": [],
    }
    return {**given, "advertised": False, "lab": False, "settled": False, **changes}


def test_the_result_says_what_to_write_and_why_to_start_anew(tmp_path: Path) -> None:
    ending = run(asked(waived=["architecture-differs"]), tree(tmp_path, GRACE))
    assert not ending.failed
    assert ending.result["kind"] == "coherent"
    assert ending.result["wrong_packages"] == []
    assert not ending.result["menu_stale"]
    assert ending.result["restart"] == ["memory-not-by-driver: memory mode driver (CDMM), no NUMA node of a GPU"]
    assert json.loads(ending.result["note"]["content"]) == {"boot": "b00t", "reasons": ending.result["restart"]}
    assert ending.result["note_over"]  # its driver was not loaded, and is by now
    assert {file["path"] for file in ending.result["files"]} >= {"/etc/modprobe.d/autotrade-nvidia.conf"}


def test_after_the_work_the_same_host_fails_with_all_of_it_and_the_way_to_waive_it(tmp_path: Path) -> None:
    ending = run(asked(settled=True, waived=["architecture-differs"]), tree(tmp_path, GRACE))
    assert ending.failed
    assert "memory-not-by-driver: found memory mode numa" in ending.result["msg"]
    assert "gpu_node_waived: [numa-nodes-too-many]" in ending.result["msg"]
    assert "https://developer.nvidia.com/blog/" in ending.result["msg"]


def test_a_lab_host_is_marked_and_nothing_is_done_to_it(tmp_path: Path) -> None:
    ending = run(asked(advertised=True, lab=True), tmp_path)
    assert (ending.failed, ending.result["kind"], ending.result["files"], ending.result["restart"]) == (
        False,
        "advertised",
        [],
        [],
    )
    assert [finding["id"] for finding in ending.result["findings"]] == ["gpu-only-advertised"]
