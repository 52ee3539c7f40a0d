#!/usr/bin/python
# Copyright (c) autotrade.deployment engineers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Creates and removes the hosts of a lab."""

from __future__ import annotations

DOCUMENTATION = r"""
module: lab_hosts
short_description: Real systemd hosts in privileged podman containers on this machine
version_added: 0.2.0
description:
  - Makes the hosts of a lab, each a container that runs systemd, with an address of its own, reached over SSH like a machine.
  - The host image is made by debootstrap from the mirror in this machine's own apt sources, once; podman keeps it under the
    hash of its inputs. Container images are composed of programs of the artifact store and reach every new host as hard links.
  - C(/etc) and C(/var) of a host survive a power-off, C(/run) does not.
  - Everything that belongs to a lab carries a label with the lab's name; nothing else is touched.
author:
  - autotrade.deployment engineers (@autotrade)
options:
  name:
    description: The lab. Its containers, volumes and its network are called C(autotrade-<name>) and so on.
    type: str
    default: lab
  state:
    description:
      - With V(present), exactly these hosts exist and run; hosts of the lab that are not listed are removed.
      - With V(absent), no container, volume, network, mount or key of the lab is left. The host image and the volume with
        container images stay, as caches.
    type: str
    choices: [present, absent]
    default: present
  subnet:
    description: The range of the lab's network; its first address is this machine.
    type: str
    default: 10.89.10.0/24
  hosts:
    description: The hosts. Required when O(state=present).
    type: list
    elements: dict
    default: []
    suboptions:
      name:
        description: The host name.
        type: str
        required: true
      address:
        description: Its IPv4 address in O(subnet).
        type: str
        required: true
  user:
    description: The user who may log in with the lab's key, and use sudo without a password.
    type: str
    default: ops
  release:
    description: The Debian release of the hosts.
    type: str
    default: bookworm
  packages:
    description: The Debian packages of the host image.
    type: list
    elements: str
    default: []
  files:
    description: A directory that is laid over the host image. Its C(/usr/lib/lab/finish-image USER) runs in the image at the end.
    type: path
  images:
    description: Container images that every host has from the start.
    type: list
    elements: dict
    default: []
    suboptions:
      reference:
        description: Repository and tag.
        type: str
        required: true
      entrypoint:
        description: The command of the image.
        type: list
        elements: str
        required: true
      command:
        description: The arguments of O(images[].entrypoint), or the command where that is empty; pods replace them by their own.
        type: list
        elements: str
        default: []
      programs:
        description: Path in the image -> program of O(store).
        type: dict
        required: true
      host_programs:
        description: Programs of the host image that the container image has too, with the libraries that they need.
        type: list
        elements: path
        default: []
      links:
        description: Path in the image -> target of a symbolic link.
        type: dict
        default: {}
      directories:
        description: Directories of the image that every user may write to, as into C(/tmp).
        type: list
        elements: str
        default: []
      user:
        description: The user of the image's processes; empty means root.
        type: str
        default: ""
  archives:
    description:
      - Archives of OCI images that every host has from the start, as paths below O(store).
      - Each is known by the name that it carries and by the digest of its manifest.
    type: list
    elements: str
    default: []
  seed_script:
    description: The script that composes O(images) and imports them and O(archives), run in a container of the host image.
    type: path
  store:
    description: The artifact store; hosts see it, read-only, at C(/srv/autotrade/store).
    type: path
  state_directory:
    description: Holds one directory per lab, with its key. By default C($XDG_STATE_HOME/autotrade/lab).
    type: path
  cache_directory:
    description: Where the host image is built. By default C($XDG_CACHE_HOME/autotrade/lab).
    type: path
  runtime:
    description: The OCI runtime of podman.
    type: str
    default: runc
  timeout:
    description: Seconds to wait until every host takes logins.
    type: int
    default: 120
attributes:
  check_mode:
    description: Says what would be made and removed.
    support: full
  diff_mode:
    description: Lists what is made and removed.
    support: full
requirements:
  - root
  - podman, runc, debootstrap, ssh-keygen
"""

EXAMPLES = r"""
- name: Make two hosts
  autotrade.deployment.lab_hosts:
    name: drill
    subnet: 10.89.20.0/24
    hosts:
      - {name: control-plane-1, address: 10.89.20.11}
      - {name: cpu-1, address: 10.89.20.21}
    packages: "{{ lab_hosts_packages }}"
    files: "{{ role_path }}/files/image"
    seed_script: "{{ role_path }}/files/seed_images.py"
    store: ~/.cache/autotrade/store

- name: Leave nothing of them
  autotrade.deployment.lab_hosts:
    name: drill
    state: absent
"""

RETURN = r"""
name:
  description: The lab.
  returned: success
  type: str
  sample: drill
done:
  description: What was made and removed, or would be.
  returned: success
  type: list
  elements: str
  sample: ["create host cpu-1 at 10.89.20.21"]
key:
  description: The private key to log in with.
  returned: O(state=present)
  type: str
  sample: /home/alice/.local/state/autotrade/lab/drill/id_ed25519
known_hosts:
  description: The hosts' own keys, in the form of ssh.
  returned: O(state=present)
  type: str
  sample: /home/alice/.local/state/autotrade/lab/drill/known_hosts
image:
  description: The host image, with the hash of its inputs as tag.
  returned: O(state=present)
  type: str
  sample: localhost/autotrade-lab-host:0f2b4c6d8e9fa1b3
containers:
  description: Host name -> podman container.
  returned: O(state=present)
  type: dict
  sample: {"cpu-1": "autotrade-drill-cpu-1"}
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.autotrade.deployment.plugins.module_utils.core.lab import LabError
from ansible_collections.autotrade.deployment.plugins.module_utils.edge.lab_module import ARGUMENTS, REQUIRED_IF, run


def main() -> None:
    """Run the module."""
    module = AnsibleModule(argument_spec=ARGUMENTS, required_if=REQUIRED_IF, supports_check_mode=True)
    try:
        result = run(module.params, module.check_mode)
    except LabError as error:
        module.fail_json(msg=str(error))
    module.exit_json(**result)


if __name__ == "__main__":
    main()
