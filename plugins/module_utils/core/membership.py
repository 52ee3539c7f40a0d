# Copyright (c) autotrade.deployment engineers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Whether a host belongs to the cluster, judged by what lies on it; who may bring others in; what kubeadm is told.

No host is special: whoever is a healthy member of the control plane may sponsor the others.
"""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum

#: Our own note of which cluster a host belongs to.
MARK_FILE = "/var/lib/autotrade/membership.json"
# What can be done about a host of another cluster.
WAY_OUT = f"Take it out of the inventory, correct cluster_name, or remove the old cluster: kubeadm reset, then {MARK_FILE}."

#: What kubeadm's preflight finds where an attempt of ours was cut: its own work, which it goes on with.
#: Names of the checks as in cmd/kubeadm/app/preflight/checks.go.
_OWN_TRACES = (
    "DirAvailable--etc-kubernetes-manifests",
    "DirAvailable--var-lib-etcd",
    "FileAvailable--etc-kubernetes-bootstrap-kubelet.conf",
    "FileAvailable--etc-kubernetes-kubelet.conf",
    "FileAvailable--etc-kubernetes-manifests-etcd.yaml",
    "FileAvailable--etc-kubernetes-manifests-kube-apiserver.yaml",
    "FileAvailable--etc-kubernetes-manifests-kube-controller-manager.yaml",
    "FileAvailable--etc-kubernetes-manifests-kube-scheduler.yaml",
    "FileAvailable--etc-kubernetes-pki-ca.crt",
    "Port-10250",
    "Port-10257",
    "Port-10259",
    "Port-2379",
    "Port-2380",
    "Port-6443",
)


class MembershipError(Exception):
    """Why this host, or this cluster, is left alone."""


class Standing(str, Enum):
    """What a host is to the cluster."""

    ABSENT = "absent"
    BEGUN = "begun"
    MEMBER = "member"
    STRANGER = "stranger"


@dataclass(frozen=True)
class Traces:
    """What lies on a host. ``mark`` is our own note, empty where there is none: the cluster's name, ``begun`` or ``member``."""

    mark_cluster: str = ""
    mark_standing: str = ""
    kubelet_conf: bool = False
    control_plane: bool = False
    etcd_data: bool = False


def standing(traces: Traces, cluster: str) -> Standing:
    """What the host is to ``cluster``.

    A host with a cluster's files and no note of ours, or with another cluster's note, is a stranger: nothing there is touched.
    """
    has_files = traces.kubelet_conf or traces.control_plane or traces.etcd_data
    if traces.mark_cluster and traces.mark_cluster != cluster:
        return Standing.STRANGER
    if traces.mark_standing == Standing.MEMBER.value and traces.kubelet_conf:
        return Standing.MEMBER
    if traces.mark_standing == Standing.BEGUN.value:
        return Standing.BEGUN
    return Standing.STRANGER if has_files else Standing.ABSENT


def refuse_stranger(found: Standing, traces: Traces, cluster: str) -> None:
    """Refuse a host with the remains of another cluster.

    :raises MembershipError: names what lies there and the way out.
    """
    if found is Standing.STRANGER:
        raise MembershipError(refusal(traces, cluster))


def refusal(traces: Traces, cluster: str) -> str:
    """Why a stranger is left alone: what lies there, and the way out."""
    present = {
        "/etc/kubernetes/kubelet.conf": traces.kubelet_conf,
        "/etc/kubernetes/manifests/kube-apiserver.yaml": traces.control_plane,
        "/var/lib/etcd/member": traces.etcd_data,
    }
    seen = ", ".join(path for path, there in present.items() if there) or "no file of it"
    whose = (
        f"a member of cluster {traces.mark_cluster}"
        if traces.mark_cluster
        else "a member of a cluster that this collection did not make"
    )
    return f"this host is {whose} ({seen}); expected a host without a cluster, or a member of {cluster}. {WAY_OUT}"


@dataclass(frozen=True)
class Seen:
    """What was seen of one control plane host: its standing, whether its own API server is ready, and why not."""

    standing: Standing
    ready: bool
    reason: str = ""


def sponsor(seen: Mapping[str, Seen], unseen: Sequence[str]) -> str | None:
    """The host that brings others in, or None where there is no cluster yet.

    :param seen: control plane host -> what was seen of it, in the inventory's order.
    :param unseen: control plane hosts that did not answer.
    :raises MembershipError: there may be a cluster that cannot take anybody in now; a second one is never started beside it.
    """
    ready = [name for name, host in seen.items() if host.standing is Standing.MEMBER and host.ready]
    if ready:
        return ready[0]
    members = [f"{name} ({host.reason or 'not ready'})" for name, host in seen.items() if host.standing is Standing.MEMBER]
    if members:
        raise MembershipError(
            f"{', '.join(members)}: members of the control plane, and none has a ready API server; expected one. "
            "Repair it first: a new cluster is never started beside an old one."
        )
    if unseen:
        raise MembershipError(
            f"{', '.join(unseen)}: did not answer, and no other host of the control plane is a member; one may hold the cluster. "
            "Expected an answer of every control plane host before a cluster is started. Bring them up, or take them out of "
            "the inventory."
        )
    return None


def founder(seen: Mapping[str, Seen], present: Container[str]) -> str | None:
    """The host that starts the cluster: one that had begun, else any; the inventory's order decides and means nothing later.

    :param present: the hosts that this run goes on with; None is answered where no control plane host is among them.
    :raises MembershipError: a host that had begun is not among them, and another one would start a second cluster.
    """
    begun = [name for name, host in seen.items() if host.standing is Standing.BEGUN]
    if begun and begun[0] not in present:
        raise MembershipError(
            f"{begun[0]}: had begun to start the cluster, and this run leaves it out (--limit, or it failed before); expected it "
            "to go on there. Run without --limit, or repair what failed on it."
        )
    return next((name for name in (*begun, *seen) if name in present), None)


def skipped_phases(action: str, found: Standing, traces: Traces) -> list[str]:
    """The phases of kubeadm that an attempt which was cut has behind it and cannot do again.

    A kubelet with credentials of its own has started with the cluster's settings. kubeadm would start it once more, and refuses
    that where the node is ready by now (cmd/kubeadm/app/cmd/phases/join/kubelet.go).
    """
    return ["kubelet-start"] if action == "join" and found is Standing.BEGUN and traces.kubelet_conf else []


def kubeadm_arguments(action: str, config: str, found: Standing, waived: Sequence[str], skipped: Sequence[str] = ()) -> list[str]:
    """The command that brings the host in; one that was cut goes on where it was, and nothing is reset.

    :param action: ``init`` or ``join``.
    :param waived: checks of kubeadm's preflight that the inventory switches off.
    :param skipped: phases that are left out.
    """
    ignored = [*waived, *(_OWN_TRACES if found is Standing.BEGUN else ())]
    waivers = [f"--ignore-preflight-errors={','.join(ignored)}"] if ignored else []
    skips = [f"--skip-phases={','.join(skipped)}"] if skipped else []
    quiet = ["--skip-token-print"] if action == "init" else []
    return ["kubeadm", action, f"--config={config}", *quiet, *waivers, *skips]
