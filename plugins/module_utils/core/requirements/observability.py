# Copyright (c) autotrade.deployment engineers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""S, the part that watches: monitoring, tracing, logs, paging (specification, sections 9.3 and 11.3)."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from ansible_collections.autotrade.deployment.plugins.module_utils.core.requirements.hygiene import ours
from ansible_collections.autotrade.deployment.plugins.module_utils.core.requirements.model import (
    Cluster,
    Verdict,
    check,
    judged,
    name_of,
    not_run,
    where_is,
)
from ansible_collections.autotrade.deployment.plugins.module_utils.core.requirements.reading import (
    items,
    mapping,
    selects,
    text,
    texts,
    value,
)
from ansible_collections.autotrade.deployment.plugins.module_utils.core.requirements.workloads import Workload

ROUTED = re.compile(r"^route:", re.MULTILINE)
RECEIVER = re.compile(r"^[ -]*receiver:\s*['\"]?([^'\"\s]+)", re.MULTILINE)
QUESTIONS = 16686
LITERAL_PASSWORD = re.compile(r"^[ -]*(?:http_passwd|bearer_token|tls\.key_passwd):[ \t]*(?![ \t]|\$\{)\S", re.MULTILINE)
RECEIVER_NAME = re.compile(r"^[ -]*name:\s*['\"]?([^'\"\s]+)", re.MULTILINE)


@check("S4", "Prometheus, Grafana, Alertmanager, rules, dashboards")
def monitoring(cluster: Cluster) -> Verdict:
    """The three components, alert rules that each name a runbook, dashboards, the custom metric."""
    namespace = cluster.settings.monitoring_namespace
    workloads = cluster.workloads(namespace)
    problems = [
        f"no workload named {part} stands in namespace {namespace} (role monitoring)"
        for part in ("prometheus", "grafana", "alertmanager")
        if not any(part in workload.name for workload in workloads)
    ]
    files = _config_files(cluster, namespace)
    alerts = [(where, name, block) for where, body in files for name, block in _alerts(body)]
    if not alerts:
        problems.append(f"no ConfigMap in namespace {namespace} holds alert rules (role monitoring)")
    problems += [
        f"{where}: alert {name} has no annotation runbook_url or runbook_tag (role monitoring)"
        for where, name, block in alerts
        if "runbook" not in block
    ]
    dashboards = [where for where, body in files if '"panels"' in body]
    if not dashboards:
        problems.append(f"no ConfigMap in namespace {namespace} holds a dashboard (JSON with panels) (role monitoring)")
    if not any("requests_per_second" in body for _where, body in files):
        problems.append(
            "no rule or dashboard knows the metric requests_per_second, which trading-strategy scales on (role monitoring)"
        )
    if not any("scrape_configs" in body for _where, body in files):
        problems.append(
            f"no ConfigMap in namespace {namespace} holds scrape_configs, so Prometheus would collect nothing (role monitoring)"
        )
    return judged(problems, f"{len(alerts)} alerts, each with its runbook; {len(dashboards)} dashboards", "that samples arrive")


def _config_files(cluster: Cluster, namespace: str) -> list[tuple[str, str]]:
    return [
        (f"{where_is(found)}, {key}", body)
        for found in cluster.of_kind("ConfigMap", namespace)
        for key, body in mapping(found, "data").items()
        if isinstance(body, str)
    ]


def _alerts(body: str) -> Iterator[tuple[str, str]]:
    """Name and text of each rule in a Prometheus rule file (read by line: core has no YAML)."""
    parts = re.split(r"^\s*-\s+(?:alert|record):", body, flags=re.MULTILINE)
    heads = re.findall(r"^\s*-\s+(alert|record):", body, flags=re.MULTILINE)
    for head, part in zip(heads, parts[1:], strict=True):
        if head == "alert":
            yield part.split("\n", 1)[0].strip(), part


@check("S5", "Tracing and logs, optional")
def traces_and_logs(cluster: Cluster) -> Verdict:
    """Optional, off by default; where they are there: no way in from outside, and logs travel by TLS under a hidden password."""
    found = [
        workload
        for workload in cluster.workloads()
        if any(part in workload.name for part in ("jaeger", "fluent-bit", "opensearch", "loki")) and ours(cluster, workload)
    ]
    if not found:
        return not_run("tracing and log collection are optional and not installed here")
    problems = list(_open_services(cluster))
    for workload in found:
        if "jaeger" in workload.name:
            problems += _open_questions(cluster, workload)
        if "fluent-bit" in workload.name:
            problems += _unsafe_shipping(cluster, workload)
    return judged(problems, ", ".join(workload.where for workload in found), "that spans and lines arrive")


def _open_services(cluster: Cluster) -> Iterator[str]:
    for one in cluster.of_kind("Service"):
        kind = text(one, "spec", "type")
        if any(part in name_of(one) for part in ("jaeger", "opensearch", "loki")) and kind not in ("", "ClusterIP"):
            yield f"{where_is(one)}: type {kind} is open to the outside, expected ClusterIP (roles tracing, logging)"


def _open_questions(cluster: Cluster, workload: Workload) -> Iterator[str]:
    """Jaeger's user interface asks for no login, so a policy has to name who may reach it."""
    policies = [
        one
        for one in cluster.of_kind("NetworkPolicy", workload.namespace)
        if selects(value(one, "spec", "podSelector"), workload.labels) and "Ingress" in texts(one, "spec", "policyTypes")
    ]
    if not policies:
        yield f"{workload.where}: no NetworkPolicy restricts who reaches port {QUESTIONS} (role tracing)"
    for policy in policies:
        for rule in items(policy, "spec", "ingress"):
            ports = [value(port, "port") for port in items(rule, "ports")]
            if (not ports or QUESTIONS in ports) and _anybody(rule):
                yield f"{where_is(policy)}: every pod may reach port {QUESTIONS}, expected named ones (role tracing)"


def _anybody(rule: Mapping[str, Any]) -> bool:
    peers = items(rule, "from")
    return not peers or any(not mapping(peer, "namespaceSelector") and "podSelector" not in peer for peer in peers)


def _unsafe_shipping(cluster: Cluster, workload: Workload) -> Iterator[str]:
    files = [(where, body) for where, body in _config_files(cluster, workload.namespace) if "outputs:" in body]
    if not files:
        yield f"{workload.where}: no ConfigMap of its namespace names an output (role logging)"
    for where, body in files:
        for key in ("tls", "tls.verify"):
            if not re.search(rf"^[ -]*{re.escape(key)}:\s*(true|on)\s*$", body.split("outputs:", 1)[1], re.MULTILINE):
                yield f"{where}: {key} of the output is not true, so logs could be read or taken on the way (role logging)"
        if LITERAL_PASSWORD.search(body):
            yield f"{where}: the password stands in the file, expected a reference such as ${{STORE_PASSWORD}} (role logging)"


@check("S8", "Paging and a watchdog")
def paging(cluster: Cluster) -> Verdict:
    """Receivers, routes and the alert that always fires."""
    namespace = cluster.settings.monitoring_namespace
    bodies = [body for _where, body in _config_files(cluster, namespace)]
    secrets = [one for one in cluster.of_kind("Secret", namespace) if "alertmanager" in name_of(one)]
    configurations = [body for body in [*bodies, *_secret_files(secrets)] if ROUTED.search(body)]
    problems = []
    # A live Secret comes without its values; that it is there is all that may be seen.
    if not configurations and not (cluster.observed and secrets):
        problems.append(f"no Alertmanager configuration in namespace {namespace} has a route (monitoring_receivers)")
    for body in configurations:
        problems += _unknown_receivers(body)
        if "Watchdog" not in body:
            problems.append(
                "no route of Alertmanager sends Watchdog to a watcher outside the cluster (monitoring_watchdog_receiver)"
            )
    if not any(re.search(r"alert:\s*['\"]?Watchdog", body) for body in bodies):
        problems.append(
            f"no rule in namespace {namespace} is named Watchdog, so silence would look like health (role monitoring)"
        )
    return judged(problems, "receivers, routes and Watchdog are there", "that a page arrives and that drills are silenced")


def _unknown_receivers(body: str) -> Iterator[str]:
    listed = re.search(r"^receivers:\s*\n((?:[ -].*\n?)*)", body, re.MULTILINE)
    names = set(RECEIVER_NAME.findall(listed[1])) if listed else set()
    for used in sorted(set(RECEIVER.findall(body)) - names):
        yield f"a route of Alertmanager leads to receiver {used}, which is not among the receivers (monitoring_receivers)"


def _secret_files(secrets: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    for found in secrets:
        yield from (body for body in mapping(found, "stringData").values() if isinstance(body, str))
        for encoded in mapping(found, "data").values():
            try:
                yield base64.b64decode(encoded, validate=True).decode()
            except (ValueError, TypeError):
                continue
