# Copyright (c) autotrade.deployment engineers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the kubelet says about each container of a pod."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from ansible_collections.autotrade.deployment.plugins.module_utils.core.objects import (
    KubeObject,
    dig,
    dig_int,
    dig_list,
    dig_text,
)


@dataclass(frozen=True)
class Container:
    """One container's status. ``waiting`` is the kubelet's reason, empty where it does not wait.

    ``ended`` and ``ended_before`` describe a bad end of this and of the last run, empty where there is none.
    """

    name: str
    init: bool
    ready: bool
    running: bool
    waiting: str
    message: str
    ended: str
    ended_reason: str
    ended_before: str
    restarts: int


def containers(pod: KubeObject) -> Iterator[Container]:
    """Init containers first. A restartable init container (sidecar) counts as an ordinary one."""
    sidecars = [
        dig(container, "name")
        for container in dig_list(pod, "spec", "initContainers")
        if dig(container, "restartPolicy") == "Always"
    ]
    for status in dig_list(pod, "status", "initContainerStatuses"):
        yield _read(status, init=dig(status, "name") not in sidecars)
    for status in dig_list(pod, "status", "containerStatuses"):
        yield _read(status, init=False)


def _read(status: Any, init: bool) -> Container:
    return Container(
        name=dig_text(status, "name", default="(no name)"),
        init=init,
        ready=dig(status, "ready") is True,
        running=dig(status, "state", "running") is not None,
        waiting=dig_text(status, "state", "waiting", "reason"),
        message=dig_text(status, "state", "waiting", "message", default="no details"),
        ended=_end(dig(status, "state", "terminated")),
        ended_reason=dig_text(status, "state", "terminated", "reason", default="Error"),
        ended_before=_end(dig(status, "lastState", "terminated")),
        restarts=dig_int(status, "restartCount"),
    )


def _end(terminated: Any) -> str:
    code = dig_int(terminated, "exitCode")
    if code == 0:
        return ""
    text = f"ended with code {code}, {dig_text(terminated, 'reason', default='Error')}"
    message = dig_text(terminated, "message")
    return f"{text}: {message}" if message else text
