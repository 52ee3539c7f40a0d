"""``cluster_objects`` and ``readiness_info`` as a user runs them: check mode, differences, secrets, messages, examples."""

from __future__ import annotations

import base64
import importlib
import json
import re
from pathlib import Path

import pytest
import yaml

from tests.integration.applying import config_map, deployment, play, secret
from tests.integration.booted import Cluster, Json

MODULE = "autotrade.deployment.cluster_objects"
PASSWORD = "correct-horse-battery-staple"
TOKEN = "token-that-nobody-may-see"


def objects(cluster: Cluster | None, namespace: str, **options: object) -> Json:
    connection = {} if cluster is None else {"kubeconfig": str(cluster.kubeconfig)}
    return {"name": "Apply", MODULE: {**connection, "namespace": namespace, **options}}


def recap(output: str) -> dict[str, int]:
    return {name: int(count) for name, count in re.findall(r"(ok|changed|failed)=(\d+)", output)}


@pytest.mark.parametrize("environment", [{}, {"AS_A_MODULE": "yes"}], ids=["in the controller", "as a module"])
def test_no_secret_is_ever_shown(cluster: Cluster, namespace: str, tmp_path: Path, environment: Json) -> None:
    config = yaml.safe_load(cluster.kubeconfig.read_text())
    tasks = [
        objects(cluster, namespace, definition=[secret(password=PASSWORD), config_map(note="a word")]),
        objects(None, namespace, kubeconfig=config, definition=[secret(password=PASSWORD + "2")], api_key=TOKEN),
        objects(cluster, namespace, definition=[{**secret(password=PASSWORD), "data": {"pin": 12345678}}]),
    ]
    # An environment of its own keeps a task from running inside the controller.
    ran = play([task | {"environment": environment} for task in tasks], "-vvv", "--diff", folder=tmp_path)
    assert ("AnsiballZ" in ran.stdout) == bool(environment)
    shown = ran.stdout + ran.stderr
    for value in (PASSWORD, base64.b64encode(PASSWORD.encode()).decode(), TOKEN, "12345678"):
        assert value not in shown
    assert not re.search(r"client-key-data|PRIVATE KEY|LS0tLS1CRUdJTi", shown)
    assert "(hidden: added)" in shown
    assert "a word" in shown
    assert recap(ran.stdout)["failed"] == 1


def test_check_mode_predicts_and_is_empty_afterwards(cluster: Cluster, namespace: str, tmp_path: Path) -> None:
    tasks = [objects(cluster, namespace, definition=[config_map(a="1"), deployment()])]
    path = f"/api/v1/namespaces/{namespace}/configmaps/settings"
    before = play(tasks, "--check", "--diff", folder=tmp_path)
    assert recap(before.stdout)["changed"] == 1
    assert "+    kind: ConfigMap" in before.stdout
    assert cluster.request("GET", path).status == 404
    assert recap(play(tasks, folder=tmp_path).stdout)["changed"] == 1
    after = play(tasks, "--check", "--diff", folder=tmp_path)
    assert recap(after.stdout) == {"ok": 1, "changed": 0, "failed": 0}
    assert "+" not in after.stdout.replace("+0000", "")


def test_check_mode_gives_the_answers_of_admission(cluster: Cluster, namespace: str, tmp_path: Path) -> None:
    quota = {"apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": "none"}, "spec": {"hard": {"configmaps": "0"}}}
    play([objects(cluster, namespace, definition=[quota])], folder=tmp_path)
    cluster.wait(
        "quota", f"/api/v1/namespaces/{namespace}/resourcequotas/none", lambda found: found.get("status", {}).get("hard")
    )
    ran = play([objects(cluster, namespace, definition=[config_map(a="1")])], "--check", folder=tmp_path)
    assert "exceeded quota: none" in ran.stdout
    assert recap(ran.stdout)["failed"] == 1


def test_check_mode_marks_what_nobody_can_judge_yet(cluster: Cluster, tmp_path: Path) -> None:
    unknown = {"apiVersion": "later.example.com/v1", "kind": "Later", "metadata": {"name": "a", "namespace": "later"}}
    task = objects(cluster, "not-there-yet", definition=[config_map(a="1"), unknown])
    show = {"name": "Show", "ansible.builtin.debug": {"msg": "{{ done.result.results | map(attribute='unvalidated') | list }}"}}
    ran = play([task | {"register": "done"}, show], "--check", folder=tmp_path)
    assert ran.stdout.count("- true") == 2


@pytest.mark.parametrize("kubeconfig", ["missing", "refused"])
def test_check_mode_without_an_api_server(tmp_path: Path, kubeconfig: str) -> None:
    file = tmp_path / "kubeconfig"
    if kubeconfig == "refused":
        cluster = {"name": "c", "cluster": {"server": "https://127.0.0.1:9"}}
        context = {"name": "c", "context": {"cluster": "c"}}
        file.write_text(yaml.safe_dump({"clusters": [cluster], "contexts": [context], "users": [], "current-context": "c"}))
    tasks = [objects(None, "demo", kubeconfig=str(file), definition=[config_map(a="1"), secret(password=PASSWORD)])]
    checked = play(tasks, "--check", "--diff", folder=tmp_path)
    assert recap(checked.stdout) == {"ok": 1, "changed": 1, "failed": 0}
    assert "nothing is validated" in checked.stdout + checked.stderr
    assert "unvalidated" in checked.stdout
    assert PASSWORD not in checked.stdout
    real = play(tasks, folder=tmp_path)
    assert recap(real.stdout)["failed"] == 1
    assert "kubeconfig" in real.stdout


def test_bad_yaml_names_file_and_line_and_shows_no_value(cluster: Cluster, namespace: str, tmp_path: Path) -> None:
    (tmp_path / "templates").mkdir()
    (tmp_path / "templates" / "broken.yaml.j2").write_text(
        f"apiVersion: v1\nkind: Secret\nstringData:\n  a: '{PASSWORD}\n b: ]\n"
    )
    ran = play([objects(cluster, namespace, template="broken.yaml.j2")], folder=tmp_path)
    assert "broken.yaml.j2, line" in ran.stdout
    assert PASSWORD not in ran.stdout + ran.stderr


def test_every_problem_of_every_document_is_told_at_once(cluster: Cluster, namespace: str, tmp_path: Path) -> None:
    wrong = [{"kind": "ConfigMap"}, ["a", "list"], config_map("twice"), config_map("twice")]
    ran = play([objects(cluster, namespace, definition=wrong)], folder=tmp_path)
    for words in ("definition 1", "definition 2", "twice", "apiVersion"):
        assert words in ran.stdout
    assert "Traceback" not in ran.stdout + ran.stderr


@pytest.mark.parametrize("name", ["cluster_objects", "readiness_info"])
def test_the_examples_run(cluster: Cluster, tmp_path: Path, name: str) -> None:
    module = importlib.import_module(f"ansible_collections.autotrade.deployment.plugins.modules.{name}")
    with cluster.namespace(f"demo-{name.replace('_', '-')}") as namespace:
        examples = yaml.safe_load(module.EXAMPLES.replace("demo", namespace))
        web, database = deployment(), custom_database()
        for folder, content in {
            "templates/objects/web.yaml.j2": web,
            "files/web.yaml": web,
            "files/database.yaml": database,
        }.items():
            file = tmp_path / folder
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(
                yaml.safe_dump_all([{**content, "metadata": {"name": content["metadata"]["name"], "namespace": namespace}}])
            )
        prepare = (
            [objects(cluster, namespace, definition=[DEFINITION, web], wait=True)]
            if name == "readiness_info"
            else [objects(cluster, namespace, definition=[DEFINITION])]
        )
        ran = play(prepare + examples, "-e", json.dumps({"kubeconfig": str(cluster.kubeconfig)}), folder=tmp_path)
    assert recap(ran.stdout)["failed"] == 0, ran.stdout[-3000:]
    assert recap(ran.stdout)["ok"] == len(prepare + examples)


def custom_database() -> Json:
    return {
        "apiVersion": "example.com/v1",
        "kind": "Database",
        "metadata": {"name": "trades"},
        "status": {"phase": "Running", "detail": "serving"},
    }


DEFINITION: Json = {
    "apiVersion": "apiextensions.k8s.io/v1",
    "kind": "CustomResourceDefinition",
    "metadata": {"name": "databases.example.com"},
    "spec": {
        "group": "example.com",
        "names": {"kind": "Database", "plural": "databases", "singular": "database"},
        "scope": "Namespaced",
        "versions": [
            {
                "name": "v1",
                "served": True,
                "storage": True,
                "schema": {"openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": True}},
            }
        ],
    },
}
