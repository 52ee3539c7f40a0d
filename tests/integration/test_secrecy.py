"""No output shows a secret: neither values of Secrets nor credentials, at -vvv with differences, whatever goes wrong."""

from __future__ import annotations

import base64
import json
import re
import subprocess
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.integration.applying import play
from tests.integration.booted import Cluster, Json

PREFIX = "autotrade.deployment"
LOUD = ("-vvv", "--diff")
# A word that every value holds, and signs that JSON, YAML and Go write in ways of their own.
WORD, SIGNS = "Swordfish", "<&\"'\\é"
# Where it runs: an environment of its own keeps a task from running inside the controller.
Variables = Callable[[str], list[str]]
both_ways = pytest.mark.parametrize("environment", [{}, {"AS_A_MODULE": "yes"}], ids=["in the controller", "as a module"])


def shown(ran: subprocess.CompletedProcess[str], values: Iterable[str] = ()) -> str:
    """What the run printed, once it is certain that no secret is in it."""
    text = ran.stdout + ran.stderr
    secrets = [WORD, "PRIVATE KEY", *values, *(base64.b64encode(value.encode()).decode() for value in values)]
    found = [line for line in text.splitlines() if any(secret in line for secret in secrets)]
    assert not found, found
    return text


def failures(text: str) -> int:
    """Tasks that failed, their failure ignored or not."""
    return len(re.findall(r"^fatal: ", text, re.MULTILINE))


# The role.


def passwords(mark: str) -> dict[str, str]:
    names = ("database", "database_superuser", "database_replication", "database_patroni", "cache", "grafana")
    found = {f"secrets_{name}_password": f"{mark}{WORD}{number}{SIGNS}" for number, name in enumerate(names)}
    login = base64.b64encode(f"user:{mark}{WORD}".encode()).decode()
    return {**found, "secrets_image_pull": json.dumps({"auths": {"registry.example": {"auth": login}}})}


def role(kubeconfig: Path | str, environment: Json) -> list[Json]:
    """The role secrets as a user runs it."""
    defaults = {f"group/{PREFIX}.cluster": {"kubeconfig": str(kubeconfig)}}
    include = {"ansible.builtin.include_role": {"name": f"{PREFIX}.secrets"}}
    return [{"block": [include], "module_defaults": defaults, "environment": environment}]


@pytest.fixture
def variables(namespace: str, tmp_path: Path) -> Variables:
    """Writes a variables file with passwords that begin with a mark; answers the arguments that read it."""
    names = ("secrets_namespace", "secrets_monitoring_namespace", "monitoring_namespace")

    def write(mark: str) -> list[str]:
        file = tmp_path / f"{mark}.json"
        file.write_text(json.dumps({**dict.fromkeys(names, namespace), **passwords(mark)}), encoding="utf-8")
        return [*LOUD, "-e", f"@{file}"]

    return write


@pytest.mark.requirement("S6")
@both_ways
def test_the_role_shows_no_value(
    cluster: Cluster, namespace: str, variables: Variables, tmp_path: Path, environment: Json
) -> None:
    values = [*passwords("first").values(), *passwords("second").values()]

    def run(mark: str, *arguments: str) -> str:
        return shown(play(role(cluster.kubeconfig, environment), *variables(mark), *arguments, folder=tmp_path), values)

    assert "(hidden: added)" in run("first", "--check")
    assert "(hidden: added)" in run("first")
    assert "(hidden" not in run("first")
    stored = cluster.get(f"/api/v1/namespaces/{namespace}/secrets/redis-credentials")["data"]["password"]
    assert base64.b64decode(stored).decode() == passwords("first")["secrets_cache_password"]
    assert "(hidden: after)" in run("second")


@pytest.mark.requirement("S6")
@both_ways
def test_the_role_shows_no_value_without_an_api_server(variables: Variables, tmp_path: Path, environment: Json) -> None:
    tasks, arguments, values = role("/nowhere/config", environment), variables("only"), list(passwords("only").values())
    assert "(hidden: added)" in shown(play(tasks, *arguments, "--check", folder=tmp_path), values)
    text = shown(play(tasks, *arguments, folder=tmp_path), values)
    assert "kubeconfig /nowhere/config does not exist" in text
    assert failures(text) == 1


@pytest.fixture
def quoting_policy(cluster: Cluster, namespace: str) -> Any:
    """Admission that refuses every Secret of the namespace and quotes its values, encoded and plain."""
    where = "/apis/admissionregistration.k8s.io/v1"
    quote = "object.data.map(k, k + ' = ' + string(object.data[k])).join(', ')"
    rule = {"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE", "UPDATE"], "resources": ["secrets"]}
    spec = {
        "matchConstraints": {"resourceRules": [rule]},
        "validations": [{"expression": "false", "messageExpression": f"'refused: ' + {quote}"}],
    }
    chosen = {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": namespace}}}
    binding = {"policyName": namespace, "validationActions": ["Deny"], "matchResources": chosen}
    paths = [f"{where}/validatingadmissionpolicies", f"{where}/validatingadmissionpolicybindings"]
    for path, content in zip(paths, (spec, binding), strict=True):
        cluster.create(path, {"metadata": {"name": namespace}, "spec": content})
    probe = {"metadata": {"name": "probe"}, "stringData": {"a": "b"}}
    cluster.wait_answer(422, "POST", f"/api/v1/namespaces/{namespace}/secrets?dryRun=All", probe)
    yield
    for path in paths:
        cluster.delete(f"{path}/{namespace}")


@pytest.mark.requirement("S6")
@both_ways
def test_the_role_shows_no_value_where_admission_quotes_it(
    cluster: Cluster, variables: Variables, quoting_policy: None, tmp_path: Path, environment: Json
) -> None:
    tasks, values = role(cluster.kubeconfig, environment), list(passwords("only").values())
    for mode in ([], ["--check"]):
        text = shown(play(tasks, *variables("only"), *mode, folder=tmp_path), values)
        assert "refused: password = (hidden)" in text, "the reason has to be told"
        assert failures(text) == 1


# The module, with Secrets that no role renders.

VALUE = f"{WORD}{SIGNS}"
BROKEN: dict[str, Json] = {
    "an unknown field": {"password": VALUE},
    "a slip in a name": {"stringdata": {"a": VALUE}},
    "a slip in an indentation": {"metadata": {"data": {"a": VALUE}}},
    "a mapping for a text": {"data": {"a": {"b": VALUE}}},
    "a list for a text": {"stringData": {"a": [VALUE]}},
    "a text for a mapping": {"data": VALUE},
    "no base64": {"data": {"a": VALUE}},
    "a number": {"data": {"a": 1122334455}},
    "an unusable key": {"stringData": {"a b": VALUE}},
    "no registry's login": {"type": "kubernetes.io/dockerconfigjson", "stringData": {".dockerconfigjson": VALUE}},
}


def broken_secrets(kubeconfig: Path | str, namespace: str, environment: Json) -> list[Json]:
    return [
        {
            "name": f"Apply a Secret with {what}",
            f"{PREFIX}.cluster_objects": {
                "kubeconfig": str(kubeconfig),
                "definition": {
                    "apiVersion": "v1",
                    "kind": "Secret",
                    **fields,
                    "metadata": {"name": f"broken-{number}", "namespace": namespace, **fields.get("metadata", {})},
                },
            },
            "environment": environment,
            "ignore_errors": True,
        }
        for number, (what, fields) in enumerate(BROKEN.items())
    ]


@both_ways
def test_a_broken_secret_is_refused_without_its_value(
    cluster: Cluster, namespace: str, tmp_path: Path, environment: Json
) -> None:
    tasks = broken_secrets(cluster.kubeconfig, namespace, environment)
    for mode in ([], ["--check"]):
        text = shown(play(tasks, *LOUD, *mode, folder=tmp_path), [VALUE, "1122334455"])
        assert failures(text) == len(BROKEN)
        assert ".password: field not declared in schema" in text


@both_ways
def test_a_broken_secret_that_nobody_can_judge_is_predicted_without_its_value(tmp_path: Path, environment: Json) -> None:
    tasks = broken_secrets("/nowhere/config", "demo", environment)
    text = shown(play(tasks, *LOUD, "--check", folder=tmp_path), [VALUE, "1122334455"])
    assert text.count("(hidden: added)") >= len(BROKEN)
    assert failures(text) == 0, text


TEMPLATES = {
    "{{ nothing_here }}": "'nothing_here' is undefined",
    "{{ {'a': 1}[value] }}": "AnsibleUndefinedVariable",
    "{{ value | ansible.builtin.to_datetime }}": "cannot be rendered",
    "{{ nothing_here | ansible.builtin.mandatory(value) }}": "cannot be rendered",
    "{{ lookup('ansible.builtin.file', value) }}": "cannot be rendered",
    "{{ unusable }}": "cannot be rendered",
    "{{ value | }}": "line 6: expected token 'name'",
    "!{{ value | first }}Swordfish 5": "could not determine a constructor for the tag (hidden)",
    "'{{ value }}": "unexpected end of stream",
}


@both_ways
def test_a_template_that_cannot_be_rendered_shows_no_value(tmp_path: Path, environment: Json) -> None:
    (tmp_path / "templates").mkdir()
    tasks: list[Json] = []
    for number, expression in enumerate(TEMPLATES):
        text = f"apiVersion: v1\nkind: Secret\nmetadata:\n  name: x\nstringData:\n  a: {expression}\n"
        (tmp_path / "templates" / f"{number}.yaml.j2").write_text(text)
        options = {"template": f"{number}.yaml.j2", "kubeconfig": "/nowhere/config"}
        tasks.append({f"{PREFIX}.cluster_objects": options, "environment": environment, "ignore_errors": True})
    variables = json.dumps({"value": f"{WORD}7788", "unusable": f"{WORD}{{{{ x | }}}}"})
    ran = shown(play(tasks, *LOUD, "-e", variables, folder=tmp_path), [f"{WORD}7788"])
    assert failures(ran) == len(TEMPLATES)
    for reason in TEMPLATES.values():
        assert reason in " ".join(ran.replace("''", "'").split())


# Credentials.

TOKEN = f"token-{WORD}"
SETTINGS: Json = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "settings", "namespace": "default"}}
# The last one runs as a module of its own.
MODULES: list[tuple[str, Json, Json]] = [
    ("cluster_objects", {"definition": SETTINGS}, {}),
    ("readiness_info", {"kind": "Namespace", "name": "default"}, {}),
    ("requirements_info", {"only": ["N1"]}, {}),
    ("cluster_objects", {"definition": SETTINGS}, {"AS_A_MODULE": "yes"}),
]


def with_kubeconfigs(kubeconfigs: Iterable[Any]) -> list[Json]:
    return [
        {f"{PREFIX}.{name}": {**options, "kubeconfig": given}, "environment": environment, "ignore_errors": True}
        for given in kubeconfigs
        for name, options, environment in MODULES
    ]


def changed(config: Json, section: str, key: str, **values: Any) -> Json:
    """The kubeconfig with other values in its one cluster, context or user."""
    return {**config, section: [{**entry, key: {**entry[key], **values}} for entry in config[section]]}


@pytest.fixture
def config(cluster: Cluster) -> Json:
    """The administrator's kubeconfig with everything in it, and a token that the API server need not know."""
    found: Json = yaml.safe_load(cluster.kubeconfig.read_text())
    for section, key in (("clusters", "cluster"), ("users", "user")):
        for name, path in found[section][0][key].items():
            if name in ("certificate-authority", "client-certificate", "client-key"):
                found = changed(found, section, key, **{f"{name}-data": base64.b64encode(Path(path).read_bytes()).decode()})
    return changed(found, "users", "user", token=TOKEN)


def credentials(config: Json) -> list[str]:
    user = config["users"][0]["user"]
    key = base64.b64decode(user["client-key-data"]).decode()
    return [TOKEN, user["client-key-data"], *key.splitlines()[1:-1]]


def test_a_kubeconfig_given_as_content_is_never_shown(config: Json, tmp_path: Path) -> None:
    tasks = with_kubeconfigs([config, yaml.safe_dump(config), json.dumps(config)])
    text = shown(play(tasks, *LOUD, folder=tmp_path), credentials(config))
    assert failures(text) == 0, text
    assert f"ok={len(tasks)}" in text


def test_a_kubeconfig_that_is_no_good_is_never_shown(config: Json, tmp_path: Path) -> None:
    user = config["users"][0]["user"]
    wrong = {
        "did not answer": changed(config, "clusters", "cluster", server="https://127.0.0.1:9"),
        "has no server": changed(config, "clusters", "cluster", server=""),
        "has no context 'another'": {**config, "current-context": "another"},
        "has no clusters": user,
        "the certificate authority is no PEM certificate": changed(
            config, "clusters", "cluster", **{"certificate-authority-data": user["client-key-data"]}
        ),
        "client_cert and client_key do not fit each other": changed(
            config, "users", "user", **{"client-key-data": base64.b64encode(WORD.encode()).decode()}
        ),
        "client-key-data is not base64": changed(config, "users", "user", **{"client-key-data": f"{WORD}!"}),
        "the token holds a character that no token has": changed(config, "users", "user", token=f"{TOKEN}\n{TOKEN}"),
        "Unauthorized": {**config, "users": [{**config["users"][0], "user": {"token": TOKEN}}]},
    }
    text = shown(play(with_kubeconfigs(wrong.values()), *LOUD, folder=tmp_path), credentials(config))
    assert failures(text) == len(wrong) * len(MODULES)
    for reason in wrong:
        assert text.count(reason) >= len(MODULES), reason
