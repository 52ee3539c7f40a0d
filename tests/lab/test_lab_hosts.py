"""A lab of two hosts comes, takes a power cut, and goes without a trace. Needs root and podman: `nox -s lab_hosts`."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from ansible_collections.autotrade.deployment.plugins.plugin_utils.power.podman import PodmanPower

from tests.support.lab import eventually

ROOT = Path(__file__).resolve().parents[2]
LAB = ["lab_size=tiny", "lab_hosts_name=trace", "lab_network=10.89.40"]
STATE = Path(os.environ.get("XDG_STATE_HOME", Path.home() / ".local/state")) / "autotrade/lab"
HOST = "autotrade-trace-cpu-1"
BOOT_SECONDS = 120


def play(*flags: str, state: str = "present") -> str:
    """Run playbooks/lab.yml and return what it printed."""
    extra = [word for pair in [*LAB, f"lab_hosts_state={state}"] for word in ("-e", pair)]
    command = [str(ROOT / ".venv/bin/ansible-playbook"), "playbooks/lab.yml", "-i", "inventories/lab", *extra, *flags]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=1200, check=False)
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-2000:]
    return done.stdout


def changed(output: str) -> int:
    """The number behind changed= in the recap."""
    found = re.search(r"changed=(\d+)", output)
    assert found
    return int(found[1])


def shown(*command: str) -> list[str]:
    """The lines that a command prints, in an order of their own."""
    return sorted(subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines())


def machine() -> dict[str, object]:
    """What a lab could leave behind. The caches (images, seed volumes) are meant to stay."""
    hierarchies = [path for path in Path("/sys/fs/cgroup").iterdir() if path.is_dir()]
    return {
        "containers": shown("podman", "ps", "--all", "--format={{.Names}}"),
        "volumes": [name for name in shown("podman", "volume", "ls", "--format={{.Name}}") if "-lab-seed-" not in name],
        "networks": shown("podman", "network", "ls", "--format={{.Name}}"),
        "links": [line.split()[0] for line in shown("ip", "-brief", "link")],
        "routes": shown("ip", "route"),
        "mounts": sorted(line.split()[4] for line in Path("/proc/self/mountinfo").read_text(encoding="utf-8").splitlines()),
        "cgroups": sorted(str(path) for hierarchy in hierarchies for path in hierarchy.glob("*kubepods*")),
        "watches": shown("sysctl", "fs.inotify.max_user_instances", "fs.inotify.max_user_watches"),
        "keys": sorted(map(str, STATE.glob("*"))) if STATE.exists() else [],
    }


@pytest.fixture(scope="module")
def before() -> Iterator[dict[str, object]]:
    """The machine before; whatever a test leaves is removed at the end."""
    yield machine()
    play(state="absent")


def ssh(command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["ssh", "-F", str(STATE / "trace/ssh_config"), "-o", "ConnectTimeout=3", "-o", "BatchMode=yes", "cpu-1", command],
        capture_output=True,
        text=True,
        check=False,
    )


def test_check_mode_predicts_and_makes_nothing(before: dict[str, object]) -> None:
    output = play("--check", "--diff")
    assert changed(output) == 1
    assert "+create host cpu-1 at 10.89.40.21" in output
    assert machine() == before


def test_the_second_run_changes_nothing(before: dict[str, object]) -> None:
    assert changed(play()) == 1
    assert changed(play()) == 0
    assert changed(play("--check")) == 0


def test_hosts_are_reached_by_the_labs_key_alone_and_are_who_they_say() -> None:
    assert ssh("hostname").stdout.strip() == "cpu-1"
    assert ssh("sudo id -u").stdout.strip() == "0"
    assert (STATE / "trace/id_ed25519").stat().st_mode & 0o777 == 0o600
    stranger = subprocess.run(
        [
            "ssh",
            "-o",
            "BatchMode=yes",
            "-o",
            "UserKnownHostsFile=/dev/null",
            "-o",
            "StrictHostKeyChecking=no",
            "ops@10.89.40.21",
            "true",
        ],
        capture_output=True,
        check=False,
    )
    assert stranger.returncode


def test_a_power_cut_takes_what_is_in_memory_and_leaves_the_disk() -> None:
    power = PodmanPower(HOST)
    ssh("echo kept | sudo tee /etc/kept /var/lib/kept; echo lost | sudo tee /run/lost")
    power.off()
    assert power.is_off()
    assert ssh("true").returncode
    power.on()
    assert not power.is_off()
    eventually(lambda: ssh("true").returncode == 0, BOOT_SECONDS)
    assert ssh("cat /etc/kept /var/lib/kept").stdout.split() == ["kept", "kept"]
    assert ssh("cat /run/lost").returncode


def test_a_host_without_power_is_switched_on_by_the_next_run() -> None:
    PodmanPower(HOST).off()
    assert changed(play()) == 1
    assert ssh("true").returncode == 0


def test_nothing_is_left(before: dict[str, object]) -> None:
    assert changed(play(state="absent")) == 1
    assert machine() == before
    assert changed(play(state="absent")) == 0
