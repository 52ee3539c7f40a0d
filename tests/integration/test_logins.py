"""Every way to log in, as the real API server sees it: who it says that we are."""

from __future__ import annotations

import base64
import json
import socket
import stat
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible_collections.autotrade.deployment.plugins.module_utils.core.api_resources import ResourceType
from ansible_collections.autotrade.deployment.plugins.module_utils.edge.kube_api import connect
from ansible_collections.autotrade.deployment.plugins.module_utils.edge.kube_errors import ApiError, LoginError

from tests.integration.applying import config_map, play
from tests.integration.booted import Cluster, Json
from tests.support.openshift import PASSWORD, USER, running

REVIEW: Json = {"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview"}
NAMESPACES = ResourceType("", "v1", "Namespace", "namespaces", False)
LOGIN = "ansible_collections.autotrade.deployment.plugins.module_utils.edge.kube_login"


@pytest.fixture(autouse=True)
def _no_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("KUBECONFIG", "KUBERNETES_SERVICE_HOST", "HTTPS_PROXY", "https_proxy", "NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))


def identity(**options: Any) -> tuple[str, set[str]]:
    """User name and groups that the API server knows us by."""
    api = connect(options)
    answer = api._transport.json("POST", "/apis/authentication.k8s.io/v1/selfsubjectreviews", body=REVIEW)[1]
    api.close()
    info = answer["status"]["userInfo"]
    return info["username"], set(info.get("groups", ())) - {"system:authenticated"}


@pytest.fixture
def pki(cluster: Cluster) -> Path:
    return Path(cluster.result["directory"]) / "pki"


@dataclass(frozen=True)
class Account:
    """A service account as the API server knows it, and a token of it."""

    name: str
    token: str


@pytest.fixture
def account(cluster: Cluster, namespace: str) -> Account:
    path = f"/api/v1/namespaces/{namespace}/serviceaccounts/default/token"
    asked = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {"expirationSeconds": 600}}
    token = str(cluster.create(path, asked)["status"]["token"])
    return Account(f"system:serviceaccount:{namespace}:default", token)


@pytest.fixture
def admin(cluster: Cluster) -> str:
    return identity(kubeconfig=str(cluster.kubeconfig))[0]


def kubeconfig(cluster: Cluster, pki: Path, folder: Path, **users: Json) -> str:
    """A file with a context for each user."""
    server = {"server": cluster.base_url, "certificate-authority": str(pki / "ca.crt")}
    content = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "c", "cluster": server}],
        "users": [{"name": name, "user": user} for name, user in users.items()],
        "contexts": [{"name": name, "context": {"cluster": "c", "user": name}} for name in users],
        "current-context": next(iter(users)),
    }
    file = folder / "kubeconfig"
    file.write_text(yaml.safe_dump(content))
    return str(file)


def test_a_kubeconfig_as_file_as_content_and_from_the_environment(
    cluster: Cluster, admin: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert identity(kubeconfig_content=cluster.kubeconfig.read_text())[0] == admin
    monkeypatch.setenv("KUBECONFIG", f"/nowhere:{cluster.kubeconfig}")
    assert identity()[0] == admin


def test_a_context_chooses_the_user(cluster: Cluster, pki: Path, tmp_path: Path, account: Account) -> None:
    pair = {"client-certificate": str(pki / "admin.crt"), "client-key": str(pki / "admin.key")}
    file = kubeconfig(cluster, pki, tmp_path, admin=pair, account={"token": account.token}, **{"as": {**pair, "as": "someone"}})
    assert identity(kubeconfig=file)[1] == {"system:masters"}
    assert identity(kubeconfig=file, context="account")[0] == account.name
    assert identity(kubeconfig=file, context="as")[0] == "someone"
    # An empty text is what a variable of the environment gives that is not set.
    assert identity(kubeconfig=file, context="account", api_key="", host="")[0] == account.name


def test_a_token_from_the_options_and_from_a_file(cluster: Cluster, pki: Path, tmp_path: Path, account: Account) -> None:
    assert identity(host=cluster.base_url, ca_cert=str(pki / "ca.crt"), api_key=account.token)[0] == account.name
    (tmp_path / "token").write_text(account.token + "\n")
    assert identity(kubeconfig=kubeconfig(cluster, pki, tmp_path, account={"tokenFile": "token"}))[0] == account.name


def test_a_client_certificate_from_the_options_and_as_data(cluster: Cluster, pki: Path, tmp_path: Path, admin: str) -> None:
    files = {"client_cert": str(pki / "admin.crt"), "client_key": str(pki / "admin.key")}
    assert identity(host=cluster.base_url, ca_cert=str(pki / "ca.crt"), **files) == (admin, {"system:masters"})
    data = {
        f"client-{name}-data": base64.b64encode((pki / f"admin.{end}").read_bytes()).decode()
        for name, end in (("certificate", "crt"), ("key", "key"))
    }
    assert identity(kubeconfig=kubeconfig(cluster, pki, tmp_path, admin=data))[0] == admin


def test_a_key_of_another_certificate_is_named(cluster: Cluster, pki: Path) -> None:
    files = {"client_cert": str(pki / "admin.crt"), "client_key": str(pki / "ca.key")}
    with pytest.raises(LoginError, match="client_cert and client_key do not fit"):
        identity(host=cluster.base_url, ca_cert=str(pki / "ca.crt"), **files)


def test_a_pod_uses_its_own_account(
    cluster: Cluster, pki: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, account: Account
) -> None:
    for name, content in (("token", account.token), ("ca.crt", (pki / "ca.crt").read_text()), ("namespace", "trading")):
        (tmp_path / name).write_text(content)
    monkeypatch.setattr(f"{LOGIN}.SERVICE_ACCOUNT", tmp_path)
    monkeypatch.setenv("KUBERNETES_SERVICE_HOST", "127.0.0.1")
    monkeypatch.setenv("KUBERNETES_SERVICE_PORT", str(cluster.result["ports"]["api_server"]))
    assert identity()[0] == account.name
    assert connect({}).default_namespace == "trading"


def exec_user(folder: Path, status: Json) -> Json:
    plugin, answer = folder / "plugin", folder / "answer.json"
    version = "client.authentication.k8s.io/v1"
    answer.write_text(json.dumps({"kind": "ExecCredential", "apiVersion": version, "status": status}))
    plugin.write_text(f"#!/bin/sh\nexec cat {answer}\n")
    plugin.chmod(stat.S_IRWXU)
    return {"exec": {"apiVersion": version, "command": str(plugin), "interactiveMode": "Never"}}


def test_an_exec_plugin_brings_a_token_or_a_certificate(
    cluster: Cluster, pki: Path, tmp_path: Path, account: Account, admin: str
) -> None:
    file = kubeconfig(cluster, pki, tmp_path, plugin=exec_user(tmp_path, {"token": account.token}))
    assert identity(kubeconfig=file)[0] == account.name
    pair = {"clientCertificateData": (pki / "admin.crt").read_text(), "clientKeyData": (pki / "admin.key").read_text()}
    file = kubeconfig(cluster, pki, tmp_path, plugin=exec_user(tmp_path, pair))
    assert identity(kubeconfig=file)[0] == admin


def test_an_exec_plugin_that_fails_is_named(cluster: Cluster, pki: Path, tmp_path: Path) -> None:
    user = exec_user(tmp_path, {})
    (tmp_path / "plugin").write_text("#!/bin/sh\necho no credentials here >&2\nexit 3\n")
    with pytest.raises(LoginError, match=r"context plugin: the login brought neither.*run the exec plugin by hand"):
        identity(kubeconfig=kubeconfig(cluster, pki, tmp_path, plugin=user))


def test_impersonation_of_a_user_and_of_groups_with_commas(cluster: Cluster) -> None:
    file = str(cluster.kubeconfig)
    found = identity(kubeconfig=file, impersonate_user="someone", impersonate_groups=["a", "b,c"])
    assert found == ("someone", {"a", "b,c"})


def test_who_may_not_impersonate_is_refused(cluster: Cluster, pki: Path, account: Account) -> None:
    options = {"host": cluster.base_url, "ca_cert": str(pki / "ca.crt"), "api_key": account.token}
    with pytest.raises(ApiError, match="cannot impersonate") as caught:
        identity(**options, impersonate_user="someone")
    assert caught.value.status == 403


@dataclass
class Proxy:
    """An HTTP proxy that only knows CONNECT."""

    url: str = ""
    asked: list[str] = field(default_factory=list)
    headers: list[str] = field(default_factory=list)


@contextmanager
def proxy() -> Iterator[Proxy]:
    listener = socket.create_server(("127.0.0.1", 0))
    made = Proxy(f"http://127.0.0.1:{listener.getsockname()[1]}")
    threading.Thread(target=_accept, args=(listener, made), daemon=True).start()
    try:
        yield made
    finally:
        listener.close()


def _accept(listener: socket.socket, made: Proxy) -> None:
    while True:
        try:
            client = listener.accept()[0]
        except OSError:
            return
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            head += client.recv(1)
        first, *headers = head.decode().strip().split("\r\n")
        made.asked.append(first)
        made.headers += headers
        host, _colon, port = first.split()[1].rpartition(":")
        server = socket.create_connection((host, int(port)))
        client.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
        for source, target in ((client, server), (server, client)):
            threading.Thread(target=_copy, args=(source, target), daemon=True).start()


def _copy(source: socket.socket, target: socket.socket) -> None:
    try:
        while data := source.recv(65536):
            target.sendall(data)
        target.shutdown(socket.SHUT_WR)
    except OSError:
        return


def test_a_proxy_from_options_environment_and_kubeconfig_and_its_password(
    cluster: Cluster, tmp_path: Path, admin: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = str(cluster.kubeconfig)
    with proxy() as made:
        assert identity(kubeconfig=file, proxy=made.url, proxy_headers={"proxy_basic_auth": "u:p"})[0] == admin
        assert [line.split()[:2] for line in made.asked] == [["CONNECT", cluster.base_url.removeprefix("https://")]]
        assert f"Proxy-Authorization: Basic {base64.b64encode(b'u:p').decode()}".lower() in [h.lower() for h in made.headers]
        config = yaml.safe_load(cluster.kubeconfig.read_text())
        config["clusters"][0]["cluster"]["proxy-url"] = made.url
        assert identity(kubeconfig_content=yaml.safe_dump(config))[0] == admin
        monkeypatch.setenv("HTTPS_PROXY", made.url)
        assert identity(kubeconfig=file)[0] == admin
        assert len(made.asked) == 3
        assert identity(kubeconfig=file, no_proxy="localhost, 127.0.0.1")[0] == admin
        assert len(made.asked) == 3


def test_certificates_that_do_not_hold_are_refused_unless_the_user_says_otherwise(
    cluster: Cluster, tmp_path: Path, account: Account
) -> None:
    with running(tmp_path) as (_other, authority):
        options = {"host": cluster.base_url, "api_key": account.token}
        with pytest.raises(LoginError, match=r"TLS to .*failed.*check ca_cert"):
            identity(**options, ca_cert=str(authority))
    assert identity(**options, validate_certs=False)[0] == account.name


def test_user_and_password_are_nothing_to_kubernetes_itself(cluster: Cluster, pki: Path) -> None:
    with pytest.raises(ApiError) as caught:
        identity(host=cluster.base_url, ca_cert=str(pki / "ca.crt"), username="someone", password="something")
    assert caught.value.status == 401


def command_lines() -> set[str]:
    found = set()
    for entry in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            found.add(entry.read_bytes().decode(errors="replace"))
        except OSError:
            continue
    return found


@pytest.mark.parametrize("environment", [{}, {"AS_A_MODULE": "yes"}], ids=["in the controller", "as a module"])
def test_the_password_is_in_no_output_and_in_no_process_list(tmp_path: Path, environment: Mapping[str, str]) -> None:
    module = "autotrade.deployment.cluster_objects"
    seen: set[str] = set()
    done = threading.Event()

    def look() -> None:
        while not done.wait(0.02):
            seen.update(command_lines())

    watcher = threading.Thread(target=look)
    with running(tmp_path) as (openshift, authority):
        login = {"host": openshift.host, "ca_cert": str(authority), "username": USER, "password": PASSWORD}
        task = {"name": "Apply", module: {**login, "definition": [config_map(a="1")], "namespace": "demo"}}
        watcher.start()
        try:
            ran = play([task | {"environment": dict(environment)}], "-vvv", "--diff", folder=tmp_path)
        finally:
            done.set()
            watcher.join()
        assert "POST /oauth/token" in openshift.paths
        assert openshift.paths[-1].startswith("DELETE /apis/oauth.openshift.io/v1/useroauthaccesstokens/")
        assert openshift.valid == set()
    assert ("AnsiballZ" in ran.stdout) == bool(environment)
    for text in (ran.stdout, ran.stderr, *seen):
        assert PASSWORD not in text
        assert openshift.token not in text
