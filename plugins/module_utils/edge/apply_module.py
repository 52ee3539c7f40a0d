# Copyright (c) autotrade.deployment engineers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Body of the module ``cluster_objects``: parameters in, one engine run, result out."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.autotrade.deployment.plugins.module_utils.core.apply_model import Item, Method, Outcome, Report, counts
from ansible_collections.autotrade.deployment.plugins.module_utils.core.changes import diff, fold_secret
from ansible_collections.autotrade.deployment.plugins.module_utils.core.conflict_rules import ConflictRule, Policy
from ansible_collections.autotrade.deployment.plugins.module_utils.core.field_migration import EARLIER_MANAGERS
from ansible_collections.autotrade.deployment.plugins.module_utils.core.field_paths import FieldPathError, parse_path
from ansible_collections.autotrade.deployment.plugins.module_utils.core.manifests import Sourced, check_sourced
from ansible_collections.autotrade.deployment.plugins.module_utils.core.objects import ManifestError
from ansible_collections.autotrade.deployment.plugins.module_utils.edge.apply_engine import ApplyEngine, Settings
from ansible_collections.autotrade.deployment.plugins.module_utils.edge.apply_progress import Progress
from ansible_collections.autotrade.deployment.plugins.module_utils.edge.apply_refusal import with_remedy
from ansible_collections.autotrade.deployment.plugins.module_utils.edge.apply_set_options import set_options, set_settings
from ansible_collections.autotrade.deployment.plugins.module_utils.edge.apply_wait import Waiting, settle_patience
from ansible_collections.autotrade.deployment.plugins.module_utils.edge.apply_write import Manner
from ansible_collections.autotrade.deployment.plugins.module_utils.edge.arguments import readiness_rules
from ansible_collections.autotrade.deployment.plugins.module_utils.edge.clock import SystemClock
from ansible_collections.autotrade.deployment.plugins.module_utils.edge.kube_api import KubeApi
from ansible_collections.autotrade.deployment.plugins.module_utils.edge.kube_errors import KubeError, NoClusterError
from ansible_collections.autotrade.deployment.plugins.module_utils.edge.kube_session import Answered, session
from ansible_collections.autotrade.deployment.plugins.module_utils.edge.results import Ending, finish, require_libraries


def run_module(module: AnsibleModule) -> None:
    """Applies or deletes the set that the action plugin handed over as JSON text."""
    require_libraries(module)
    finish(module, run(module.params, module.check_mode, module._diff))


def run(params: Mapping[str, Any], check_mode: bool, diff_mode: bool) -> Ending:
    """The whole work, from checked parameters to the result. The action plugin calls it too, where no other host is involved."""
    clock = SystemClock()
    started = clock.monotonic()
    try:
        sourced = check_sourced(_documents(params["definition"]))
        masks = _paths(params["hidden_fields"], "hidden_fields")
        manner = _manner(params, masks, check_mode)
        done = session(params, lambda api: _report(params, api, sourced, manner))
    except NoClusterError as error:
        if error.met or not check_mode:
            return Ending({"msg": f"{error}. Nothing was changed."}, failed=True)
        warning = f"No API server could be asked, so nothing is validated: {error}"
        done = Answered(replace(_without_server(sourced, masks), warnings=(warning,)), {}, ())
    except ManifestError as error:
        return Ending({"msg": str(error)}, failed=True)
    except KubeError as error:
        # What ends a run after its first write is told in its report.
        return Ending({"msg": f"{with_remedy(error)}. Nothing was changed."}, failed=True)
    result = _result(done, diff_mode) | {"duration": round(clock.monotonic() - started, 2)}
    # The report has the server's warnings too, without what they may quote of a Secret.
    return Ending(result, done.result.warnings, failed=bool(done.result.problems))


def _documents(text: str | None) -> list[tuple[str, Any]]:
    """``[[source, document], ...]`` as written by the action plugin."""
    try:
        return [(str(source), document) for source, document in json.loads(text)] if text else []
    except (ValueError, TypeError, RecursionError):
        what = "what is no JSON list of [source, document]"
        raise ManifestError("option definition", what, "what the action plugin writes", "Call it as a task.") from None


def _paths(given: Sequence[str], option: str) -> tuple[str, ...]:
    for path in given:
        try:
            parse_path(path)
        except FieldPathError as error:
            raise ManifestError(f"option {option}", repr(path), "a field path", str(error)) from None
    return tuple(given)


def _manner(params: Mapping[str, Any], masks: tuple[str, ...], check_mode: bool) -> Manner:
    return Manner(params["field_manager"], _rules(params["conflicts"]), masks, check_mode, tuple(params["migrate_managers"]))


def _rules(given: Sequence[Mapping[str, Any]]) -> tuple[ConflictRule, ...]:
    rules: list[ConflictRule] = []
    for number, rule in enumerate(given, 1):
        try:
            rules.append(ConflictRule(rule["path"], Policy(rule["policy"]), tuple(rule["managers"])))
        except FieldPathError as error:
            raise ManifestError(f"option conflicts, rule {number}", repr(rule["path"]), "a field path", str(error)) from None
    return tuple(rules)


def _report(params: Mapping[str, Any], api: KubeApi, sourced: Sequence[Sourced], manner: Manner) -> Report:
    clock = SystemClock()
    rules, patience = readiness_rules(params["readiness_rules"]), settle_patience(params["wait_settle"])
    waiting, applyset = Waiting(float(params["wait_timeout"]), rules, patience), set_settings(params)
    if applyset:
        manner = replace(manner, rules=(*applyset.conflict_rules, *manner.rules))
    settings = Settings(manner, params["namespace"], params["wait"], waiting, applyset)
    engine = ApplyEngine(api, settings, clock, Progress(params["progress_file"], clock))
    return engine.remove(sourced) if params["state"] == "absent" else engine.apply(sourced)


def _without_server(sourced: Sequence[Sourced], masks: tuple[str, ...]) -> Report:
    """Check mode before there is a cluster: everything would be created, and nobody could judge it."""
    outcomes = (
        Outcome(
            Item(one.obj, one.ref, one.source, None), Method.CREATE, True, None, diff(None, fold_secret(one.obj), masks), True
        )
        for one in sourced
    )
    return Report(tuple(outcomes))


def _result(done: Answered[Report], with_diff: bool) -> dict[str, Any]:
    report = done.result
    result: dict[str, Any] = {
        "changed": report.changed,
        "result": {"results": [outcome.as_result() for outcome in report.outcomes]},
        "counts": counts(report.outcomes),
        "requests": dict(done.requests),
    }
    if with_diff:
        result["diff"] = [outcome.as_diff() for outcome in report.outcomes if outcome.changed]
    if report.problems:
        result |= {"msg": report.message, "problems": [problem.as_result() for problem in report.problems]}
        result["unwritten"] = [str(ref) for ref in report.unwritten]
    return result


def _conflict_options() -> dict[str, Any]:
    return {
        "path": {"type": "str", "required": True},
        "policy": {"type": "str", "choices": [str(policy) for policy in Policy], "required": True},
        "managers": {"type": "list", "elements": "str", "default": []},
    }


def argument_spec(connection: Mapping[str, Any], waiting: Mapping[str, Any]) -> dict[str, Any]:
    """All options of ``cluster_objects``; those that the action plugin consumes are here because they are documented."""
    paths: dict[str, Any] = {"type": "list", "elements": "str", "default": []}
    own: dict[str, Any] = {
        "state": {"type": "str", "choices": ["present", "absent", "exported", "rendered"], "default": "present"},
        "template": {"type": "raw"},
        "src": {"type": "raw"},
        "definition": {"type": "raw", "no_log": True, "aliases": ["resource_definition", "definitions", "inline"]},
        "export_dir": {"type": "path"},
        "namespace": {"type": "str"},
        "field_manager": {"type": "str", "default": "autotrade.deployment"},
        "conflicts": {"type": "list", "elements": "dict", "default": [], "options": _conflict_options()},
        "migrate_managers": {"type": "list", "elements": "str", "default": list(EARLIER_MANAGERS)},
        "hidden_fields": dict(paths),
        "progress_file": {"type": "path"},
    }
    return {**connection, **waiting, **own, **set_options()}
