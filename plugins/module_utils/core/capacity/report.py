# Copyright (c) autotrade.deployment engineers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Judgements as a module returns them: plain data, quantities as the API server writes them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ansible_collections.autotrade.deployment.plugins.module_utils.core.capacity.amounts import Resources, exact
from ansible_collections.autotrade.deployment.plugins.module_utils.core.capacity.charges import QuotaFigure
from ansible_collections.autotrade.deployment.plugins.module_utils.core.capacity.demands import Demand, most, surge
from ansible_collections.autotrade.deployment.plugins.module_utils.core.capacity.judging import Fit, Judge, Judgement
from ansible_collections.autotrade.deployment.plugins.module_utils.core.capacity.rooms import Figure

Data = dict[str, Any]


def report(judge: Judge, judgements: Iterable[Judgement]) -> Data:
    """The part of the module's result that the core answers for."""
    found = list(judgements)
    return {
        "fits": all(one.fit is not Fit.DOES_NOT_FIT for one in found),
        "situations": [_situation(one) for one in found],
        "components": [_component(judge, demand) for demand in judge.plan.steady if not demand.foreign],
        "not_counted": judge.charges.not_counted(),
        "nodes": len(judge.plan.world.nodes),
    }


def _situation(judgement: Judgement) -> Data:
    worst = judgement.worst
    return {
        "name": judgement.name,
        "state": judgement.fit.value,
        "reason": judgement.reason,
        "message": judgement.message,
        "case": worst.case.title if worst else "",
        "quota": [_quota(one) for one in worst.quota] if worst else [],
        "nodes": [_nodes(one) for one in worst.nodes] if worst else [],
        "unplaced": [{"component": one.component, "pods": one.pods, "message": one.message} for one in worst.unplaced]
        if worst
        else [],
    }


def _quota(figure: QuotaFigure) -> Data:
    return {
        "namespace": figure.namespace,
        "name": figure.quota,
        "resource": figure.resource,
        "used": exact(figure.resource, figure.used),
        "hard": exact(figure.resource, figure.hard),
        "fits": figure.fits,
    }


def _nodes(figure: Figure) -> Data:
    return {
        "nodes": sorted(figure.nodes),
        "resource": figure.resource,
        "asked": exact(figure.resource, figure.asked),
        "room": exact(figure.resource, figure.room),
        "components": list(figure.components),
        "fits": figure.fits,
    }


def _component(judge: Judge, demand: Demand) -> Data:
    return {
        "namespace": demand.workload.namespace,
        "name": demand.name,
        "kind": demand.workload.kind,
        "pods": demand.pods,
        "surge": surge(demand),
        "maximum": most(judge.plan.world, demand),
        "requests": _written(demand.sample.requests),
        "limits": _written(demand.sample.limits),
    }


def _written(resources: Resources) -> dict[str, str]:
    return {name: exact(name, value) for name, value in sorted(resources.items())}
