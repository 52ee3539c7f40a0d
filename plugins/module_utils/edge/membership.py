# Copyright (c) autotrade.deployment engineers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Looks at a host's membership and runs kubeadm."""

from __future__ import annotations

import contextlib
import fcntl
import http.client
import json
import os
import ssl
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from ansible_collections.autotrade.deployment.plugins.module_utils.core.membership import (
    MARK_FILE,
    MembershipError,
    Standing,
    Traces,
    kubeadm_arguments,
    refusal,
    refuse_stranger,
    skipped_phases,
    standing,
)

MARK = Path(MARK_FILE)
ADMIN = Path("/etc/kubernetes/admin.conf")
_CA = "/etc/kubernetes/pki/ca.crt"
_READY_TIMEOUT_S, _POLL_S = 5, 0.5
_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


def look() -> Traces:
    """What lies on this host."""
    mark = _mark()
    return Traces(
        mark_cluster=mark.get("cluster", ""),
        mark_standing=mark.get("standing", ""),
        kubelet_conf=Path("/etc/kubernetes/kubelet.conf").exists(),
        control_plane=Path("/etc/kubernetes/manifests/kube-apiserver.yaml").exists(),
        etcd_data=Path("/var/lib/etcd/member").exists(),
    )


def _mark() -> Mapping[str, str]:
    try:
        found: dict[str, str] = json.loads(MARK.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except ValueError as error:
        raise MembershipError(
            f"{MARK}: cannot be read ({error}); expected JSON of this collection. Restore or remove it."
        ) from error
    return found


def api_ready(port: int) -> tuple[bool, str]:
    """Whether this host's own API server is ready, and why not."""
    if not Path(_CA).exists():
        return False, "no cluster CA on it"
    context = ssl.create_default_context(cafile=_CA)
    # The certificate names the node, not its loopback address; that the cluster's CA signed it is proof enough on loopback.
    context.check_hostname = False
    connection = http.client.HTTPSConnection("127.0.0.1", port, timeout=_READY_TIMEOUT_S, context=context)
    try:
        connection.request("GET", "/readyz")
        status = connection.getresponse().status
    except (OSError, http.client.HTTPException) as error:
        return False, f"/readyz: {error}"
    finally:
        connection.close()
    return (True, "") if status == http.client.OK else (False, f"/readyz answered {status}")


def info(params: Mapping[str, Any]) -> dict[str, Any]:
    """The result of the module ``cluster_member_info``."""
    traces = look()
    found = standing(traces, params["cluster"])
    patience = params["wait_timeout"] if found is Standing.MEMBER else 0
    ready, reason = _awaited(params["port"], patience) if traces.control_plane else (False, "no API server on it")
    refused = refusal(traces, params["cluster"]) if found is Standing.STRANGER else ""
    return {"changed": False, "standing": found.value, "refusal": refused, "ready": ready, "reason": reason}


def _awaited(port: int, patience: float) -> tuple[bool, str]:
    deadline = time.monotonic() + patience
    while True:
        ready, reason = api_ready(port)
        if ready or time.monotonic() >= deadline:
            return ready, reason
        time.sleep(_POLL_S)


def bring_in(params: Mapping[str, Any], check_mode: bool) -> dict[str, Any]:
    """Start a cluster on this host or let it join one, unless it is a member; the result of the module ``cluster_member``.

    :raises MembershipError: with a message for the user.
    """
    with contextlib.nullcontext() if check_mode else _alone():
        traces = look()
        found = standing(traces, params["cluster"])
        refuse_stranger(found, traces, params["cluster"])
        if found is Standing.MEMBER:
            return {"changed": False, "standing": found.value}
        if not check_mode:
            _note(params["cluster"], Standing.BEGUN)
            _kubeadm(params, traces, found)
            _note(params["cluster"], Standing.MEMBER)
    return {"changed": True, "standing": Standing.MEMBER.value, "diff": {"before": f"{found.value}\n", "after": "member\n"}}


@contextlib.contextmanager
def _alone() -> Iterator[None]:
    # A run that was killed on the controller leaves its kubeadm going here: the next run waits, at most for that one's timeout.
    # The kernel lets go of the lock when its holder dies.
    MARK.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
    with MARK.with_suffix(".lock").open("a", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _note(cluster: str, what: Standing) -> None:
    draft = MARK.with_suffix(".new")
    with draft.open("w", encoding="utf-8") as stream:
        json.dump({"cluster": cluster, "standing": what.value}, stream)
        stream.flush()
        os.fsync(stream.fileno())
    draft.replace(MARK)


def _kubeadm(params: Mapping[str, Any], traces: Traces, found: Standing) -> None:
    with tempfile.NamedTemporaryFile("w", suffix=".yaml", encoding="utf-8") as config:
        config.write(params["config"])
        config.flush()
        skipped = skipped_phases(params["action"], found, traces)
        run(kubeadm_arguments(params["action"], config.name, found, params["waived_checks"], skipped), params["timeout"])


def invite(params: Mapping[str, Any]) -> dict[str, Any]:
    """A token, the CA's hash and the key of the uploaded certificates, with which others join; all end after ``ttl``."""
    command = run(["kubeadm", "token", "create", f"--ttl={params['ttl']}", "--print-join-command"], params["timeout"]).split()
    uploaded = run(["kubeadm", "init", "phase", "upload-certs", "--upload-certs"], params["timeout"]).split()
    return {
        "changed": True,
        "token": command[command.index("--token") + 1],
        "ca_hash": command[command.index("--discovery-token-ca-cert-hash") + 1],
        "certificate_key": uploaded[-1],
    }


def run(command: list[str], timeout: float) -> str:
    """Run kubeadm and return what it printed.

    :raises MembershipError: with the end of what it said.
    """
    environment = {**os.environ, "PATH": _PATH, "KUBECONFIG": str(ADMIN)}
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=timeout, check=False, env=environment)
    except OSError as error:
        raise MembershipError(f"{command[0]}: {error.strerror}; expected it on this host. Run the role kubelet first.") from error
    except subprocess.TimeoutExpired as error:
        raise MembershipError(
            f"{' '.join(command[:2])}: not done within {timeout:g} s. Raise control_plane_timeout, or look at "
            "`journalctl -u kubelet` there; the next run goes on where this one stopped."
        ) from error
    if done.returncode:
        raise MembershipError(
            f"{' '.join(command[:2])}: exit status {done.returncode}: {(done.stderr or done.stdout).strip()[-3000:]}"
        )
    return done.stdout
