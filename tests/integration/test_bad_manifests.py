"""Bad manifests through the module's body, as dry runs at the real API server: no traceback, no secret, place and remedy."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible_collections.autotrade.deployment.plugins.module_utils.core.manifests import Sourced
from ansible_collections.autotrade.deployment.plugins.module_utils.edge.apply_module import argument_spec, run
from ansible_collections.autotrade.deployment.plugins.module_utils.edge.arguments import connection_options, wait_options
from ansible_collections.autotrade.deployment.plugins.plugin_utils import object_text

from tests.integration.booted import Cluster, Json
from tests.support.bad_manifests import Bad, bad_manifests
from tests.support.bad_reading import no_secret, read, unique

EACH, TOGETHER = 500, 25
SEEDS = [1000, *(pytest.param(seed, marks=pytest.mark.slow) for seed in range(1001, 1020))]
REMEDIES = (
    "Correct",
    "correct",
    "remove",
    "Remove",
    "install",
    "Split",
    "Set ",
    "Add ",
    "Raise",
    "Grant",
    "Take the fields",
    "Wait",
)


def parameters(cluster: Cluster, namespace: str, objects: Sequence[Sourced]) -> Json:
    given = {
        "kubeconfig": str(cluster.kubeconfig),
        "namespace": namespace,
        "definition": object_text.sealed((one.source, one.obj) for one in objects),
    }
    checked = ArgumentSpecValidator(argument_spec(connection_options(), wait_options())).validate(given)
    assert not checked.error_messages
    return dict(checked.validated_parameters)


def judge(cluster: Cluster, namespace: str, batch: Sequence[tuple[Bad, list[Sourced]]]) -> Iterator[dict[str, Any]]:
    """Problems, once everything that the module says of these files was looked at."""
    for covered in (True, False):
        found = unique([one for bad, objects in batch if bad.covered is covered for one in objects])
        ending = run(parameters(cluster, namespace, found), check_mode=True, diff_mode=covered)
        names = [bad.name for bad, _objects in batch]
        # What the API server quotes of a file that was cut at random stands where nobody can know it as a secret.
        if covered:
            no_secret(json.dumps([ending.result, ending.warnings], default=str, ensure_ascii=False), names)
        assert "Traceback" not in str(ending.result.get("msg", "")), names
        assert not ending.failed or ending.result.get("problems") or "bad-" in ending.result["msg"], ending.result
        yield from ending.result.get("problems", ())


@pytest.mark.parametrize("seed", SEEDS)
def test_the_api_server_judges_bad_manifests(cluster: Cluster, namespace: str, tmp_path: Path, seed: int) -> None:
    refused = 0
    batch: list[tuple[Bad, list[Sourced]]] = []
    for number, bad in enumerate(bad_manifests(seed, EACH), 1):
        batch.append((bad, read(tmp_path, bad)[0]))
        if number % TOGETHER:
            continue
        for problem in judge(cluster, namespace, batch):
            refused += 1
            assert problem["source"].startswith("bad-"), problem
            assert problem["kind"] and problem["name"] and problem["reason"], problem
            assert any(remedy in problem["message"] for remedy in REMEDIES), problem
        batch = []
    assert refused > EACH / 20
