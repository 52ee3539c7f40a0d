# Copyright (c) autotrade.deployment engineers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Options that several modules share: the connection, named and set from the environment as in kubernetes.core, and waiting."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote

from ansible.module_utils.basic import env_fallback
from ansible_collections.autotrade.deployment.plugins.module_utils.core.readiness.model import CustomRule
from ansible_collections.autotrade.deployment.plugins.module_utils.edge.jmespath_search import search


def _env(*names: str) -> tuple[Any, list[str]]:
    return (env_fallback, list(names))


def connection_options() -> dict[str, Any]:
    """How to reach the API server and as whom."""
    return {
        "kubeconfig": {"type": "raw", "fallback": _env("K8S_AUTH_KUBECONFIG")},
        "kubeconfig_content": {"type": "str", "no_log": True},
        "context": {"type": "str", "fallback": _env("K8S_AUTH_CONTEXT")},
        "host": {"type": "str", "fallback": _env("K8S_AUTH_HOST")},
        "api_key": {"type": "str", "no_log": True, "fallback": _env("K8S_AUTH_API_KEY")},
        "username": {"type": "str", "fallback": _env("K8S_AUTH_USERNAME")},
        "password": {"type": "str", "no_log": True, "fallback": _env("K8S_AUTH_PASSWORD")},
        "validate_certs": {"type": "bool", "aliases": ["verify_ssl"], "fallback": _env("K8S_AUTH_VERIFY_SSL")},
        "ca_cert": {"type": "path", "aliases": ["ssl_ca_cert"], "fallback": _env("K8S_AUTH_SSL_CA_CERT")},
        "client_cert": {"type": "path", "aliases": ["cert_file"], "fallback": _env("K8S_AUTH_CERT_FILE")},
        "client_key": {"type": "path", "no_log": False, "aliases": ["key_file"], "fallback": _env("K8S_AUTH_KEY_FILE")},
        "proxy": {"type": "str", "fallback": _env("K8S_AUTH_PROXY")},
        "no_proxy": {"type": "str", "fallback": _env("K8S_AUTH_NO_PROXY")},
        "proxy_headers": {"type": "dict", "options": _proxy_headers()},
        "persist_config": {"type": "bool", "fallback": _env("K8S_AUTH_PERSIST_CONFIG")},
        "impersonate_user": {"type": "str", "fallback": _env("K8S_AUTH_IMPERSONATE_USER")},
        "impersonate_groups": {"type": "list", "elements": "str", "fallback": _env("K8S_AUTH_IMPERSONATE_GROUPS")},
    }


def _proxy_headers() -> dict[str, Any]:
    return {
        "basic_auth": {"type": "str", "no_log": True, "fallback": _env("K8S_AUTH_PROXY_HEADERS_BASIC_AUTH")},
        "proxy_basic_auth": {"type": "str", "no_log": True, "fallback": _env("K8S_AUTH_PROXY_HEADERS_PROXY_BASIC_AUTH")},
        "user_agent": {"type": "str", "fallback": _env("K8S_AUTH_PROXY_HEADERS_USER_AGENT")},
    }


def sealed_connection(args: Mapping[str, Any]) -> dict[str, Any]:
    """Arguments in which the content of a kubeconfig stands in ``kubeconfig_content``, which no log shows.

    The same goes for user and password in ``proxy``, which belong into ``proxy_headers``.

    Content is a mapping, or text where a path is due. Action plugins seal before they hand the arguments on, because what
    Ansible knows as ``kubeconfig`` it shows; ``connect`` seals for whoever calls a module without its action plugin.
    """
    args = _without_proxy_password(args)
    given = args.get("kubeconfig")
    if isinstance(given, Mapping):
        content = json.dumps(given, default=_plain)
    elif isinstance(given, str) and ("\n" in given or given.lstrip().startswith("{")):
        content = given
    else:
        return dict(args)
    rest = {name: value for name, value in args.items() if name != "kubeconfig"}
    return {**rest, "kubeconfig_content": content}


def _without_proxy_password(args: Mapping[str, Any]) -> dict[str, Any]:
    scheme, _slashes, rest = str(args.get("proxy") or "").rpartition("://")
    login, at, address = rest.rpartition("@")
    if not at:
        return dict(args)
    headers = {"proxy_basic_auth": unquote(login), **(args.get("proxy_headers") or {})}
    return {**args, "proxy": f"{scheme}://{address}" if scheme else address, "proxy_headers": headers}


def _plain(value: Any) -> Any:
    """Ansible's own mappings, and dates, which YAML reads where a kubeconfig means text."""
    return dict(value) if isinstance(value, Mapping) else str(value)


def wait_options() -> dict[str, Any]:
    """Whether, how long and by which rules to wait."""
    rule = {
        "kind": {"type": "str", "required": True},
        "ready": {"type": "str", "required": True},
        "failed": {"type": "str"},
        "explanation": {"type": "str"},
    }
    return {
        "wait": {"type": "bool", "default": False},
        "wait_timeout": {"type": "int", "default": 120},
        "wait_sleep": {"type": "int", "default": 5},
        "wait_settle": {"type": "int", "default": 10},
        "readiness_rules": {"type": "list", "elements": "dict", "default": [], "options": rule},
    }


def readiness_rules(given: list[dict[str, Any]]) -> dict[str, CustomRule]:
    """The option ``readiness_rules`` as rules of the core, by ``Kind.group``."""
    return {
        rule["kind"]: CustomRule(ready=rule["ready"], search=search, failed=rule.get("failed"), message=rule.get("explanation"))
        for rule in given
    }


def missing_library() -> str | None:
    """Name of a Python package that is missing here, or None."""
    for name in ("yaml", "urllib3"):
        try:
            __import__(name)
        except ImportError:
            return {"yaml": "PyYAML"}.get(name, name)
    return None
