# Copyright (c) autotrade.deployment engineers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Who we are to which API server: options, environment and kubeconfig become one ``Login``.

A plain kubeconfig (certificates, tokens, passwords) is read here, because importing the Kubernetes client costs ten times
what a run without changes may cost. Exec plugins and auth providers go to the client's own loader (``kube_login_client``).
"""

from __future__ import annotations

import base64
import binascii
import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ansible_collections.autotrade.deployment.plugins.module_utils.edge import kube_login_client
from ansible_collections.autotrade.deployment.plugins.module_utils.edge.kube_credentials import Login
from ansible_collections.autotrade.deployment.plugins.module_utils.edge.kube_errors import LoginError, NoClusterError

try:
    import yaml
except ImportError:  # reported by arguments.missing_library, before anything here is called
    yaml = None  # type: ignore[assignment]

SERVICE_ACCOUNT = Path("/var/run/secrets/kubernetes.io/serviceaccount")


@dataclass(frozen=True)
class Options:
    """The connection options of a module, named as in kubernetes.core."""

    kubeconfig: str | None = None
    kubeconfig_content: str | None = None
    context: str | None = None
    host: str | None = None
    api_key: str | None = None
    username: str | None = None
    password: str | None = None
    validate_certs: bool | None = None
    ca_cert: str | None = None
    client_cert: str | None = None
    client_key: str | None = None
    proxy: str | None = None
    no_proxy: str | None = None
    proxy_headers: Mapping[str, Any] | None = None
    persist_config: bool | None = None
    impersonate_user: str | None = None
    impersonate_groups: tuple[str, ...] = ()

    @classmethod
    def from_params(cls, params: Mapping[str, Any]) -> Options:
        """An empty text counts as none: it is what a lookup of a variable gives that is not set."""
        known: dict[str, Any] = {name: params.get(name) if params.get(name) != "" else None for name in cls.__dataclass_fields__}
        return cls(**{**known, "impersonate_groups": tuple(params.get("impersonate_groups") or ())})


def resolve(options: Options) -> Login:
    """Options beat the kubeconfig; without both, the pod's own service account. Raises LoginError or NoClusterError."""
    return _with_options(_base(options), options)


def _base(options: Options) -> Login:
    path = kubeconfig_path(options)
    if options.kubeconfig_content:
        return _from_text(options.kubeconfig_content, options, Path.cwd(), "kubeconfig_content")
    if path is not None and path.is_file():
        return _from_text(_read(path, "kubeconfig").decode("utf-8"), options, path.parent, str(path))
    if options.host:
        return Login(options.host)
    if os.environ.get("KUBERNETES_SERVICE_HOST") and not options.kubeconfig:
        return _in_cluster()
    raise NoClusterError(f"kubeconfig {path} does not exist; set kubeconfig, host, K8S_AUTH_KUBECONFIG or KUBECONFIG")


def kubeconfig_path(options: Options) -> Path | None:
    """The file that would be read. Of a KUBECONFIG list the first existing file counts."""
    if options.kubeconfig:
        return Path(options.kubeconfig).expanduser()
    listed = [Path(p).expanduser() for p in os.environ.get("KUBECONFIG", "").split(os.pathsep) if p]
    candidates = listed or [Path("~/.kube/config").expanduser()]
    return next((p for p in candidates if p.is_file()), candidates[0])


def _from_text(text: str, options: Options, folder: Path, where: str) -> Login:
    config = _parse(text, where)
    name = options.context or config.get("current-context") or ""
    context = _named(config, "contexts", "context", name, where)
    cluster = _named(config, "clusters", "cluster", str(context.get("cluster", "")), where)
    user_name = str(context.get("user", ""))
    user = _named(config, "users", "user", user_name, where) if user_name else {}
    if user.get("exec") or user.get("auth-provider"):
        login = kube_login_client.load(config, name, folder, where, persist=bool(options.persist_config))
        return replace(login, namespace=context.get("namespace"))
    return _plain(cluster, user, context, folder, where)


def _parse(text: str, where: str) -> Mapping[str, Any]:
    try:
        # Ansible's tagged text is a kind of str that libyaml's parser does not take.
        config = yaml.load(str(text), Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    except yaml.YAMLError as error:
        line = getattr(getattr(error, "problem_mark", None), "line", -1) + 1
        raise LoginError(f"kubeconfig {where} is not YAML (line {line}); give a kubeconfig file") from None
    if not isinstance(config, dict) or "clusters" not in config:
        raise LoginError(f"kubeconfig {where} has no clusters; give a kubeconfig file")
    return config


def _named(config: Mapping[str, Any], section: str, key: str, name: str, where: str) -> Mapping[str, Any]:
    entries = {str(e.get("name")): e.get(key) or {} for e in config.get(section) or () if isinstance(e, dict)}
    if name not in entries:
        known = ", ".join(sorted(entries)) or "none"
        raise LoginError(f"kubeconfig {where} has no {key} {name!r}; it has {known}; set context")
    return dict(entries[name])


def _plain(cluster: Mapping[str, Any], user: Mapping[str, Any], context: Mapping[str, Any], folder: Path, where: str) -> Login:
    if not cluster.get("server"):
        raise LoginError(f"kubeconfig {where}: the cluster of context has no server; set server there, or host")
    token = user.get("token")
    if user.get("tokenFile"):
        token = _read(folder / str(user["tokenFile"]), "tokenFile").decode().strip()
    return Login(
        host=str(cluster["server"]),
        verify=not cluster.get("insecure-skip-tls-verify", False),
        ca=_pem(cluster, "certificate-authority", folder, where),
        certificate=_pem(user, "client-certificate", folder, where),
        key=_pem(user, "client-key", folder, where),
        token=token,
        username=user.get("username"),
        password=user.get("password"),
        server_name=cluster.get("tls-server-name"),
        proxy=cluster.get("proxy-url"),
        namespace=context.get("namespace"),
        impersonate_user=user.get("as"),
        impersonate_groups=tuple(user.get("as-groups") or ()),
    )


def _pem(entry: Mapping[str, Any], key: str, folder: Path, where: str) -> bytes | None:
    data = entry.get(f"{key}-data")
    if data:
        try:
            return base64.b64decode(data, validate=False)
        except (binascii.Error, ValueError):
            raise LoginError(f"kubeconfig {where}: {key}-data is not base64") from None
    return _read(folder / str(entry[key]), key) if entry.get(key) else None


def _read(path: Path, setting: str) -> bytes:
    try:
        return path.expanduser().read_bytes()
    except OSError as error:
        raise LoginError(f"{setting} {path} cannot be read: {error.strerror}") from None


def _token(text: str | None) -> str | None:
    token = (text or "").strip()
    # The HTTP library would quote the whole token where it refuses it.
    if not (token.isascii() and token.isprintable()):
        raise LoginError("the token holds a character that no token has, such as a line break; check api_key or the kubeconfig")
    return token or None


def _in_cluster() -> Login:
    host, port = os.environ["KUBERNETES_SERVICE_HOST"], os.environ.get("KUBERNETES_SERVICE_PORT", "443")
    address = f"[{host}]" if ":" in host else host
    return Login(
        host=f"https://{address}:{port}",
        ca=_read(SERVICE_ACCOUNT / "ca.crt", "service account CA"),
        token=_read(SERVICE_ACCOUNT / "token", "service account token").decode().strip(),
        namespace=_read(SERVICE_ACCOUNT / "namespace", "service account namespace").decode().strip(),
    )


def _with_options(login: Login, options: Options) -> Login:
    given: dict[str, Any] = {
        "host": options.host,
        "token": options.api_key,
        "username": options.username,
        "password": options.password,
        "verify": options.validate_certs,
        "ca": _read(Path(options.ca_cert), "ca_cert") if options.ca_cert else None,
        "certificate": _read(Path(options.client_cert), "client_cert") if options.client_cert else None,
        "key": _read(Path(options.client_key), "client_key") if options.client_key else None,
        "proxy": options.proxy or login.proxy or os.environ.get("HTTPS_PROXY") or os.environ.get("https_proxy"),
        "no_proxy": options.no_proxy or os.environ.get("NO_PROXY") or os.environ.get("no_proxy"),
        "proxy_headers": options.proxy_headers,
        "impersonate_user": options.impersonate_user,
        "impersonate_groups": options.impersonate_groups or None,
    }
    merged = replace(login, **{name: value for name, value in given.items() if value is not None})
    merged = replace(merged, token=_token(merged.token))
    if not merged.host.startswith(("https://", "http://")):
        merged = replace(merged, host=f"https://{merged.host}")
    return replace(merged, host=merged.host.rstrip("/"))
