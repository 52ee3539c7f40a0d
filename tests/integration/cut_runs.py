"""Runs over many objects that something cuts: what is wanted, what stands there, what the report says."""

from __future__ import annotations

from ansible_collections.autotrade.deployment.plugins.module_utils.core.retries import Patience
from ansible_collections.autotrade.deployment.plugins.module_utils.edge.kube_api import HttpKubeApi
from ansible_collections.autotrade.deployment.plugins.module_utils.edge.kube_transport import Transport

from tests.integration.applying import Applier, Run, config_map
from tests.integration.booted import Cluster, Json

COUNT = 40


def many() -> list[Json]:
    return [config_map(f"c-{number:02}", a="1") for number in range(COUNT)]


def impatient(apply: Applier, outage: float = 2.0) -> HttpKubeApi:
    return HttpKubeApi(Transport(apply.connect()._transport.login, patience=Patience(outage=outage)))


def there(cluster: Cluster, namespace: str) -> set[str]:
    found = cluster.items(f"/api/v1/namespaces/{namespace}/configmaps")
    return {obj["metadata"]["name"] for obj in found} - {"kube-root-ca.crt"}


def sorted_out(run: Run) -> tuple[set[str], set[str], set[str]]:
    """Names of what was written, of what has a problem, and of what was not sent, as the report says."""
    written = {outcome.item.ref.name for outcome in run.report.outcomes if outcome.changed}
    return written, {problem.ref.name for problem in run.report.problems}, {ref.name for ref in run.report.unwritten}
