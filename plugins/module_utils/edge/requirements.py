# Copyright (c) autotrade.deployment engineers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Body of the module ``requirements_info``: one LIST per kind, every check on what came back, the report beside it."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from fractions import Fraction
from pathlib import Path
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.autotrade.deployment.plugins.module_utils.core import quantities
from ansible_collections.autotrade.deployment.plugins.module_utils.core.requirements.evaluation import (
    KINDS_NEEDED,
    counts,
    evaluate,
    report,
    unasked,
    unknown,
)
from ansible_collections.autotrade.deployment.plugins.module_utils.core.requirements.model import (
    Cluster,
    Finding,
    KubeObject,
    Settings,
)
from ansible_collections.autotrade.deployment.plugins.module_utils.core.requirements.summary import components
from ansible_collections.autotrade.deployment.plugins.module_utils.edge.kube_api import KubeApi
from ansible_collections.autotrade.deployment.plugins.module_utils.edge.kube_errors import ApiError, KubeError, NoClusterError
from ansible_collections.autotrade.deployment.plugins.module_utils.edge.kube_session import session
from ansible_collections.autotrade.deployment.plugins.module_utils.edge.results import Ending, finish, require_libraries

FORBIDDEN = 403
SECRET_VALUES = ("data", "stringData")


def argument_spec(connection: Mapping[str, Any]) -> dict[str, Any]:
    """All options of ``requirements_info``."""
    own: dict[str, Any] = {
        "only": {"type": "list", "elements": "str", "default": []},
        "namespace": {"type": "str", "default": "trading-system"},
        "monitoring_namespace": {"type": "str", "default": "monitoring"},
        "scale": {"type": "str", "default": "1"},
        "report": {"type": "path"},
    }
    return {**connection, **own}


def run_module(module: AnsibleModule) -> None:
    """Judge the cluster; a requirement that does not hold is a finding, not a failure of the module."""
    require_libraries(module)
    finish(module, run(module.params, module.check_mode))


def run(params: Mapping[str, Any], check_mode: bool, _diff_mode: bool = False) -> Ending:
    """The whole work, from checked parameters to the result; nothing is changed but the report."""
    try:
        return _judged(params, check_mode)
    except (KubeError, OptionError) as error:
        return Ending({"msg": str(error)}, failed=True)


def _judged(params: Mapping[str, Any], check_mode: bool) -> Ending:
    settings = Settings(params["namespace"], params["monitoring_namespace"], _scale(params["scale"]))
    strangers = unknown(params["only"])
    if strangers:
        raise OptionError(f"option only names {', '.join(strangers)}; expected ids such as C3. Correct the option only.")
    try:
        observed = session(params, lambda api: observe(api, settings))
    except NoClusterError as error:
        # In check mode the run that would make the cluster has not happened: nothing to judge, and nothing wrong.
        if error.met or not check_mode:
            raise
        nothing = unasked(f"No API server could be asked: {error}", params["only"])
        return Ending(_result(Cluster((), settings), nothing, None))
    cluster = observed.result
    findings = evaluate(cluster, params["only"])
    if params["report"] and not check_mode:
        write_report(Path(params["report"]), findings)
    return Ending(_result(cluster, findings, params["report"]), observed.warnings)


class OptionError(ValueError):
    """An option of the module that cannot be used; the message names it."""


def _scale(text: str) -> Fraction:
    try:
        return quantities.parse(text)
    except ValueError:
        raise OptionError(f"option scale is {text!r}, expected a number such as 0.25. Set trading_system_scale.") from None


def observe(api: KubeApi, settings: Settings) -> Cluster:
    """The objects of every kind that the checks read; kinds that the server does not serve do not exist, those that this user
    may not list are hidden."""
    objects: list[KubeObject] = []
    hidden: set[str] = set()
    for api_version, kind in KINDS_NEEDED:
        served = api.discovery().find(api_version, kind)
        if served is None:
            continue
        try:
            objects += _slim(api.list(served, None).items)
        except ApiError as error:
            if error.status != FORBIDDEN:
                raise
            hidden.add(kind)
    return Cluster(objects, settings, frozenset(hidden))


def _slim(objects: Iterable[KubeObject]) -> Iterator[KubeObject]:
    """Without the values of Secrets, which no check may see, and without the bookkeeping of field managers."""
    for obj in objects:
        kept = {key: found for key, found in obj.items() if obj["kind"] != "Secret" or key not in SECRET_VALUES}
        metadata = {key: found for key, found in obj.get("metadata", {}).items() if key != "managedFields"}
        if kept["kind"] == "Secret":
            metadata.pop("annotations", None)
        yield {**kept, "metadata": metadata}


def write_report(path: Path, findings: Iterable[Finding]) -> None:
    """Write the report whole or not at all. Raises OptionError when the path cannot be written."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile("w", dir=path.parent, delete=False, encoding="utf-8") as new:
            json.dump(report(findings), new, indent=2)
            new.write("\n")
        Path(new.name).chmod(0o644)
        Path(new.name).replace(path)
    except OSError as error:
        reason = error.strerror or error
        raise OptionError(f"the report cannot be written to {path}: {reason}. Set the option report to another path.") from error


def _result(cluster: Cluster, findings: tuple[Finding, ...], path: str | None) -> dict[str, Any]:
    return {
        "changed": False,
        "findings": [finding.as_dict() for finding in findings],
        "counts": counts(findings),
        "components": [component.as_dict() for component in components(cluster)],
        "nodes": len(cluster.nodes),
        "report": path,
    }
