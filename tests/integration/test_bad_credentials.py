"""Credentials that hold no more: what to renew, and exactly how far the run came."""

from __future__ import annotations

import datetime as dt
import ssl
import threading
import time
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.autotrade.deployment.plugins.module_utils.edge.kube_api import connect
from ansible_collections.autotrade.deployment.plugins.module_utils.edge.kube_errors import ApiError
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.integration.applying import Applier, config_map
from tests.integration.booted import Cluster, Json
from tests.integration.cut_runs import COUNT, many, sorted_out, there
from tests.support.front import front


def issued(cluster: Cluster, folder: Path, name: str, until: dt.timedelta) -> dict[str, str]:
    """A client certificate of the cluster's own authority, valid from two hours ago."""
    pki = Path(cluster.result["directory"]) / "pki"
    authority = x509.load_pem_x509_certificate((pki / "ca.crt").read_bytes())
    signer: Any = serialization.load_pem_private_key((pki / "ca.key").read_bytes(), None)
    key = ec.generate_private_key(ec.SECP256R1())
    now = dt.datetime.now(dt.timezone.utc)
    subject = x509.Name(
        [x509.NameAttribute(NameOID.ORGANIZATION_NAME, "system:masters"), x509.NameAttribute(NameOID.COMMON_NAME, name)]
    )
    builder = x509.CertificateBuilder().subject_name(subject).issuer_name(authority.subject).public_key(key.public_key())
    builder = builder.serial_number(x509.random_serial_number()).not_valid_before(now - dt.timedelta(hours=2))
    usage = x509.ExtendedKeyUsage([x509.ExtendedKeyUsageOID.CLIENT_AUTH])
    signed = builder.not_valid_after(now + until).add_extension(usage, critical=False).sign(signer, hashes.SHA256())
    files = {"client_cert": folder / f"{name}.crt", "client_key": folder / f"{name}.key"}
    files["client_cert"].write_bytes(signed.public_bytes(serialization.Encoding.PEM))
    plain = serialization.NoEncryption()
    files["client_key"].write_bytes(key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain))
    return {option: str(file) for option, file in files.items()}


def test_a_client_certificate_that_has_expired_says_what_to_renew(cluster: Cluster, namespace: str, tmp_path: Path) -> None:
    ca = str(Path(cluster.result["directory"]) / "pki" / "ca.crt")
    fresh = issued(cluster, tmp_path, "fresh", dt.timedelta(hours=1))
    Applier(cluster, namespace, tmp_path, {"host": cluster.base_url, "ca_cert": ca, **fresh})(config_map(a="1"))
    late = issued(cluster, tmp_path, "late", -dt.timedelta(hours=1))
    run = Applier(cluster, namespace, tmp_path, {"host": cluster.base_url, "ca_cert": ca, **late})(config_map(a="2"))
    for words in (f"v1 ConfigMap {namespace}/settings (file-1.yaml)", "Unauthorized", "renew api_key, client_cert"):
        assert words in run.report.message
    assert run.writes == 0


@pytest.fixture
def token(cluster: Cluster, namespace: str) -> str:
    """Of an account that may write ConfigMaps."""
    account = f"/api/v1/namespaces/{namespace}/serviceaccounts"
    cluster.create(account, {"metadata": {"name": "writer"}})
    rbac = f"/apis/rbac.authorization.k8s.io/v1/namespaces/{namespace}"
    rule = {"apiGroups": [""], "resources": ["configmaps"], "verbs": ["*"]}
    cluster.create(f"{rbac}/roles", {"metadata": {"name": "writer"}, "rules": [rule]})
    subject = {"kind": "ServiceAccount", "name": "writer", "namespace": namespace}
    ref = {"kind": "Role", "name": "writer", "apiGroup": "rbac.authorization.k8s.io"}
    cluster.create(f"{rbac}/rolebindings", {"metadata": {"name": "writer"}, "subjects": [subject], "roleRef": ref})
    asked = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {"expirationSeconds": 600}}
    return str(cluster.create(f"{account}/writer/token", asked)["status"]["token"])


def test_a_token_that_is_revoked_midway_ends_the_run_with_an_exact_account(
    cluster: Cluster, namespace: str, tmp_path: Path, token: str
) -> None:
    authority = str(Path(cluster.result["directory"]) / "pki" / "ca.crt")
    login = {"host": cluster.base_url, "ca_cert": authority, "api_key": token}
    content = f"apiVersion: v1\nkind: Config\nclusters: [{{name: c, cluster: {{server: '{cluster.base_url}'}}}}]\n"
    revoked = threading.Lock()
    with front(cluster.result["ports"]["api_server"], ssl.create_default_context(cafile=authority)) as server:
        content = content.replace(cluster.base_url, server.url)
        content += "contexts: [{name: c, context: {cluster: c}}]\nusers: []\ncurrent-context: c\n"

        def before(number: int) -> None:
            if number > 8:
                with revoked:
                    cluster.delete(f"/api/v1/namespaces/{namespace}/serviceaccounts/writer")
                    await_refused(login)

        server.before = before
        params = {"kubeconfig": None, "kubeconfig_content": content, "api_key": token}
        run = Applier(cluster, namespace, tmp_path, params)(*many())
    written, refused, unsent = sorted_out(run)
    assert written == there(cluster, namespace)
    assert written
    assert refused
    assert written | refused | unsent == {f"c-{number:02}" for number in range(COUNT)}
    assert "renew api_key" in run.report.message
    assert token not in run.report.message


def await_refused(login: Json) -> None:
    """API servers keep in mind for some seconds that a token was good."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        try:
            connect(login)._transport.json("POST", REVIEWS, body=REVIEW)
        except ApiError as error:
            if error.status == 401:
                return
        time.sleep(0.2)
    raise AssertionError("the token is still good")


REVIEWS = "/apis/authentication.k8s.io/v1/selfsubjectreviews"
REVIEW: Json = {"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview"}
