"""What each team can and cannot do: asked of a real API server line by line, tried by hand where rights alone do not decide."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml
from kubernetes import client, config
from kubernetes.dynamic import DynamicClient

from tests.integration.booted import Cluster

ROOT = Path(__file__).resolve().parents[2]
ROLE = ROOT / "roles" / "access_control"
NAMESPACE = "trading-system"
DEFAULTS = yaml.safe_load((ROLE / "defaults" / "main.yml").read_text(encoding="utf-8"))
MATRIX = yaml.safe_load((ROLE / "vars" / "main.yml").read_text(encoding="utf-8"))["__access_control_matrix"]
LINE = re.compile(
    r"(?P<verb>\S+) (?P<resource>[a-z]+)(?:\.(?P<group>[a-z0-9.-]+))?(?:/(?P<sub>\S+))? (?:in (?P<namespace>\S+)|everywhere)"
)
LINES = [(row["team"], can == "can", line) for row in MATRIX for can in ("can", "cannot") for line in row[can]]
GROUPS = {team: DEFAULTS[f"access_control_{team.replace('-', '_')}_group"] for team in ("viewer", "deployer", "on-call")}
pytestmark = pytest.mark.requirement("X4")
Person = Callable[..., client.ApiClient]


@pytest.fixture(scope="module")
def person(cluster: Cluster, rendered: dict[str, list[dict[str, Any]]]) -> Iterator[Person]:
    """A client that acts as a person of a team; without a team, the administrator. The role's objects are in place."""

    @cache
    def acting(team: str = "") -> client.ApiClient:
        found = config.new_client_from_config(str(cluster.kubeconfig))
        if team:
            found.set_default_header("Impersonate-User", "a person")
            found.set_default_header("Impersonate-Group", GROUPS[team])
        return found

    administrator = DynamicClient(acting())
    namespaces = [{"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}} for name in (NAMESPACE, "monitoring")]
    objects = [(_kind(administrator, obj), obj) for obj in [*namespaces, *rendered["access_control"]]]
    for kind, obj in objects:
        kind.server_side_apply(body=obj, namespace=obj["metadata"].get("namespace"), field_manager="tests", force_conflicts=True)
    yield acting
    for kind, obj in reversed(objects):
        kind.delete(name=obj["metadata"]["name"], namespace=obj["metadata"].get("namespace"))


def _kind(api: DynamicClient, obj: dict[str, Any]) -> Any:
    return api.resources.get(api_version=obj["apiVersion"], kind=obj["kind"])


@pytest.fixture(scope="module")
def workload(person: Person) -> str:
    """A Deployment with one secret, for people to try their hands on."""
    container = {"name": "app", "image": "registry.example/app:1", "env": [{"name": "A", "value": "1"}]}
    template = {"metadata": {"labels": {"app": "try"}, "annotations": {"kept": "yes"}}, "spec": {"containers": [container]}}
    body = {
        "metadata": {"name": "try"},
        "spec": {"replicas": 1, "selector": {"matchLabels": {"app": "try"}}, "template": template},
    }
    client.AppsV1Api(person()).create_namespaced_deployment(NAMESPACE, body)
    client.CoreV1Api(person()).create_namespaced_secret(NAMESPACE, {"metadata": {"name": "try"}, "stringData": {"key": "value"}})
    _await_policy(person("on-call"), "try")
    return "try"


def _await_policy(api: client.ApiClient, name: str, deadline: float = 120.0) -> None:
    """API servers take a new admission policy into use a moment after they stored it; there is nothing to watch for that."""
    end = time.monotonic() + deadline
    change = {"spec": {"template": {"metadata": {"labels": {"policy": "awaited"}}}}}
    while True:
        try:
            client.AppsV1Api(api).patch_namespaced_deployment(name, NAMESPACE, change, dry_run="All")
        except client.ApiException as error:
            assert "A deployer makes this change" in str(error.body)
            return
        assert time.monotonic() < end, f"the admission policy does not hold after {deadline} s"
        time.sleep(0.2)


def patched(api: client.ApiClient, name: str, template: dict[str, Any], **spec: Any) -> Any:
    return client.AppsV1Api(api).patch_namespaced_deployment(name, NAMESPACE, {"spec": {"template": template, **spec}})


def refused(api: client.ApiClient, name: str, template: dict[str, Any], **spec: Any) -> str:
    with pytest.raises(client.ApiException) as caught:
        patched(api, name, template, **spec)
    assert caught.value.status in (403, 422)
    return str(caught.value.body)


@pytest.mark.parametrize(
    ("team", "allowed", "line"), LINES, ids=[f"{team}-{'can' if can else 'cannot'}-{line}" for team, can, line in LINES]
)
def test_the_api_server_agrees_with_the_matrix(person: Person, team: str, allowed: bool, line: str) -> None:
    match = LINE.fullmatch(line)
    assert match, f"{line!r} is not of the form 'verb resource[.group][/subresource] in namespace', or 'everywhere'"
    attributes = client.V1ResourceAttributes(
        verb=match["verb"],
        resource=match["resource"],
        group=match["group"],
        subresource=match["sub"],
        namespace=match["namespace"],
    )
    review = client.V1SubjectAccessReview(
        spec=client.V1SubjectAccessReviewSpec(user="a person", groups=[GROUPS[team]], resource_attributes=attributes)
    )
    answer = client.AuthorizationV1Api(person()).create_subject_access_review(review)
    assert answer.status.allowed is allowed, answer.status.reason


def test_every_team_is_asked_about_secrets() -> None:
    for team in GROUPS:
        assert (team, False, f"get secrets in {NAMESPACE}") in LINES
        assert (team, False, "list secrets everywhere") in LINES


@pytest.mark.parametrize("team", GROUPS)
def test_nobody_reads_a_secret(person: Person, workload: str, team: str) -> None:
    with pytest.raises(client.ApiException) as caught:
        client.CoreV1Api(person(team)).read_namespaced_secret(workload, NAMESPACE)
    assert caught.value.status == 403


def test_on_call_restarts_and_scales(person: Person, workload: str) -> None:
    restart = {"metadata": {"annotations": {"kubectl.kubernetes.io/restartedAt": "2026-01-05T09:00:00Z"}}}
    patched(person("on-call"), workload, restart)
    scaled = client.AppsV1Api(person("on-call")).patch_namespaced_deployment_scale(workload, NAMESPACE, {"spec": {"replicas": 2}})
    assert scaled.spec.replicas == 2


@pytest.mark.parametrize(
    ("template", "spec"),
    [
        ({"spec": {"containers": [{"name": "app", "image": "registry.example/other:1"}]}}, {}),
        ({"spec": {"containers": [{"name": "app", "envFrom": [{"secretRef": {"name": "try"}}]}]}}, {}),
        ({"spec": {"serviceAccountName": "default"}}, {}),
        ({"metadata": {"annotations": {"sidecar.istio.io/userVolume": "x"}}}, {}),
        ({"metadata": {"annotations": {"kept": None}}}, {}),
        ({"metadata": {"labels": {"sidecar.istio.io/inject": "false"}}}, {}),
        ({}, {"strategy": {"type": "Recreate", "rollingUpdate": None}}),
    ],
    ids=["image", "secret", "account", "annotation", "annotation-gone", "label", "strategy"],
)
def test_on_call_changes_nothing_else(person: Person, workload: str, template: dict[str, Any], spec: dict[str, Any]) -> None:
    assert "A deployer makes this change" in refused(person("on-call"), workload, template, **spec)


def test_a_deployer_changes_the_image(person: Person, workload: str) -> None:
    image = {"spec": {"containers": [{"name": "app", "image": "registry.example/app:2"}]}}
    found = patched(person("deployer"), workload, image)
    assert found.spec.template.spec.containers[0].image == "registry.example/app:2"


def test_a_viewer_changes_nothing(person: Person, workload: str) -> None:
    assert "forbidden" in refused(person("viewer"), workload, {"metadata": {"annotations": {"a": "b"}}})
