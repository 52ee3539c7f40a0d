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
from ansible_collections.autotrade.deployment.plugins.module_utils.core.capacity.amounts import Resources  # noqa: E402
from ansible_collections.autotrade.deployment.plugins.module_utils.core.capacity.autoscalers import autoscaled  # noqa: E402
from ansible_collections.autotrade.deployment.plugins.module_utils.core.capacity.demands import Demand  # noqa: E402
from ansible_collections.autotrade.deployment.plugins.module_utils.core.capacity.judging import Judge  # noqa: E402
from ansible_collections.autotrade.deployment.plugins.module_utils.core.capacity.rooms import packed  # noqa: E402
from ansible_collections.autotrade.deployment.plugins.module_utils.core.capacity.standing import EARLY, TOLD, total  # noqa: E402
from ansible_collections.autotrade.deployment.plugins.module_utils.core.capacity.world import World  # noqa: E402
from ansible_collections.autotrade.deployment.plugins.module_utils.core.requirements.model import Cluster  # noqa: E402

DOCUMENT = ROOT / "docs" / "capacity.md"
BEGIN, END = "<!-- tables: begin (written by tools/capacity.py) -->", "<!-- tables: end -->"
NAMESPACE = "trading-system"
# Kept back on each node for kubelet, container runtime, network and storage agents that operators start and no role renders.
RESERVED = {"cpu": "1", "memory": "2Gi"}
# The columns: all but the GPUs, which stand last, and the pods, which stand first.
COLUMNS = TOLD[:4]
GPUS = "requests.nvidia.com/gpu"


@dataclass(frozen=True)
class Situation:
    """The objects of one way to run the system, and the name under which capacity_info judges it."""

    title: str
    objects: Sequence[dict[str, Any]]
    name: str = "steady"

    def judge(self, nodes: Sequence[dict[str, Any]] = ()) -> Judge:
        return Judge(World(Cluster(self.objects), Cluster(()), tuple(nodes), EARLY))

    def demands(self, nodes: Sequence[dict[str, Any]] = ()) -> tuple[Demand, ...]:
        (case,) = self.judge(nodes).cases(self.name)
        return tuple(demand for demand in case.demands if demand.pods)


def nodes_of(hosts: dict[str, dict[str, Any]]) -> list[dict[str, Any]]:
    """The nodes as their kubelets would report them."""
    return [simulated_nodes.reported(node, RESERVED) for node in simulated_nodes.node_objects(hosts, "v0")]


def unplaced(situation: Situation, nodes: Sequence[dict[str, Any]]) -> list[str]:
    """The workloads that find no place when pods are packed first-fit, those with the fewest possible nodes first."""
    return sorted(packed(situation.judge(nodes).plan.rooms, situation.demands(nodes)).elements())


def smallest(situation: Situation, nodes: Sequence[dict[str, Any]], lost: int) -> int:
    """How many CPU nodes like the first one it takes to place every pod while ``lost`` of them are gone."""
    others = [node for node in nodes if class_of(node) != "cpu"]
    model = next(node for node in nodes if class_of(node) == "cpu")
    return next(count + lost for count in range(1, 100) if not unplaced(situation, [*others, *copies(model, count)]))


def copies(model: dict[str, Any], count: int) -> list[dict[str, Any]]:
    return [{**model, "metadata": {**model["metadata"], "name": f"copy-{number}"}} for number in range(count)]


def class_of(node: dict[str, Any]) -> str:
    return str(node["metadata"]["labels"]["autotrade.deployment/node-class"])


def figure(resource: str, amount: Fraction) -> str:
    return f"{float(amount / 2**30):.2f}" if resource.endswith("memory") else f"{float(amount):.2f}"


def component_table(steady: Situation) -> Iterator[str]:
    yield "| workload | pods | requests: cpu | memory, Gi | limits: cpu | memory, Gi | GPUs |"
    yield "|---|---|---|---|---|---|---|"
    found = sorted((one for one in steady.demands() if one.workload.namespace == NAMESPACE), key=lambda one: one.name)
    for demand in found:
        yield _row(demand.workload.name, total([demand], NAMESPACE))
    yield _row("**sum**", total(found, NAMESPACE))


def _row(name: str, figures: Resources) -> str:
    cells = [figure(key, figures[key]) for key in COLUMNS]
    return f"| {name} | {figures['pods']} | {' | '.join(cells)} | {figures[GPUS]} |"


def quota_table(situations: Sequence[Situation]) -> Iterator[str]:
    charged = [{one.resource: one for one in situation.judge().charges.figures(situation.demands())} for situation in situations]
    yield "| figure | quota | " + " | ".join(situation.title for situation in situations) + " |"
    yield "|---|---|" + "---|" * len(situations)
    for key in TOLD:
        cells = [figure(key, one[key].used) + ("" if one[key].fits else " (**over**)") for one in charged]
        unit = ", Gi" if key.endswith("memory") else ""
        yield f"| {key}{unit} | {figure(key, charged[0][key].hard)} | {' | '.join(cells)} |"
    yield ""
    yield from _headroom(situations[0])


def _headroom(steady: Situation) -> Iterator[str]:
    judge = steady.judge()
    for demand in judge.plan.steady:
        room = judge.charges.room_for(demand, judge.charges.figures(judge.plan.steady))
        if room and autoscaled(judge.plan.world.after, demand.workload):
            name = demand.name
            yield f"- Beyond the steady state the quota takes {room[0]} more pods of {name}; {room[1]} is what ends first."


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
    return [
        Situation("steady state", steady),
        Situation("blue and green", blue_green, "blue_green"),
        Situation("every autoscaler at its maximum", steady, "autoscaler_maximum"),
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
