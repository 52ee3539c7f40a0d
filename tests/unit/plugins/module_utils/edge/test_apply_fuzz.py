# Copyright (c) autotrade.deployment engineers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Ten thousand bad manifests go the whole way that needs no API server: read, sealed, checked, planned, told.

Whatever they are, nothing but an error of our own comes of them, it names its source and a remedy, and no secret is shown.
"""

# ruff: noqa: ARG002 - the engine calls by the protocol's names

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible_collections.autotrade.deployment.plugins.module_utils.core.api_resources import ResourceTable, ResourceType
from ansible_collections.autotrade.deployment.plugins.module_utils.core.apply_model import Report
from ansible_collections.autotrade.deployment.plugins.module_utils.core.manifests import Sourced
from ansible_collections.autotrade.deployment.plugins.module_utils.core.objects import KubeObject, ManifestError
from ansible_collections.autotrade.deployment.plugins.module_utils.core.readiness.assess import assess
from ansible_collections.autotrade.deployment.plugins.module_utils.edge.apply_engine import ApplyEngine, Settings
from ansible_collections.autotrade.deployment.plugins.module_utils.edge.apply_progress import Progress
from ansible_collections.autotrade.deployment.plugins.module_utils.edge.apply_wait import Waiting
from ansible_collections.autotrade.deployment.plugins.module_utils.edge.apply_write import Manner
from ansible_collections.autotrade.deployment.plugins.module_utils.edge.kube_api import EVERYTHING, Listing, Selector
from ansible_collections.autotrade.deployment.plugins.module_utils.edge.kube_errors import ApiError

from tests.support.bad_manifests import RECORDED, WORD, Bad, bad_manifests
from tests.support.bad_reading import no_secret, read, unique
from tests.support.clock import Clock
from tests.unit.plugins.module_utils.edge.apply_world import World

SEEDS, EACH, TOGETHER = 20, 500, 50
RECORDER = "recorder"
KINDS = (
    "v1 ConfigMap Secret Pod Service ServiceAccount PersistentVolumeClaim ResourceQuota",
    "apps/v1 Deployment StatefulSet",
    "batch/v1 Job CronJob",
    "autoscaling/v2 HorizontalPodAutoscaler",
    "networking.k8s.io/v1 NetworkPolicy",
    "gateway.networking.k8s.io/v1 HTTPRoute",
    "networking.istio.io/v1 VirtualService",
    "policy/v1 PodDisruptionBudget",
    "rbac.authorization.k8s.io/v1 RoleBinding",
    "keda.sh/v1alpha1 ScaledObject",
    "tests.example.com/v1 Widget",
)
GLOBAL = (
    "v1 Namespace",
    "apiextensions.k8s.io/v1 CustomResourceDefinition",
    "admissionregistration.k8s.io/v1 ValidatingAdmissionPolicy",
)


def served() -> Iterator[ResourceType]:
    for lines, namespaced in ((KINDS, True), (GLOBAL, False)):
        for line in lines:
            api_version, *kinds = line.split()
            group, _slash, version = api_version.rpartition("/")
            yield from (ResourceType(group, version, kind, f"{kind.lower()}s", namespaced) for kind in kinds)


@cache
def recorded() -> tuple[KubeObject, ...]:
    return tuple(yaml.safe_load(path.read_text(encoding="utf-8"))["live"] for path in sorted(RECORDED.glob("*.yaml")))


class AllKinds:
    """Discovery of the kinds above."""

    table = ResourceTable(served())

    def __getattr__(self, name: str) -> Any:
        return getattr(self.table, name)

    def learn(self, types: Any) -> None:
        """Nothing new."""


class Anything(World):
    """Takes whatever it is sent, or quotes it in a refusal; has the recorded objects already."""

    def __init__(self, *, refuses: bool) -> None:
        super().__init__()
        self._refuses = refuses
        self._live = recorded()

    def discovery(self) -> Any:
        return AllKinds()

    def list(self, kind: ResourceType, namespace: str | None, selector: Selector = EVERYTHING, **_options: Any) -> Listing:
        return Listing(tuple(obj for obj in self._live if (obj["apiVersion"], obj["kind"]) == (kind.api_version, kind.kind)), "1")

    def apply(self, kind: ResourceType, obj: KubeObject, manager: str, **options: Any) -> KubeObject:
        body = options["body"]
        json.loads(body)
        if self._refuses:
            raise ApiError(422, "Invalid", f"{kind.kind} is invalid: spec: Invalid value: {body.decode()[:4000]}")
        return {**obj, "metadata": {**obj["metadata"], "uid": "u", "resourceVersion": "2"}}

    def patch(self, kind: ResourceType, obj: KubeObject, *_arguments: Any, **_options: Any) -> KubeObject:
        return obj


def engine(world: World, *, check: bool) -> ApplyEngine:
    clock = Clock()
    manner = Manner(RECORDER, check=check, masks=("spec.size",), earlier=("kubectl-client-side-apply",))
    return ApplyEngine(world, Settings(manner, "default", waiting=Waiting(0)), clock, Progress(None, clock))


def judged(objects: list[Sourced], *, refuses: bool, check: bool) -> Report | str:
    try:
        return engine(Anything(refuses=refuses), check=check).apply(objects)
    except ManifestError as error:
        return str(error)


def shown(report: Report, *, with_diff: bool) -> str:
    parts = [report.message, *report.warnings, *map(str, report.problems)]
    parts += [json.dumps(problem.as_result()) for problem in report.problems]
    parts += [json.dumps(outcome.as_result()) for outcome in report.outcomes]
    return "\n".join(parts + [json.dumps(o.as_diff(), default=str) for o in report.outcomes if with_diff])


@pytest.mark.parametrize("seed", range(SEEDS))
def test_no_manifest_brings_a_traceback_or_shows_a_secret(seed: int, tmp_path: Path) -> None:
    refused, usable = 0, 0
    batch: list[tuple[Bad, list[Sourced]]] = []
    for bad in bad_manifests(seed, EACH):
        objects, why = read(tmp_path, bad)
        refused += bool(why)
        usable += bool(objects)
        batch.append((bad, objects))
        for one in objects:
            no_secret(assess(one.obj, Clock().now()).message, bad)
        if len(batch) == TOGETHER:
            run_all(batch)
            batch = []
    # Both ways are gone often enough to mean something.
    assert refused > EACH / 10
    assert usable > EACH / 4


def run_all(batch: list[tuple[Bad, list[Sourced]]]) -> None:
    for covered in (True, False):
        objects = unique([one for bad, found in batch if bad.covered is covered for one in found])
        # An API server that quotes everything shows what nobody can know to be a secret.
        for refuses, check in ((False, True), (False, False), *(((True, True),) if covered else ())):
            report = judged(objects, refuses=refuses, check=check)
            names = [bad.name for bad, found in batch if bad.covered is covered and found]
            if isinstance(report, str):
                no_secret(report, names)
                continue
            no_secret(shown(report, with_diff=covered), names)
            for problem in report.problems:
                assert problem.source.startswith("bad-"), problem
                assert re.search(r"[Cc]orrect|[Rr]emove|install|Set|Write|Add|wait_timeout", problem.message), problem


def test_the_word_would_be_seen() -> None:
    with pytest.raises(AssertionError):
        no_secret(f"a {WORD}", "itself")
