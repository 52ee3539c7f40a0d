#!/usr/bin/python
# Copyright (c) autotrade.deployment engineers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Says whether a set of objects fits quota and nodes: documentation and wiring, the work is in ``module_utils``."""

from __future__ import annotations

DOCUMENTATION = r"""
module: capacity_info
short_description: Say whether a set of objects fits its quotas and the nodes, and what does not, by name
version_added: 0.1.0
author: The autotrade.deployment engineers (@autotrade)
description:
  - Works out what a set of objects asks for before any of it is applied, and judges it against every ResourceQuota and against
    the nodes, in steady state and in the situations that a system has to get through.
  - The wanted objects are judged beside what stands in the cluster. Pods of their own workloads are replaced, pods of others
    hold their room, and pods that are being deleted hold their node's room until they are gone. With none of O(template),
    O(src), O(definition) and O(export_dir), what stands is what is wanted.
  - Pods are charged by Kubernetes' own rules, with LimitRange defaults, RuntimeClass overhead and the proxy of the mesh.
  - With O(placement=true) the real kube-scheduler is asked whether each pod finds a place. It runs on a scratch control plane on
    loopback, without root, with the nodes and pods of the cluster, and nothing of it is left afterwards.
  - Reading never changes anything. A situation that does not fit is an answer and no failure of the module.
extends_documentation_fragment:
  - autotrade.deployment.connection
options:
  template:
    description:
      - Template files, or directories below the C(templates) folder of the role, as M(autotrade.deployment.cluster_objects)
        takes them.
    type: raw
  src:
    description: Manifest files or folders of them, or a list of both, found on the controller.
    type: raw
  definition:
    description: Objects given in the task. A mapping, YAML text with one or more documents, or a list of both.
    type: raw
    aliases: [resource_definition, definitions, inline]
  export_dir:
    description: Folder on the controller with a tree of manifests, as C(playbooks/export.yml) writes it.
    type: path
  namespace:
    description: Namespace of the objects that need one and name none; V(default) unless set.
    type: str
  nodes:
    description:
      - Node objects to judge against where no API server answers, or its cluster has no node yet.
      - Either with a status, or as the filter P(autotrade.deployment.simulated_nodes#filter) makes them from an inventory.
    type: list
    elements: dict
    default: []
  reserved:
    description: What each of O(nodes) made by that filter keeps back for itself, by resource.
    type: dict
    default: {}
  situations:
    description:
      - V(steady) is every workload with its replicas, or as many as its autoscaler has set.
      - V(surge) is a rollout of one component with its extra pods, or one run of a CronJob; each component in turn.
      - V(blue_green) is each component of O(blue_green) with two full sets of pods.
      - V(autoscaler_maximum) is every autoscaler at its maximum at once.
      - V(node_lost) is the loss of one node, each in turn, and V(zone_lost) that of one zone.
    type: list
    elements: str
    choices: [steady, surge, blue_green, autoscaler_maximum, node_lost, zone_lost]
    default: [steady, surge, blue_green, autoscaler_maximum, node_lost, zone_lost]
  blue_green:
    description:
      - Components that stand with two full sets of pods in V(blue_green), by the value of their label C(app).
      - By default those with Deployments whose pods are labelled C(version=blue) or C(version=green).
    type: list
    elements: str
    default: []
  scale:
    description: The factor that the usual sizes of the mesh's proxies are multiplied by (C(trading_system_scale)).
    type: str
    default: "1"
  placement:
    description:
      - Whether the scheduler is asked. Without it, nodes are judged by sums alone, which show what cannot fit; that sums fit does
        not prove that each pod finds a place.
      - Where its programs are missing, or it is not done in time, RV(placement) says so, and the sums remain.
    type: bool
    default: false
  binary_directory:
    description: >-
      Folder with C(etcd), C(kube-apiserver) and C(kube-scheduler) on the host where the module runs; by default C(bin) of the
      artifact store, E(AUTOTRADE_STORE).
    type: path
  placement_timeout:
    description: Seconds that the scheduler may take for all situations together.
    type: int
    default: 120
attributes:
  check_mode:
    support: full
    description: Changes nothing anyway.
  diff_mode:
    support: none
    description: There is nothing to compare.
notes:
  - The scheduler may displace less important pods, as in a real cluster. Displaced pods look for another place; that they have to
    is V(tight). It breaks ties by chance, so a pod that it places shows a placement, and a pod that it does not place shows that
    it would not be placed, not that it could not be.
  - It runs with the default profile. Pods that name another scheduler are placed by it, too. Dynamic resource claims
    (C(resource.k8s.io)) are not judged.
  - Claims without a bound volume bind wherever their pod comes to stand. Pods whose bound volume lies on a lost node wait for it.
  - The quota is charged in V(node_lost) and V(zone_lost) as in V(steady). Kubernetes also charges the pods of a lost node until
    their grace period has passed twice.
  - Secrets and ConfigMaps are counted by name; their content is neither asked for nor needed.
seealso:
  - module: autotrade.deployment.cluster_objects
  - module: autotrade.deployment.requirements_info
"""

EXAMPLES = r"""
- name: Ask whether a tree of manifests fits before it is applied
  autotrade.deployment.capacity_info:
    kubeconfig: "{{ cluster_kubeconfig }}"
    export_dir: build/manifests
    situations: [steady, blue_green]
  register: capacity

- name: Refuse it when it does not
  ansible.builtin.assert:
    that: capacity.fits
    fail_msg: "{{ capacity.situations | map(attribute='message') | join(' ') }}"

- name: Ask the scheduler which pods of the running system would find no place without one of its nodes or zones
  autotrade.deployment.capacity_info:
    kubeconfig: "{{ cluster_kubeconfig }}"
    situations: [node_lost, zone_lost]
    placement: true

- name: Judge before there is a cluster, against the hosts of the inventory
  autotrade.deployment.capacity_info:
    src: manifests/
    nodes: "{{ groups['cpu_nodes'] | autotrade.deployment.simulated_nodes(hostvars) }}"
    reserved: {cpu: "1", memory: 2Gi}
"""

RETURN = r"""
fits:
  description: Whether none of the situations has the state C(does_not_fit).
  returned: success
  type: bool
judged_against:
  description: C(cluster), or C(nodes) where there is no cluster with nodes and the option O(nodes) was used.
  returned: success
  type: str
  sample: cluster
placement:
  description: Whether the scheduler was asked.
  returned: success
  type: dict
  contains:
    state:
      description: C(run), C(not_run) where it could not be asked about every situation, or C(not_asked).
      type: str
      returned: always
      sample: run
    reason:
      description: Why, and what to do about it.
      type: str
      returned: always
situations:
  description: One entry per situation, in the order of the option.
  returned: success
  type: list
  elements: dict
  contains:
    name:
      description: The situation.
      type: str
      returned: always
      sample: autoscaler_maximum
    state:
      description: C(fits), C(tight) (a doubt, told by reason and message) or C(does_not_fit).
      type: str
      returned: always
      sample: does_not_fit
    reason:
      description: >-
        One word. C(Fits), C(Placed), C(NothingToDo); C(Fragmented) where the sums fit and a first-fit packing does not,
        C(Displaces) where running pods have to move, C(NodesUnknown); C(QuotaExceeded), C(ResourcesNotStated), C(TooLittleRoom),
        C(Unschedulable).
      type: str
      returned: always
      sample: QuotaExceeded
    message:
      description: What does not fit, by name, with figures and the settings to change; else the fullest figures.
      type: str
      returned: always
    case:
      description: The worst case of the situation, such as the node that was lost; empty where there is only one.
      type: str
      returned: always
      sample: Node gpu-1 lost
    quota:
      description: Every figure of every quota in that case, as quantities.
      type: list
      elements: dict
      returned: always
      sample:
        - {namespace: trading-system, name: trading-system-quota, resource: requests.cpu, used: 48860m, hard: "64", fits: true}
    nodes:
      description: >-
        What workloads that are confined to some nodes ask for, and the room that these nodes have for them; each resource on each
        such set of nodes.
      type: list
      elements: dict
      returned: always
      sample:
        - {nodes: [gpu-1, gpu-2], resource: nvidia.com/gpu, asked: "2", room: "2", components: [model-training], fits: true}
    unplaced:
      description: >-
        Pods without a place by workload, with the scheduler's reason; where it was not asked, those that a first-fit packing
        leaves over.
      type: list
      elements: dict
      returned: always
      sample:
        - component: Deployment trading-system/model-training
          pods: 1
          message: "0/15 nodes are available: 1 Insufficient nvidia.com/gpu, 14 node(s) didn't match Pod's node affinity/selector"
components:
  description: The wanted workloads, with the requests and limits of one pod.
  returned: success
  type: list
  elements: dict
  sample:
    - namespace: trading-system
      name: trading-strategy
      kind: Deployment
      pods: 3
      surge: 1
      maximum: 10
      requests: {cpu: 2100m, memory: 4224Mi}
      limits: {cpu: 4500m, memory: 8704Mi}
not_counted:
  description: Keys of quotas that are not judged, among them those that Kubernetes accepts and ignores.
  returned: success
  type: list
  elements: str
  sample: [limits.nvidia.com/gpu]
nodes:
  description: How many nodes were judged against.
  returned: success
  type: int
  sample: 16
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.autotrade.deployment.plugins.module_utils.edge.arguments import connection_options
from ansible_collections.autotrade.deployment.plugins.module_utils.edge.capacity_module import argument_spec, run_module


def main() -> None:
    run_module(AnsibleModule(argument_spec=argument_spec(connection_options()), supports_check_mode=True))


if __name__ == "__main__":
    main()
