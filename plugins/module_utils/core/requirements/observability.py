# Copyright (c) autotrade.deployment engineers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""S, the part that watches: monitoring, tracing, logs, paging (specification, sections 9.3 and 11.3)."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from ansible_collections.autotrade.deployment.plugins.module_utils.core.requirements.model import (
    Cluster,
    Verdict,
    check,
    judged,
    name_of,
    not_run,
    where_is,
)
from ansible_collections.autotrade.deployment.plugins.module_utils.core.requirements.reading import mapping, text

ROUTED = re.compile(r"^route:", re.MULTILINE)
RECEIVER = re.compile(r"^[ -]*receiver:\s*['\"]?([^'\"\s]+)", re.MULTILINE)
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
def tracing_and_logs(cluster: Cluster) -> Verdict:
    """Optional, off by default; judged where they are there."""
    found = [w for w in cluster.workloads() if any(part in w.name for part in ("jaeger", "fluent-bit", "opensearch", "loki"))]
    if not found:
        return not_run("tracing and log collection are optional and not installed here")
    open_ui = [
        f"{where_is(one)}: type {text(one, 'spec', 'type')} is open to the outside, expected ClusterIP"
        for one in cluster.of_kind("Service")
        if any(part in name_of(one) for part in ("jaeger", "opensearch", "loki"))
        and text(one, "spec", "type") not in ("", "ClusterIP")
    ]
    return judged(open_ui, ", ".join(workload.where for workload in found), "that spans and lines arrive")


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
