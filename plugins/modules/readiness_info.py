#!/usr/bin/python
# Copyright (c) autotrade.deployment engineers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Tells why objects are or are not ready: documentation and wiring, the work is in ``module_utils``."""

from __future__ import annotations

DOCUMENTATION = r"""
module: readiness_info
short_description: Tell for each object whether it is ready, and why not
version_added: 0.1.0
author: The autotrade.deployment engineers (@autotrade)
description:
  - Reads objects and answers for each a state, a reason of one word and a sentence, by the rules that
    M(autotrade.deployment.cluster_objects) waits by. Workloads quote the pod that holds them up.
  - With O(wait=true) it waits until all are ready, and fails as soon as one has failed. The one that O(name) and O(namespace)
    name may come later; selectors must pick something from the beginning.
extends_documentation_fragment:
  - autotrade.deployment.connection
  - autotrade.deployment.wait
options:
  api_version:
    description: API version of the objects.
    type: str
    default: v1
    aliases: [api, version]
  kind:
    description: Kind of the objects.
    type: str
    required: true
  name:
    description: Name of one object; without it, all that the selectors pick.
    type: str
  namespace:
    description: Namespace; without it, all of them.
    type: str
  label_selectors:
    description: Label selectors, all of which must hold.
    type: list
    elements: str
    default: []
  field_selectors:
    description: Field selectors, all of which must hold.
    type: list
    elements: str
    default: []
attributes:
  check_mode:
    support: full
    description: Changes nothing anyway.
  diff_mode:
    support: none
    description: There is nothing to compare.
seealso:
  - module: autotrade.deployment.cluster_objects
"""

EXAMPLES = r"""
- name: Ask what holds up the Deployments
  autotrade.deployment.readiness_info:
    kubeconfig: "{{ kubeconfig }}"
    api_version: apps/v1
    kind: Deployment
    namespace: demo
  register: deployments

- name: Show those that are not ready
  ansible.builtin.debug:
    msg: "{{ deployments.resources | rejectattr('state', 'equalto', 'ready') | list }}"

- name: Wait for one of them
  autotrade.deployment.readiness_info:
    kubeconfig: "{{ kubeconfig }}"
    api_version: apps/v1
    kind: Deployment
    namespace: demo
    name: web
    wait: true
    wait_timeout: 60
"""

RETURN = r"""
api_found:
  description: Whether the API server serves the kind.
  returned: always
  type: bool
ready:
  description: Whether every object is ready, and there is at least one.
  returned: always
  type: bool
state:
  description: The worst state among the objects.
  returned: always
  type: str
  sample: in_progress
resources:
  description: One entry per object.
  returned: always
  type: list
  elements: dict
  sample:
    - api_version: apps/v1
      kind: Deployment
      namespace: demo
      name: web
      state: in_progress
      reason: LessReady
      message: "Ready: 1/2"
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.autotrade.deployment.plugins.module_utils.edge.arguments import connection_options, wait_options
from ansible_collections.autotrade.deployment.plugins.module_utils.edge.readiness_module import argument_spec, run_module


def main() -> None:
    run_module(AnsibleModule(argument_spec=argument_spec(connection_options(), wait_options()), supports_check_mode=True))


if __name__ == "__main__":
    main()
