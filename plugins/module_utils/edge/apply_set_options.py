# Copyright (c) autotrade.deployment engineers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The options ``applyset`` and ``prune`` of ``cluster_objects``: their shape, and what they say."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible_collections.autotrade.deployment.plugins.module_utils.core.applyset import PARENT_KINDS, Parent
from ansible_collections.autotrade.deployment.plugins.module_utils.core.applyset_prune import PruneRules
from ansible_collections.autotrade.deployment.plugins.module_utils.core.objects import ManifestError
from ansible_collections.autotrade.deployment.plugins.module_utils.edge.apply_set import SetSettings


def set_options() -> dict[str, Any]:
    """Arguments for an argument_spec."""
    parent = {
        "name": {"type": "str", "required": True},
        "namespace": {"type": "str"},
        "kind": {"type": "str", "choices": list(PARENT_KINDS), "default": PARENT_KINDS[0]},
        "adopt": {"type": "bool", "default": False},
    }
    defaults = PruneRules()
    rules = {
        "enabled": {"type": "bool", "default": True},
        "allow": {"type": "list", "elements": "str", "default": list(defaults.allow)},
        "max_count": {"type": "int", "default": defaults.max_count},
        "max_share": {"type": "int", "default": defaults.max_share},
    }
    return {"applyset": {"type": "dict", "options": parent}, "prune": {"type": "dict", "options": rules}}


def set_settings(params: Mapping[str, Any]) -> SetSettings | None:
    """None where the objects are no set. Raises ManifestError naming the option."""
    given, prune = params.get("applyset"), params.get("prune")
    if given is None:
        if prune is not None and prune["enabled"]:
            found, expected = "prune without a set", "the option applyset, which says what belongs together"
            raise ManifestError("option applyset", found, expected, "Set applyset.name, or leave prune out.")
        return None
    namespace = given["namespace"] or params["namespace"]
    if not namespace:
        expected = "the namespace of the object that stands for the set"
        raise ManifestError("option applyset.namespace", "nothing", expected, "Set applyset.namespace, or the option namespace.")
    rules = PruneRules(tuple(prune["allow"]), prune["max_count"], prune["max_share"]) if prune and prune["enabled"] else None
    return SetSettings(Parent(given["kind"], namespace, given["name"]), given["adopt"], rules)
