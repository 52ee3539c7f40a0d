#!/usr/bin/python
# Copyright (c) autotrade.deployment engineers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Files, programs, units and kernel settings of a host in one call."""

from __future__ import annotations

DOCUMENTATION = r"""
module: host_state
short_description: Bring files, programs, systemd units and kernel settings of a host to a state, in one call
version_added: 0.2.0
description:
  - Compares the whole set with the host and does what is missing; one round trip stands for dozens of tasks.
  - A unit is restarted when one of the files that it watches is not what this module last started it with. That is remembered
    on the host after the restart, so a run that was killed between the two is made good by the next.
  - Files appear whole or not at all.
author:
  - autotrade.deployment engineers (@autotrade)
options:
  files:
    description: Files with their content; missing parent directories are made.
    type: list
    elements: dict
    default: []
    suboptions:
      path:
        description: Absolute path.
        type: path
        required: true
      content:
        description: The content.
        type: str
      secret_content:
        description: The content, where it shall appear in no log and no difference.
        type: str
      mode:
        description: Octal mode.
        type: str
        default: "0644"
      owner:
        description: Name of the owner.
        type: str
        default: root
      group:
        description: Name of the group.
        type: str
        default: root
      validate:
        description: A command that must accept the new content before it takes the old one's place; C(%s) is a file with it.
        type: str
        default: ""
  programs:
    description: Programs of the artifact store.
    type: list
    elements: dict
    default: []
    suboptions:
      path:
        description: Absolute path.
        type: path
        required: true
      url:
        description: Where it is fetched when it is not there yet; C(https:) or C(file:).
        type: str
        required: true
      sha256:
        description: What it must be.
        type: str
        required: true
      mode:
        description: Octal mode.
        type: str
        default: "0755"
  absent:
    description: Files that shall not exist.
    type: list
    elements: path
    default: []
  units:
    description: Units of systemd, started in this order.
    type: list
    elements: dict
    default: []
    suboptions:
      name:
        description: Name with its suffix, such as C(kubelet.service).
        type: str
        required: true
      enabled:
        description: Whether it starts with the host; unset leaves it as it is.
        type: bool
      state:
        description: Whether it runs; unset leaves that as it is, and restarts it for its watched files if it runs.
        type: str
        choices: [started, stopped]
      watches:
        description: Files that it reads when it starts.
        type: list
        elements: path
        default: []
  sysctls:
    description: Kernel settings to make now, by name. Give the file that makes them after a boot in O(files).
    type: dict
    default: {}
  packages:
    description: Packages of the distribution, Debian's or Red Hat's; installed, never upgraded.
    type: list
    elements: str
    default: []
  modules:
    description: Parts of the kernel to load now unless they are there, built in or loaded.
    type: list
    elements: str
    default: []
  swap:
    description: With V(off), swap is switched off, now and in C(/etc/fstab).
    type: str
    choices: [keep, "off"]
    default: keep
attributes:
  check_mode:
    description: Predicts everything.
    support: full
  diff_mode:
    description: Shows files before and after, secrets left out, and lists the other acts.
    support: full
requirements:
  - systemd
"""

EXAMPLES = r"""
- name: Run containerd
  autotrade.deployment.host_state:
    programs:
      - path: /usr/local/bin/containerd
        url: https://store.example/binaries/containerd/v2.4.2/amd64/containerd
        sha256: 2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae
    files:
      - path: /etc/containerd/config.toml
        content: |
          version = 3
    units:
      - name: containerd.service
        enabled: true
        state: started
        watches: [/usr/local/bin/containerd, /etc/containerd/config.toml]
"""

RETURN = r"""
done:
  description: What was done, or would be.
  returned: success
  type: list
  elements: str
  sample: ["write /etc/containerd/config.toml", "restart containerd.service"]
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.autotrade.deployment.plugins.module_utils.core.host_state import HostStateError
from ansible_collections.autotrade.deployment.plugins.module_utils.edge.host_state_module import ARGUMENTS, run


def main() -> None:
    """Run the module."""
    module = AnsibleModule(argument_spec=ARGUMENTS, supports_check_mode=True)
    try:
        result = run(module.params, module.check_mode, module._diff)
    except HostStateError as error:
        module.fail_json(msg=str(error))
    module.exit_json(**result)


if __name__ == "__main__":
    main()
