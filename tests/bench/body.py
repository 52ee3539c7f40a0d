"""The module's body without Ansible around it, and the requests that it sends."""

from __future__ import annotations

from typing import Any

from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible_collections.autotrade.deployment.plugins.module_utils.edge import apply_module
from ansible_collections.autotrade.deployment.plugins.module_utils.edge.arguments import connection_options, wait_options
from ansible_collections.autotrade.deployment.plugins.plugin_utils.object_text import sealed

from tests.bench.floor import Request, recorded
from tests.integration.booted import Cluster, Json


def parameters(cluster: Cluster, namespace: str, objects: list[Json]) -> dict[str, Any]:
    """What the action plugin hands to the module, checked as Ansible checks it."""
    text = sealed((f"objects.yaml:{number}", one) for number, one in enumerate(objects, 1))
    specification = apply_module.argument_spec(connection_options(), wait_options())
    given = {"kubeconfig": str(cluster.kubeconfig), "namespace": namespace, "definition": text}
    checked = ArgumentSpecValidator(specification).validate(given)
    assert not checked.error_messages
    return dict(checked.validated_parameters)


def body(given: dict[str, Any]) -> dict[str, Any]:
    """One run; its result."""
    ending = apply_module.run(given, False, False)
    assert not ending.failed, ending.result
    return dict(ending.result)


def requests_of(given: dict[str, Any]) -> list[Request]:
    """What one run sends."""
    with recorded() as requests:
        body(given)
    return requests
