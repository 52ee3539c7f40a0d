#!/usr/bin/python
# Copyright (c) autotrade.deployment engineers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Starts, stops and removes a simulated cluster."""

from __future__ import annotations

DOCUMENTATION = r"""
module: simulated_cluster
short_description: Start, stop or remove a simulated Kubernetes cluster on this machine
version_added: 0.1.0
description:
  - Runs etcd, kube-apiserver, kube-controller-manager, kube-scheduler and KWOK as plain processes of the
    current user, on loopback.
  - The control plane is real (TLS, RBAC, audit log, Pod Security, quota and limit range admission); nodes, kubelets, volume
    provisioners and operators are played by KWOK according to O(stages). No container runs and no packet is sent.
  - Nothing needs root. Several clusters run side by side, each with ports of its own that are chosen once and remembered.
  - A cluster that was left half dead by a crash or by a reboot is cleaned up and started again with its data.
author:
  - The autotrade.deployment engineers (@autotrade)
options:
  name:
    description: Name of the cluster, of its folder and of its kubeconfig context.
    type: str
    default: default
  state:
    description:
      - With V(started), every process runs as described here and the API answers when the task returns.
      - With V(stopped), no process is left; data, ports and certificates are kept.
      - With V(absent), the cluster's folder is removed too.
    type: str
    choices: [started, stopped, absent]
    default: started
  binary_directory:
    description:
      - Folder that holds C(etcd), C(kube-apiserver), C(kube-controller-manager), C(kube-scheduler) and C(kwok).
      - Required when O(state=started).
    type: path
  state_directory:
    description:
      - Folder that holds one folder per cluster.
      - By default C($XDG_STATE_HOME/autotrade/simulated), where E(XDG_STATE_HOME) defaults to C(~/.local/state).
    type: path
  stages:
    description:
      - Files, or directories of C(*.yaml) files, with documents of kind C(Stage), apiVersion C(kwok.x-k8s.io/v1alpha1).
      - A stage for a kind that the API server does not serve is left out. Run the module again after new CRDs were created;
        it then restarts KWOK alone.
    type: list
    elements: path
    default: []
  bundles:
    description:
      - Files with the custom resource definitions that the cluster shall know. The module does not apply them;
        RV(bundles_current) tells whether that is still to be done.
      - Data of a cluster that had them applied is kept as prepared data. A new cluster with the same bundles and programs starts
        from it, which saves the API server most of its work.
    type: list
    elements: path
    default: []
  bundles_applied:
    description: The O(bundles) were just applied; note it, and keep prepared data where there is none yet.
    type: bool
    default: false
  cache_directory:
    description:
      - Folder of the prepared data; it may be deleted at any time.
      - By default C($XDG_CACHE_HOME/autotrade/simulated), where E(XDG_CACHE_HOME) defaults to C(~/.cache).
    type: path
  timers:
    description: Timers of the control plane in seconds. The defaults are those of a production cluster.
    type: dict
    suboptions:
      node_monitor_grace_period:
        description: How long a node may be silent before it counts as not ready.
        type: int
        default: 50
      node_monitor_period:
        description: How often the controller manager looks at the nodes.
        type: int
        default: 5
      node_lease_duration:
        description: Duration of a node's lease; it is renewed four times as often.
        type: int
        default: 40
      default_not_ready_toleration:
        description: How long pods stay on a node that is not ready.
        type: int
        default: 300
      default_unreachable_toleration:
        description: How long pods stay on a node that is unreachable.
        type: int
        default: 300
      autoscaler_sync_period:
        description: How often the controller manager looks at each HorizontalPodAutoscaler.
        type: int
        default: 15
  sizes:
    description: Limits of the control plane.
    type: dict
    suboptions:
      client_qps:
        description: Requests per second that the controller manager and the scheduler may send; the burst is twice that.
        type: int
        default: 1000
      etcd_quota_mebibytes:
        description: Largest size of etcd's database.
        type: int
        default: 4096
      max_requests_inflight:
        description: Concurrent requests that the API server reads; half as many may write.
        type: int
        default: 400
      audit_log_mebibytes:
        description: Size at which the audit log is rotated; two old ones are kept.
        type: int
        default: 50
  networks:
    description: Address ranges of pods and Services. Nothing is ever sent to them.
    type: dict
    suboptions:
      pods:
        description: Range from which each node gets a part.
        type: str
        default: 10.128.0.0/10
      pods_mask_per_node:
        description: Prefix length of a node's part.
        type: int
        default: 24
      services:
        description: Range of Service addresses.
        type: str
        default: 10.96.0.0/16
  api_server_extra_args:
    description: Flags of kube-apiserver without the leading dashes; they replace those that the module sets.
    type: dict
    default: {}
  reset_corrupt_data:
    description: When etcd cannot read its data, throw the data away and start empty. Otherwise the task fails and names the data.
    type: bool
    default: false
  wait_timeout:
    description: Seconds to wait for the processes to answer, and for another run on the same cluster to end.
    type: int
    default: 60
attributes:
  check_mode:
    description: Predicts which processes would be stopped and started.
    support: full
  diff_mode:
    description: Shows the processes before and after.
    support: full
  platform:
    description: Processes are recognised by what Linux shows in C(/proc).
    support: full
    platforms: posix
requirements:
  - Linux
  - cryptography >= 42
  - PyYAML
"""

EXAMPLES = r"""
- name: Start a simulated cluster
  autotrade.deployment.simulated_cluster:
    name: demo
    binary_directory: /srv/artifacts/bin
    stages:
      - "{{ playbook_dir }}/stages"

- name: Start one on which a lost node is noticed soon
  autotrade.deployment.simulated_cluster:
    name: drill
    binary_directory: /srv/artifacts/bin
    timers:
      node_monitor_grace_period: 8
      node_monitor_period: 1
      node_lease_duration: 8

- name: Stop it and keep its data
  autotrade.deployment.simulated_cluster:
    name: demo
    state: stopped

- name: Remove it
  autotrade.deployment.simulated_cluster:
    name: demo
    state: absent
"""

RETURN = r"""
state:
  description: The state that was asked for.
  returned: success
  type: str
  sample: started
name:
  description: Name of the cluster.
  returned: success
  type: str
  sample: demo
directory:
  description: Folder of the cluster, with its logs in C(logs/).
  returned: success
  type: str
  sample: /home/alice/.local/state/autotrade/simulated/demo
kubeconfig:
  description: Kubeconfig of the administrator, readable by the owner alone.
  returned: success
  type: str
  sample: /home/alice/.local/state/autotrade/simulated/demo/admin.kubeconfig
context:
  description: Name of the context in the kubeconfig.
  returned: success
  type: str
  sample: simulated-demo
server:
  description: Address of the API server.
  returned: success
  type: str
  sample: https://127.0.0.1:24817
ports:
  description: Every port of the cluster by purpose; 0 where none was chosen yet.
  returned: success
  type: dict
  sample: {"api_server": 24817, "controller_manager": 21044, "etcd": 29102, "etcd_peer": 20311, "scheduler": 27777}
pids:
  description: Process numbers of the components that run.
  returned: success
  type: dict
  sample: {"etcd": 4711, "kube-apiserver": 4712, "kube-controller-manager": 4720, "kube-scheduler": 4721, "kwok": 4722}
versions:
  description: What each binary says about itself.
  returned: O(state=started)
  type: dict
  sample: {"etcd": "3.6.8", "kube-apiserver": "v1.36.3+autotrade.1", "kwok": "v0.8.0"}
bundles_current:
  description: Whether the cluster serves every kind of O(bundles).
  returned: success
  type: bool
  sample: true
stopped:
  description: Components that were stopped, in that order; in check mode those that would be.
  returned: success
  type: list
  elements: str
  sample: [kwok]
started:
  description: Components that were started, in that order; in check mode those that would be.
  returned: success
  type: list
  elements: str
  sample: [kwok]
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.autotrade.deployment.plugins.module_utils.edge.results import finish
from ansible_collections.autotrade.deployment.plugins.module_utils.edge.simulated_module import ARGUMENTS, REQUIRED_IF, run


def main() -> None:
    """Runs the module."""
    module = AnsibleModule(argument_spec=ARGUMENTS, required_if=REQUIRED_IF, supports_check_mode=True)
    finish(module, run(module.params, module.check_mode))


if __name__ == "__main__":
    main()
