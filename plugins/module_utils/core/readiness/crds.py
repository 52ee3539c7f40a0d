# Copyright (c) autotrade.deployment engineers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Extensions of the API: definitions of custom resources and aggregated API servers."""

from __future__ import annotations

from ansible_collections.autotrade.deployment.plugins.module_utils.core.readiness import reasons
from ansible_collections.autotrade.deployment.plugins.module_utils.core.readiness.conditions import condition
from ansible_collections.autotrade.deployment.plugins.module_utils.core.readiness.model import (
    Facts,
    Readiness,
    failed,
    in_progress,
    ready,
)


def definition(facts: Facts) -> Readiness:
    """Rule for a CustomResourceDefinition."""
    names, established = condition(facts.obj, "NamesAccepted"), condition(facts.obj, "Established")
    if names.false:
        return failed(names.reason or "NamesNotAccepted", names.sentence("The names are taken."))
    if established.false and established.reason != "Installing":
        return failed(established.reason or reasons.NOT_ESTABLISHED, established.sentence("The definition is not served."))
    if established.true:
        return ready(reasons.ESTABLISHED, "The kind is served.")
    return in_progress(reasons.NOT_ESTABLISHED, established.sentence("The kind is not served yet."))


def api_service(facts: Facts) -> Readiness:
    """Rule for an APIService."""
    available = condition(facts.obj, "Available")
    if available.true:
        return ready(reasons.READY, available.sentence("The API is served."))
    return in_progress(available.reason or reasons.NO_CONDITION, available.sentence("The API is not served yet."))
