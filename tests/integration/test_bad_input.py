"""What the API server refuses, told so that a person knows object, field and what to change; and what it must take as it is."""

from __future__ import annotations

import base64
import json
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.autotrade.deployment.plugins.module_utils.core.retries import Patience
from ansible_collections.autotrade.deployment.plugins.module_utils.edge.kube_api import HttpKubeApi
from ansible_collections.autotrade.deployment.plugins.module_utils.edge.kube_transport import Transport

from tests.integration.applying import Applier, config_map, deployment, play, secret, stateful_set
from tests.integration.booted import Cluster, Json, pod
from tests.support.openshift import certificate
from tests.support.webhook import NAME, client_config, configuration, refusing

MODULE = "autotrade.deployment.cluster_objects"
WEBHOOKS = "/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations"
WORD = "Swordfish7788"
MEBIBYTE = 1024 * 1024


@pytest.fixture
def apply(cluster: Cluster, namespace: str, tmp_path: Path) -> Applier:
    return Applier(cluster, namespace, tmp_path)


def says(message: str, *words: str) -> None:
    for word in words:
        assert word in message, message


def impatient(apply: Applier) -> HttpKubeApi:
    """Waits two seconds for what may pass."""
    return HttpKubeApi(Transport(apply.connect()._transport.login, patience=Patience(outage=2)))


# Admission.


def test_a_right_that_is_missing_names_object_user_and_what_to_grant(apply: Applier, namespace: str) -> None:
    apply.params = {"impersonate_user": "nobody", "impersonate_groups": ["system:authenticated"]}
    run = apply(config_map(a="1"))
    says(run.report.message, f"v1 ConfigMap {namespace}/settings (file-1.yaml)", 'User "nobody" cannot get', "Grant the user")
    assert run.report.problems[0].reason == "Forbidden"
    assert run.writes == 0


def test_a_right_to_write_that_is_missing_is_told_before_the_first_write(
    apply: Applier, cluster: Cluster, namespace: str
) -> None:
    rbac = f"/apis/rbac.authorization.k8s.io/v1/namespaces/{namespace}"
    rule = {"apiGroups": [""], "resources": ["configmaps"], "verbs": ["get", "list"]}
    cluster.create(f"{rbac}/roles", {"metadata": {"name": "reader"}, "rules": [rule]})
    subject = {"kind": "User", "name": "reader", "apiGroup": "rbac.authorization.k8s.io"}
    ref = {"kind": "Role", "name": "reader", "apiGroup": "rbac.authorization.k8s.io"}
    cluster.create(f"{rbac}/rolebindings", {"metadata": {"name": "reader"}, "subjects": [subject], "roleRef": ref})
    apply.params = {"impersonate_user": "reader"}
    run = apply(config_map(a="1"))
    says(run.report.message, f"ConfigMap {namespace}/settings (file-1.yaml)", "cannot patch", "Grant the user the right to patch")
    assert run.writes == 0


def test_pod_security_names_pod_level_and_field(apply: Applier, cluster: Cluster, namespace: str) -> None:
    labels = {"metadata": {"labels": {"pod-security.kubernetes.io/enforce": "restricted"}}}
    cluster.patch(f"/api/v1/namespaces/{namespace}", labels)
    run = apply(pod("open", hostNetwork=True))
    says(run.report.message, f"v1 Pod {namespace}/open (file-1.yaml)", 'violates PodSecurity "restricted', "hostNetwork=true")
    says(run.report.message, "Set the fields that are named", "pod-security.kubernetes.io/enforce", "nothing was written")
    assert run.writes == 0


def test_a_quota_names_itself_and_what_it_allows(apply: Applier, cluster: Cluster, namespace: str) -> None:
    quota: Json = {"apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": "few"}, "spec": {"hard": {"secrets": "0"}}}
    apply(quota)
    where = f"/api/v1/namespaces/{namespace}/resourcequotas/few"
    cluster.wait("quota", where, lambda found: found.get("status", {}).get("hard"))
    run = apply(secret(password=WORD))
    says(run.report.message, f"v1 Secret {namespace}/login (file-1.yaml)", "exceeded quota: few", "Raise the ResourceQuota few")
    assert WORD not in run.report.message


@pytest.fixture
def webhook(cluster: Cluster, namespace: str, tmp_path: Path) -> Iterator[None]:
    with refusing(tmp_path) as client:
        cluster.create(WEBHOOKS, configuration(namespace, client))
        probe = {"metadata": {"name": "probe"}}
        deadline = time.monotonic() + 60
        while cluster.request("POST", f"/api/v1/namespaces/{namespace}/configmaps?dryRun=All", probe).status < 300:
            assert time.monotonic() < deadline
            time.sleep(0.1)
        yield
        cluster.delete(f"{WEBHOOKS}/{namespace}")


def test_a_webhook_that_refuses_is_quoted_without_the_secret(apply: Applier, webhook: None, namespace: str) -> None:
    run = apply(config_map(a="plain"), secret(password=WORD))
    says(run.report.message, f"ConfigMap {namespace}/settings (file-1.yaml)", f"Secret {namespace}/login (file-2.yaml)")
    says(run.report.message, f'admission webhook "{NAME}" denied the request', "plain", f"as the admission webhook {NAME} asks")
    shown = run.report.message + json.dumps([problem.as_result() for problem in run.report.problems])
    assert WORD not in shown
    assert base64.b64encode(WORD.encode()).decode() not in shown
    assert run.writes == 0


def test_a_webhook_that_is_down_is_named_after_a_while(apply: Applier, cluster: Cluster, namespace: str, tmp_path: Path) -> None:
    cluster.create(WEBHOOKS, configuration(namespace, client_config(9, certificate(tmp_path)[0])))
    try:
        probe = {"metadata": {"name": "probe"}}
        cluster.wait_answer(500, "POST", f"/api/v1/namespaces/{namespace}/configmaps?dryRun=All", probe)
        run = apply(*(config_map(f"c-{number}", a="1") for number in range(5)), api=impatient(apply))
    finally:
        cluster.delete(f"{WEBHOOKS}/{namespace}")
    assert len(run.report.problems) == 5
    says(run.report.message, f"ConfigMap {namespace}/c-0 (file-1.yaml)", "failed calling webhook", f"webhook {NAME} does not")
    says(run.report.message, "repair its service, or delete its configuration", "nothing was written")
    assert run.writes == 0


# The object itself.


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"metadata": {"name": "Not_a_name"}}, ("Not_a_name", "metadata.name", "Correct the field")),
        ({"data": {"a b": "x"}}, ("data[a b]", "Correct the field")),
        ({"data": {"a": {"b": "c"}}}, (".data.a", "Correct the field")),
        ({"binaryData": {"a": "no base64!"}}, ("binaryData", "Correct the field")),
    ],
    ids=["name", "key", "type", "base64"],
)
def test_a_field_that_is_wrong_is_named(apply: Applier, namespace: str, change: Json, words: tuple[str, ...]) -> None:
    run = apply({**config_map(a="1"), **change})
    says(run.report.message, f"v1 ConfigMap {namespace}/", "(file-1.yaml)", *words)
    assert run.writes == 0


def test_a_version_of_its_own_that_is_gone_is_a_conflict_that_is_told(apply: Applier, namespace: str) -> None:
    apply(config_map(a="1"))
    stale = {**config_map(a="2"), "metadata": {"name": "settings", "resourceVersion": "1"}}
    run = apply(stale)
    says(run.report.message, f"v1 ConfigMap {namespace}/settings (file-1.yaml)", "remove metadata.resourceVersion")
    assert run.report.problems[0].reason == "Conflict"
    assert run.writes == 0


def test_an_immutable_field_says_what_to_do(apply: Applier, namespace: str) -> None:
    apply(stateful_set())
    changed = stateful_set()
    changed["spec"]["serviceName"] = "another"
    run = apply(changed)
    says(run.report.message, f"apps/v1 StatefulSet {namespace}/db (file-1.yaml)", "spec: Forbidden", "delete the object first")


# Size and characters.


@pytest.mark.parametrize("kind", ["ConfigMap", "Secret"])
def test_one_mebibyte_is_the_most_and_the_remedy_is_told(apply: Applier, cluster: Cluster, namespace: str, kind: str) -> None:
    plural = f"{kind.lower()}s"

    def large(size: int) -> Json:
        content = (WORD * (size // len(WORD) + 1))[: size - len("a")]
        return {**(secret("large", a=content) if kind == "Secret" else config_map("large", a=content))}

    run = apply(large(MEBIBYTE + 2))
    says(run.report.message, f"v1 {kind} {namespace}/large (file-1.yaml)", "1048576", "Split the object")
    assert len(run.report.message) < 2000
    assert run.writes == 0
    assert apply(large(MEBIBYTE - 1000)).report.problems == ()
    assert len(cluster.get(f"/api/v1/namespaces/{namespace}/{plural}/large")["data"]["a"]) > MEBIBYTE - 2000
    assert apply(large(MEBIBYTE - 1000)).writes == 0


def test_more_than_a_request_may_hold_is_refused_at_once(apply: Applier, namespace: str) -> None:
    run = apply(config_map("huge", a="x" * 4 * MEBIBYTE))
    says(run.report.message, f"v1 ConfigMap {namespace}/huge (file-1.yaml)", "Split the object")
    assert run.requests.get("PATCH (dry run)") == 1


def test_more_than_etcd_takes_is_not_tried_again_and_again(apply: Applier, cluster: Cluster, namespace: str) -> None:
    """No dry run reaches etcd, so this is known at the write only."""
    many = deployment("wide")
    many["metadata"]["annotations"] = {"a": "x" * 200_000}
    many["spec"]["template"]["spec"]["containers"][0]["env"] = [{"name": f"E{n}", "value": "x" * 10_000} for n in range(200)]
    run = apply(many)
    says(run.report.message, f"apps/v1 Deployment {namespace}/wide (file-1.yaml)", "larger than max", "Split the object")
    assert run.writes == 1


ODD = {
    "template": "{{ not }} {% for %} {# no #} $VAR ${VAR} $(VAR) %s %(a)s \\1",
    "emoji": "\U0001f4b9\U0001f469\u200d\U0001f4bb e\u0301",
    "direction": "\u202eright to left\u202c \u05e9\u05dc\u05d5\u05dd \u0645\u0631\u062d\u0628\u0627",
    "lines": "a\n\n b\t\n\r\n c \u2028\u2029 \x85\x7f",
    "yaml": "yes: [no, ~, 0x1F, 1e3, 2026-11-24]\n--- !!int 5\n# &a *a",
    "empty": "",
}


def test_odd_characters_arrive_as_they_are_from_a_file_and_from_a_task(cluster: Cluster, namespace: str, tmp_path: Path) -> None:
    file = tmp_path / "files" / "odd.json"
    file.parent.mkdir()
    file.write_text(json.dumps({**config_map("from-file", **ODD)}), encoding="utf-8")
    connection = {"kubeconfig": str(cluster.kubeconfig), "namespace": namespace}
    # Ansible renders what stands in a task; a value that comes from a lookup is not rendered again.
    content = f"lookup('ansible.builtin.file', '{file}') | from_json"
    wanted = f"{{{{ {content} | combine({{'metadata': {{'name': 'from-task'}}}}) }}}}"
    tasks: list[Json] = [{MODULE: {**connection, "src": "odd.json"}}, {MODULE: {**connection, "definition": wanted}}]
    for expected in ("changed=2", "changed=0"):
        ran = play(tasks, folder=tmp_path)
        assert expected in ran.stdout, ran.stdout
    for name in ("from-file", "from-task"):
        assert cluster.get(f"/api/v1/namespaces/{namespace}/configmaps/{name}")["data"] == ODD


# What never reaches the API server.

HEAD = b"apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x}\n"
UNREADABLE: dict[str, tuple[bytes, tuple[str, ...]]] = {
    "not-yaml": (b"kind: ConfigMap\n  a: 'b\n", ("line 2", "no YAML")),
    "a-list": (b"- a\n- b\n", ("a list where an object is due", "Write one object")),
    "no-kind": (b"apiVersion: v1\nmetadata: {name: x}\n", ("field kind", "Set kind")),
    "no-name": (b"apiVersion: v1\nkind: ConfigMap\n", ("field metadata", "Set metadata.name")),
    "twice": (HEAD + b"---\n" + HEAD, ("twice.yaml:2", "the same object as in", "Remove one")),
    "nul": (HEAD + b'data: {a: "\\0"}\n', ("ConfigMap x, field data.a", "NUL", "Remove it")),
    "binary": (b"\xff\xfe\x00kind: ConfigMap", ("byte 0", "no UTF-8", "Save the file as UTF-8")),
    "deep": (b"a: " + b"[" * 100_000, ("line 1", "more than 200 levels")),
    "number-key": (HEAD + b"data:\n  1: a\n", ("line 5", "a key is no text")),
    "tag": (HEAD + b"data: {a: !!int Swordfish7788}\n", ("line 4", "does not fit its type")),
    "set": (HEAD + b"data: !!set {a}\n", ("ConfigMap x, field data", "type set")),
}


def test_files_that_cannot_be_used_are_told_with_place_and_remedy(tmp_path: Path) -> None:
    (tmp_path / "files").mkdir()
    for name, (content, _words) in UNREADABLE.items():
        (tmp_path / "files" / f"{name}.yaml").write_bytes(content)
    missing = [f"{name}.yaml" for name in (*UNREADABLE, "missing")]
    tasks: list[Json] = [{MODULE: {"src": name, "kubeconfig": "/nowhere"}, "ignore_errors": True} for name in missing]
    ran = play(tasks, "-vvv", folder=tmp_path)
    shown = ran.stdout + ran.stderr
    assert shown.count("fatal: ") == len(missing)
    assert "Traceback" not in shown
    assert WORD not in shown
    told = " ".join(shown.replace("''", "'").split())
    for name, (_content, words) in UNREADABLE.items():
        says(told, f"{name}.yaml", *words)


# Secrets that stand in no Secret.


@pytest.mark.requirement("S6")
@pytest.mark.parametrize("environment", [{}, {"AS_A_MODULE": "yes"}], ids=["in the controller", "as a module"])
def test_what_is_named_like_a_secret_is_shown_nowhere(
    cluster: Cluster, namespace: str, tmp_path: Path, environment: Json
) -> None:
    app = pod("app")
    app["spec"]["containers"][0]["env"] = [{"name": "DB_PASSWORD", "value": WORD}, {"name": "MODE", "value": "plain"}]
    annotated = config_map("annotated", note="plain")
    annotated["metadata"]["annotations"] = {"kubectl.kubernetes.io/last-applied-configuration": json.dumps({"data": WORD})}
    custom: Json = {"apiVersion": "none.example.com/v1", "kind": "Login", "metadata": {"name": "x"}, "spec": {"apiToken": WORD}}
    broken = pod("broken")
    broken["spec"]["containers"][0]["env"] = [{"name": "DB_PASSWORD", "value": {"a": WORD}}]
    slip: Json = {"apiVersion": "v1", "kind": "secret", "metadata": {"name": "slip"}, "stringData": {"a": WORD}}
    connection: dict[str, Any] = {"kubeconfig": str(cluster.kubeconfig), "namespace": namespace}
    proxy = {"proxy": f"http://user:{WORD}@127.0.0.1:9"}
    sets = ({"definition": [app, annotated, custom, slip]}, {"definition": [broken]}, {"definition": [app], **proxy})
    tasks = [{MODULE: {**connection, **one}, "ignore_errors": True, "environment": environment} for one in sets]
    for mode in (["--check"], []):
        ran = play(tasks, "-vvv", "--diff", *mode, folder=tmp_path)
        shown = ran.stdout + ran.stderr
        assert not environment or "AnsiballZ" in ran.stdout
        assert not [line for line in shown.splitlines() if WORD in line]
        assert "Traceback" not in shown
        if mode:
            says(shown, "(hidden: added)", "plain")


def test_a_namespace_that_is_going_says_to_wait(cluster: Cluster, tmp_path: Path) -> None:
    name = f"test-{uuid.uuid4().hex[:8]}"
    with cluster.namespace(name):
        kept = {"metadata": {"name": "kept", "finalizers": ["tests.example.com/kept"]}}
        cluster.create(f"/api/v1/namespaces/{name}/configmaps", kept)
        cluster.delete(f"/api/v1/namespaces/{name}")
        try:
            run = Applier(cluster, name, tmp_path)(config_map(a="1"))
            says(run.report.message, f"ConfigMap {name}/settings (file-1.yaml)", "being terminated", "Wait until the namespace")
        finally:
            cluster.patch(f"/api/v1/namespaces/{name}/configmaps/kept", {"metadata": {"finalizers": None}})
