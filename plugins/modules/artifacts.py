#!/usr/bin/python
# Copyright (c) autotrade.deployment engineers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Fill the artifact store from the lock file."""

from __future__ import annotations

DOCUMENTATION = r"""
module: artifacts
short_description: Fill the artifact store with the binaries, images and bundles that a lock file pins
version_added: 0.1.0
description:
  - Brings a directory, the artifact store, to what a lock file says. Hosts and the simulated cluster install from it and
    never from the internet.
  - An artifact comes from the project's release (checksum pinned in the lock) or is built from Go modules whose checksums
    are pinned by a C(go.sum) beside the lock. A checksum that the lock does not hold is never learned from a first download.
  - An image comes from its registry by way of C(skopeo), by the digest that the lock pins, or is composed of binaries of the
    lock, and becomes one archive that container runtimes load. The same inputs give the same archive on every machine.
  - Builds and downloads are kept in a cache by the hash of their inputs, outside the checkout. Several runs at once, and a
    run after one that was killed, are safe. Nothing becomes visible in the store before it is whole and proven.
author:
  - autotrade.deployment engineers (@autotrade)
options:
  lock:
    description: The lock file. The directories of Go modules lie in C(gomod) beside it.
    type: path
    required: true
  store_dir:
    description: The store to fill.
    type: path
    required: true
  cache_dir:
    description: >-
      The cache of builds and downloads. Default is C(autotrade/artifacts) below E(XDG_CACHE_HOME) or below C(~/.cache).
    type: path
  names:
    description: >-
      The entries of the lock to keep in the store; empty means all. What a composed image is made of comes with it.
    type: list
    elements: str
    default: []
  arches:
    description: The architectures of binaries and images; empty means that of the machine the module runs on. Bundles have none.
    type: list
    elements: str
    choices: [amd64, arm64]
    default: []
  source:
    description:
      - V(release) takes the project's own downloads and refuses what has no checksum in the lock.
      - V(gomod) builds from pinned Go modules and composes images of such builds; both carry a version of their own, such as
        C(v1.36.3+autotrade.1).
      - V(auto) takes the release where its checksum is known and its server answers, else the Go modules, and says which
        and why in RV(artifacts). An image whose digest is known is never composed instead.
    type: str
    choices: [release, gomod, auto]
    default: auto
  allow_unofficial:
    description: >-
      Whether other projects' programs may be built, and images composed, here instead of taken from their release. Leave it
      V(false) in production. Bundles (proven files of a module) and our own programs and images are always allowed.
    type: bool
    default: false
  go:
    description: The C(go) command, a path or a name on E(PATH).
    type: str
    default: go
  skopeo:
    description: The C(skopeo) command, a path or a name on E(PATH); needed for images of registries only.
    type: str
    default: skopeo
  registry_auth_file:
    description: >-
      A file with the credentials of registries, as C(skopeo login --authfile) writes it. Default is where C(skopeo) looks by
      itself.
    type: path
  progress_file:
    description: >-
      A file to which lines of JSON are appended while the store is filled. Set by the action plugin, which prints them as
      they come.
    type: path
attributes:
  check_mode:
    description: Predicts what would be fetched or built, and refuses what a real run would refuse beforehand.
    support: full
  diff_mode:
    description: Files are large and binary; RV(artifacts) names what changed.
    support: none
"""

EXAMPLES = r"""
- name: Fill the store with everything that the simulated cluster runs
  autotrade.deployment.artifacts:
    lock: "{{ playbook_dir }}/lock.yml"
    store_dir: ~/.cache/autotrade/store
    names: [kube-apiserver, etcd]
    allow_unofficial: true
"""

RETURN = r"""
store_dir:
  description: The store.
  returned: success
  type: str
  sample: /home/trader/.cache/autotrade/store
artifacts:
  description: One dictionary per artifact and architecture, in the order of the lock.
  returned: success
  type: list
  elements: dict
  contains:
    name:
      description: The entry of the lock.
      type: str
      sample: kube-apiserver
    kind:
      description: V(binary), V(image) or V(bundle).
      type: str
      sample: binary
    arch:
      description: The architecture; V(any) for a bundle.
      type: str
      sample: amd64
    version:
      description: The version as kept; stamped when it was built here.
      type: str
      sample: v1.36.3+autotrade.1
    source:
      description: Where it came from, V(release), V(gomod) or V(compose).
      type: str
      sample: gomod
    reason:
      description: Why that source was taken, or V(present).
      type: str
      sample: "release not usable: no checksum in the lock"
    path:
      description: The file. In check mode, where it would lie below the store.
      type: str
      sample: /home/trader/.cache/autotrade/store/binaries/kube-apiserver/v1.36.3+autotrade.1/amd64/kube-apiserver
    sha256:
      description: Its checksum; empty in check mode for what is not there yet.
      type: str
      sample: 2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae
    digest:
      description: >-
        The digest of an image's manifest, by which pods name it; empty for everything else and in check mode for what is not
        there yet.
      type: str
      sample: sha256:2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae
    reference:
      description: The name under which a container runtime loads the image; empty for everything else.
      type: str
      sample: localhost/reference-workload:v0.1.0_autotrade.1
    changed:
      description: Whether this run put or linked it (or would).
      type: bool
      sample: true
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.autotrade.deployment.plugins.module_utils.edge.results import finish
from ansible_collections.autotrade.deployment.plugins.module_utils.edge.supply_module import run
from ansible_collections.autotrade.deployment.plugins.module_utils.edge.supply_options import ARGUMENT_SPEC


def main() -> None:
    """Run the module."""
    module = AnsibleModule(argument_spec=ARGUMENT_SPEC, supports_check_mode=True)
    finish(module, run(module.params, module.check_mode))


if __name__ == "__main__":
    main()
