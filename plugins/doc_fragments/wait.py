# Copyright (c) autotrade.deployment engineers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Options of every module that waits for objects."""

from __future__ import annotations


class ModuleDocFragment:
    """Waiting is by watch, for the whole set, and ends as soon as one object has failed."""

    DOCUMENTATION = r"""
options:
  wait:
    description:
      - Whether each wave must be ready before the next one begins, and the last one before the task ends.
      - The wait ends at once when an object has failed, and quotes the pod, its reason, its exit code and its last log lines.
      - Paused workloads, and claims that wait for their first consumer, do not hold it up.
    type: bool
    default: false
  wait_timeout:
    description: Seconds for the whole set, from the beginning of the task.
    type: int
    default: 120
  wait_sleep:
    description:
      - Has no effect, because waiting is by watch.
      - It is accepted so that tasks written for kubernetes.core run as they are.
    type: int
    default: 5
  wait_settle:
    description: Seconds that the controller of a custom resource has to write a first status; then its mere existence counts.
    type: int
    default: 10
  readiness_rules:
    description: Rules that take the place of the built-in one for a kind, as JMESPath on the whole object.
    type: list
    elements: dict
    default: []
    suboptions:
      kind:
        description: Kind and group, such as V(Certificate.cert-manager.io); V(ConfigMap) alone for the core group.
        type: str
        required: true
      ready:
        description: The object is ready where this holds.
        type: str
        required: true
      failed:
        description: The object has failed where this holds, so that nobody waits for it any longer.
        type: str
      explanation:
        description: Gives the sentence that is shown.
        type: str
"""
