#!/usr/bin/python
# Copyright (c) autotrade.deployment engineers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Judges a host with an NVIDIA GPU, and says what has to be written and whether it has to start anew."""

from __future__ import annotations

DOCUMENTATION = r"""
module: gpu_host_info
short_description: Judge a host's NVIDIA GPU, driver, page size, memory mode and boot arguments
version_added: 0.2.0
description:
  - Reads C(/sys), C(/proc) and C(/etc) alone, so it works before any driver does. Changes nothing.
  - Findings of level C(pending) are put right by the role P(autotrade.deployment.gpu_node#role); with O(settled) they are errors.
  - Fails when an error stands that O(waived) does not name. Each is waived by its own id; nothing waives all of them.
author:
  - autotrade.deployment engineers (@autotrade)
options:
  driver:
    description: The version that the driver shall have, such as V(580.173.02).
    type: str
    required: true
  page_size:
    description: The size of the kernel's pages that the host shall have.
    type: str
    choices: [4k, 64k]
    default: 4k
  packages:
    description: The driver's packages, which shall have its version.
    type: list
    elements: str
    default: []
  boot_arguments:
    description: What the kernel of a host with a GH200 or GB200 shall be started with; no other host is asked for it.
    type: list
    elements: str
    default: []
  mig:
    description: Whether the GPUs are to be divided by MIG.
    type: bool
    default: false
  advertised:
    description: Whether the inventory advertises a GPU that is a mere number.
    type: bool
    default: false
  lab:
    description: Whether this is the lab, where a mere number is allowed.
    type: bool
    default: false
  settled:
    description: Ask after the work. What was pending before is an error then.
    type: bool
    default: false
  waived:
    description: Ids of findings that shall not stop the run.
    type: list
    elements: str
    default: []
attributes:
  check_mode:
    description: Changes nothing in any mode.
    support: full
  diff_mode:
    description: There is nothing to compare.
    support: none
"""

EXAMPLES = r"""
- name: Look at the GPU
  autotrade.deployment.gpu_host_info:
    driver: 580.173.02
    page_size: 64k
    boot_arguments: [init_on_alloc=0]
"""

RETURN = r"""
findings:
  description: Everything that is not as it should be, waived or not.
  returned: always
  type: list
  elements: dict
  sample:
    - id: driver-denied
      level: error
      measured: "595.84 with 64k pages: mappings of 4 GiB and more fault below each 4 GiB boundary"
      wanted: a driver that is not on the deny list
      fix: Set gpu_node_driver_version to one of another branch, or node_page_size to 4k.
      source: https://github.com/NVIDIA/open-gpu-kernel-modules/issues/1269
kind:
  description: >-
    C(coherent) (GH200, GB200), C(pcie), C(advertised) (a number that the scheduler counts) or C(none).
  returned: always
  type: str
  sample: coherent
files:
  description: What host_state shall write, with C(path) and C(content).
  returned: always
  type: list
  elements: dict
wrong_packages:
  description: The driver's packages that are installed in another version.
  returned: always
  type: list
  elements: str
menu_stale:
  description: Whether the boot loader's menu lacks an argument.
  returned: always
  type: bool
restart:
  description: Why the host has to start anew.
  returned: always
  type: list
  elements: str
  sample: ["page-size-differs: 64 KiB"]
note:
  description: What to write before the restart, with C(path) and C(content); a second restart for the same reasons is refused.
  returned: always
  type: dict
note_over:
  description: Whether an earlier note lies there and nothing of what it names stands any more, so that it is to be removed.
  returned: always
  type: bool
measured:
  description: What was seen.
  returned: always
  type: dict
  sample: {"architecture": "arm64", "gpus": ["10de:2342"], "page_size": 65536}
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.autotrade.deployment.plugins.module_utils.edge.gpu_host import run
from ansible_collections.autotrade.deployment.plugins.module_utils.edge.results import finish

ARGUMENTS = {
    "driver": {"type": "str", "required": True},
    "page_size": {"type": "str", "choices": ["4k", "64k"], "default": "4k"},
    "packages": {"type": "list", "elements": "str", "default": []},
    "boot_arguments": {"type": "list", "elements": "str", "default": []},
    "mig": {"type": "bool", "default": False},
    "advertised": {"type": "bool", "default": False},
    "lab": {"type": "bool", "default": False},
    "settled": {"type": "bool", "default": False},
    "waived": {"type": "list", "elements": "str", "default": []},
}


def main() -> None:
    """Run the module."""
    module = AnsibleModule(argument_spec=ARGUMENTS, supports_check_mode=True)
    finish(module, run(module.params))


if __name__ == "__main__":
    main()
