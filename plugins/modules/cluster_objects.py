#!/usr/bin/python
# Copyright (c) autotrade.deployment engineers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Applies a whole set of Kubernetes objects: documentation and wiring, the work is in ``module_utils``."""

from __future__ import annotations

DOCUMENTATION = r"""
module: cluster_objects
short_description: Apply, delete or export a whole set of Kubernetes objects
version_added: 0.1.0
author: The autotrade.deployment engineers (@autotrade)
description:
  - Takes a set of objects and brings the cluster to it by server-side apply, in one task and one process.
  - Every object that would change is first sent as a strict dry run. All refusals are told together, and nothing is written
    unless the API server accepts everything that it can judge. An object whose definition or namespace comes with the same set
    is judged right before its own wave.
  - Objects are applied in waves. First namespaces and definitions, then classes, then access rights, quotas, disruption budgets
    and network policies, then configuration, storage, workloads, autoscalers and routes, and webhooks last.
  - What is there is read by one LIST per kind and namespace. An object that our field manager applied with the same fields and
    values is not written again, so a second run sends no write at all.
  - Inside a wave an object may name others that must be ready before it is applied, by the annotation
    C(config.kubernetes.io/depends-on) of cli-utils, V(group/namespaces/namespace/kind/name) or V(group/kind/name), several with
    commas between them. They may stand in the manifests or in the cluster. Deletion goes the other way.
  - A field that another manager holds with another value is a conflict. It is reported with path, manager and both values, and
    is neither taken nor left unless a rule in O(conflicts) says so.
  - Where a HorizontalPodAutoscaler or a KEDA ScaledObject scales a workload, C(spec.replicas) of the manifest counts at its
    creation only.
extends_documentation_fragment:
  - autotrade.deployment.connection
  - autotrade.deployment.wait
options:
  state:
    description:
      - V(present) applies, V(absent) deletes what is there in the reverse order, and with O(wait=true) waits until it is gone.
      - V(exported) renders O(template) into files below O(export_dir) and needs no cluster.
      - V(rendered) does the same for a later task that reads them. It writes in check mode too, and never reports a change.
    type: str
    choices: [present, absent, exported, rendered]
    default: present
  template:
    description:
      - Template files, or directories below the C(templates) folder of the role. A directory stands for every C(*.yaml.j2) in it.
      - A text, a mapping with the key C(path), or a list of both. They are rendered on the controller.
    type: raw
  src:
    description: Manifest files, or a list of them, found on the controller in the C(files) folder of the role or by their path.
    type: raw
  definition:
    description: Objects given in the task. A mapping, YAML text with one or more documents, or a list of both.
    type: raw
    aliases: [resource_definition, definitions, inline]
  export_dir:
    description:
      - Folder on the controller for O(state=exported) and O(state=rendered).
      - Files are written to a folder in it that has the role's name.
    type: path
  namespace:
    description: Namespace of the objects that need one and name none; by default the one in the kubeconfig's context.
    type: str
  field_manager:
    description: Name under which the API server keeps the fields that are ours.
    type: str
    default: autotrade.deployment
  conflicts:
    description:
      - Rules for fields that another manager holds with another value. The first rule that covers a conflict decides.
      - An object is written only where every conflict in it is decided by V(take) or V(yield).
    type: list
    elements: dict
    default: []
    suboptions:
      path:
        description:
          - Field path as the conflict message writes it, such as V(.spec.replicas). It covers what lies below it.
          - V(*) stands for one name or list item, as in V(.spec.template.spec.containers.*.image).
          - A path that means the whole object is refused, because it would silence conflicts that nobody has looked at.
        type: str
        required: true
      policy:
        description:
          - V(fail) reports the conflict, V(take) makes the field ours, V(yield) leaves the field to the manager that holds it.
        type: str
        choices: [fail, take, yield]
        required: true
      managers:
        description: Names of the managers that the rule is about, with V(*) for any text. By default it is about every manager.
        type: list
        elements: str
        default: []
  migrate_managers:
    description:
      - Field managers of earlier tools that never come back. What they wrote before us becomes ours, so that a field which left
        the manifests does not live on. A warning names the objects.
      - A manager that holds no field of the manifest is left alone. With an empty list nothing is taken over.
    type: list
    elements: str
    default: [kubectl-client-side-apply, kubectl-create, kubectl-edit, before-first-apply]
  hidden_fields:
    description:
      - Field paths that are not shown in differences and messages, such as V(spec.template.spec.containers.*.env.*.value).
      - Data of Secrets is never shown, nor are texts that are named like a secret. Those are keys, and names of C(env), that end
        in V(password), V(passphrase), V(pwd), V(secret), V(token), V(credentials), V(apiKey), V(privateKey) or V(secretKey).
    type: list
    elements: str
    default: []
  applyset:
    description:
      - Makes the objects one ApplySet as Kubernetes defines it (KEP-3659), so that O(prune) can find what left the manifests.
      - Members carry the label C(applyset.kubernetes.io/part-of). One object, the parent, records their kinds and namespaces.
      - A set that belongs to another tool is refused, and so is one that misses its record.
      - With O(state=absent) and O(prune) the other members of the set are deleted too, and the parent with the last of them.
    type: dict
    suboptions:
      name:
        description: Name of the parent.
        type: str
        required: true
      namespace:
        description: Namespace of the parent; by default that of O(namespace). It may be among the objects themselves.
        type: str
      kind:
        description: Kind of the parent.
        type: str
        choices: [ConfigMap, Secret]
        default: ConfigMap
      adopt:
        description: Whether objects that belong to another set are taken over; otherwise they are refused.
        type: bool
        default: false
  prune:
    description:
      - Deletes members of O(applyset) that are in the manifests no more, in the reverse of apply order, each only as long as it
        is the object that was read.
      - Nothing is deleted unless every object was applied and, with O(wait=true), is ready. Do not use it with a part of the set.
      - Kept are objects with the annotation C(autotrade.deployment/prune) V(never), objects that a controller owns, and what
        takes more with it, unless O(prune.allow) names it.
    type: dict
    suboptions:
      enabled:
        description: Whether anything is deleted. Without, members are labelled and recorded only.
        type: bool
        default: true
      allow:
        description:
          - What may be deleted although more goes with it, as kind, slash and name. In the name C(*) and C(?) may stand.
          - The kinds are V(Namespace), V(CustomResourceDefinition.apiextensions.k8s.io), V(PersistentVolumeClaim),
            V(PersistentVolume), and V(StatefulSet.apps) where it deletes its claims.
        type: list
        elements: str
        default: []
      max_count:
        description: The most objects that one run may delete. More are refused, and none is deleted.
        type: int
        default: 20
      max_share:
        description: The largest share of all members that one run may delete, in percent. More are refused, and none is deleted.
        type: int
        default: 50
  progress_file:
    description:
      - File to which a JSON line is appended at each step.
      - By default progress is shown on the terminal, where the module runs on the controller.
    type: path
attributes:
  check_mode:
    support: full
    description:
      - Every object that is not as it should be is judged by the API server in a dry run, with admission.
      - Objects whose kind or namespace does not exist yet cannot be judged, and are marked RV(ignore:unvalidated).
      - Where no API server answers yet, every object is reported as one that would be created, unvalidated, with a warning.
  diff_mode:
    support: full
    description: Without what the server adds for itself; values of Secrets show only whether they are equal.
notes:
  - The values of a manifest never appear in the task's result, in its invocation or in a log of the host.
seealso:
  - module: autotrade.deployment.readiness_info
"""

EXAMPLES = r"""
- name: Apply the objects of a role and wait until they are ready
  autotrade.deployment.cluster_objects:
    template: objects
    kubeconfig: "{{ kubeconfig }}"
    wait: true
    wait_timeout: 300

- name: Apply objects that stand in the task
  autotrade.deployment.cluster_objects:
    kubeconfig: "{{ kubeconfig }}"
    namespace: demo
    definition:
      - apiVersion: v1
        kind: Namespace
        metadata:
          name: demo
      - apiVersion: v1
        kind: ConfigMap
        metadata:
          name: limits
        data:
          max-position: "100"

- name: Take the replicas over from whoever set them, and leave the image to the people on call
  autotrade.deployment.cluster_objects:
    kubeconfig: "{{ kubeconfig }}"
    src: web.yaml
    conflicts:
      - path: .spec.replicas
        policy: take
      - path: .spec.template.spec.containers.*.image
        policy: yield
        managers: [kubectl-*]

- name: Wait for a custom resource by a rule of our own
  autotrade.deployment.cluster_objects:
    kubeconfig: "{{ kubeconfig }}"
    src: database.yaml
    wait: true
    readiness_rules:
      - kind: Database.example.com
        ready: "status.phase == 'Running'"
        failed: "status.phase == 'Broken'"
        explanation: status.detail

- name: Apply a set, and delete what left it once the rest is ready
  autotrade.deployment.cluster_objects:
    kubeconfig: "{{ kubeconfig }}"
    src: web.yaml
    wait: true
    applyset:
      name: web
      namespace: demo
    prune:
      max_count: 5

- name: Delete the objects and wait until they are gone
  autotrade.deployment.cluster_objects:
    kubeconfig: "{{ kubeconfig }}"
    src: web.yaml
    state: absent
    wait: true
"""

RETURN = r"""
result:
  description: What became of each object.
  returned: when a cluster or a prediction was asked for
  type: complex
  contains:
    results:
      description: One entry per object, in apply order.
      type: list
      elements: dict
      sample:
        - api_version: apps/v1
          kind: Deployment
          namespace: demo
          name: web
          method: apply
          changed: true
          unvalidated: false
          source: demo/templates/objects/web.yaml.j2
          paths: [spec.replicas]
          state: ready
          reason: Ready
          message: "Available: 2/2"
        - api_version: apps/v1
          kind: Deployment
          namespace: demo
          name: worker
          method: apply
          changed: true
          unvalidated: false
          source: demo/templates/objects/worker.yaml.j2
          paths: [spec.replicas]
          conflicts:
            - {path: .spec.replicas, manager: kubectl-edit, ours: 3, theirs: 5, decided: take}
counts:
  description:
    - Number of objects by method, C(create), C(apply), C(unchanged), C(delete), C(absent), C(prune) and C(kept).
    - C(prune) was deleted because it left the manifests, C(kept) left them too and was not deleted; C(notes) say why.
  returned: when a cluster or a prediction was asked for
  type: dict
requests:
  description: Number of requests that were sent, by HTTP method. Dry runs are counted apart.
  returned: when a cluster or a prediction was asked for
  type: dict
  sample: {GET: 4}
problems:
  description:
    - Why objects were refused or did not get ready. Each has the object's identity, its source, a reason and a message.
    - Field conflicts stand in C(conflicts) with C(path), C(manager), C(ours), C(theirs) and C(decided).
  returned: on failure
  type: list
  elements: dict
unwritten:
  description: Objects that were to change or to go and were not reached. What was written has C(changed) in RV(result).
  returned: on failure
  type: list
  elements: str
duration:
  description: Seconds that the module worked.
  returned: when a cluster or a prediction was asked for
  type: float
files:
  description: Files that O(state=exported) keeps.
  returned: with O(state=exported) and O(state=rendered)
  type: list
  elements: str
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.autotrade.deployment.plugins.module_utils.edge.apply_module import argument_spec, run_module
from ansible_collections.autotrade.deployment.plugins.module_utils.edge.arguments import connection_options, wait_options


def main() -> None:
    run_module(AnsibleModule(argument_spec=argument_spec(connection_options(), wait_options()), supports_check_mode=True))


if __name__ == "__main__":
    main()
