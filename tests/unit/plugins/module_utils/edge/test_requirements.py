"""Reading a cluster for its verification: one LIST per kind, no secret values, forbidden kinds hidden."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from ansible_collections.autotrade.deployment.plugins.module_utils.core.requirements.evaluation import KINDS_NEEDED, evaluate
from ansible_collections.autotrade.deployment.plugins.module_utils.core.requirements.model import Finding, Settings, State
from ansible_collections.autotrade.deployment.plugins.module_utils.edge.kube_errors import ApiError
from ansible_collections.autotrade.deployment.plugins.module_utils.edge.requirements import OptionError, observe, write_report

SECRET = {
    "kind": "Secret",
    "metadata": {"name": "s", "namespace": "trading-system", "managedFields": [1], "annotations": {"last": "hunter2"}},
    "data": {"password": "aHVudGVyMg=="},
}


class Api:
    """Serves every kind but CRDs; answers 403 for the kinds in ``forbidden``."""

    def __init__(self, forbidden: dict[str, int] | None = None) -> None:
        self.listed: Counter[str] = Counter()
        self.forbidden = forbidden or {}

    def discovery(self) -> Any:
        return SimpleNamespace(find=lambda version, kind: None if "." in version.split("/")[0] else SimpleNamespace(kind=kind))

    def list(self, kind: Any, _namespace: str | None) -> Any:
        self.listed[kind.kind] += 1
        if kind.kind in self.forbidden:
            raise ApiError(self.forbidden[kind.kind], "Forbidden", "no")
        return SimpleNamespace(items=(SECRET,) if kind.kind == "Secret" else ())


def test_each_kind_is_listed_once_and_unknown_ones_not_at_all() -> None:
    api = Api()
    observe(api, Settings())  # type: ignore[arg-type]
    assert set(api.listed.values()) == {1}
    assert "ScaledObject" not in api.listed
    assert len(KINDS_NEEDED) == len(set(KINDS_NEEDED))


def test_values_of_secrets_never_reach_a_check() -> None:
    cluster = observe(Api(), Settings())  # type: ignore[arg-type]
    (secret,) = cluster.of_kind("Secret")
    assert secret["metadata"]["name"] == "s"
    assert "aHVudGVyMg" not in json.dumps(secret)
    assert "hunter2" not in json.dumps(secret)


def test_a_forbidden_kind_is_hidden_from_the_checks_that_need_it() -> None:
    cluster = observe(Api({"Secret": 403}), Settings())  # type: ignore[arg-type]
    assert evaluate(cluster, ["S6"])[0].state is State.NOT_RUN


def test_any_other_answer_is_an_error() -> None:
    with pytest.raises(ApiError):
        observe(Api({"Secret": 500}), Settings())  # type: ignore[arg-type]


def test_the_report_is_written_whole(tmp_path: Path) -> None:
    path = tmp_path / "build" / "verify.json"
    write_report(path, [Finding("C3", "Calico", State.PASSED, "one pool")])
    assert json.loads(path.read_text()) == {"C3": {"state": "passed", "message": "one pool"}}
    assert [one.name for one in path.parent.iterdir()] == ["verify.json"]


def test_a_report_that_cannot_be_written_names_the_option(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OptionError, match="Set the option report to another path"):
        write_report(tmp_path / "file" / "verify.json", [])
