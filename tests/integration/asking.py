"""Questions to ``readiness_info``, as a task asks them."""

from __future__ import annotations

from typing import Any

from tests.integration.applying import answer, start_module
from tests.integration.booted import Cluster, Json


def ask(cluster: Cluster, **options: Any) -> Json:
    return answer(start_module("readiness_info", cluster, **options))


def one(found: Json) -> Json:
    (entry,) = found["resources"]
    return dict(entry)
