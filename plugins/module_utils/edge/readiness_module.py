# Copyright (c) autotrade.deployment engineers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Body of the module ``readiness_info``: read, judge, and wait where asked."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.autotrade.deployment.plugins.module_utils.core.api_resources import ResourceType
from ansible_collections.autotrade.deployment.plugins.module_utils.core.apply_gate import Fail
from ansible_collections.autotrade.deployment.plugins.module_utils.core.apply_model import Item
from ansible_collections.autotrade.deployment.plugins.module_utils.core.objects import ObjectRef, ref_of
from ansible_collections.autotrade.deployment.plugins.module_utils.core.readiness.model import Readiness, State, worst
from ansible_collections.autotrade.deployment.plugins.module_utils.edge.apply_live import Live
from ansible_collections.autotrade.deployment.plugins.module_utils.edge.apply_progress import Progress
from ansible_collections.autotrade.deployment.plugins.module_utils.edge.apply_wait import Gate, Waiting, settle_patience
from ansible_collections.autotrade.deployment.plugins.module_utils.edge.arguments import readiness_rules
from ansible_collections.autotrade.deployment.plugins.module_utils.edge.clock import SystemClock
from ansible_collections.autotrade.deployment.plugins.module_utils.edge.kube_api import KubeApi, Selector
from ansible_collections.autotrade.deployment.plugins.module_utils.edge.kube_errors import KubeError
from ansible_collections.autotrade.deployment.plugins.module_utils.edge.kube_session import session
from ansible_collections.autotrade.deployment.plugins.module_utils.edge.results import Ending, finish, require_libraries


def run_module(module: AnsibleModule) -> None:
    """Judges the objects that the options pick."""
    require_libraries(module)
    finish(module, run(module.params, module.check_mode, False))


def run(params: Mapping[str, Any], _check: bool, _diff: bool) -> Ending:
    """What the module answers for these options; it changes nothing, so neither mode makes a difference."""
    try:
        result = session(params, lambda api: _found(api, params)).result
    except KubeError as error:
        return Ending({"msg": str(error)}, failed=True)
    return Ending(result, failed=bool(result.get("msg")))


def _found(api: KubeApi, params: Mapping[str, Any]) -> dict[str, Any]:
    kind = api.discovery().find(params["api_version"], params["kind"])
    return _absent_kind(api, params) if kind is None else _judged(api, kind, params)


def _absent_kind(api: KubeApi, params: Mapping[str, Any]) -> dict[str, Any]:
    result = _result([], found=False)
    if params["wait"]:
        hint = f"{api.discovery().suggest(params['kind'])}; correct api_version or kind"
        result["msg"] = f"the API server serves no {params['kind']} in {params['api_version']} ({hint})"
    return result


def _judged(api: KubeApi, kind: ResourceType, params: Mapping[str, Any]) -> dict[str, Any]:
    fields = [*params["field_selectors"], *([f"metadata.name={params['name']}"] if params["name"] else [])]
    selector = Selector(fields=",".join(fields) or None, labels=",".join(params["label_selectors"]) or None)
    objects = api.list(kind, params["namespace"], selector).items
    items = [Item(obj, ref_of(obj), "", kind) for obj in objects] or _awaited(kind, params)
    if params["wait"] and not items:
        return {**_result([], found=True), "msg": _nothing(kind, selector, params["namespace"])}
    # Each object is watched by name, in its own namespace: the selectors may pick some of many.
    live = Live({ref_of(obj): obj for obj in objects})
    clock = SystemClock()
    timeout = float(params["wait_timeout"]) if params["wait"] else 0.0
    waiting = Waiting(timeout, readiness_rules(params["readiness_rules"]), settle_patience(params["wait_settle"]))
    gate = Gate(api, clock, waiting, live, Progress(None, clock))
    gate.look_around(items)
    try:
        verdict, judged = gate.ready(items, (1, 1), kind.kind)
    finally:
        gate.close()
    result = _result(list(judged.items()), found=True)
    if params["wait"] and isinstance(verdict, Fail):
        reasons = "; ".join(f"{ref}: {judged[ref].reason}: {judged[ref].message}" for ref in verdict.culprits)
        result["msg"] = f"{'not ready after ' + str(params['wait_timeout']) + ' s' if verdict.timed_out else 'failed'}: {reasons}"
    return result


def _awaited(kind: ResourceType, params: Mapping[str, Any]) -> list[Item]:
    """The one object that is asked for by its name and does not exist; nothing where its place is not known."""
    placed = params["namespace"] or not kind.namespaced or not params["wait"]
    ref = ObjectRef(kind.api_version, kind.kind, params["namespace"], params["name"] or "")
    return [Item({}, ref, "", kind)] if params["name"] and placed else []


def _nothing(kind: ResourceType, selector: Selector, namespace: str | None) -> str:
    chosen = " and ".join(selector.query().values()) or "anything"
    place = f"namespace {namespace}" if namespace else "any namespace" if kind.namespaced else "the cluster"
    return (
        f"no {kind.kind} in {place} matches {chosen}, so there is nothing to wait for. Correct the selectors, or name one object"
        " (name, namespace), which may also come later"
    )


def _result(judged: list[tuple[ObjectRef, Readiness]], found: bool) -> dict[str, Any]:
    state = worst(readiness for _ref, readiness in judged)
    return {
        "changed": False,
        "api_found": found,
        "ready": bool(judged) and all(readiness.state is State.READY for _ref, readiness in judged),
        "state": str(state.state) if judged else str(State.NOT_FOUND),
        "resources": [_entry(ref, readiness) for ref, readiness in judged],
    }


def _entry(ref: ObjectRef, readiness: Readiness) -> dict[str, Any]:
    return {
        "api_version": ref.api_version,
        "kind": ref.kind,
        "namespace": ref.namespace,
        "name": ref.name,
        "state": str(readiness.state),
        "reason": readiness.reason,
        "message": readiness.message,
    }


def argument_spec(connection: Mapping[str, Any], waiting: Mapping[str, Any]) -> dict[str, Any]:
    """All options of ``readiness_info``."""
    selectors: dict[str, Any] = {"type": "list", "elements": "str", "default": []}
    own: dict[str, Any] = {
        "api_version": {"type": "str", "default": "v1", "aliases": ["api", "version"]},
        "kind": {"type": "str", "required": True},
        "name": {"type": "str"},
        "namespace": {"type": "str"},
        "label_selectors": dict(selectors),
        "field_selectors": dict(selectors),
    }
    return {**connection, **waiting, **own}
