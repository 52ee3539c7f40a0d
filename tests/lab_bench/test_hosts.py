"""Ten bare hosts against a script, a second run against the first, one more worker in a small and in a large cluster."""

from __future__ import annotations

from pathlib import Path

from tests.bench.pairs import PAIRS, against_limit, against_peer
from tests.lab_bench.rounds import Site, captured, changed, expelled, scripted, tasks_of, with_one_more
from tests.support.lab import Lab

TEN = Site(Lab("bench-hosts", "10.89.33"), "full")
SCRIPT_GOAL, SECOND_GOAL, WORKER_GOAL = 1.6, 0.25, 1.3
TASKS = 80
NEW = "cpu-9"


def test_ten_bare_hosts_against_a_script_and_a_second_run_against_the_first(tmp_path: Path) -> None:
    first: list[float] = []
    second: list[float] = []
    script: list[float] = []
    for number in range(PAIRS):
        with TEN.hosts():
            ran, again = TEN.play("provision"), TEN.play("provision")
            assert changed(again) == 0
            first.append(ran.seconds)
            second.append(again.seconds)
            if number == 0:
                captured(TEN, tmp_path)
                most = max(tasks_of(ran, host) for host in TEN.workers)
        with TEN.hosts():
            script.append(scripted(TEN, tmp_path))
        print(f"  pair {number + 1}: ours {first[-1]:.0f} s, second {second[-1]:.0f} s, script {script[-1]:.0f} s", flush=True)
    rows = [
        against_peer("ten bare hosts, a script", first, "script", script, SCRIPT_GOAL),
        against_peer("ten hosts again, the first run", second, "first run", first, SECOND_GOAL),
        against_limit("tasks on a worker", most, TASKS, "tasks"),
    ]
    assert [row.id for row in rows if not row.ok] == []


def test_one_more_worker_costs_the_same_in_a_large_cluster(tmp_path: Path) -> None:
    inventories = (with_one_more(tmp_path, NEW, 29), "inventories/lab")
    small = Site(Lab("bench-three", "10.89.34"), "ha", inventories)
    large = Site(Lab("bench-ten", "10.89.35"), "full", inventories)
    seconds: dict[str, list[float]] = {"small": [], "large": []}
    with small.hosts(), large.hosts():
        for site in (small, large):
            # Everybody but the new one; the small cluster has three hosts, its control plane.
            site.play("provision", "--limit", f"localhost:cluster_hosts:!{NEW}" + (":!cpu-1" if site is small else ""))
        for number in range(PAIRS):
            turn = (("small", small), ("large", large))
            for name, site in turn if number % 2 == 0 else turn[::-1]:
                seconds[name].append(site.play("provision", "--limit", NEW).seconds)
                expelled(site, NEW)
            print(f"  round {number + 1}: to three {seconds['small'][-1]:.0f} s, to ten {seconds['large'][-1]:.0f} s", flush=True)
    assert against_peer("one more worker, to ten hosts", seconds["large"], "to three", seconds["small"], WORKER_GOAL).ok
