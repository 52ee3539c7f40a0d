# Copyright (c) autotrade.deployment engineers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""S, the secrets (specification, sections 10 and 11.2): only in Secrets, and every one that is read is provided."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ansible_collections.autotrade.deployment.plugins.module_utils.core.requirements.model import (
    Cluster,
    Verdict,
    check,
    judged,
    missing,
    name_of,
    where_is,
)
from ansible_collections.autotrade.deployment.plugins.module_utils.core.requirements.reading import (
    items,
    mapping,
    name_path,
    strings_in,
    text,
    texts,
)
from ansible_collections.autotrade.deployment.plugins.module_utils.core.requirements.workloads import Container

SECRET_NAME = re.compile(r"(PASSWORD|PASSWD|SECRET|TOKEN|API_?KEY|PRIVATE_?KEY|CREDENTIAL)", re.IGNORECASE)
# Names that only say where a secret lies or how it is handled.
NOT_A_SECRET = re.compile(r"(_FILE|_PATH|_NAME|_SECRET_REF|_ENCRYPTION|_METHOD|_TTL|_ALGORITHM|_ENABLED)$", re.IGNORECASE)
KEY_BLOCK = re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----")
SECRET_FLAG = re.compile(r"--?[a-z-]*(?:password|token|secret)[=\s]+[^$\s/]", re.IGNORECASE)
SECRET_FLAG_FILE = re.compile(r"(file|name|path|dir)[=\s]", re.IGNORECASE)
URL_PASSWORD = re.compile(r"[a-z][a-z0-9+.-]*://[^/\s:@$]+:[^/\s@$<{*]+@")


@check("S6", "Secrets only in Secrets")
def secrets(cluster: Cluster) -> Verdict:
    """No literal secret in environment, arguments or ConfigMaps; every Secret that pods read is provided."""
    problems = [problem for container in cluster.containers() for problem in _literal_secrets(container)]
    for found in cluster.of_kind("ConfigMap"):
        for path, body in strings_in(mapping(found, "data")):
            if KEY_BLOCK.search(body) or URL_PASSWORD.search(body):
                problems.append(
                    f"{where_is(found)}: data.{name_path(path)} holds a private key or a URL with a password, expected a Secret"
                )
    namespace = cluster.settings.namespace
    provided = {name_of(one) for kind in ("Secret", "ExternalSecret") for one in cluster.of_kind(kind, namespace)}
    for name in ("timescaledb-credentials", "redis-credentials"):
        if name not in provided:
            problems.append(missing("Secret or ExternalSecret", name, namespace, "role secrets"))
    for where, name in _referenced(cluster):
        if name not in provided:
            problems.append(f"{where}: reads Secret {namespace}/{name}, which nothing provides (role secrets)")
    return judged(
        problems,
        f"{len(provided)} Secrets in {namespace}; no literal in pods or ConfigMaps",
        "logs and process lists, which tests of the roles watch",
    )


def _literal_secrets(container: Container) -> Iterator[str]:
    for variable in items(container.spec, "env"):
        name, literal = text(variable, "name"), text(variable, "value")
        named = SECRET_NAME.search(name) and not NOT_A_SECRET.search(name) and not literal.startswith(("$(", "/"))
        if literal and (named or URL_PASSWORD.search(literal) or KEY_BLOCK.search(literal)):
            yield f"{container.where}: env {name} holds a literal value, expected valueFrom.secretKeyRef (its role)"
    for argument in texts(container.spec, "args") + texts(container.spec, "command"):
        flag = SECRET_FLAG.search(argument) and not SECRET_FLAG_FILE.search(argument)
        if flag or URL_PASSWORD.search(argument):
            yield f"{container.where}: an argument holds a secret, which every process list would show (its role)"


def _referenced(cluster: Cluster) -> Iterator[tuple[str, str]]:
    for workload in cluster.workloads(cluster.settings.namespace):
        for container in workload.containers:
            references = [mapping(one, "valueFrom", "secretKeyRef") for one in items(container.spec, "env")]
            references += [mapping(one, "secretRef") for one in items(container.spec, "envFrom")]
            yield from (
                (container.where, text(one, "name"))
                for one in references
                if text(one, "name") and one.get("optional") is not True
            )
        for volume in items(workload.spec, "volumes"):
            source = mapping(volume, "secret")
            if text(source, "secretName") and source.get("optional") is not True:
                yield workload.where, text(source, "secretName")
