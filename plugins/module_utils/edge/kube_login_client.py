# Copyright (c) autotrade.deployment engineers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Credentials that only the Kubernetes client can fetch: exec plugins and auth providers. Imported when needed."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ansible_collections.autotrade.deployment.plugins.module_utils.edge.kube_credentials import Login
from ansible_collections.autotrade.deployment.plugins.module_utils.edge.kube_errors import LoginError

BEARER = "Bearer "
REMEDY = "run the exec plugin by hand"


def load(config: Mapping[str, Any], context: str, folder: Path, where: str, persist: bool) -> Login:
    """Lets the client's loader run the plugin, and takes over what it found. Raises LoginError with the setting to change."""
    try:
        from kubernetes import client  # noqa: PLC0415 - heavy, and rarely needed
        from kubernetes.config import kube_config  # noqa: PLC0415 - as above
    except ImportError as error:
        raise LoginError(
            f"kubeconfig {where} uses an exec plugin or auth provider, which needs the Python package kubernetes here: {error}"
        ) from None
    found = client.Configuration()
    try:
        loader: Any = kube_config.KubeConfigLoader(  # type: ignore[no-untyped-call]
            config_dict=dict(config),
            active_context=context,
            config_base_path=str(folder),
            config_persister=_persister(where, persist),
        )
        loader.load_and_set(found)
    except Exception as error:
        # The plugin is a foreign program: whatever it raises through the client is one thing to the user, a login that failed.
        raise LoginError(f"kubeconfig {where}, context {context}: the login failed: {error}; {REMEDY}") from None
    login = _login(found)
    if not (login.token or login.certificate):
        # The client only logs that a plugin failed, and goes on as nobody.
        raise LoginError(f"kubeconfig {where}, context {context}: the login brought neither token nor certificate; {REMEDY}")
    return login


def _persister(where: str, persist: bool) -> Any:
    if not persist:
        return None

    def write(config: Mapping[str, Any]) -> None:
        import yaml  # noqa: PLC0415 - as above

        Path(where).write_text(yaml.safe_dump(dict(config)), encoding="utf-8")

    return write


def _login(found: Any) -> Login:
    # Which key the client files the token under differs between its releases; its own answer is the same.
    authorization = str(found.auth_settings().get("BearerToken", {}).get("value") or "")
    return Login(
        host=str(found.host),
        verify=bool(found.verify_ssl),
        ca=_bytes(found.ssl_ca_cert),
        certificate=_bytes(found.cert_file),
        key=_bytes(found.key_file),
        token=authorization.removeprefix(BEARER) or None,
        server_name=getattr(found, "tls_server_name", None),
        proxy=found.proxy or None,
    )


def _bytes(path: str | None) -> bytes | None:
    return Path(path).read_bytes() if path else None
