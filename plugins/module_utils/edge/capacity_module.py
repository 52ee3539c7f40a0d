# Copyright (c) autotrade.deployment engineers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Body of the module ``capacity_info``: the wanted objects, the live ones, the judgement."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from fractions import Fraction
from pathlib import Path
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.autotrade.deployment.plugins.module_utils.core.capacity.judging import Judge
from ansible_collections.autotrade.deployment.plugins.module_utils.core.capacity.quotas import COUNTED_KINDS
from ansible_collections.autotrade.deployment.plugins.module_utils.core.capacity.report import report
from ansible_collections.autotrade.deployment.plugins.module_utils.core.capacity.situations import SITUATIONS
from ansible_collections.autotrade.deployment.plugins.module_utils.core.capacity.world import World
from ansible_collections.autotrade.deployment.plugins.module_utils.core.manifests import check
from ansible_collections.autotrade.deployment.plugins.module_utils.core.objects import KubeObject, ManifestError
from ansible_collections.autotrade.deployment.plugins.module_utils.core.quantities import QuantityError, parse
from ansible_collections.autotrade.deployment.plugins.module_utils.core.requirements.model import Cluster, Settings
from ansible_collections.autotrade.deployment.plugins.module_utils.core.simulated_nodes import reported
from ansible_collections.autotrade.deployment.plugins.module_utils.edge.capacity_live import Observed, observe
from ansible_collections.autotrade.deployment.plugins.module_utils.edge.capacity_placement import Answers, ask
from ansible_collections.autotrade.deployment.plugins.module_utils.edge.kube_errors import KubeError, NoClusterError
from ansible_collections.autotrade.deployment.plugins.module_utils.edge.kube_session import session
from ansible_collections.autotrade.deployment.plugins.module_utils.edge.results import (
    Ending,
    finish,
    require_libraries,
)
from ansible_collections.autotrade.deployment.plugins.module_utils.edge.scratch_cluster import missing_programs
from ansible_collections.autotrade.deployment.plugins.module_utils.edge.store_path import store_path

NAMESPACED_KINDS = (*COUNTED_KINDS, "ScaledObject")


class OptionError(ValueError):
    """An option of the module that cannot be used; the message names it."""


@dataclass(frozen=True)
class Against:
    """What the wanted objects are judged against."""

    name: str
    observed: Observed
    nodes: tuple[KubeObject, ...]
    warnings: tuple[str, ...] = ()


def argument_spec(connection: Mapping[str, Any]) -> dict[str, Any]:
    """All options of ``capacity_info``; those that the action plugin consumes are here because they are documented."""
    names: dict[str, Any] = {"type": "list", "elements": "str"}
    own: dict[str, Any] = {
        "template": {"type": "raw"},
        "src": {"type": "raw"},
        "definition": {"type": "raw", "no_log": True, "aliases": ["resource_definition", "definitions", "inline"]},
        "export_dir": {"type": "path"},
        "namespace": {"type": "str"},
        "nodes": {"type": "list", "elements": "dict", "default": []},
        "reserved": {"type": "dict", "default": {}},
        "situations": {**names, "choices": list(SITUATIONS), "default": list(SITUATIONS)},
        "blue_green": {**names, "default": []},
        "scale": {"type": "str", "default": "1"},
        "placement": {"type": "bool", "default": False},
        "binary_directory": {"type": "path"},
        "placement_timeout": {"type": "int", "default": 120},
    }
    return {**connection, **own}


def run_module(module: AnsibleModule) -> None:
    """Judges; a situation that does not fit is an answer, not a failure of the module."""
    require_libraries(module)
    finish(module, run(module.params, module.check_mode, module._diff))


def run(params: Mapping[str, Any], _check_mode: bool = False, _diff_mode: bool = False) -> Ending:
    """The whole work, from checked parameters to the result; nothing is ever changed."""
    try:
        settings = Settings(scale=_scale(params["scale"]))
        wanted = _wanted(params)
        against = _against(params, wanted)
        live = Cluster(against.observed.objects, settings)
        cluster = live if wanted is None else Cluster(wanted, settings)
        world = World(cluster, live, against.nodes, datetime.now(timezone.utc))
        judge = Judge(world, params["blue_green"])
        _check_components(judge, params["blue_green"])
        names = [name for name in SITUATIONS if name in params["situations"]]
        placed, answers = _placement(params, judge, names)
        judgements = [judge.judgement(name, answers.placements.get(name)) for name in names]
    except (ManifestError, KubeError, OptionError) as error:
        return Ending({"msg": str(error)}, failed=True)
    result = {"changed": False, "judged_against": against.name, "placement": placed, **report(judge, judgements)}
    return Ending(result, against.warnings)


def _wanted(params: Mapping[str, Any]) -> list[KubeObject] | None:
    """The objects as the action plugin sealed them; None where the task names none."""
    if params["definition"] is None:
        return None
    sealed = params["definition"] if isinstance(params["definition"], str) else json.dumps(params["definition"])
    found = check((str(source), document) for source, document in json.loads(sealed))
    return [_placed(obj, params["namespace"]) for obj in found]


def _placed(obj: KubeObject, namespace: str | None) -> KubeObject:
    """An object of a namespaced kind that names no namespace gets the task's."""
    metadata = obj["metadata"]
    if obj["kind"] not in NAMESPACED_KINDS or metadata.get("namespace"):
        return obj
    return {**obj, "metadata": {**metadata, "namespace": namespace or "default"}}


def _against(params: Mapping[str, Any], wanted: Sequence[KubeObject] | None) -> Against:
    """The live cluster; where there is none, the nodes of the task."""
    promised = _promised(params)
    try:
        observed = session(params, lambda api: observe(api, wanted or (), params["placement"])).result
    except NoClusterError as error:
        if error.met or wanted is None or not promised:
            raise
        text = f"No API server could be asked, so the {len(promised)} nodes of the option nodes are judged: {error}"
        return Against("nodes", Observed(), promised, (text,))
    hidden = sorted(set(observed.hidden))
    warnings = [f"This user may not list {kind}; what stands of it is left out of the sums." for kind in hidden]
    nodes = tuple(obj for obj in observed.objects if obj["kind"] == "Node")
    if not nodes and promised:
        return Against(
            "nodes", observed, promised, (*warnings, "The cluster has no node yet; those of the option nodes are judged.")
        )
    return Against("cluster", observed, nodes, tuple(warnings))


def _placement(params: Mapping[str, Any], judge: Judge, names: Sequence[str]) -> tuple[dict[str, str], Answers]:
    """Whether the scheduler was asked, and what it said. Where it was not, nothing is taken for placed."""
    directory = Path(params["binary_directory"] or store_path(os.environ) / "bin")
    if not params["placement"]:
        return {"state": "not_asked", "reason": "sums alone were judged, as the option placement is false"}, Answers({})
    if not judge.plan.world.nodes:
        return {"state": "not_run", "reason": "no nodes are known that pods could be placed on"}, Answers({})
    missing = missing_programs(directory)
    if missing:
        remedy = "run playbooks/mirror.yml (`make store`), or set binary_directory"
        return {"state": "not_run", "reason": f"{directory} lacks {', '.join(missing)}; {remedy}"}, Answers({})
    answers = ask(judge, names, directory, float(params["placement_timeout"]))
    if answers.reason:
        left = ", ".join(name for name in names if name not in answers.placements)
        return {"state": "not_run", "reason": f"{answers.reason} (not placed: {left})"}, answers
    return {"state": "run", "reason": "kube-scheduler placed the pods on a scratch cluster"}, answers


def _promised(params: Mapping[str, Any]) -> tuple[KubeObject, ...]:
    """The nodes of the task; those of the filter simulated_nodes get the status that their kubelets would report."""
    try:
        return tuple(node if "status" in node else reported(node, params["reserved"]) for node in params["nodes"])
    except (KeyError, TypeError, ValueError) as error:
        raise OptionError(
            f"option nodes or reserved cannot be used ({type(error).__name__}: {error}); expected Node objects with a status, "
            "or those of the filter autotrade.deployment.simulated_nodes, and quantities to keep back. Correct nodes or reserved."
        ) from None


def _check_components(judge: Judge, named: Sequence[str]) -> None:
    known = {demand.workload.component for demand in judge.plan.steady if demand.workload.kind == "Deployment"}
    unknown = sorted(set(named) - known)
    if unknown:
        raise OptionError(
            f"option blue_green names {', '.join(unknown)}, expected values of the label app of Deployments: "
            f"{', '.join(sorted(known - {''})) or 'there are none'}. Correct the option blue_green."
        )


def _scale(text: str) -> Fraction:
    try:
        return parse(text)
    except QuantityError:
        raise OptionError(f"option scale is {text!r}, expected a number such as 0.25. Set trading_system_scale.") from None
