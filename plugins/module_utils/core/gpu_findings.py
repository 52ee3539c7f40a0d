# Copyright (c) autotrade.deployment engineers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Every rule for a host with an NVIDIA GPU: what is refused, and what the role has to put right."""

from __future__ import annotations

from collections.abc import Iterator

from ansible_collections.autotrade.deployment.plugins.module_utils.core.gpu_drivers import (
    CDMM_SOURCE,
    COHERENT,
    FIRST_WITH_CDMM,
    KIB,
    denial,
    has_cdmm,
    is_version,
)
from ansible_collections.autotrade.deployment.plugins.module_utils.core.gpu_host import (
    BY_DRIVER,
    PAGE_SIZES,
    GpuFacts,
    GpuWishes,
    Kind,
    Rule,
    is_real,
    kind,
    missing_arguments,
    restart_reasons,
    shortfall,
    wrong_packages,
)
from ansible_collections.autotrade.deployment.plugins.module_utils.core.host_findings import ERROR, WARNING, Finding
from ansible_collections.autotrade.deployment.plugins.module_utils.core.kubelet_pinning import MOST_NUMA_NODES, TOPOLOGY_SOURCE

MEMORY_SOURCE = "https://developer.nvidia.com/blog/understanding-memory-management-on-hardware-coherent-platforms"
MODULES_SOURCE = "https://docs.nvidia.com/datacenter/tesla/driver-installation-guide/kernel-modules.html"
LOCKING_SOURCE = "https://docs.nvidia.com/datacenter/tesla/driver-installation-guide/version-locking.html"
PLATFORM_SOURCE = "NVIDIA/cloud-native-docs:gpu-operator/platform-support.rst"
PAGES_SOURCE = "https://docs.nvidia.com/grace-perf-tuning-guide/os-settings.html"
BOOT_SOURCE = "https://nvidia.github.io/grace-cpu-benchmarking-guide/platform/index.html"
CDI_SOURCE = "NVIDIA/cloud-native-docs:container-toolkit/cdi-support.md"
ADVERTISED_SOURCE = "https://kubernetes.io/docs/tasks/administer-cluster/extended-resource-node/"


def findings(wishes: GpuWishes, facts: GpuFacts) -> list[Finding]:
    """Everything that is refused or has to be put right, in the order of the rules."""
    rules = (*_SETTINGS, *_STATES) if is_real(wishes, facts) else (_presence,)
    found = [finding for rule in rules for finding in rule(wishes, facts)]
    return [*found, *_in_vain(facts, restart_reasons(found))]


def _presence(wishes: GpuWishes, facts: GpuFacts) -> Iterator[Finding]:
    if wishes.advertised and facts.gpus and not wishes.lab:
        fix = "Take nvidia.com/gpu out of cluster_membership_resources: the device plugin counts real GPUs."
        measured = f"{', '.join(facts.gpus)} and a number in the inventory"
        yield Finding("gpu-advertised-beside-real", ERROR, measured, "one of the two", fix, ADVERTISED_SOURCE)
    elif wishes.advertised and not wishes.lab:
        fix = "Take nvidia.com/gpu out of cluster_membership_resources, or set cluster_platform: lab."
        yield Finding("gpu-only-advertised", ERROR, "a number in the inventory", "a real GPU", fix, ADVERTISED_SOURCE)
    elif wishes.advertised:
        fix = "Nothing: no device, driver or plugin stands behind a GPU of the lab."
        yield Finding("gpu-only-advertised", WARNING, "a number in the inventory", "a real GPU", fix, ADVERTISED_SOURCE)
    else:
        fix = "Seat the GPU, enable it in the firmware, or move the host to another group."
        yield Finding("gpu-absent", ERROR, "no NVIDIA GPU on the PCI bus", "at least one", fix, PLATFORM_SOURCE)


def _wished_driver(wishes: GpuWishes, facts: GpuFacts) -> Iterator[Finding]:
    if not is_version(wishes.driver):
        fix = "Set gpu_node_driver_version."
        yield Finding("driver-not-named", ERROR, repr(wishes.driver), "a version such as 580.173.02", fix, MODULES_SOURCE)
        return
    denied = denial(wishes.driver, PAGE_SIZES[wishes.page_size])
    if denied:
        measured = f"{wishes.driver} with {wishes.page_size} pages: {denied.reason}"
        fix = "Set gpu_node_driver_version to one of another branch, or node_page_size to 4k."
        yield Finding("driver-denied", ERROR, measured, "a driver that is not on the deny list", fix, denied.source)
    if kind(wishes, facts) is Kind.COHERENT and not has_cdmm(wishes.driver):
        fix = f"Set gpu_node_driver_version to {FIRST_WITH_CDMM} or newer."
        yield Finding("driver-without-cdmm", ERROR, wishes.driver, f"at least {FIRST_WITH_CDMM}", fix, CDMM_SOURCE)


def _wished_pages(wishes: GpuWishes, facts: GpuFacts) -> Iterator[Finding]:
    if wishes.page_size != "4k" and facts.architecture != "arm64":
        fix = "Set node_page_size: 4k for this host."
        yield Finding("page-size-impossible", ERROR, f"{wishes.page_size} on {facts.architecture}", "4k", fix, PAGES_SOURCE)


def _wished_sharing(wishes: GpuWishes, facts: GpuFacts) -> Iterator[Finding]:
    if wishes.mig and kind(wishes, facts) is Kind.COHERENT:
        fix = "Set gpu_node_mig_strategy: none; the trading system takes whole GPUs."
        yield Finding("mig-with-cdmm", ERROR, "MIG on a coherent GPU", "MIG or CDMM, not both", fix, CDMM_SOURCE)


def _architecture(wishes: GpuWishes, facts: GpuFacts) -> Iterator[Finding]:
    if kind(wishes, facts) is Kind.COHERENT and facts.architecture != "arm64":
        names = [COHERENT[gpu] for gpu in facts.gpus if gpu in COHERENT]
        fix = "Look at `lspci -nn`: such a GPU sits on a Grace processor."
        yield Finding("architecture-differs", ERROR, f"a {names[0]} on {facts.architecture}", "arm64", fix, PLATFORM_SOURCE)


def _pages(wishes: GpuWishes, facts: GpuFacts) -> Iterator[Finding]:
    wanted = PAGE_SIZES[wishes.page_size]
    if facts.page_size != wanted:
        fix = "gpu_node_kernel_packages names the kernel to boot; GRUB_DEFAULT may hold an older one. Or correct node_page_size."
        measured = f"pages of {facts.page_size // KIB} KiB"
        yield Finding("page-size-differs", shortfall(wishes), measured, f"{wanted // KIB} KiB", fix, PAGES_SOURCE)


def _loaded_driver(wishes: GpuWishes, facts: GpuFacts) -> Iterator[Finding]:
    level, driver = shortfall(wishes), facts.driver
    if driver is None:
        fix = "Look at `dmesg` and `dkms status`: the module may not be built or, under secure boot, not be signed."
        yield Finding("driver-not-loaded", level, "no NVIDIA driver", wishes.driver, fix, MODULES_SOURCE)
        return
    if driver.version != wishes.driver:
        denied = denial(driver.version, facts.page_size)
        measured = f"{driver.version}: {denied.reason}" if denied else driver.version
        fix = "Bring the version of gpu_node_driver_version into the host's package source, or set it to this one."
        source = denied.source if denied else MODULES_SOURCE
        yield Finding("driver-version-differs", level, measured, wishes.driver, fix, source)
    if not driver.is_open:
        fix = "Remove the package cuda-drivers, which conflicts with nvidia-open."
        source = PLATFORM_SOURCE if kind(wishes, facts) is Kind.COHERENT else MODULES_SOURCE
        yield Finding("driver-proprietary", level, "the proprietary kernel module", "the open one", fix, source)


def _packages(wishes: GpuWishes, facts: GpuFacts) -> Iterator[Finding]:
    wrong = wrong_packages(wishes, facts)
    if wrong:
        fix = "Look at `apt-cache policy`: the host's package sources may not have that version."
        measured = ", ".join(f"{name} {facts.packages[name]}" for name in wrong)
        yield Finding("driver-package-differs", shortfall(wishes), measured, wishes.driver, fix, LOCKING_SOURCE)


def _memory(wishes: GpuWishes, facts: GpuFacts) -> Iterator[Finding]:
    if kind(wishes, facts) is not Kind.COHERENT or facts.driver is None:
        return
    if facts.driver.memory_mode != BY_DRIVER or facts.memory_only_nodes:
        mode = facts.driver.memory_mode or "not told"
        measured = f"memory mode {mode}, {facts.memory_only_nodes} NUMA nodes without processors"
        fix = "Another file in /etc/modprobe.d, or the initramfs, may set NVreg_CoherentGPUMemoryMode."
        wanted = "memory mode driver (CDMM), no NUMA node of a GPU"
        yield Finding("memory-not-by-driver", shortfall(wishes), measured, wanted, fix, MEMORY_SOURCE)


def _numa_nodes(wishes: GpuWishes, facts: GpuFacts) -> Iterator[Finding]:
    if kind(wishes, facts) is Kind.COHERENT and facts.numa_nodes > MOST_NUMA_NODES:
        fix = "With CDMM the GPU's nodes go; see memory-not-by-driver."
        wanted = f"at most {MOST_NUMA_NODES}, or the kubelet's Topology Manager does not start"
        yield Finding("numa-nodes-too-many", shortfall(wishes), str(facts.numa_nodes), wanted, fix, TOPOLOGY_SOURCE)


def _boot(wishes: GpuWishes, facts: GpuFacts) -> Iterator[Finding]:
    missing = missing_arguments(wishes, facts, facts.command_line)
    if missing:
        fix = "Give them to the kernel by the host's boot loader, if that is not GRUB; or change gpu_node_boot_arguments."
        wanted = " ".join(wishes.boot_arguments)
        yield Finding("boot-arguments-missing", shortfall(wishes), f"without {' '.join(missing)}", wanted, fix, BOOT_SOURCE)


def _cdi(wishes: GpuWishes, facts: GpuFacts) -> Iterator[Finding]:
    if not facts.cdi:
        fix = "Look at `systemctl status nvidia-cdi-refresh.service`."
        yield Finding(
            "cdi-missing", shortfall(wishes), "no CDI file", "/var/run/cdi/nvidia.yaml or one in /etc/cdi", fix, CDI_SOURCE
        )


def _in_vain(facts: GpuFacts, reasons: tuple[str, ...]) -> Iterator[Finding]:
    again = [reason for reason in reasons if reason in facts.note.reasons]
    if again and facts.note.boot != facts.boot:
        fix = "Put right what the findings beside this one name, then remove /var/lib/autotrade/gpu-restart.json."
        measured = f"restarted once for {'; '.join(again)}, and it still stands"
        yield Finding("restart-in-vain", ERROR, measured, "a restart that cures it", fix)


#: What is asked for, then what is there.
_SETTINGS: tuple[Rule, ...] = (_architecture, _wished_driver, _wished_pages, _wished_sharing)
_STATES: tuple[Rule, ...] = (_pages, _loaded_driver, _packages, _memory, _numa_nodes, _boot, _cdi)
