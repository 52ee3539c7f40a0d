# Copyright (c) autotrade.deployment engineers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What pods and events tell about a workload that does not get ready: for messages that name the cause."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from ansible_collections.autotrade.deployment.plugins.module_utils.core.objects import KubeObject, dig, dig_list, dig_map
from ansible_collections.autotrade.deployment.plugins.module_utils.core.readiness.model import Readiness, State

WORKLOADS = frozenset({"Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "Job", "Pod"})
POD_SECURITY = "violates PodSecurity"
_QUIET_WAITING = frozenset({"ContainerCreating", "PodInitializing"})


@dataclass(frozen=True)
class Sickness:
    """One container of one pod that does not run: what the kubelet says, and how it ended the last time."""

    pod: str
    container: str
    reason: str
    exit_code: int | None
    message: str
    has_log: bool
    previous: bool

    def __str__(self) -> str:
        code = f", exit code {self.exit_code}" if self.exit_code is not None else ""
        said = f": {self.message}" if self.message else ""
        return f"pod {self.pod}, container {self.container}: {self.reason}{code}{said}"


def sicknesses(pod: KubeObject) -> Iterator[Sickness]:
    """Containers of the pod that wait for a bad reason or have ended badly; init containers first."""
    name = str(dig(pod, "metadata", "name"))
    for field in ("initContainerStatuses", "containerStatuses"):
        for status in dig_list(pod, "status", field):
            sickness = _sickness(name, status)
            if sickness is not None:
                yield sickness


def _sickness(pod: str, status: KubeObject) -> Sickness | None:
    waiting, ended = dig_map(status, "state", "waiting"), dig_map(status, "state", "terminated")
    before = dig_map(status, "lastState", "terminated")
    bad_wait = waiting.get("reason") not in _QUIET_WAITING if waiting else False
    bad_end = bool(ended) and ended.get("exitCode") != 0
    if not bad_wait and not bad_end:
        return None
    end = ended or before
    reason = str((waiting or ended).get("reason", "not running"))
    if waiting and before.get("reason"):
        reason += f" (last time {before['reason']})"
    message = str(waiting.get("message") or end.get("message") or "")
    return Sickness(pod, str(status.get("name")), reason, end.get("exitCode"), message, bool(end), bool(waiting and before))


def unschedulable(pod: KubeObject) -> str | None:
    """The scheduler's own words about a pod that finds no node."""
    for condition in dig_list(pod, "status", "conditions"):
        if condition.get("type") == "PodScheduled" and condition.get("status") == "False":
            return f"pod {dig(pod, 'metadata', 'name')}: {condition.get('reason')}: {condition.get('message')}"
    return None


def refused(workload: KubeObject, events: Iterable[KubeObject]) -> Readiness | None:
    """FAILED where the API server refused the workload's pods for good: pod security does not change by waiting.

    StatefulSets, DaemonSets and Jobs say this in events only. Quota may become free again, so it is quoted at the deadline.
    """
    for event in events:
        message = str(event.get("message", ""))
        if POD_SECURITY in message and _about(event, workload):
            return Readiness(State.FAILED, "PodsForbidden", message)
    return None


def refusals(workload: KubeObject, events: Iterable[KubeObject]) -> list[str]:
    """What the API server said to the workload's controller when it refused pods, newest last, each once."""
    return list(dict.fromkeys(str(event.get("message", "")) for event in events if _about(event, workload)))


def _about(event: KubeObject, workload: KubeObject) -> bool:
    """Whether the event is about this incarnation, or about a ReplicaSet or Job that bears its name."""
    involved = dig_map(event, "involvedObject")
    if involved.get("uid") == dig(workload, "metadata", "uid"):
        return True
    name, kind = str(dig(workload, "metadata", "name")), workload.get("kind")
    child = {"Deployment": "ReplicaSet", "CronJob": "Job"}.get(str(kind))
    return involved.get("kind") == child and str(involved.get("name", "")).rpartition("-")[0] == name
