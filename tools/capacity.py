"""The arithmetic of docs/capacity.md: what the rendered objects ask for, against the quota and against the nodes.

Run it to write the tables anew after a change of sizes: ``python tools/capacity.py`` (a test fails while they are old).
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / ".collections"))

from ansible_collections.autotrade.deployment.plugins.module_utils.core import simulated_nodes  # noqa: E402
from ansible_collections.autotrade.deployment.plugins.module_utils.core.quantities import parse  # noqa: E402
from ansible_collections.autotrade.deployment.plugins.module_utils.core.requirements import sums  # noqa: E402
from ansible_collections.autotrade.deployment.plugins.module_utils.core.requirements.model import Cluster  # noqa: E402
from ansible_collections.autotrade.deployment.plugins.module_utils.core.requirements.workloads import Workload  # noqa: E402

DOCUMENT = ROOT / "docs" / "capacity.md"
BEGIN, END = "<!-- tables: begin (written by tools/capacity.py) -->", "<!-- tables: end -->"
NAMESPACE = "trading-system"
# Kept back on each node for kubelet, container runtime, network and storage agents that operators start and no role renders.
RESERVED = {"cpu": Fraction(1), "memory": Fraction(2 * 2**30)}
RESOURCES = ("cpu", "memory", "nvidia.com/gpu")
Needs = dict[str, Fraction]


@dataclass(frozen=True)
class Demand:
    """As many equal pods as one workload asks for."""

    workload: Workload
    pods: int
    needs: Needs


@dataclass(frozen=True)
class Situation:
    """The objects of one way to run the system, with the autoscalers at rest or at their maximum."""

    title: str
    cluster: Cluster
    at_maximum: bool = False

    def demands(self, namespace: str | None = None) -> list[Demand]:
        return [
            Demand(workload, self._pods(workload), sums.pod_sum(self.cluster, workload))
            for workload in self.cluster.workloads(namespace)
            if self._pods(workload)
        ]

    def _pods(self, workload: Workload) -> int:
        return sums.maximum(self.cluster, workload) if self.at_maximum else workload.replicas


def nodes_of(hosts: dict[str, dict[str, Any]]) -> list[dict[str, Any]]:
    """The nodes as their kubelets would report them."""
    return [_reported(node) for node in simulated_nodes.node_objects(hosts, "v0")]


def _reported(node: dict[str, Any]) -> dict[str, Any]:
    notes = node["metadata"]["annotations"]
    return {
        **node,
        "spec": {"taints": json.loads(notes[f"{simulated_nodes.SIMULATION}/taints"])},
        "status": {"allocatable": json.loads(notes[f"{simulated_nodes.SIMULATION}/capacity"])},
    }


def unplaced(situation: Situation, nodes: Sequence[dict[str, Any]]) -> list[str]:
    """The workloads that find no place when pods are packed first-fit, those with the fewest possible nodes first."""
    rooms = [_room(situation, node) for node in nodes]
    left: list[str] = []
    placeable = [
        (demand, [i for i, node in enumerate(nodes) if demand.workload.may_run_on(node)]) for demand in situation.demands()
    ]
    for demand, where in sorted(placeable, key=lambda one: (len(one[1]), -one[0].needs["requests.cpu"], one[0].workload.name)):
        for _ in range(demand.pods):
            if not _place(demand.needs, [rooms[i] for i in where]):
                left.append(demand.workload.name)
    return left


def _room(situation: Situation, node: dict[str, Any]) -> Needs:
    daemons = [
        workload for workload in situation.cluster.workloads() if workload.kind == "DaemonSet" and workload.may_run_on(node)
    ]
    allocatable = node["status"]["allocatable"]
    return {
        resource: parse(str(allocatable.get(resource, 0)))
        - RESERVED.get(resource, 0)
        - sum(daemon.needs(resource) for daemon in daemons)
        for resource in RESOURCES
    }


def _place(needs: Needs, rooms: list[Needs]) -> bool:
    for room in rooms:
        if all(needs[f"requests.{resource}"] <= room[resource] for resource in RESOURCES):
            for resource in RESOURCES:
                room[resource] -= needs[f"requests.{resource}"]
            return True
    return False


def smallest(situation: Situation, nodes: Sequence[dict[str, Any]], lost: int) -> int:
    """How many CPU nodes like the first one it takes to place every pod while ``lost`` of them are gone."""
    others = [node for node in nodes if class_of(node) != "cpu"]
    model = next(node for node in nodes if class_of(node) == "cpu")
    return next(count + lost for count in range(1, 100) if not unplaced(situation, [*others, *[model] * count]))


def class_of(node: dict[str, Any]) -> str:
    return str(node["metadata"]["labels"]["autotrade.deployment/node-class"])


def figure(resource: str, amount: Fraction) -> str:
    return f"{float(amount / 2**30):.2f}" if resource.endswith("memory") else f"{float(amount):.2f}"


def component_table(steady: Situation) -> Iterator[str]:
    yield "| workload | pods | requests: cpu | memory, Gi | limits: cpu | memory, Gi | GPUs |"
    yield "|---|---|---|---|---|---|---|"
    total = dict.fromkeys((*sums.COUNTED, "pods"), Fraction(0))
    for demand in sorted(steady.demands(NAMESPACE), key=lambda one: one.workload.name):
        figures = {key: demand.needs[key] * demand.pods for key in sums.COUNTED}
        total = {key: total[key] + figures.get(key, demand.pods) for key in total}
        yield _row(demand.workload.name, str(demand.pods), figures)
    yield _row("**sum**", str(total["pods"]), total)


def _row(name: str, pods: str, figures: Needs) -> str:
    cells = [figure(key, figures[key]) for key in sums.COUNTED[:4]]
    return f"| {name} | {pods} | {' | '.join(cells)} | {figures['requests.nvidia.com/gpu']} |"


def quota_table(situations: Sequence[Situation]) -> Iterator[str]:
    cluster = situations[0].cluster
    hard = cluster.of_kind("ResourceQuota", NAMESPACE)[0]["spec"]["hard"]
    yield "| figure | quota | " + " | ".join(situation.title for situation in situations) + " |"
    yield "|---|---|" + "---|" * len(situations)
    totals = [sums.namespace_sum(situation.cluster, NAMESPACE, situation.at_maximum) for situation in situations]
    for key in (*sums.COUNTED, "pods"):
        ceiling = parse(hard[key])
        cells = [figure(key, total[key]) + (" (**over**)" if total[key] > ceiling else "") for total in totals]
        yield f"| {key}{', Gi' if key.endswith('memory') else ''} | {figure(key, ceiling)} | {' | '.join(cells)} |"
    yield ""
    yield from _headroom(situations[0], hard, totals[0])


def _headroom(steady: Situation, hard: dict[str, str], total: Needs) -> Iterator[str]:
    for demand in steady.demands(NAMESPACE):
        if sums.scaled_by_hpa(steady.cluster, demand.workload):
            needs = demand.needs
            fits = {key: int((parse(hard[key]) - total[key]) / needs[key]) for key in sums.COUNTED if needs[key]}
            first = min(fits, key=lambda key: fits[key])
            name = demand.workload.name
            yield f"- Beyond the steady state the quota takes {fits[first]} more pods of {name}; {first} is what ends first."


def node_table(situations: Sequence[Situation], nodes: Sequence[dict[str, Any]]) -> Iterator[str]:
    count = sum(class_of(node) == "cpu" for node in nodes)
    yield "| CPU nodes that hold it | " + " | ".join(situation.title for situation in situations) + " |"
    yield "|---|" + "---|" * len(situations)
    for label, lost in (
        ("all nodes up", 0),
        ("one CPU node lost", 1),
        (f"a third of {count} CPU nodes lost (a zone)", count // 3),
    ):
        yield f"| {label} | {' | '.join(str(smallest(situation, nodes, lost)) for situation in situations)} |"
    yield ""
    few = [*[node for node in nodes if class_of(node) != "cpu"], *[node for node in nodes if class_of(node) == "cpu"][:3]]
    left = unplaced(situations[0], few)
    places = {name: left.count(name) for name in sorted(set(left))}
    yield f"With the specification's minimum of 3 CPU nodes, {len(left)} pods of the steady state stay Pending: " + (
        ", ".join(f"{number} of {name}" for name, number in places.items()) + "."
    )
    yield f"`inventories/simulated` has {count}."


def tables(situations: Sequence[Situation], nodes: Sequence[dict[str, Any]]) -> str:
    """The generated part of the document; ``situations[0]`` is the steady state."""
    lines = ["### What the workloads of the namespace ask for", "", *component_table(situations[0]), ""]
    lines += ["### Against the quota", "", *quota_table(situations), ""]
    lines += ["### Against the nodes", "", *node_table(situations, nodes)]
    return "\n".join(lines)


def situations_of(steady: Sequence[dict[str, Any]], blue_green: Sequence[dict[str, Any]]) -> list[Situation]:
    """The three ways of running that the document compares."""
    usual = Cluster(steady)
    return [
        Situation("steady state", usual),
        Situation("blue and green", Cluster(blue_green)),
        Situation("every autoscaler at its maximum", usual, at_maximum=True),
    ]


def inventory_hosts() -> dict[str, dict[str, Any]]:
    """The hosts of inventories/simulated that become nodes, with their variables."""
    answer = _ansible("ansible-inventory", "--list")
    hosts = json.loads(answer.stdout)["_meta"]["hostvars"]
    return {name: variables for name, variables in sorted(hosts.items()) if "node_class" in variables}


def _ansible(program: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [str(Path(sys.executable).parent / program), "-i", "inventories/simulated", *arguments]
    return subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)


def written(text: str, generated: str) -> str:
    """The document with its tables replaced."""
    before, rest = text.split(BEGIN, maxsplit=1)
    after = rest.split(END, maxsplit=1)[1]
    return f"{before}{BEGIN}\n{generated}\n{END}{after}"


def _rendered(strategy: str) -> list[dict[str, Any]]:
    roles = sorted(path.parent.parent.name for path in ROOT.glob("roles/*/tasks/objects.yml"))
    with tempfile.TemporaryDirectory() as scratch:
        extra = json.dumps({"roles_with_objects": roles, "export_dir": scratch, "trading_system_strategy": strategy})
        _ansible("ansible-playbook", "playbooks/export.yml", "-e", extra)
        files = sorted(Path(scratch).glob("*/*.yaml"))
        return [obj for path in files for obj in yaml.safe_load_all(path.read_text(encoding="utf-8")) if obj]


def main() -> None:
    situations = situations_of(_rendered("rolling"), _rendered("blue_green"))
    generated = tables(situations, nodes_of(inventory_hosts()))
    DOCUMENT.write_text(written(DOCUMENT.read_text(encoding="utf-8"), generated), encoding="utf-8")


if __name__ == "__main__":
    main()
