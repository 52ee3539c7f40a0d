"""Reads bad manifests as the action plugin does, and judges what is told about them."""

from __future__ import annotations

import json
import re
from pathlib import Path

from ansible_collections.autotrade.deployment.plugins.module_utils.core.manifests import Sourced, check_sourced
from ansible_collections.autotrade.deployment.plugins.module_utils.core.objects import ManifestError
from ansible_collections.autotrade.deployment.plugins.plugin_utils import object_text

from tests.support.bad_manifests import Bad, carries


def no_secret(text: str, bad: object) -> None:
    assert not carries(text), (bad, text[:3000])


def read(folder: Path, bad: Bad) -> tuple[list[Sourced], str]:
    """The objects that can be used, and what is wrong with the others."""
    file = folder / bad.name
    file.write_bytes(bad.text)
    try:
        found = object_text.documents(bad.name, object_text.read(bad.name, file))
        return list(check_sourced(json.loads(object_text.sealed(found)))), ""
    except ManifestError as error:
        for problem in error.problems:
            told(problem, bad)
        return [], str(error)


def told(problem: ManifestError, bad: Bad) -> None:
    """Source, place and remedy."""
    assert problem.where.startswith(bad.name), (bad, problem)
    assert re.search(r"line \d|byte \d|field |what is no YAML|object is due|the same object as", str(problem)), (bad, problem)
    assert problem.remedy.endswith("."), (bad, problem)
    no_secret(str(problem), bad)


def unique(objects: list[Sourced]) -> list[Sourced]:
    return list({one.ref.key: one for one in objects}.values())
