#!/usr/bin/python
# Copyright (c) autotrade.deployment engineers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Makes a volume group of disks that nobody uses."""

from __future__ import annotations

DOCUMENTATION = r"""
module: volume_group
short_description: Make an LVM volume group of disks that nobody uses; never wipe one
version_added: 0.2.0
description:
  - Every disk is looked at first. One with a partition, a mount or a signature of any kind, or one of another volume group, is
    refused, and then nothing is done with the others either. All that is found is told at once.
  - Disks are added, and none is ever taken out. Groups are marked with the tag C(autotrade); one without it is refused.
author:
  - autotrade.deployment engineers (@autotrade)
options:
  name:
    description: Name of the volume group.
    type: str
    required: true
  disks:
    description: Whole disks, by their links in C(/dev/disk/by-id) or C(/dev/disk/by-path).
    type: list
    elements: path
    required: true
  waived:
    description: Ids of findings that shall not stop the run. C(vgcreate) refuses to overwrite a signature all the same.
    type: list
    elements: str
    default: []
attributes:
  check_mode:
    description: Predicts everything.
    support: full
  diff_mode:
    description: Names the disks that a group gets.
    support: full
requirements:
  - lsblk and wipefs (util-linux), lvm2
"""

EXAMPLES = r"""
- name: Give the storage classes a volume group
  autotrade.deployment.volume_group:
    name: ssd
    disks: [/dev/disk/by-id/nvme-eui.0025388b01234567]
"""

RETURN = r"""
findings:
  description: Everything that speaks against it, waived or not.
  returned: always
  type: list
  elements: dict
  sample:
    - id: disk-not-empty
      level: error
      measured: /dev/disk/by-id/nvme-eui.0025388b01234567 holds ext4
      wanted: an empty disk
      fix: "If nobody needs what is on it: wipefs --all, by hand. This collection wipes nothing."
      source: wipefs(8)
done:
  description: What was done, or would be.
  returned: success
  type: list
  elements: str
  sample: ["create volume group ssd with /dev/disk/by-id/nvme-eui.0025388b01234567"]
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.autotrade.deployment.plugins.module_utils.core.storage_disks import DiskError
from ansible_collections.autotrade.deployment.plugins.module_utils.edge.results import Ending, finish
from ansible_collections.autotrade.deployment.plugins.module_utils.edge.storage_disks import run

ARGUMENTS = {
    "name": {"type": "str", "required": True},
    "disks": {"type": "list", "elements": "path", "required": True},
    "waived": {"type": "list", "elements": "str", "default": []},
}


def main() -> None:
    """Run the module."""
    module = AnsibleModule(argument_spec=ARGUMENTS, supports_check_mode=True)
    try:
        ending = run(module.params, module.check_mode)
    except DiskError as error:
        ending = Ending({"msg": str(error)}, failed=True)
    finish(module, ending)


if __name__ == "__main__":
    main()
