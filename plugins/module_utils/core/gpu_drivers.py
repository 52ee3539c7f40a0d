# Copyright (c) autotrade.deployment engineers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Which NVIDIA drivers a host may run: by version, by the size of its pages, by whether its GPU's memory is coherent."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

KIB = 1024

#: PCI ids of GPUs whose memory the processor shares (NVIDIA/gpu-operator:assets/state-mig-manager/0400_configmap.yaml; Linux:
#: drivers/vfio/pci/nvgrace-gpu/main.c).
COHERENT: Mapping[str, str] = {
    "10de:2342": "GH200 96 GB",
    "10de:2345": "GH200 480 GB",
    "10de:2348": "GH200 144 GB",
    "10de:2941": "GB200",
}

#: The first driver with CDMM, under which the driver keeps the GPU's memory to itself.
FIRST_WITH_CDMM = "580.65.06"
CDMM_SOURCE = "NVIDIA/cloud-native-docs:gpu-operator/release-notes.rst (25.3.2, known issues)"


@dataclass(frozen=True)
class Denial:
    """Drivers that fail: every version of ``branches``, on pages of ``page_size`` bytes, for ``reason``, told by ``source``."""

    branches: tuple[int, ...]
    page_size: int
    reason: str
    source: str


DENIED: tuple[Denial, ...] = (
    Denial(
        branches=(590, 595, 610),
        page_size=64 * KIB,
        reason="mappings of 4 GiB and more fault below each 4 GiB boundary (Xid 31), as seen on GB10; 580 is clean",
        source="https://github.com/NVIDIA/open-gpu-kernel-modules/issues/1269",
    ),
)


def version_key(version: str) -> tuple[int, ...]:
    """``580.65.06`` as numbers that compare; raises ValueError for what is no version."""
    return tuple(int(part) for part in version.split("."))


def is_version(text: str) -> bool:
    """Whether this is a driver's version, such as ``580.173.02``."""
    parts = text.split(".")
    return len(parts) in (2, 3) and all(part.isdigit() for part in parts)


def denial(version: str, page_size: int, denied: Iterable[Denial] = DENIED) -> Denial | None:
    """Why this driver is refused on pages of ``page_size`` bytes, or None."""
    if not is_version(version):
        return None
    branch = version_key(version)[0]
    return next((one for one in denied if branch in one.branches and one.page_size == page_size), None)


def has_cdmm(version: str) -> bool:
    """Whether this driver can keep a coherent GPU's memory out of the kernel's hands."""
    return version_key(version) >= version_key(FIRST_WITH_CDMM)
