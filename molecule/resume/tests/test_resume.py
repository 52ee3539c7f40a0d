"""Runs that are killed on their way come to the same end; a host that was dead joins later, and nobody else is touched."""

from __future__ import annotations

import os
import random
import time
from base64 import b64decode
from collections.abc import Iterable
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

from tests.support.cut_runs import Cut, Ran, draw, run
from tests.support.lab import Lab, eventually

ROOT = Path(__file__).resolve().parents[3]
LAB = Lab("resume", "10.89.40")
PLAYBOOK = str(ROOT / ".venv/bin/ansible-playbook")
# Molecule asks for colours, and a recap in colours is read as no recap.
ENVIRONMENT = {**os.environ, "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg"), "ANSIBLE_FORCE_COLOR": "0", "ANSIBLE_NOCOLOR": "1"}
SETTINGS = ("-e", f"lab_size=small lab_hosts_name={LAB.name} lab_network={LAB.network}")
KILLS = int(os.environ.get("RESUME_KILLS", "10"))
SEED = int(os.environ.get("RESUME_SEED", "0")) or time.time_ns() % 1_000_000
# Runs that go on behind each other have about 110 ticks to do in all; so far apart, the kills spread over them.
STEP = 110 // KILLS
LATE = "cpu-2"
GONE_S, BOOT_S, READY_S = 600.0, 120.0, 120.0
# The longest that any lives is the one that guards the certificates on their way to other control plane hosts.
TOKEN_LIFE = timedelta(hours=2)
# What a file that was being written is called, by this collection (.NAME.XXXXXXXX, NAME.new) and by dpkg.
DRAFTS = r".*/(\.[^/]+\.[a-z0-9_]{8}|[^/]+\.new|[^/]+\.dpkg-new|[^/]+\.dpkg-tmp)"
# Where kubeadm's configuration lies, with its token, for as long as kubeadm runs; and what Ansible copies to a host.
TEMPORARY = "/tmp/tmp*.yaml ~root/.ansible/tmp/* /home/*/.ansible/tmp/*"
# All that a run writes on a host; what the kubelet keeps of its pods changes by itself.
WRITTEN = "/etc /opt /usr/local /var/lib/autotrade /var/lib/kubelet/config.yaml /var/lib/kubelet/pki ~root /home"


def play(name: str, *arguments: str, cut: Cut | None = None, known: int = 0) -> Ran:
    command = [PLAYBOOK, f"playbooks/{name}.yml", "-i", "inventories/lab", *SETTINGS, *arguments]
    return run(command, ROOT, ENVIRONMENT, cut, known)


def provision(*arguments: str) -> Ran:
    """A run that nobody kills."""
    return to_its_end("provision", *arguments)


def to_its_end(name: str, *arguments: str) -> Ran:
    ran = play(name, *arguments)
    print(f"  ran to its end in {ran.seconds:.0f} s, exit status {ran.status}")
    return ran


def killed_runs() -> list[Ran]:
    """Start again after each kill; what a run does by itself in between has to be right."""
    print(f"\nseed {SEED} (RESUME_SEED)")
    chance, runs = random.Random(SEED), list[Ran]()
    for number, cut in enumerate(draw(chance, KILLS, STEP), 1):
        known = max((len(ran.tasks) for ran in runs), default=0)
        ran = play("provision", cut=cut, known=known)
        if not ran.killed:
            # All is done, so there is nothing new to go on to: the kill meets a run that has nothing to change, somewhere.
            assert ran.status == 0, ran.output[-6000:]
            ran = play("provision", cut=cut, known=chance.randrange(known - STEP))
        assert ran.killed, ran.output[-6000:]
        assert "fatal:" not in ran.output, ran.output[-6000:]
        runs.append(ran)
        killed = "everything" if cut.whole else "ansible-playbook alone"
        print(f"  kill {number}, {killed}, after {ran.seconds:.0f} s, {place(ran)}")
    return runs


def place(ran: Ran) -> str:
    return f"task {len(ran.tasks)}: {ran.tasks[-1] if ran.tasks else 'before the first'}"


def ready() -> set[str]:
    return {
        node["metadata"]["name"]
        for node in LAB.kubectl("get", "nodes")["items"]
        if any((one["type"], one["status"]) == ("Ready", "True") for one in node["status"]["conditions"])
    }


def tokens() -> list[dict[str, Any]]:
    """The bootstrap tokens that are in the cluster."""
    kind = "--field-selector=type=bootstrap.kubernetes.io/token"
    found: list[dict[str, Any]] = LAB.kubectl("get", "secrets", "--namespace=kube-system", kind)["items"]
    return found


def life(token: dict[str, Any]) -> timedelta:
    until = b64decode(token["data"]["expiration"]).decode()
    return datetime.fromisoformat(until.replace("Z", "+00:00")) - datetime.now(timezone.utc)


def changes(ran: Ran) -> dict[str, int]:
    return {host: counts["changed"] for host, counts in ran.recap().items()}


def assert_whole() -> None:
    """The cluster that an undisturbed run makes."""
    assert ready() == set(LAB.hosts)
    members = LAB.etcd_members(LAB.control_plane[0])
    assert sorted(one["name"] for one in members) == LAB.control_plane
    assert not any(one.get("isLearner") for one in members)
    again = provision()
    assert again.status == 0, again.output[-6000:]
    assert set(changes(again).values()) == {0}, again.output[-6000:]
    assert set(again.recap()) >= set(LAB.hosts)


def assert_nothing_left() -> None:
    for name in LAB.hosts:
        host = LAB.on(name)
        drafts = f"find {WRITTEN} -xdev -regextype posix-extended -regex '{DRAFTS}'"
        assert host.check_output(drafts) == "", name
        assert host.check_output(f"find {TEMPORARY} 2>/dev/null; true") == "", name
        assert host.run("flock --nonblock /var/lib/autotrade/membership.lock true").rc == 0, name
        assert host.run("pgrep -x 'kubeadm|apt-get|dpkg'").rc == 1, name
        assert host.check_output("dpkg --audit") == "", name
        assert host.check_output("systemctl is-system-running") == "running", name
    assert all(timedelta(0) < life(token) <= TOKEN_LIFE for token in tokens()), tokens()


def test_a_run_that_is_killed_again_and_again_comes_to_the_same_end() -> None:
    runs = killed_runs()
    last = provision()
    assert last.status == 0, last.output[-6000:]
    eventually(lambda: not any(process.alive() for ran in runs for process in ran.left), GONE_S)
    assert_whole()
    assert_nothing_left()


def bare_hosts() -> None:
    """Hosts as they were before anything ran on them."""
    for state in ("absent", "present"):
        made = play("lab", "-e", f"lab_hosts_state={state}")
        assert made.status == 0, made.output[-6000:]


def written(names: Iterable[str]) -> dict[str, str]:
    """What a run could have changed on hosts: their files, and when their services were started."""
    services = "systemctl show containerd kubelet pod-routes --property=Id,MainPID,ExecMainStartTimestamp"
    command = f"find {WRITTEN} -xdev -type f -print0 | sort -z | xargs -0 sha256sum; {services}"
    return {name: LAB.on(name).check_output(command) for name in names}


def test_a_dead_worker_stops_nobody_and_joins_later_alone() -> None:
    bare_hosts()
    others = [name for name in LAB.hosts if name != LATE]
    LAB.power(LATE).off()
    without = provision()
    assert without.status != 0
    assert {name for name, counts in without.recap().items() if counts["unreachable"] or counts["failed"]} == {LATE}
    assert ready() == set(others)

    LAB.power(LATE).on()
    eventually(lambda: LAB.reachable(LATE), BOOT_S)
    before = written(others)
    alone = to_its_end("site", "--limit", LATE)
    assert alone.status == 0, alone.output[-6000:]
    assert set(alone.recap()) == {LATE}
    eventually(lambda: LATE in ready(), READY_S, ready)
    assert written(others) == before
    assert_whole()
