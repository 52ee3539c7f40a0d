"""Hosts with a GPU as their vendor describes them (constructed: nobody here had one), and all that can be wrong with them."""

from __future__ import annotations

from dataclasses import replace

import pytest
from ansible_collections.autotrade.deployment.plugins.module_utils.core.gpu_findings import findings
from ansible_collections.autotrade.deployment.plugins.module_utils.core.gpu_host import (
    BOOT_FILE,
    KIB,
    MODPROBE_FILE,
    PIN_FILE,
    Driver,
    GpuFacts,
    GpuWishes,
    Kind,
    Note,
    files,
    kind,
    menu_is_stale,
    note_is_over,
    restart_reasons,
)
from ansible_collections.autotrade.deployment.plugins.module_utils.core.host_findings import ERROR, PENDING, WARNING
from hypothesis import given
from hypothesis import strategies as st

BOOT = ("init_on_alloc=0", "numa_balancing=disable")
WISHES = GpuWishes(driver="580.173.02", page_size="64k", packages=("nvidia-open",), boot_arguments=BOOT)
LAB = replace(WISHES, advertised=True, lab=True)
# A Grace Hopper host in CDMM: one node with processors, none that is only memory.
GH200 = GpuFacts(
    architecture="arm64",
    page_size=64 * KIB,
    gpus=("10de:2342",),
    command_line=("root=UUID=1", "ro", *BOOT),
    menu=frozenset({"ro", *BOOT}),
    numa_nodes=1,
    driver=Driver("580.173.02", is_open=True, memory_mode="driver"),
    packages={"nvidia-open": "1:580.173.02-1ubuntu1", "other": "1"},
    cdi=True,
    boot="now",
)
# The same in NUMA mode: a node of the GPU's memory, and seven for MIG (domain: 1 + 1 + 7).
NUMA = replace(GH200, numa_nodes=9, memory_only_nodes=1, driver=Driver("580.173.02", is_open=True, memory_mode="numa"))
BARE = GpuFacts(architecture="arm64", page_size=4 * KIB, gpus=("10de:2342",), command_line=("ro",), menu=frozenset({"ro"}))
H200 = GpuFacts(
    architecture="amd64",
    page_size=4 * KIB,
    gpus=("10de:2335",),
    numa_nodes=2,
    driver=Driver("580.173.02", is_open=True),
    cdi=True,
)
ON_H200 = replace(WISHES, page_size="4k")


def ids(wishes: GpuWishes, facts: GpuFacts) -> list[str]:
    return [finding.id for finding in findings(wishes, facts)]


def levels(wishes: GpuWishes, facts: GpuFacts) -> set[str]:
    return {finding.level for finding in findings(wishes, facts)}


@pytest.mark.parametrize(("pages", "size"), [("4k", 4), ("64k", 64)])
@pytest.mark.parametrize("gpu", ["10de:2342", "10de:2345", "10de:2348", "10de:2941"])
def test_a_coherent_gpu_that_is_right_is_left_alone_whatever_its_pages(pages: str, size: int, gpu: str) -> None:
    host, wishes = replace(GH200, page_size=size * KIB, gpus=(gpu,)), replace(WISHES, page_size=pages)
    assert findings(wishes, host) == []
    assert findings(replace(wishes, settled=True), host) == []
    assert kind(wishes, host) is Kind.COHERENT


def test_a_gb200_is_coherent_and_named() -> None:
    assert set(files(WISHES, replace(BARE, gpus=("10de:2941",)))) == {PIN_FILE, MODPROBE_FILE, BOOT_FILE}
    assert ids(WISHES, replace(NUMA, gpus=("10de:2941",))) == ["memory-not-by-driver", "numa-nodes-too-many"]
    finding = findings(WISHES, replace(GH200, gpus=("10de:2941",), architecture="amd64"))[0]
    assert (finding.id, finding.measured) == ("architecture-differs", "a GB200 on amd64")


def test_a_bare_gh200_is_told_everything_at_once_and_started_anew_for_it() -> None:
    found = findings(WISHES, BARE)
    assert [finding.id for finding in found] == [
        "page-size-differs",
        "driver-not-loaded",
        "boot-arguments-missing",
        "cdi-missing",
    ]
    assert {finding.level for finding in found} == {PENDING}
    assert restart_reasons(found) == (
        "page-size-differs: 64 KiB",
        "driver-not-loaded: 580.173.02",
        "boot-arguments-missing: init_on_alloc=0 numa_balancing=disable",
    )
    assert menu_is_stale(WISHES, BARE)
    assert levels(replace(WISHES, settled=True), BARE) == {ERROR}


def test_a_gh200_gets_coherent_memory_by_driver_its_boot_arguments_and_a_pinned_driver() -> None:
    written = files(WISHES, BARE)
    assert set(written) == {PIN_FILE, MODPROBE_FILE, BOOT_FILE}
    assert "NVreg_CoherentGPUMemoryMode=driver" in written[MODPROBE_FILE]
    assert 'GRUB_CMDLINE_LINUX="$GRUB_CMDLINE_LINUX init_on_alloc=0 numa_balancing=disable"' in written[BOOT_FILE]
    assert "Pin: version 580.173.02*" in written[PIN_FILE]


@pytest.mark.parametrize("version", ["590.44.01", "595.84", "610.43.03"])
def test_a_denied_driver_is_refused_on_64k_pages_and_taken_on_4k(version: str) -> None:
    assert "driver-denied" in ids(replace(WISHES, driver=version), BARE)
    small = replace(WISHES, driver=version, page_size="4k")
    assert "driver-denied" not in ids(small, replace(BARE, page_size=4 * KIB))


def test_a_denied_driver_that_is_loaded_is_replaced_and_its_fault_told() -> None:
    host = replace(GH200, driver=Driver("595.84", is_open=True, memory_mode="driver"))
    (finding,) = findings(WISHES, host)
    assert finding.id == "driver-version-differs"
    assert "4 GiB" in finding.measured
    assert finding.source.endswith("/1269")
    assert restart_reasons([finding])


def test_numa_mode_in_place_of_cdmm_is_cured_by_a_restart_and_refused_after_it() -> None:
    assert ids(WISHES, NUMA) == ["memory-not-by-driver", "numa-nodes-too-many"]
    assert restart_reasons(findings(WISHES, NUMA)) == ("memory-not-by-driver: memory mode driver (CDMM), no NUMA node of a GPU",)
    assert levels(replace(WISHES, settled=True), NUMA) == {ERROR}


def test_memory_that_the_kernel_has_is_seen_even_if_the_driver_says_otherwise() -> None:
    assert ids(WISHES, replace(GH200, memory_only_nodes=1)) == ["memory-not-by-driver"]


def test_an_x86_host_with_an_h200_needs_neither_cdmm_nor_boot_arguments() -> None:
    assert findings(ON_H200, H200) == []
    assert kind(ON_H200, H200) is Kind.PCIE
    assert set(files(ON_H200, H200)) == {PIN_FILE}
    assert not menu_is_stale(ON_H200, replace(H200, menu=frozenset()))
    assert ids(WISHES, H200) == ["page-size-impossible", "page-size-differs"]


@pytest.mark.parametrize(
    ("name", "wishes", "facts", "level"),
    [
        ("gpu-absent", WISHES, replace(GH200, gpus=()), ERROR),
        ("gpu-only-advertised", replace(WISHES, advertised=True, lab=True), replace(GH200, gpus=()), WARNING),
        ("gpu-only-advertised", replace(WISHES, advertised=True), replace(GH200, gpus=()), ERROR),
        ("gpu-advertised-beside-real", replace(WISHES, advertised=True), GH200, ERROR),
        ("gpu-only-advertised", replace(WISHES, advertised=True, lab=True), GH200, WARNING),
        ("architecture-differs", ON_H200, replace(H200, gpus=("10de:2342",), command_line=BOOT), ERROR),
        ("driver-proprietary", WISHES, replace(GH200, driver=Driver("580.173.02", False, "driver")), PENDING),
        ("driver-version-differs", WISHES, replace(GH200, driver=Driver("580.142", True, "driver")), PENDING),
        ("driver-not-loaded", WISHES, replace(GH200, driver=None), PENDING),
        ("boot-arguments-missing", WISHES, replace(GH200, command_line=("ro", "init_on_alloc=0")), PENDING),
        ("cdi-missing", WISHES, replace(GH200, cdi=False), PENDING),
        ("driver-package-differs", WISHES, replace(GH200, packages={"nvidia-open": "595.84-1ubuntu1"}), PENDING),
        ("mig-with-cdmm", replace(WISHES, mig=True), GH200, ERROR),
        ("driver-not-named", replace(WISHES, driver="latest"), GH200, ERROR),
    ],
)
def test_each_fault_is_found_with_what_was_measured_wanted_a_fix_and_its_source(
    name: str, wishes: GpuWishes, facts: GpuFacts, level: str
) -> None:
    finding = findings(wishes, facts)[0]
    assert (finding.id, finding.level) == (name, level)
    assert finding.measured
    assert finding.wanted
    assert finding.fix.endswith(".")
    assert finding.source


def test_a_driver_older_than_cdmm_is_refused_on_a_gh200_alone() -> None:
    assert "driver-without-cdmm" in ids(replace(WISHES, driver="575.57.08"), GH200)
    assert "driver-without-cdmm" not in ids(replace(ON_H200, driver="575.57.08"), H200)


@pytest.mark.parametrize(("wishes", "gpus"), [(WISHES, ()), (LAB, ()), (LAB, ("10de:2335",))])
def test_a_host_without_a_device_of_its_own_gets_no_file_and_no_restart(wishes: GpuWishes, gpus: tuple[str, ...]) -> None:
    host = GpuFacts(architecture="amd64", page_size=4 * KIB, gpus=gpus)
    assert kind(wishes, host) in (Kind.NONE, Kind.ADVERTISED)
    assert files(wishes, host) == {}
    assert restart_reasons(findings(wishes, host)) == ()


def test_a_restart_that_cured_nothing_is_not_tried_again() -> None:
    reasons = restart_reasons(findings(WISHES, NUMA))
    before, after = replace(NUMA, note=Note("now", reasons)), replace(NUMA, note=Note("then", reasons))
    assert "restart-in-vain" not in ids(WISHES, before)
    assert ids(WISHES, after)[-1] == "restart-in-vain"
    # Another wish is another reason.
    old = restart_reasons(findings(replace(WISHES, driver="580.142"), GH200))
    assert "restart-in-vain" not in ids(WISHES, replace(GH200, driver=Driver("580.142", True, "driver"), note=Note("then", old)))


def test_a_note_is_over_once_nothing_of_it_stands() -> None:
    reasons = restart_reasons(findings(WISHES, NUMA))
    noted = Note("then", (*reasons, "driver-not-loaded: 580.173.02"))
    assert not note_is_over(replace(NUMA, note=noted), reasons)
    cured = replace(GH200, note=noted)
    assert note_is_over(cured, restart_reasons(findings(WISHES, cured)))
    # Another fault is no reason to keep it.
    other = replace(cured, page_size=4 * KIB)
    assert note_is_over(other, restart_reasons(findings(WISHES, other)))
    assert not note_is_over(GH200, ())


@given(
    st.builds(
        GpuFacts,
        architecture=st.sampled_from(["amd64", "arm64"]),
        page_size=st.sampled_from([4 * KIB, 64 * KIB]),
        gpus=st.sampled_from([(), ("10de:2342",), ("10de:2335",), ("10de:2342", "10de:2342")]),
        command_line=st.sampled_from([(), BOOT]),
        numa_nodes=st.integers(1, 40),
        memory_only_nodes=st.integers(0, 8),
        driver=st.sampled_from([None, GH200.driver, Driver("595.84", False, "numa")]),
        cdi=st.booleans(),
    ),
    st.sampled_from(["4k", "64k"]),
)
def test_what_is_pending_before_is_an_error_after_and_nothing_else_changes(facts: GpuFacts, pages: str) -> None:
    before = findings(replace(WISHES, page_size=pages), facts)
    after = findings(replace(WISHES, page_size=pages, settled=True), facts)
    assert [finding.id for finding in before] == [finding.id for finding in after]
    assert [replace(finding, level=ERROR) for finding in before if finding.level == PENDING] == [
        late for early, late in zip(before, after, strict=True) if early.level == PENDING
    ]
    assert PENDING not in {finding.level for finding in after}
