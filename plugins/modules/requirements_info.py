#!/usr/bin/python
# Copyright (c) autotrade.deployment engineers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Judges a cluster against the requirements of the trading system: documentation and wiring, the work is in ``module_utils``."""

from __future__ import annotations

DOCUMENTATION = r"""
module: requirements_info
short_description: Say which requirements of the trading system hold in a cluster
version_added: 0.1.0
author: autotrade.deployment engineers (@autotrade)
description:
  - Lists each kind once and judges the cluster against every requirement of C(docs/requirements.md).
  - A requirement passes, fails with everything that was found wrong, or is not run with the reason, as not everything shows in
    objects of the API. Reading never changes anything.
  - Values of Secrets are dropped as they arrive. Where this user may not list a kind, the requirements that need it are not run.
options:
  only:
    description: Ids of the requirements to judge, such as C(C3). All of them by default.
    type: list
    elements: str
    default: []
  namespace:
    description: The namespace of the trading system.
    type: str
    default: trading-system
  monitoring_namespace:
    description: The namespace of Prometheus, Grafana and Alertmanager.
    type: str
    default: monitoring
  scale:
    description: The factor that requests and limits of the trading system were multiplied by (C(trading_system_scale)).
    type: str
    default: "1"
  report:
    description: JSON file to write, requirement id to state and message, where the module runs. Not written in check mode.
    type: path
extends_documentation_fragment:
  - autotrade.deployment.connection
attributes:
  check_mode:
    description: Can run in check mode, which reads and judges as always and leaves the report unwritten.
    support: full
  diff_mode:
    description: Returns details on what has changed.
    support: none
seealso:
  - module: autotrade.deployment.readiness_info
"""

EXAMPLES = r"""
- name: Judge the cluster and keep the report
  autotrade.deployment.requirements_info:
    kubeconfig: "{{ cluster_kubeconfig }}"
    report: build/verify.json
  register: verification

- name: Judge the network policies alone
  autotrade.deployment.requirements_info:
    kubeconfig: "{{ cluster_kubeconfig }}"
    only: [X1, X2]
"""

RETURN = r"""
findings:
  description: One entry per requirement, in the order of C(docs/requirements.md).
  returned: success
  type: list
  elements: dict
  contains:
    id:
      description: The requirement.
      type: str
      returned: always
      sample: N2
    title:
      description: The requirement in a few words.
      type: str
      returned: always
      sample: ResourceQuota with all eleven figures
    state:
      description: C(passed), C(failed) or C(not_run).
      type: str
      returned: always
      sample: passed
    message:
      description: What was seen; for a failure what was found, where, what was expected and which setting to change.
      type: str
      returned: always
      sample: "ResourceQuota trading-system/trading-system-quota: all 11 figures."
counts:
  description: How many requirements passed, failed and did not run.
  returned: success
  type: dict
  sample: {passed: 42, failed: 0, not_run: 15}
components:
  description: The workloads of the trading system and of monitoring with the number of ready pods.
  returned: success
  type: list
  elements: dict
  sample: [{namespace: trading-system, name: redis, kind: StatefulSet, ready: 3, wanted: 3, version: "redis:8.6.7"}]
nodes:
  description: How many nodes the cluster has.
  returned: success
  type: int
  sample: 16
report:
  description: The path of the report, as it was given.
  returned: success
  type: str
  sample: build/verify.json
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.autotrade.deployment.plugins.module_utils.edge.arguments import connection_options
from ansible_collections.autotrade.deployment.plugins.module_utils.edge.requirements import argument_spec, run_module


def main() -> None:
    run_module(AnsibleModule(argument_spec=argument_spec(connection_options()), supports_check_mode=True))


if __name__ == "__main__":
    main()
