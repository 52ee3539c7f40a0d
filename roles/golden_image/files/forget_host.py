"""Removes from a host what two machines must not share: ``forget_host.py ROOT``.

Prints what it removed as JSON. A host that is, or was, a node of a cluster is refused and left as it is: the keys and names
that go here are the ones by which its cluster knows it.
"""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

# One of these lies on every host that joined, or began to.
NODE = (
    "etc/kubernetes/kubelet.conf",
    "etc/kubernetes/bootstrap-kubelet.conf",
    "etc/kubernetes/pki",
    "etc/kubernetes/manifests/*",
    "var/lib/etcd/member",
    "var/lib/kubelet/config.yaml",
    "var/lib/kubelet/pki",
    "var/lib/autotrade/membership.json",
)
# An empty machine-id is made anew at the next boot (machine-id(5)); a missing one would make that boot a "first boot" to systemd.
EMPTIED = ("etc/machine-id", "etc/hostname", "var/log/wtmp", "var/log/btmp", "var/log/lastlog")
REMOVED = (
    "etc/ssh/ssh_host_*",
    "etc/iscsi/initiatorname.iscsi",
    "etc/autotrade/join.yaml",
    "root/.ssh/authorized_keys",
    "root/.*_history",
    "home/*/.ssh/authorized_keys",
    "home/*/.*_history",
    "tmp/*",
    "var/cache/apt/archives/*.deb",
    "var/lib/cloud/*",
    "var/lib/dbus/machine-id",
    "var/lib/dhcp/*",
    "var/lib/NetworkManager/*",
    "var/lib/systemd/random-seed",
    "var/log/**/*.gz",
    "var/log/**/*.log",
    "var/log/**/*.log.*",
    "var/log/containers",
    "var/log/dmesg*",
    "var/log/journal/*",
    "var/log/pods",
    "var/log/syslog*",
    "var/tmp/*",
)


class NodeError(Exception):
    """Why this host is left as it is."""


def traces(root: Path) -> list[str]:
    """What says that this host is a node, or was one."""
    return [str(path.relative_to(root)) for pattern in NODE for path in sorted(root.glob(pattern))]


def own(root: Path) -> Iterator[Path]:
    """What belongs to this host alone and is still there; symbolic links are not followed."""
    for name in EMPTIED:
        path = root / name
        if path.is_file() and path.stat().st_size:
            yield path
    for pattern in REMOVED:
        yield from (path for path in sorted(root.glob(pattern)) if path.is_symlink() or path.exists())


def forget(root: Path) -> list[str]:
    """Empty or remove all of it; what was touched. Raises NodeError for a host of a cluster."""
    if found := traces(root):
        raise NodeError(f"{', '.join(found)}: this host is, or was, a node; expected one that never joined. Nothing was removed.")
    forgotten = []
    for path in list(own(root)):
        name = str(path.relative_to(root))
        if name in EMPTIED:
            path.write_bytes(b"")
        elif path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)
        forgotten.append(name)
    return forgotten


def main(arguments: list[str]) -> int:
    """Forget, and say what."""
    if len(arguments) != 1:
        print("forget_host.py: expected one argument, the root of the host's files", file=sys.stderr)
        return 2
    try:
        print(json.dumps({"forgotten": forget(Path(arguments[0]))}))
    except NodeError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
