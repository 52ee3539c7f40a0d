"""kube-score over the objects of every role: what it finds is either repaired or listed with a reason."""

from __future__ import annotations

import json
import os
import subprocess
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.conftest import CLOUD_ROLES, OPTIONAL_ROLES, Objects, Render

EXCEPTIONS = Path(__file__).resolve().parents[1] / "kube_score_exceptions.yml"
CACHE = Path(os.environ.get("XDG_CACHE_HOME", "") or Path.home() / ".cache")
STORE = Path(os.environ.get("AUTOTRADE_STORE", "") or CACHE / "autotrade" / "store")
BINARY = STORE / "bin" / "kube-score"
GOOD = 10
# kube-score ends with 1 when it found something critical.
JUDGED = (0, 1)


@pytest.fixture(scope="module")
def findings(rendered: Objects, render: Render) -> dict[tuple[str, str], str]:
    """(check, object) -> what kube-score says."""
    if not BINARY.exists():
        pytest.skip(f"{BINARY} does not exist; fill the store with playbooks/mirror.yml, or set AUTOTRADE_STORE")
    optional = [render([role], **variables) for role, variables in {**OPTIONAL_ROLES, **CLOUD_ROLES}.items()]
    every = [obj for by_role in (rendered, *optional) for objects in by_role.values() for obj in objects]
    document = "\n---\n".join(json.dumps(obj) for obj in every)
    command = [
        str(BINARY),
        "score",
        "--kubernetes-version",
        "v1.36",
        "--enable-optional-test",
        "container-seccomp-profile",
        "--output-format",
        "json",
        "-",
    ]
    answer = subprocess.run(command, input=document, text=True, capture_output=True, check=False)
    assert answer.returncode in JUDGED, answer.stderr
    return {
        (check["check"]["id"], _name(scored)): "; ".join(f"{one['path']} {one['summary']}" for one in check["comments"] or [])
        for scored in json.loads(answer.stdout)
        for check in scored["checks"]
        if not check["skipped"] and check["grade"] < GOOD
    }


def _name(scored: dict[str, Any]) -> str:
    meta = scored["object_meta"]
    return "/".join([scored["type_meta"]["kind"], meta.get("namespace", ""), meta["name"]])


@pytest.fixture(scope="module")
def exceptions() -> list[dict[str, str]]:
    return yaml.safe_load(EXCEPTIONS.read_text(encoding="utf-8"))


def _excuses(entry: dict[str, str], finding: tuple[str, str]) -> bool:
    return entry["check"] == finding[0] and fnmatchcase(finding[1], entry["object"])


@pytest.mark.requirement("A8")
def test_every_finding_is_listed_with_a_reason(findings: dict[tuple[str, str], str], exceptions: list[dict[str, str]]) -> None:
    unexcused = {finding: said for finding, said in findings.items() if not any(_excuses(entry, finding) for entry in exceptions)}
    lines = [f"{check} {name}: {said}" for (check, name), said in sorted(unexcused.items())]
    assert not lines, f"repair it, or list it in {EXCEPTIONS.name}:\n" + "\n".join(lines)


@pytest.mark.requirement("A8")
def test_every_exception_is_still_needed(findings: dict[tuple[str, str], str], exceptions: list[dict[str, str]]) -> None:
    assert not [entry for entry in exceptions if not any(_excuses(entry, finding) for finding in findings)]
    assert all(set(entry) == {"check", "object", "reason"} and entry["reason"].strip() for entry in exceptions)
