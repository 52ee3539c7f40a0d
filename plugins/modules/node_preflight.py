#!/usr/bin/python
# Copyright (c) autotrade.deployment engineers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Measures a host against what its class needs."""

from __future__ import annotations

DOCUMENTATION = r"""
module: node_preflight
short_description: Measure a host against what its class of nodes needs, and tell all shortfalls at once
version_added: 0.2.0
description:
  - Fails when an error stands that O(waived) does not name. Each is waived by its own id; nothing waives all of them.
  - Changes nothing on the host. Where O(needs.fsync_ms) is set, a scratch file is written, synced 200 times, and gone afterwards.
author:
  - autotrade.deployment engineers (@autotrade)
options:
  needs:
    description: What the class asks for.
    type: dict
    required: true
    suboptions:
      cpus:
        description: Processors.
        type: int
        required: true
      memory:
        description: Bytes; 5 % less are let pass, for what firmware and kernel keep.
        type: int
        required: true
      disk:
        description: Bytes of the file system that holds O(directory).
        type: int
        required: true
      spare:
        description: Bytes of O(disks) together.
        type: int
        default: 0
      solid_state:
        description: Whether a rotating disk is refused, below O(directory) or among O(disks).
        type: bool
        default: true
      ports:
        description: Ports on which nobody may listen yet.
        type: list
        elements: int
        default: []
      fsync_ms:
        description: Milliseconds within which 99 of 100 small synced writes must be done; unset measures nothing.
        type: float
  cluster:
    description: Name of the cluster that the host is, or is to be, a member of; a member of another one is refused.
    type: str
    required: true
  clock:
    description: The controller's clock, seconds since 1970.
    type: float
    required: true
  systems:
    description: Supported systems, C(ID) of os-release -> list of C(VERSION_ID).
    type: dict
    required: true
  architectures:
    description: Supported architectures.
    type: list
    elements: str
    default: [amd64, arm64]
  directory:
    description: The directory whose disk counts.
    type: path
    default: /var/lib
  disks:
    description: The disks that are there for volumes alone. They are looked at, and neither read nor written.
    type: list
    elements: path
    default: []
  swap_allowed:
    description: Whether swap may be on.
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
- name: Measure the host
  autotrade.deployment.node_preflight:
    needs: {cpus: 4, memory: 17179869184, disk: 107374182400, ports: [6443], fsync_ms: 10}
    systems: {debian: ["12"]}
    cluster: trading
    clock: "{{ now().timestamp() }}"
    waived: [disk-rotational]
"""

RETURN = r"""
findings:
  description: Everything that is not as it should be, waived or not.
  returned: always
  type: list
  elements: dict
  sample:
    - id: memory-too-small
      level: error
      measured: 7.6 GiB
      wanted: 16 GiB, 5 % less allowed
      fix: Give the host more memory, or another class.
      source: ""
measured:
  description: What was measured.
  returned: always
  type: dict
  sample: {"architecture": "amd64", "cpus": 4, "machine_id": "0a1b"}
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.autotrade.deployment.plugins.module_utils.core.membership import MembershipError
from ansible_collections.autotrade.deployment.plugins.module_utils.edge.node_preflight import run
from ansible_collections.autotrade.deployment.plugins.module_utils.edge.results import finish

NEEDS = {
    "cpus": {"type": "int", "required": True},
    "memory": {"type": "int", "required": True},
    "disk": {"type": "int", "required": True},
    "spare": {"type": "int", "default": 0},
    "solid_state": {"type": "bool", "default": True},
    "ports": {"type": "list", "elements": "int", "default": []},
    "fsync_ms": {"type": "float"},
}
ARGUMENTS = {
    "needs": {"type": "dict", "required": True, "options": NEEDS},
    "cluster": {"type": "str", "required": True},
    "clock": {"type": "float", "required": True},
    "systems": {"type": "dict", "required": True},
    "architectures": {"type": "list", "elements": "str", "default": ["amd64", "arm64"]},
    "directory": {"type": "path", "default": "/var/lib"},
    "disks": {"type": "list", "elements": "path", "default": []},
    "swap_allowed": {"type": "bool", "default": False},
    "waived": {"type": "list", "elements": "str", "default": []},
}


def main() -> None:
    """Run the module."""
    module = AnsibleModule(argument_spec=ARGUMENTS, supports_check_mode=True)
    try:
        ending = run(module.params)
    except MembershipError as error:
        module.fail_json(msg=str(error))
    finish(module, ending)


if __name__ == "__main__":
    main()
