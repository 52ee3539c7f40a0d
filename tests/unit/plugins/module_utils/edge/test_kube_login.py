"""From options, environment and kubeconfig to one login."""

from __future__ import annotations

import base64
import stat
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible_collections.autotrade.deployment.plugins.module_utils.edge.kube_errors import LoginError, NoClusterError
from ansible_collections.autotrade.deployment.plugins.module_utils.edge.kube_login import Options, resolve


@pytest.fixture(autouse=True)
def _no_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("KUBECONFIG", "KUBERNETES_SERVICE_HOST", "HTTPS_PROXY", "https_proxy", "NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))


def config(user: dict[str, Any], **cluster: Any) -> dict[str, Any]:
    return {
        "current-context": "one",
        "contexts": [
            {"name": "one", "context": {"cluster": "c", "user": "u", "namespace": "trading"}},
            {"name": "two", "context": {"cluster": "d", "user": "u"}},
        ],
        "clusters": [
            {"name": "c", "cluster": {"server": "https://one:6443", **cluster}},
            {"name": "d", "cluster": {"server": "https://two:6443"}},
        ],
        "users": [{"name": "u", "user": user}],
    }


def written(folder: Path, content: dict[str, Any]) -> str:
    file = folder / "kubeconfig"
    file.write_text(yaml.safe_dump(content))
    return str(file)


def test_token_certificate_and_namespace_of_a_kubeconfig(tmp_path: Path) -> None:
    (tmp_path / "client.pem").write_text("PEM")
    data = base64.b64encode(b"CA").decode()
    file = written(tmp_path, config({"token": "t", "client-certificate": "client.pem"}, **{"certificate-authority-data": data}))
    login = resolve(Options(kubeconfig=file))
    assert (login.host, login.ca, login.certificate, login.namespace) == ("https://one:6443", b"CA", b"PEM", "trading")
    assert login.headers() == [("Authorization", "Bearer t")]
    assert "token" not in repr(login)


class Tagged(str):
    """Text as Ansible hands it to a plugin."""

    __slots__ = ()


def test_content_may_be_a_kind_of_text() -> None:
    assert resolve(Options(kubeconfig_content=Tagged(yaml.safe_dump(config({"token": "t"}))))).host == "https://one:6443"


def test_context_and_options_win(tmp_path: Path) -> None:
    file = written(tmp_path, config({"token": "t"}))
    login = resolve(Options(kubeconfig=file, context="two", api_key="other", validate_certs=False, host="three:1/"))
    assert (login.host, login.verify) == ("https://three:1", False)
    assert login.headers() == [("Authorization", "Bearer other")]


def test_impersonation_has_a_line_per_group(tmp_path: Path) -> None:
    file = written(tmp_path, config({"username": "a", "password": "b"}))
    login = resolve(Options(kubeconfig=file, impersonate_user="me", impersonate_groups=("x", "y,z")))
    assert login.headers()[1:] == [("Impersonate-User", "me"), ("Impersonate-Group", "x"), ("Impersonate-Group", "y,z")]
    assert login.headers()[0] == ("Authorization", "Basic YTpi")


def test_an_exec_plugin_is_run(tmp_path: Path) -> None:
    plugin = tmp_path / "plugin"
    answer = '{"kind":"ExecCredential","apiVersion":"client.authentication.k8s.io/v1","status":{"token":"fresh"}}'
    plugin.write_text(f"#!/bin/sh\necho '{answer}'\n")
    plugin.chmod(stat.S_IRWXU)
    run = {"apiVersion": "client.authentication.k8s.io/v1", "command": str(plugin), "interactiveMode": "Never"}
    login = resolve(Options(kubeconfig=written(tmp_path, config({"exec": run}))))
    assert login.headers() == [("Authorization", "Bearer fresh")]
    assert (login.host, login.namespace) == ("https://one:6443", "trading")


def test_a_token_is_stripped_and_never_quoted(tmp_path: Path) -> None:
    assert resolve(Options(host="h", api_key="hunter2\n")).headers() == [("Authorization", "Bearer hunter2")]
    for token in ("hunter2\nhunter3", "hunt\u2028er2"):
        with pytest.raises(LoginError, match="check api_key or the kubeconfig") as caught:
            resolve(Options(kubeconfig=written(tmp_path, config({"token": token}))))
        assert "er2" not in str(caught.value)


@pytest.mark.parametrize(
    ("options", "kind", "words"),
    [
        ({"kubeconfig": "/nowhere/config"}, NoClusterError, "/nowhere/config does not exist; set kubeconfig"),
        ({"kubeconfig_content": "a: [", "kubeconfig": None}, LoginError, "is not YAML"),
        ({"kubeconfig_content": "a: b"}, LoginError, "has no clusters"),
        (
            {"kubeconfig_content": yaml.safe_dump(config({})), "context": "three"},
            LoginError,
            "no context 'three'; it has one, two",
        ),
        ({"host": "h", "ca_cert": "/nowhere/ca"}, LoginError, "ca_cert /nowhere/ca cannot be read"),
    ],
)
def test_errors_name_the_setting(options: dict[str, Any], kind: type[Exception], words: str) -> None:
    with pytest.raises(kind, match=words):
        resolve(Options(**options))


def test_the_service_account_of_a_pod_is_the_last_resort(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    module = "ansible_collections.autotrade.deployment.plugins.module_utils.edge.kube_login"
    monkeypatch.setattr(f"{module}.SERVICE_ACCOUNT", tmp_path)
    monkeypatch.setenv("KUBERNETES_SERVICE_HOST", "fd00::1")
    for name in ("ca.crt", "token", "namespace"):
        (tmp_path / name).write_text(f"{name}\n")
    login = resolve(Options())
    assert (login.host, login.token, login.namespace) == ("https://[fd00::1]:443", "token", "namespace")
